/**
 * One mailbox, at either vendor: adding, labelling and removing messages with the history that is
 * kept of it, and finding the thread a message belongs to. It sends nothing.
 */
import type { Office } from '../office/office.ts';
import type { HistoryEntry, MailboxState, Person, StoredMessage } from '../office/state.ts';
import {
  bareSubject,
  header,
  messageIds,
  type MimeHeader,
  type MimePart,
  parseHead,
  parseMime,
} from './mime.ts';

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
    threadId: given.threadId ?? threadFor(mailbox, owner, tree) ?? id,
    labelIds: [...given.labelIds],
    internalDate: given.dateMs ?? office.now().getTime(),
    historyId: 0,
    raw: given.raw.toString('base64'),
  };
  trees.set(message, tree);
  mailbox.messages[id] = message;
  noteMessageId(mailbox, message, tree.headers);
  remember(office, mailbox, message, 'messageAdded', message.labelIds);
  return message;
}

/** Files a message that lay there before anybody looked: no history tells of it. */
export function fileOldMessage(
  office: Office,
  owner: Person,
  given: NewMessage & { dateMs: number },
): StoredMessage {
  const mailbox = office.mailbox(owner.email);
  const id = office.nextId('message');
  mailbox.historyId += 1;
  mailbox.historyFloor = mailbox.historyId;
  const message: StoredMessage = {
    id,
    threadId: given.threadId ?? id,
    labelIds: given.labelIds,
    internalDate: given.dateMs,
    historyId: mailbox.historyId,
    raw: given.raw.toString('base64'),
  };
  mailbox.messages[id] = message;
  if (messageIdIndexes.has(mailbox)) noteMessageId(mailbox, message, parseHead(given.raw));
  return message;
}

/** Gives a message other bytes under the same id, as Outlook does with drafts. */
export function replaceMessage(
  office: Office,
  owner: Person,
  message: StoredMessage,
  raw: Buffer,
): void {
  const mailbox = office.mailbox(owner.email);
  const tree = parseMime(raw);
  message.raw = raw.toString('base64');
  trees.set(message, tree);
  noteMessageId(mailbox, message, tree.headers);
  remember(office, mailbox, message, 'messageAdded', message.labelIds);
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

/** Makes every cursor into any mailbox's history too old, as time does. */
export function forgetHistory(office: Office): void {
  for (const mailbox of Object.values(office.state.mailboxes)) {
    mailbox.historyId += 1;
    mailbox.history = [];
    mailbox.historyFloor = mailbox.historyId;
  }
  office.changed();
}

/** The messages of a thread, oldest first. */
export function threadMessages(office: Office, owner: Person, threadId: string): StoredMessage[] {
  return Object.values(office.mailbox(owner.email).messages)
    .filter((message) => message.threadId === threadId)
    .sort((a, b) => a.internalDate - b.internalDate);
}

/** The thread that a message's References or In-Reply-To point into. */
export function threadByReferences(mailbox: MailboxState, tree: MimePart): string | undefined {
  return referredMessages(mailbox, tree)[0]?.threadId;
}

/**
 * The thread a message that arrives joins. Outlook also wants the same subject: a reply under
 * another one begins a conversation.
 */
function threadFor(mailbox: MailboxState, owner: Person, tree: MimePart): string | undefined {
  if (owner.vendor === 'google') return threadByReferences(mailbox, tree);
  const subject = bareSubject(header(tree.headers, 'Subject'));
  return referredMessages(mailbox, tree).find(
    (message) => bareSubject(header(treeOf(message).headers, 'Subject')) === subject,
  )?.threadId;
}

function referredMessages(mailbox: MailboxState, tree: MimePart): StoredMessage[] {
  const wanted = new Set([
    ...messageIds(header(tree.headers, 'References')),
    ...messageIds(header(tree.headers, 'In-Reply-To')),
  ]);
  if (wanted.size === 0) return [];
  const index = messageIdIndex(mailbox);
  return [...wanted].flatMap((messageId) => {
    const message = mailbox.messages[index.get(messageId) ?? ''];
    return message ? [message] : [];
  });
}

/** Message-ID → id of a message of the mailbox; built at the first question. */
const messageIdIndexes = new WeakMap<MailboxState, Map<string, string>>();

function messageIdIndex(mailbox: MailboxState): Map<string, string> {
  const known = messageIdIndexes.get(mailbox);
  if (known) return known;
  const index = new Map<string, string>();
  messageIdIndexes.set(mailbox, index);
  for (const message of Object.values(mailbox.messages)) {
    noteMessageId(mailbox, message, parseHead(rawOf(message)));
  }
  return index;
}

function noteMessageId(
  mailbox: MailboxState,
  message: StoredMessage,
  headers: readonly MimeHeader[],
): void {
  const index = messageIdIndexes.get(mailbox);
  const messageId = header(headers, 'Message-ID');
  if (!index || messageId === undefined) return;
  // The first message of an id stands for it, as long as the mailbox holds it.
  if (!mailbox.messages[index.get(messageId) ?? '']) index.set(messageId, message.id);
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
  message.modifiedMs = office.now().getTime();
  mailbox.history.push({
    id: mailbox.historyId,
    kind,
    messageId: message.id,
    threadId: message.threadId,
    labelIds: [...labelIds],
    ...(message.moves === undefined ? {} : { moves: message.moves }),
  });
  office.changed();
}
