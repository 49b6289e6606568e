/**
 * Sending: completes a message's headers as Gmail does, files the sender's copy and puts one into
 * the mailbox of every colleague addressed. Mail to anyone else is counted and goes nowhere.
 */
import { randomUUID } from 'node:crypto';
import type { Office } from '../office/office.ts';
import type { Person, StoredMessage } from '../office/state.ts';
import { addMessage, threadByReferences, threadMessages, treeOf } from './mailbox.ts';
import { bareSubject, header, mailboxes, messageIds, type MimePart, parseMime } from './mime.ts';

/** Where the sender's copy should lie. */
export interface ThreadWish {
  /** Honoured when the message fits that thread. */
  threadId?: string | undefined;
  /** The thread a draft began; used when the message belongs to no other. */
  ownThreadId?: string | undefined;
}

/** Sends a message; returns the sender's copy. */
export function deliver(
  office: Office,
  sender: Person,
  raw: Buffer,
  { threadId, ownThreadId }: ThreadWish,
): StoredMessage {
  const complete = completeHeaders(office, sender, raw);
  const tree = parseMime(complete);
  const recipients = recipientsOf(tree);
  const toSelf = recipients.has(sender.email);
  const sent = addMessage(office, sender, {
    raw: complete,
    labelIds: toSelf ? ['SENT', 'INBOX', 'UNREAD'] : ['SENT'],
    threadId:
      fittingThread(office, sender, tree, threadId) ??
      threadByReferences(office.mailbox(sender.email), tree) ??
      ownThreadId,
  });
  recipients.delete(sender.email);
  distribute(office, complete, recipients);
  return sent;
}

/**
 * Files a complete message in the inbox of every colleague among the recipients, on whichever
 * vendor, without the blind copies; mail to anyone else is counted.
 */
export function distribute(office: Office, complete: Buffer, recipients: Iterable<string>): void {
  const blind = removeHeaders(complete, ['Bcc']);
  for (const address of recipients) {
    const colleague = office.person(address);
    if (colleague) {
      addMessage(office, colleague, { raw: blind, labelIds: ['INBOX', 'UNREAD'] });
    } else {
      const { outsideMail } = office.state;
      outsideMail[address] = (outsideMail[address] ?? 0) + 1;
    }
  }
  office.changed();
}

/** Everyone a message goes to, each once, in lower case. */
export function recipientsOf(tree: MimePart): Set<string> {
  const all = ['To', 'Cc', 'Bcc'].flatMap((name) => mailboxes(header(tree.headers, name)));
  return new Set(all.map(({ address }) => address));
}

/** The key an effect of this message is counted under. */
export function effectKeyOf(tree: MimePart, fallback: string): string {
  return header(tree.headers, 'X-Effect-Key') ?? header(tree.headers, 'Message-ID') ?? fallback;
}

/**
 * The given thread when the message refers into it under the same subject; otherwise undefined,
 * and the message finds its own. @see Gmail guide, "Managing threads": all three must agree.
 */
function fittingThread(
  office: Office,
  sender: Person,
  tree: MimePart,
  threadId: string | undefined,
): string | undefined {
  if (threadId === undefined) return undefined;
  const cited = [
    ...messageIds(header(tree.headers, 'References')),
    ...messageIds(header(tree.headers, 'In-Reply-To')),
  ];
  const others = threadMessages(office, sender, threadId).map((message) => treeOf(message).headers);
  const refers = others.some((headers) => cited.includes(header(headers, 'Message-ID') ?? ''));
  const subject = bareSubject(header(tree.headers, 'Subject'));
  const named = others.some((headers) => bareSubject(header(headers, 'Subject')) === subject);
  return refers && named ? threadId : undefined;
}

/** Adds From, Date and Message-ID where missing; a malformed Message-ID is replaced and kept aside. */
function completeHeaders(office: Office, sender: Person, raw: Buffer): Buffer {
  const { headers } = parseMime(raw);
  const added: string[] = [];
  const dropped: string[] = [];
  if (!header(headers, 'From')) added.push(`From: ${sender.name} <${sender.email}>`);
  if (!header(headers, 'Date')) added.push(`Date: ${office.now().toUTCString()}`);
  const given = header(headers, 'Message-ID');
  if (given === undefined || !isWellFormedId(given)) {
    added.push(`Message-ID: <CA${randomUUID()}@mail.gmail.com>`);
    if (given !== undefined) {
      added.push(`X-Google-Original-Message-ID: ${given}`);
      dropped.push('Message-ID');
    }
  }
  if (added.length === 0) return raw;
  const rest = removeHeaders(raw, dropped);
  return Buffer.concat([Buffer.from(`${added.join('\r\n')}\r\n`), rest]);
}

/** `<left@domain.tld>`: one @, a dot inside the domain and none at its end. */
function isWellFormedId(id: string): boolean {
  return /^<[^<>@\s]+@[^<>@\s.]+(?:\.[^<>@\s.]+)+>$/.test(id);
}

/** The same bytes without every header of these names. */
export function removeHeaders(raw: Buffer, names: readonly string[]): Buffer {
  const text = raw.toString('latin1');
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  let head = text.slice(0, end);
  for (const name of names) {
    head = head.replace(new RegExp(`^${name}:.*(?:\\r?\\n[ \\t].*)*(?:\\r?\\n|$)`, 'gim'), '');
  }
  return Buffer.from(head.replace(/\r?\n$/, '') + text.slice(end), 'latin1');
}
