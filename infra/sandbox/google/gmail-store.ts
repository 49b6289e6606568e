/**
 * One mailbox: adding, labelling and removing messages with the history Gmail keeps of it, and
 * finding the thread a message belongs to. It sends nothing.
 */
import type { Office } from '../office/office.ts';
import type { HistoryEntry, MailboxState, Person, StoredMessage } from '../office/state.ts';
import type { SearchableMail } from './gmail-search.ts';
import { header, messageIds, type MimePart, parseMime, readableText, walk } from './mime.ts';

/** What a new message needs. */
export interface NewMessage {
  raw: Buffer;
  labelIds: string[];
  /** Absent: the thread of the messages it refers to, or a new one. */
  threadId?: string | undefined;
  /** Milliseconds since the epoch; absent means now. */
  dateMs?: number;
}

const trees = new WeakMap<StoredMessage, MimePart>();

/** The message's MIME tree; read once. */
export function treeOf(message: StoredMessage): MimePart {
  const known = trees.get(message);
  if (known) return known;
  const tree = parseMime(rawOf(message));
  trees.set(message, tree);
  return tree;
}

/** The message's bytes. */
export function rawOf(message: StoredMessage): Buffer {
  return Buffer.from(message.raw, 'base64');
}

/** Puts a message into a mailbox. */
export function addMessage(office: Office, owner: Person, given: NewMessage): StoredMessage {
  const mailbox = office.mailbox(owner.email);
  const id = office.nextId('message');
  const tree = parseMime(given.raw);
  const message: StoredMessage = {
    id,
    threadId: given.threadId ?? threadByReferences(mailbox, tree) ?? id,
    labelIds: [...given.labelIds],
    internalDate: given.dateMs ?? office.now().getTime(),
    historyId: 0,
    raw: given.raw.toString('base64'),
  };
  trees.set(message, tree);
  mailbox.messages[id] = message;
  remember(office, mailbox, message, 'messageAdded', message.labelIds);
  return message;
}

/** Takes a message out of a mailbox for good. */
export function removeMessage(office: Office, owner: Person, message: StoredMessage): void {
  const mailbox = office.mailbox(owner.email);
  delete mailbox.messages[message.id];
  remember(office, mailbox, message, 'messageDeleted', message.labelIds);
}

/** Adds and removes labels; says whether anything changed. */
export function changeLabels(
  office: Office,
  owner: Person,
  message: StoredMessage,
  add: readonly string[],
  remove: readonly string[],
): boolean {
  const mailbox = office.mailbox(owner.email);
  const added = add.filter((label) => !message.labelIds.includes(label));
  const removed = remove.filter((label) => message.labelIds.includes(label));
  message.labelIds = [...message.labelIds, ...new Set(added)].filter(
    (label) => !removed.includes(label),
  );
  if (added.length > 0) remember(office, mailbox, message, 'labelAdded', added);
  if (removed.length > 0) remember(office, mailbox, message, 'labelRemoved', removed);
  return added.length + removed.length > 0;
}

/** The messages of a thread, oldest first. */
export function threadMessages(office: Office, owner: Person, threadId: string): StoredMessage[] {
  return Object.values(office.mailbox(owner.email).messages)
    .filter((message) => message.threadId === threadId)
    .sort((a, b) => a.internalDate - b.internalDate);
}

/** The thread that a message's References or In-Reply-To point into. */
export function threadByReferences(mailbox: MailboxState, tree: MimePart): string | undefined {
  const wanted = new Set([
    ...messageIds(header(tree.headers, 'References')),
    ...messageIds(header(tree.headers, 'In-Reply-To')),
  ]);
  if (wanted.size === 0) return undefined;
  return Object.values(mailbox.messages).find((message) => {
    const own = header(treeOf(message).headers, 'Message-ID');
    return own !== undefined && wanted.has(own);
  })?.threadId;
}

/** A message as the search sees it. */
export function searchable(mailbox: MailboxState, message: StoredMessage): SearchableMail {
  const tree = treeOf(message);
  const value = (name: string): string => header(tree.headers, name) ?? '';
  const names = mailbox.labels
    .filter((label) => message.labelIds.includes(label.id))
    .map((label) => label.name);
  return {
    from: value('From'),
    to: value('To'),
    cc: value('Cc'),
    bcc: value('Bcc'),
    subject: value('Subject'),
    text: readableText(tree),
    list: value('List-Id'),
    messageId: value('Message-ID'),
    filenames: [...walk(tree)].map((part) => part.filename).filter((name) => name !== ''),
    labels: [...message.labelIds, ...names].map((label) => label.toLowerCase()),
    dateMs: message.internalDate,
    sizeBytes: Math.floor((message.raw.length * 3) / 4),
  };
}

function remember(
  office: Office,
  mailbox: MailboxState,
  message: StoredMessage,
  kind: HistoryEntry['kind'],
  labelIds: string[],
): void {
  mailbox.historyId += 1;
  message.historyId = mailbox.historyId;
  mailbox.history.push({
    id: mailbox.historyId,
    kind,
    messageId: message.id,
    threadId: message.threadId,
    labelIds: [...labelIds],
  });
  office.changed();
}
