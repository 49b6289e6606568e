/** Plans that change events: finding the one that is meant, moving it, cancelling it. */
import { outputOf, type PlanBuilder } from './builder.ts';
import type { Named } from './people.ts';
import { clockAs24, momentOf, readDuration, readTime, windowOf } from './phrases.ts';
import { defaultWindow, eventWindow } from './plan-calendar.ts';
import { readTitle } from './titles.ts';
import type { Intent } from './understand.ts';

/** "Move my 2 pm today to Thursday afternoon". */
export function planMove(plan: PlanBuilder, said: Intent): void {
  const { scope, intent } = readScope(said);
  const split =
    /^(.*?)\b(?:to|until|till|into|onto|for)\s+((?:the )?(?:next|this|in|on|tomorrow|today|at|\d|mon|tue|wed|thu|fri|sat|sun|noon|week|coming|january|february|march|april|may|june|july|august|september|october|november|december|the|a later|another)\b.*|\d.*|(?:mon|tues|wednes|thurs|fri|satur|sun)day.*|tomorrow.*)$/i.exec(
      intent.text,
    );
  const target = readTime(plan.answer('To when') ?? split?.[2] ?? '');
  const start = target.stretch === undefined ? momentOf(target) : undefined;
  const window = windowOf(target);
  // "to 4 pm" keeps the day the event was asked for; without one the day is not known yet.
  const sourceDay = readTime(split?.[1] ?? '').day;
  const relative = /^in /i.test(start ?? '');
  const keepsDay = scope !== undefined;
  const isDayless = target.day === undefined && sourceDay === undefined;
  if (start !== undefined && !relative && isDayless && !keepsDay) {
    plan.ask('new_time', 'To when should it move? Say the day as well.');
    return;
  }
  const found = planFindEvent(plan, split?.[1] ?? intent.text, start === undefined);
  if (found === undefined) return;
  if (start !== undefined) {
    const day = target.day === undefined && !relative && !keepsDay ? `${sourceDay} ` : '';
    const eventId = outputOf(found.id, 'event.id');
    const input = { eventId, start: `${day}${start}`, scope: scope ?? null };
    const move = plan.add('moveEvent', 'move', input, 'Move it to the time you named.');
    plan.materials.push(outputOf(move, 'title'), outputOf(move, 'start'));
    return;
  }
  if (window === undefined && target.part === undefined) {
    plan.ask('new_time', 'To when should it move?');
    return;
  }
  const slots = plan.add(
    'findTime',
    'slots',
    {
      people: [plan.me.email, ...found.people.map(({ email }) => email)],
      durationMinutes: 30,
      window: window ?? defaultWindow,
      partOfDay: target.day === undefined ? (target.part ?? null) : null,
    },
    'Find a time then when everyone is free.',
  );
  const eventId = outputOf(found.id, 'event.id');
  const input = { eventId, start: outputOf(slots, 'best.start'), scope: scope ?? null };
  const move = plan.add('moveEvent', 'move', input, 'Move it to the best of these times.');
  plan.materials.push(outputOf(move, 'title'), outputOf(slots, 'best.startLocal'));
}

/** "Cancel my meeting with Bob on Friday". */
export function planCancel(plan: PlanBuilder, said: Intent): void {
  const { scope, intent } = readScope(said);
  const found = planFindEvent(plan, plan.answer('Which one') ?? intent.text, false);
  if (found === undefined) return;
  const input = { eventId: outputOf(found.id, 'event.id'), scope: scope ?? null };
  const cancel = plan.add('cancelEvent', 'cancel', input, 'Cancel it; guests are told.');
  plan.materials.push(outputOf(cancel, 'title'), outputOf(found.id, 'event.startLocal'));
}

/** "All stand-ups", "from next week on", "only this week's": how much of a series is meant. */
function readScope(intent: Intent): { scope: 'following' | 'all' | undefined; intent: Intent } {
  const { text } = intent;
  const from =
    /\b(?:this and (?:all )?(?:the )?following|from now on|from ([\w ]+?) on(?:wards?)?)\b/i.exec(
      text,
    );
  if (from !== null) {
    const [whole, day = ''] = from;
    const rest = text.replace(whole, '').trim();
    // The day says which occurrence; it stands before the time that it moves to.
    const moved = rest.replace(/^(.*?)( to .*)$/i, `$1 ${day}$2`);
    return {
      scope: 'following',
      intent: { ...intent, text: moved === rest ? `${rest} ${day}`.trim() : moved },
    };
  }
  const all =
    /\b(?:all|every|each)(?: of)?(?: my| the| our)? (?:future |coming )?(?!meetings?\b|events?\b|appointments?\b|calls?\b|of\b|my\b|the\b|our\b|day\b|it\b)([\w-]+)/i.exec(
      text,
    );
  if (all === null)
    return { scope: undefined, intent: { ...intent, text: text.replace(/\bonly\b/i, ' ') } };
  const name = (all[1] ?? '').replace(/s$/i, '');
  return { scope: 'all', intent: { ...intent, text: text.replace(all[0], name) } };
}

/** The step that finds the one event a text means; undefined when it had to ask. */
export function planFindEvent(
  plan: PlanBuilder,
  text: string,
  checkpoint: boolean,
): { id: string; people: readonly Named[] } | undefined {
  if (/\b(?:all|every|both|any)\b/i.test(text)) {
    plan.ask('which_event', 'Which one do you mean? I change one event at a time.');
    return undefined;
  }
  const time = readTime(text);
  const words = plan.readPeople(readDuration(time.rest).rest);
  if (words.ambiguous.length > 0 && plan.askWho({ ...words, unknown: [] })) return undefined;
  const outsiders = words.unknown.map((name) =>
    outputOf(plan.add('findContact', 'contact', { name }, `Find the address of ${name}.`), 'email'),
  );
  const people = words.people.length > 0 ? words.people : plan.meant(words.rest);
  if (people.length > 0) plan.people = people;
  const withPeople = [...people.map(({ email }) => email), ...outsiders];
  // Calendars say "Dentist" where people say "dentist appointment".
  const said = readTitle(words.rest, undefined, []);
  const title = said.replaceAll(/\b(?:meeting|event|appointment|call)\b/gi, '').trim();
  const clock = time.clock === undefined ? undefined : clockAs24(time.clock);
  const id = plan.add(
    'findEvent',
    'found',
    {
      window: windowOf(time) ?? eventWindow,
      words: title === '' ? (clock ?? null) : title,
      withPeople: withPeople.length === 0 ? null : withPeople,
    },
    'Find the event you mean.',
    { checkpoint },
  );
  return { id, people };
}
