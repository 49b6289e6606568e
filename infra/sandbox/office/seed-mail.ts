/**
 * Fills the mailboxes of a new office from the tables of threads: every message is written as MIME
 * and filed with its sender and with each colleague addressed.
 */
import { addMessage } from '../mail/mailbox.ts';
import { composeMime } from '../mail/mime-compose.ts';
import { mailboxes } from '../mail/mime.ts';
import type { Office } from './office.ts';
import { officeDomain, outsiders, privateAccount } from './people.ts';
import { noiseThreads } from './seed-mail-noise.ts';
import { openThreads } from './seed-mail-open.ts';
import { privateThreads } from './seed-mail-private.ts';
import { workThreads } from './seed-mail-work.ts';
import type { Person } from './state.ts';

/** One message of a thread. */
export interface SeedMessage {
  /** `alex` for the account's owner, a colleague's first name, a key of the outsiders, or an address. */
  from: string;
  /** Names as in `from`; absent: Alex, or for Alex's own mail the sender before. */
  to?: readonly string[];
  cc?: readonly string[];
  hoursAgo: number;
  text: string;
  html?: string;
  attachments?: readonly { name: string; type: string; content: string }[];
  headers?: Readonly<Record<string, string>>;
}

/** One thread of an account of the main person. */
export interface SeedThread {
  subject: string;
  /** Further labels of the messages received. */
  labels?: readonly string[];
  /** Not in the inbox any more. */
  archived?: boolean;
  /** The last message received is unread. */
  unread?: boolean;
  messages: readonly SeedMessage[];
}

/** Files every seeded message, oldest thread entry first. */
export function seedMail(office: Office, anchor: Date): void {
  const work = [...openThreads, ...workThreads, ...noiseThreads];
  for (const [index, thread] of work.entries()) {
    addThread(office, office.main, anchor, thread, index);
  }
  for (const [index, thread] of privateThreads.entries()) {
    addThread(office, privateAccount, anchor, thread, work.length + index);
  }
}

function addThread(
  office: Office,
  me: Person,
  anchor: Date,
  thread: SeedThread,
  index: number,
): void {
  const references: string[] = [];
  let other = 'alex';
  for (const [position, message] of thread.messages.entries()) {
    const mine = message.from === 'alex';
    const to = message.to ?? [mine ? other : 'alex'];
    if (!mine) other = message.from;
    const date = new Date(anchor.getTime() - message.hoursAgo * 3_600_000);
    const from = addressOf(office, me, message.from);
    const domain = mailboxes(from)[0]?.address.split('@')[1] ?? officeDomain;
    const messageId = `<seed-${index}-${position}.${date.getTime()}@${domain}>`;
    const raw = composeMime({
      from,
      to: to.map((name) => addressOf(office, me, name)).join(', '),
      cc: message.cc?.map((name) => addressOf(office, me, name)).join(', '),
      subject: position === 0 ? thread.subject : `Re: ${thread.subject}`,
      date,
      messageId,
      references: [...references],
      text: message.text,
      html: message.html,
      attachments: message.attachments,
      headers: message.headers,
    });
    references.push(messageId);
    const last = position === thread.messages.length - 1;
    fileMessage(office, me, raw, thread, message, to, date, last);
  }
}

function fileMessage(
  office: Office,
  me: Person,
  raw: Buffer,
  thread: SeedThread,
  message: SeedMessage,
  to: readonly string[],
  date: Date,
  last: boolean,
): void {
  const dateMs = date.getTime();
  for (const person of [me, ...office.people.filter(({ main }) => !main)]) {
    const first = person === me ? 'alex' : (person.email.split('.')[0] ?? '');
    if (message.from === first) addMessage(office, person, { raw, labelIds: ['SENT'], dateMs });
    if (![...to, ...(message.cc ?? [])].includes(first)) continue;
    const labelIds =
      person === me
        ? [
            ...(thread.archived || thread.labels?.includes('SPAM') ? [] : ['INBOX']),
            ...(thread.labels ?? []),
            ...(thread.unread && last ? ['UNREAD'] : []),
          ]
        : ['INBOX'];
    addMessage(office, person, { raw, labelIds, dateMs });
  }
}

function addressOf(office: Office, me: Person, name: string): string {
  if (name === 'alex') return `${me.name} <${me.email}>`;
  const colleague = office.people.find(({ email }) => email.startsWith(`${name}.`));
  if (colleague) return `${colleague.name} <${colleague.email}>`;
  const outsider = Object.entries(outsiders).find(([key]) => key === name)?.[1];
  if (outsider) return outsider;
  if (name.includes('@')) return name;
  throw new Error(`Nobody is called ${name}.`);
}
