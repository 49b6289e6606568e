/** Plans for calendars: finding times, creating events, looking things up. Changes are apart. */
import type { JsonObject } from '#contracts/json.ts';
import { outputOf, type PlanBuilder } from './builder.ts';
import { type Named, firstName, listNames } from './people.ts';
import {
  clockAs24,
  momentOf,
  readDuration,
  readTime,
  type TimeWords,
  windowOf,
} from './phrases.ts';
import { planSeries } from './plan-series.ts';
import { readRepeat } from './repeats.ts';
import { capital, readTitle, topicOf } from './titles.ts';
import type { Intent } from './understand.ts';
import { readWishes, type WishWords } from './wishes.ts';

/** Where time is looked for when nobody says when. */
export const defaultWindow = 'the next 7 days';
/** Where an event is looked for when nobody says when it is. */
export const eventWindow = 'the next 14 days';

/** "Find 30 minutes with Bob next week": findTime, and createEvent when it is to be booked. */
export function planMeeting(plan: PlanBuilder, intent: Intent, book: boolean): void {
  const repeated = book ? readRepeat(intent.text) : undefined;
  if (repeated !== undefined) return planSeries(plan, repeated);
  const wishes = readWishes(plan.roomsNamed(intent.text));
  const topic = topicOf(wishes.rest);
  const time = readTime(topic.head);
  const length = readDuration(time.rest);
  const words = plan.readPeople(length.rest);
  const named = [...words.people, ...plan.meant(words.rest)];
  const people = named.length > 0 ? named : answeredPeople(plan);
  if (people.length > 0) plan.people = people;
  if (plan.askWho(words)) return askDuration(plan, length.minutes ?? time.rangeMinutes);
  if (people.length === 0) {
    plan.ask('who', 'Who should take part?');
    return askDuration(plan, length.minutes ?? time.rangeMinutes);
  }
  const minutes = length.minutes ?? time.rangeMinutes ?? answeredDuration(plan);
  if (minutes === undefined) return askDuration(plan, undefined);
  const rooms = roomsFor(plan, wishes);
  if (wishes.wantsRoom && rooms.length === 0) return askRooms(plan);
  const title = readTitle(words.rest, topic, people);
  schedule(plan, { people, minutes, time, book, title, wishes, rooms });
}

/** "Block 2 hours tomorrow morning for writing": an event without guests. */
export function planBlock(plan: PlanBuilder, intent: Intent): void {
  const repeated = readRepeat(intent.text);
  if (repeated !== undefined) return planSeries(plan, repeated);
  const topic = topicOf(intent.text);
  const time = readTime(topic.head);
  const length = readDuration(time.rest);
  const words = plan.readPeople(length.rest);
  if (words.people.length + words.ambiguous.length > 0) return planMeeting(plan, intent, true);
  const minutes = time.rangeMinutes ?? length.minutes ?? answeredDuration(plan);
  if (minutes === undefined) return askDuration(plan, undefined);
  schedule(plan, {
    people: [],
    minutes,
    time,
    book: true,
    title: readTitle(words.rest, topic, []),
    wishes: readWishes(''),
    rooms: [],
  });
}

type Meeting = {
  readonly people: readonly Named[];
  readonly minutes: number;
  readonly time: TimeWords;
  readonly book: boolean;
  readonly title: string;
  readonly wishes: WishWords;
  readonly rooms: readonly string[];
};

function schedule(plan: PlanBuilder, meeting: Meeting): void {
  const { people, minutes, time, book, title, wishes, rooms } = meeting;
  // "an hour between 15:00 and 18:00" leaves room to choose in.
  const within = time.rangeMinutes !== undefined && time.rangeMinutes > minutes;
  const named = time.stretch === undefined && !within ? momentOf(time) : undefined;
  // Which room is free then has to be found out, also for a time that is fixed.
  const moment = rooms.length === 0 ? named : undefined;
  const guests = people.map(({ email }) => email);
  let start = moment;
  let room: string[] | null = null;
  if (start === undefined || !book) {
    const who = people.length === 0 ? 'you are' : `you and ${listNames(people)} are`;
    const slots = plan.add(
      'findTime',
      'slots',
      {
        people: [plan.me.email, ...guests],
        durationMinutes: minutes,
        window: within ? rangeWindow(time) : (windowOf(time) ?? defaultWindow),
        partOfDay: partOf(plan, time),
        must: named === undefined ? wishes.must : { ...wishes.must, ...exactly(time, minutes) },
        prefer: wishes.prefer,
        rooms: rooms.length === 0 ? null : [...rooms],
      },
      `Find ${minutes} minutes when ${who} free.`,
    );
    start = outputOf(slots, 'best.start');
    plan.materials.push(outputOf(slots, 'best.startLocal'));
    if (rooms.length > 0) room = [outputOf(slots, 'best.room')];
  }
  if (!book) return;
  const input: JsonObject = { title, start, durationMinutes: minutes, guests, rooms: room };
  const why = people.length === 0 ? 'Put it into your calendar.' : `Invite ${listNames(people)}.`;
  const event = plan.add('createEvent', 'event', input, why);
  plan.materials.push(outputOf(event, 'title'));
  if (start === moment) plan.materials.push(outputOf(event, 'start'));
}

/** A fixed time as wishes, for a search that only looks who or what is free then. */
function exactly({ clock = '' }: TimeWords, minutes: number): JsonObject {
  const [hour = 0, minute = 0] = (clockAs24(clock) ?? '').split(':').map(Number);
  const end = hour * 60 + minute + minutes;
  const two = (value: number) => String(value).padStart(2, '0');
  const notAfter = end < 1_440 ? `${two(Math.floor(end / 60))}:${two(end % 60)}` : null;
  return { notBefore: `${two(hour)}:${two(minute)}`, notAfter };
}

/** "Remind me to call Bob tomorrow at 9": a short event of one's own; nobody is written to. */
export function planReminder(plan: PlanBuilder, intent: Intent): void {
  const time = readTime(intent.text);
  const start = momentOf(time) ?? plan.answer('When should I remind you?');
  if (start === undefined) {
    plan.ask('when', 'When should I remind you? Give a day and a time.');
    return;
  }
  const what = time.rest.replace(/^remind me (?:to|about|of|that)?\s*/i, '');
  const title = capital(what === '' ? 'reminder' : what).slice(0, 120);
  const input = { title, start, durationMinutes: 15, guests: [] };
  plan.add('createEvent', 'event', input, 'Put a reminder into your calendar.');
}

/** "What do I have tomorrow?" */
export function planAgenda(plan: PlanBuilder, intent: Intent): void {
  const time = readTime(intent.text);
  const words = plan.readPeople(time.rest);
  const next = /\bnext\b|\bwhen\b/i.test(time.rest);
  const [person] = words.people;
  const quoted = /["“']([^"”']+)["”']/.exec(time.rest)?.[1];
  const query = quoted ?? (person === undefined ? undefined : firstName(person));
  const window = windowOf(time) ?? (next ? eventWindow : 'today');
  const id = plan.add(
    'listEvents',
    'events',
    { window, query: query ?? null },
    `Look up your calendar: ${window}.`,
  );
  const events = outputOf(id, 'events');
  if (!/\bsummar|\bsum up|\bbrief/i.test(intent.text)) {
    plan.materials.push(events);
    return;
  }
  const summary = plan.add(
    'summarize',
    'summary',
    { instruction: intent.text, material: [events] },
    'Summarise what is there.',
  );
  plan.materials.push(outputOf(summary, 'summary'));
}

function answeredPeople(plan: PlanBuilder): readonly Named[] {
  const answer = plan.answer('Who should take part?');
  return answer === undefined ? [] : plan.readPeople(answer).people;
}

/** The rooms that would do: those the person named, else all that are in the directory. */
function roomsFor(plan: PlanBuilder, { wantsRoom, rooms }: WishWords): readonly string[] {
  if (!wantsRoom || rooms.length > 0) return rooms;
  const answer = plan.answer('Which rooms');
  if (answer === undefined) return plan.rooms.map(({ email }) => email);
  return readWishes(plan.roomsNamed(answer)).rooms;
}

function askRooms(plan: PlanBuilder): void {
  plan.ask('rooms', 'Which rooms would do? Give their addresses.');
}

function answeredDuration(plan: PlanBuilder): number | undefined {
  const answer = plan.answer('How long') ?? '';
  const bare = /^\s*(\d{1,3})\s*\.?$/.exec(answer)?.[1];
  if (bare !== undefined) return Math.max(5, Number(bare));
  return readDuration(answer).minutes ?? readDuration(plan.constraints).minutes;
}

function askDuration(plan: PlanBuilder, known: number | undefined): void {
  if ((known ?? answeredDuration(plan)) !== undefined) return;
  plan.ask('duration', 'How long should it be?', ['30 minutes', '45 minutes', '60 minutes']);
}

/** The day and the range, for searching inside it. */
function rangeWindow(time: TimeWords): string {
  return `${time.day ?? 'today'} ${time.range ?? ''}`.trim();
}

/** The part of day, where the window does not say it: from the goal, else from constraints. */
function partOf(plan: PlanBuilder, time: TimeWords): string | null {
  if (time.part !== undefined) return time.day === undefined ? time.part : null;
  if (/\b(?:not?|never|avoid)\b/i.test(plan.constraints)) return null;
  return readTime(plan.constraints).part ?? null;
}
