/**
 * A large mailbox for measurements: believable subjects, senders and threads, the same for the same
 * seed. It sends nothing, and what it files has no history. 50,000 messages take about 1 s and
 * 50 MB; the first search reads them all, once more 1.5 s and 70 MB (2026-11-21, one core). Keep
 * such an office in memory: on disk it is one file of 40 MB, written at every change.
 */
import { addMessage, fileOldMessage } from '../mail/mailbox.ts';
import { mailDate } from '../mail/mime-compose.ts';
import type { Office } from './office.ts';
import type { Person, StoredMessage } from './state.ts';

/** How much mail, and which. */
export interface FillOptions {
  readonly messages: number;
  /** The same seed gives the same mail. */
  readonly seed: number;
}

const dayMs = 24 * 3_600_000;
/** The old mail is spread over this long before now. */
const spanMs = 3 * 365 * dayMs;
/** Inboxes keep what came in this long; older mail is archived. */
const inboxMs = 60 * dayMs;

const words = (list: string): readonly string[] => list.split(', ');
const firstNames = words('Anna, Boris, Chloe, Elif, Farid, Greta, Hugo, Kofi, Lucia, Mats, Nadia');
const lastNames = words('Albers, Castro, Dietz, Evans, Fischer, Haas, Ibrahim, Jansen, Kowalski');
const domains = words('acme.example.org, northwind.example.net, lumen.example.org');
const openings = words(
  'Question about the, Update on the, Decision needed:, Draft of the, Reminder:',
);
const topics = words(
  'invoice, offer, contract, release plan, interview, travel booking, budget, support case, off-site, roadmap, training, audit, security review, office move, price list',
);
const sentences = [
  'Could you have a look and tell me by Thursday whether this works for you?',
  'The numbers changed a little since last week, please see below.',
  'I would like to close this before the end of the month.',
  'Thanks for the quick answer, that helps a lot.',
  'Legal asked for one more round, nothing dramatic.',
  'We can move the date if that makes it easier for your team.',
  'No action needed, this is only for your information.',
  'Let me know whom else we should bring in.',
];

/** Files old mail in a mailbox. @throws Error when nobody at the office has this address. */
export function fillMailbox(office: Office, email: string, { messages, seed }: FillOptions): void {
  const owner = ownerOf(office, email);
  const draw = random(seed);
  const nowMs = office.now().getTime();
  let left = messages;
  for (let thread = 0; left > 0; thread += 1) {
    const length = Math.min(left, draw() < 0.6 ? 1 : 2 + Math.floor(draw() * 6));
    const startMs = nowMs - Math.floor(draw() * spanMs) - dayMs;
    fileThread(office, owner, draw, `${seed}-${thread}`, startMs, length);
    left -= length;
  }
  office.changed();
}

/** Brings mail into the inbox as if it came now, one after the other; the history tells of it. */
export function bringMail(
  office: Office,
  email: string,
  { messages, seed }: FillOptions,
): StoredMessage[] {
  const owner = ownerOf(office, email);
  const draw = random(seed);
  return Array.from({ length: messages }, (_, index) => {
    const subject = inventSubject(draw, `${seed}-${index}`);
    const from = inventSender(draw);
    const messageId = `<new-${seed}-${index}@${from.domain}>`;
    const dateMs = office.now().getTime() - (messages - index);
    const raw = write({ from: from.text, to: owner.email, subject, messageId, dateMs, draw });
    return addMessage(office, owner, { raw, labelIds: ['INBOX', 'UNREAD'], dateMs });
  });
}

function ownerOf(office: Office, email: string): Person {
  const owner = office.person(email);
  if (!owner) throw new Error(`Nobody has the address ${email}.`);
  return owner;
}

function fileThread(
  office: Office,
  owner: Person,
  draw: () => number,
  name: string,
  startMs: number,
  length: number,
): void {
  const nowMs = office.now().getTime();
  const subject = inventSubject(draw, name);
  const other = inventSender(draw);
  let threadId: string | undefined;
  let cited: string | undefined;
  for (let position = 0; position < length; position += 1) {
    const mine = position > 0 && draw() < 0.4;
    const dateMs = Math.min(nowMs - 1, startMs + Math.floor(position * dayMs * (0.5 + draw())));
    const messageId = `<old-${name}-${position}@${mine ? 'office.example.com' : other.domain}>`;
    const raw = write({
      from: mine ? owner.email : other.text,
      to: mine ? other.text : owner.email,
      subject: position === 0 ? subject : `Re: ${subject}`,
      messageId,
      cited,
      dateMs,
      draw,
    });
    const inbox = nowMs - dateMs < inboxMs;
    const received = [...(inbox ? ['INBOX'] : []), ...(inbox && draw() < 0.2 ? ['UNREAD'] : [])];
    const filed = fileOldMessage(office, owner, {
      raw,
      labelIds: mine ? ['SENT'] : received,
      threadId,
      dateMs,
    });
    threadId = filed.threadId;
    cited = messageId;
  }
}

function pick<Item>(draw: () => number, items: readonly Item[]): Item {
  const item = items[Math.floor(draw() * items.length)];
  if (item === undefined) throw new Error('Nothing to pick from.');
  return item;
}

function inventSubject(draw: () => number, name: string): string {
  return `${pick(draw, openings)} ${pick(draw, topics)} ${name}`;
}

function inventSender(draw: () => number): { text: string; domain: string } {
  const [first, last, domain] = [
    pick(draw, firstNames),
    pick(draw, lastNames),
    pick(draw, domains),
  ];
  const address = `${first}.${last}@${domain}`.toLowerCase();
  return { text: `${first} ${last} <${address}>`, domain };
}

/** Plain ASCII without any encoding keeps a mailbox of this size small. */
function write(given: {
  from: string;
  to: string;
  subject: string;
  messageId: string;
  cited?: string | undefined;
  dateMs: number;
  draw: () => number;
}): Buffer {
  const { from, to, subject, messageId, cited, dateMs, draw } = given;
  const lines = Array.from({ length: 2 + Math.floor(draw() * 3) }, () => pick(draw, sentences));
  const head = [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Date: ${mailDate(new Date(dateMs))}`,
    `Message-ID: ${messageId}`,
    ...(cited === undefined ? [] : [`In-Reply-To: ${cited}`, `References: ${cited}`]),
    'Content-Type: text/plain; charset=utf-8',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${lines.join('\r\n')}\r\n`);
}

/** Numbers from 0 to below 1, the same for the same seed. @see Mulberry32, public domain. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
