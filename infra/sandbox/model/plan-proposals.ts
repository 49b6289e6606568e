/** Plans for offering times by mail and for booking what somebody chose of them. */
import { isJsonObject, type JsonObject } from '#contracts/json.ts';
import type { PlanStep } from '#contracts/schemas/plan.ts';
import { outputOf, type PlanBuilder, textOf } from './builder.ts';
import { firstName } from './people.ts';
import { readDuration, readTime, windowOf } from './phrases.ts';
import { defaultWindow } from './plan-calendar.ts';
import { topicOf } from './titles.ts';
import type { Intent } from './understand.ts';
import { readWishes } from './wishes.ts';

const counts = ['one', 'two', 'three', 'four', 'five'];
const times = new RegExp(
  `\\b(${counts.join('|')}|\\d) (?:possible )?(?:times|slots|dates)\\b`,
  'i',
);

/** "Propose three times next week to Nora for a 30 minute call about the renewal". */
export function planProposal(plan: PlanBuilder, intent: Intent): void {
  const wishes = readWishes(intent.text.replace(/\bby e-?mail\b/i, ' '));
  const said = times.exec(wishes.rest)?.[1]?.toLowerCase();
  const count = said === undefined ? null : counts.indexOf(said) + 1 || Number(said);
  const topic = topicOf(wishes.rest.replace(times, ' '));
  const time = readTime(topic.head);
  const length = readDuration(time.rest);
  const words = plan.readPeople(length.rest);
  if (words.ambiguous.length > 0 && plan.askWho({ ...words, unknown: [] })) return;
  const [person] = words.people;
  const [name] = words.unknown;
  if (person === undefined && name === undefined) {
    plan.ask('who', 'Who should get the times?');
    return;
  }
  const minutes = length.minutes ?? readDuration(plan.answer('How long') ?? '').minutes;
  if (minutes === undefined) {
    plan.ask('duration', 'How long should it be?', ['30 minutes', '45 minutes', '60 minutes']);
    return;
  }
  const to =
    person?.email ??
    outputOf(
      plan.add('findContact', 'contact', { name: name ?? '' }, `Find the address of ${name}.`),
      'email',
    );
  const colleague = plan.directory.find(({ email }) => email === person?.email);
  const slots = plan.add(
    'findTime',
    'slots',
    {
      people: [plan.me.email, ...(colleague === undefined ? [] : [colleague.email])],
      durationMinutes: minutes,
      window: windowOf(time) ?? defaultWindow,
      partOfDay: time.day === undefined ? (time.part ?? null) : null,
      must: wishes.must,
      prefer: wishes.prefer,
    },
    'Find times when you are free.',
  );
  const about = topic.topic ?? `a meeting of ${minutes} minutes`;
  const text = plan.add(
    'proposeTimes',
    'offer',
    { slots: outputOf(slots, 'slots'), to, topic: about, count },
    'Write the times down, on their clock.',
  );
  const mail = { to: [to], subject: outputOf(text, 'subject'), body: outputOf(text, 'body') };
  plan.add('sendEmail', 'send', mail, 'Send them.');
}

/** "Book the time Nora chose": the answer is read, and what it says waits for the person. */
export function planTimeReply(plan: PlanBuilder, intent: Intent): void {
  const named =
    /\b(?:times?|slots?|one|which)(?: of .+?)?(?: that)? (\p{Lu}[\p{L}'’-]+(?: \p{Lu}[\p{L}'’-]+)*) (?:chose|picked|took|accepted)/u.exec(
      intent.text,
    )?.[1] ?? '';
  const [person] = plan.readPeople(named).people;
  if (named === '' && person === undefined) {
    plan.ask('who', 'Whose answer do you mean?');
    return;
  }
  const from = person?.email ?? (named.includes(' ') ? `"${named}"` : named);
  const mail = plan.add(
    'searchMail',
    'mail',
    { query: `from:${from} newer_than:30d`, limit: 5 },
    `Find what ${named} wrote.`,
  );
  const thread = plan.add(
    'readThread',
    'thread',
    { threadId: outputOf(mail, 'messages[0].threadId') },
    'Read the conversation.',
  );
  const answer = plan.add(
    'readTimeReply',
    'answer',
    { messages: outputOf(thread, 'messages') },
    'See which time was chosen.',
    { checkpoint: true },
  );
  const guest = person?.email ?? outputOf(answer, 'from.email');
  const title = `Meeting with ${person === undefined ? named : firstName(person)}`;
  const input: JsonObject = {
    title,
    start: outputOf(answer, 'slot.start'),
    durationMinutes: outputOf(answer, 'slot.minutes'),
    guests: [guest],
  };
  plan.add('createEvent', 'event', input, `Invite ${named}, when you agree.`);
}

/** The answer is known: book what it chose, else say what it says. True when the finding was one. */
export function afterTimeReply(
  plan: PlanBuilder,
  left: readonly PlanStep[],
  found: JsonObject | undefined,
): boolean {
  const output = isJsonObject(found?.output) ? found.output : {};
  const choice = textOf(output.choice);
  if (choice === '') return false;
  if (choice === 'slot') {
    plan.steps.push(...left);
    return true;
  }
  const said = outputOf(textOf(found?.id), 'quote');
  const material = [`None of the offered times was chosen. The answer says: ${said}`];
  plan.add('summarize', 'no_time', { instruction: 'Say what was answered', material }, 'Tell you.');
  return true;
}
