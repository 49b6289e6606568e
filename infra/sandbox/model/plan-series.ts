/** Plans for events that repeat, for answers to invitations, and for slots held until one is chosen. */
import type { JsonObject } from '#contracts/json.ts';
import { outputOf, type PlanBuilder } from './builder.ts';
import { listNames } from './people.ts';
import { momentOf, readDuration, readTime, windowOf } from './phrases.ts';
import { defaultWindow, eventWindow } from './plan-calendar.ts';
import { planFindEvent } from './plan-changes.ts';
import type { RepeatWords } from './repeats.ts';
import { readTitle, topicOf } from './titles.ts';
import type { Intent } from './understand.ts';

/** How long a meeting is that repeats, when nobody says. */
const usualMinutes = 30;

/** "Set up a weekly 1:1 with Bob on Mondays at 10". */
export function planSeries(plan: PlanBuilder, { repeat, day, rest }: RepeatWords): void {
  const topic = topicOf(rest);
  const time = readTime(topic.head);
  const length = readDuration(time.rest);
  const words = plan.readPeople(length.rest);
  if (plan.askWho(words)) return;
  plan.people = words.people.length > 0 ? words.people : plan.people;
  if (time.clock === undefined) {
    plan.ask('time', 'At what time should it be?');
    return;
  }
  const first = time.day ?? day ?? 'tomorrow';
  const input: JsonObject = {
    title: readTitle(words.rest, topic, words.people),
    start: momentOf({ ...time, day: first }) ?? first,
    durationMinutes: time.rangeMinutes ?? length.minutes ?? usualMinutes,
    guests: words.people.map(({ email }) => email),
    repeat,
  };
  const who =
    words.people.length === 0 ? 'your calendar' : `the calendars of ${listNames(words.people)}`;
  const event = plan.add('createEvent', 'event', input, `Put it into ${who}, again and again.`);
  plan.materials.push(outputOf(event, 'title'), outputOf(event, 'start'));
}

/** "Accept the invitation to the design review". */
export function planRespond(plan: PlanBuilder, intent: Intent): void {
  const response = /\bdecline|\bsay no\b|\bturn down\b/i.test(intent.text)
    ? 'declined'
    : /\btentative|\bmaybe\b/i.test(intent.text)
      ? 'tentative'
      : 'accepted';
  const said = /["“]([^"”]{2,200})["”]/.exec(intent.text);
  const text = intent.text
    .replace(said?.[0] ?? '', '')
    .replace(/^(?:tentatively |maybe )?(?:accept|decline|turn down|say (?:yes|no) to)\b/i, ' ')
    .replace(
      /\b(?:saying|with the (?:comment|words|note)|invitations?(?: (?:to|for|from))?|invite)\b/gi,
      ' ',
    );
  const found = planFindEvent(plan, text, false);
  if (found === undefined) return;
  const input = {
    eventId: outputOf(found.id, 'event.id'),
    response,
    comment: said?.[1] ?? null,
  };
  const step = plan.add('respondToInvitation', 'respond', input, 'Answer the invitation.');
  plan.materials.push(outputOf(step, 'title'), outputOf(step, 'response'));
}

const numbers: Readonly<Record<string, number>> = { two: 2, three: 3, four: 4, five: 5 };

/** "Hold three slots for the pitch with Carla next week". */
export function planHold(plan: PlanBuilder, intent: Intent): void {
  const said = /\bhold (\d|two|three|four|five)?/i.exec(intent.text)?.[1]?.toLowerCase();
  const text = intent.text.replace(/\bhold (?:\w+ )?(?:slots?|times?)(?: for)?\b/i, ' ');
  const topic = topicOf(text);
  const time = readTime(topic.head);
  const length = readDuration(time.rest);
  const words = plan.readPeople(length.rest);
  if (plan.askWho(words)) return;
  plan.people = words.people.length > 0 ? words.people : plan.people;
  const durationMinutes = length.minutes ?? 60;
  const people = [plan.me.email, ...words.people.map(({ email }) => email)];
  const window = windowOf(time) ?? defaultWindow;
  const found = { people, durationMinutes, window };
  const slots = plan.add('findTime', 'slots', found, 'Find times when everyone is free.');
  const input = {
    title: readTitle(words.rest, topic, words.people),
    slots: outputOf(slots, 'slots'),
    durationMinutes,
    count: said === undefined ? 3 : (numbers[said] ?? Number(said)),
  };
  const hold = plan.add('holdSlots', 'hold', input, 'Hold these slots until one is chosen.');
  plan.materials.push(outputOf(hold, 'holds'));
}

/** "Release the holds for the pitch", "Choose the hold for the pitch on Tuesday and invite Carla". */
export function planRelease(plan: PlanBuilder, intent: Intent): void {
  const keep = !/^(?:release|drop|free)\b/i.test(intent.text);
  const [head = '', invited] = intent.text.split(/\band invite\b/i);
  const time = readTime(head);
  const title = time.rest
    .replace(/^(?:release|drop|free|choose|take|confirm|pick)\b/i, ' ')
    .replaceAll(/\b(?:all|the|my|our|holds?|for)\b/gi, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  if (!keep) {
    plan.add('releaseHolds', 'release', { title }, 'Release the holds.');
    return;
  }
  const guests = plan.readPeople(invited ?? '');
  if (plan.askWho(guests)) return;
  const wanted = { window: windowOf(time) ?? eventWindow, words: `hold ${title}` };
  const found = plan.add('findEvent', 'found', wanted, 'Find the hold you mean.');
  const input = {
    eventId: outputOf(found, 'event.id'),
    keep,
    guests: guests.people.map(({ email }) => email),
  };
  plan.add('releaseHolds', 'release', input, 'Make this hold the event; the others go.');
}
