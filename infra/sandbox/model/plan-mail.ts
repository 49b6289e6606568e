/** Plans for mail and research: search, summarise, reply, write, draft, look things up. */
import type { ToolName } from '#contracts/tools.ts';
import { outputOf, type PlanBuilder } from './builder.ts';
import type { Named } from './people.ts';
import { readTime, type TimeWords } from './phrases.ts';
import type { Intent } from './understand.ts';

/** "Summarise unread mail from Dana this week". */
export function planMail(plan: PlanBuilder, intent: Intent): void {
  const query = mailQuery(plan, intent.text);
  if (query === undefined) return;
  const mail = plan.add('searchMail', 'mail', { query, limit: 20 }, `Search your mail: ${query}.`);
  plan.mailStep = mail;
  const summary = plan.add(
    'summarize',
    'summary',
    { instruction: intent.text, material: [outputOf(mail, 'messages')] },
    'Summarise what they say.',
  );
  plan.materials.push(outputOf(summary, 'summary'));
}

/** "Reply to Dana's last mail that I agree". */
export function planReply(plan: PlanBuilder, intent: Intent): void {
  const { head, content } = splitContent(intent.text);
  const words = plan.readPeople(head);
  const people = words.people.length > 0 ? words.people : plan.meant(head);
  let mail = people.length + words.unknown.length === 0 ? plan.mailStep : undefined;
  if (mail === undefined) {
    const query = mailQuery(plan, head.replace(/\bdraft\b/i, ''));
    if (query === undefined || query === '') {
      plan.ask('which_mail', 'Which mail should I answer? Say who wrote it or what it is about.');
      return;
    }
    mail = plan.add('searchMail', 'mail', { query, limit: 5 }, 'Find the mail to answer.');
  }
  const thread = plan.add(
    'readThread',
    'thread',
    { threadId: outputOf(mail, 'messages[0].threadId') },
    'Read the conversation.',
  );
  const [to] = people;
  writeMail(plan, {
    instruction: content === '' ? intent.text : `Reply ${content}`,
    to: [to?.email ?? outputOf(mail, 'messages[0].from.email')],
    people,
    material: [outputOf(thread, 'messages')],
    replyTo: outputOf(mail, 'messages[0].id'),
    toAll: /\b(?:reply|respond|answer)(?: to)? (?:all|everyone|everybody)\b/i.test(intent.text),
    draft: intent.draft,
  });
}

/** "Email Carla the agenda", "tell Dana". */
export function planWrite(plan: PlanBuilder, intent: Intent): void {
  const split = splitContent(intent.text);
  // "Forward Dana's mail to Bob" goes to Bob only; what comes before says what to send.
  const sent = /^(?:forward|send|share|e-?mail|mail)\s+(.+)\s+to\s+(.+)$/i.exec(split.head);
  const head = sent?.[2] ?? split.head;
  const words = plan.readPeople(head);
  const passedOn = findWhatToSend(plan, sent?.[1] ?? intent.text);
  const answer = plan.answer('Who should get the mail?');
  const people = [
    ...words.people,
    ...(words.people.length === 0 ? plan.meant(head) : []),
    ...(/\b(?:me|myself)\b/i.test(head) && words.people.length === 0 ? [plan.me] : []),
    ...(answer === undefined ? [] : plan.readPeople(answer).people),
  ];
  const single = words.unknown.filter((name) => !name.includes(' '));
  if (plan.askWho({ ambiguous: words.ambiguous, unknown: single })) return;
  const contacts = words.unknown.map((name) =>
    outputOf(plan.add('findContact', 'contact', { name }, `Find the address of ${name}.`), 'email'),
  );
  if (people.length + contacts.length === 0) {
    // "send them …" is clear as soon as the question before it is answered.
    if (plan.questions.length > 0 && /\b(?:them|him|her)\b/i.test(head)) return;
    plan.ask('who', 'Who should get the mail?');
    return;
  }
  plan.people = people;
  if (passedOn !== undefined && /^forward\b/i.test(intent.text)) {
    const input = {
      mode: 'forward',
      to: [...people.map(({ email }) => email), ...contacts],
      replyToMessageId: outputOf(passedOn, 'messages[0].id'),
      body: saidIn(split.content),
    };
    plan.add('sendEmail', 'send', input, 'Forward it.');
    return;
  }
  writeMail(plan, {
    instruction: intent.text,
    to: [...people.map(({ email }) => email), ...contacts],
    people,
    material: plan.materials.slice(0, 20),
    replyTo: null,
    draft: intent.draft,
  });
}

/** Looks up mail that a clause wants passed on: a summary of it, or the mail itself. */
function findWhatToSend(plan: PlanBuilder, text: string): string | undefined {
  const about = /\b(?:summary|digest|overview|recap) of (.+)$/i.exec(text)?.[1];
  if (about !== undefined && /\b(?:mails?|e-?mails?|messages?|inbox)\b/i.test(about)) {
    const intent = { kind: 'mail', text: `summarise ${about}`, draft: false, book: false } as const;
    planMail(plan, intent);
    return undefined;
  }
  if (!/['’]s (?:last |latest |newest )?(?:mail|e-?mail|message|note)\b/i.test(text)) {
    return undefined;
  }
  const query = mailQuery(plan, text);
  if (query === undefined) return undefined;
  const mail = plan.add('searchMail', 'mail', { query, limit: 5 }, 'Find the mail to pass on.');
  plan.materials.push(outputOf(mail, 'messages[0]'));
  return mail;
}

/** "Research solid state batteries", "brief me on Acme". */
export function planResearch(plan: PlanBuilder, intent: Intent): void {
  const time = readTime(intent.text);
  const question = time.rest
    .replace(
      /^.*?\b(?:research(?: on| into| about)?|brief me (?:on|about)|briefing (?:on|about)|look into|investigate|find out(?: about)?|background (?:on|about)|report on|what is known about|search the (?:web|internet) (?:for|about))\s*/i,
      '',
    )
    .replace(/^(?:the topic of|about)\s+/i, '');
  if (question.length < 3) {
    plan.ask('topic', 'What should I research?');
    return;
  }
  const research = plan.add(
    'research',
    'research',
    { question },
    `Research ${question} on the web.`,
  );
  plan.materials.push(outputOf(research, 'summary'));
  if (!/\bbrief/i.test(intent.text)) return;
  // A briefing also says what has been written about it; both searches run at the same time.
  const mail = plan.add(
    'searchMail',
    'mail',
    { query: `${question} newer_than:60d`, limit: 10 },
    `Look for recent mail about ${question}.`,
    { critical: false },
  );
  const summary = plan.add(
    'summarize',
    'summary',
    {
      instruction: `Brief me on ${question}`,
      material: [outputOf(research, 'summary'), outputOf(mail, 'messages')],
    },
    'Bring both together.',
    { critical: false },
  );
  plan.materials = [outputOf(summary, 'summary')];
}

/** "Read https://… and tell me what it says". */
export function planPage(plan: PlanBuilder, intent: Intent): void {
  const url = /https?:\/\/[^\s<>"']+[^\s<>"'.,;!?)]/i.exec(intent.text)?.[0] ?? '';
  const page = plan.add('readPage', 'page', { url }, 'Read the page.');
  const summary = plan.add(
    'summarize',
    'summary',
    { instruction: intent.text, material: [outputOf(page, 'title'), outputOf(page, 'excerpt')] },
    'Summarise what it says.',
  );
  plan.materials.push(outputOf(summary, 'summary'));
}

type Mail = {
  readonly instruction: string;
  readonly to: readonly string[];
  readonly people: readonly Named[];
  readonly material: readonly string[];
  readonly replyTo: string | null;
  /** A reply to all: code finds the recipients. */
  readonly toAll?: boolean;
  readonly draft: boolean;
};

function writeMail(plan: PlanBuilder, mail: Mail): void {
  // A mail that fails must not undo an event that was already agreed.
  const critical = !plan.steps.some(({ tool }) => tool.endsWith('Event') && tool !== 'findEvent');
  const text = plan.add(
    'composeEmail',
    'text',
    {
      instruction: mail.instruction.slice(0, 1_000),
      material: [...mail.material],
      recipientName: plan.recipientName(mail.people),
    },
    'Write the text.',
    { critical },
  );
  const tool: ToolName = mail.draft ? 'createDraft' : 'sendEmail';
  plan.add(
    tool,
    mail.draft ? 'draft' : 'send',
    {
      ...(mail.toAll === true
        ? { mode: 'replyAll' }
        : { to: [...mail.to], subject: outputOf(text, 'subject') }),
      body: outputOf(text, 'body'),
      replyToMessageId: mail.replyTo,
      ...(plan.attachments.length === 0 ? {} : { attachments: plan.attachments }),
    },
    mail.draft ? 'Put it into your drafts.' : 'Send it.',
    { critical },
  );
}

/** "saying please look" as a sentence; a forward needs none. */
function saidIn(content: string): string | null {
  const said = content.replace(/^(?:that|saying|with)\s+/i, '').trim();
  return said === '' ? null : `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
}

/** Splits "reply to Dana that I agree" where the content begins. */
function splitContent(text: string): { head: string; content: string } {
  const match =
    /\s*\b(?:that|saying|asking|telling|whether|if|with|and (?:say|tell|accept|decline))\b(?! (?:mail|message))|:\s/i.exec(
      text,
    );
  if (match === null) return { head: text, content: '' };
  return {
    head: text.slice(0, match.index),
    content: text.slice(match.index).replace(/^:\s*/, '').trim(),
  };
}

const noise = new Set(
  (
    'summarise summarize sum up out digest recap find search show list check read catch me any what did ' +
    'does has have do say said write written wrote want wants ask asked think mail mails email emails ' +
    'message messages thread threads inbox my the a an all new unread triage from about on regarding ' +
    'in of for to with last latest newest recent please and reply respond answer response draft is ' +
    'are archive label tag mark all everyone everybody there it that this i by since was were who his her their week today every everything'
  ).split(' '),
);

/** The words of a clause as a mail query; undefined when it had to ask. */
export function mailQuery(plan: PlanBuilder, text: string): string | undefined {
  const time = readTime(text);
  const words = plan.readPeople(time.rest);
  if (words.ambiguous.length > 0) {
    plan.askWho({ ambiguous: words.ambiguous, unknown: [] });
    return undefined;
  }
  if (words.people.length > 0) plan.people = words.people;
  const toThem =
    /\b(?:sent|wrote|written) to\b|\bto (?:them|him|her)\b/i.test(text) && !/\breply\b/i.test(text);
  const operator = toThem ? 'to' : 'from';
  const from = [
    ...words.people.map(({ email }) => email),
    ...words.unknown.map((name) => (name.includes(' ') ? `"${name}"` : name)),
  ];
  const topic = (words.rest.match(/[\p{L}\p{N}][\p{L}\p{N}-]*/gu) ?? []).filter(
    (word) => !noise.has(word.toLowerCase()) && word.length > 1,
  );
  const parts = [
    ...(/\bunread\b|\btriage\b|\bnew (?:mail|message)/i.test(text) ? ['is:unread'] : []),
    ...(from.length > 1
      ? [`(${from.map((f) => `${operator}:${f}`).join(' or ')})`]
      : from.map((f) => `${operator}:${f}`)),
    ...topic,
    ...newerThan(time),
  ];
  return parts.length === 0 ? 'is:unread' : parts.join(' ').slice(0, 500);
}

/** Gmail's words for "since": days are close enough, because the summary shows the dates. */
function newerThan({ day, stretch }: TimeWords): string[] {
  const said = (day ?? stretch ?? '').toLowerCase();
  if (said === '') return [];
  const days = /(?:last|past|next) (\d+|\w+) days?/.exec(said)?.[1];
  if (days !== undefined && Number(days) > 0) return [`newer_than:${days}d`];
  if (/today|tonight/.test(said)) return ['newer_than:1d'];
  if (/yesterday/.test(said)) return ['newer_than:2d'];
  if (/last week/.test(said)) return ['newer_than:14d'];
  if (/month/.test(said)) return [/last/.test(said) ? 'newer_than:62d' : 'newer_than:31d'];
  return ['newer_than:7d'];
}
