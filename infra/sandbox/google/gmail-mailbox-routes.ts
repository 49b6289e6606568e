/**
 * The mailbox around its messages: profile, labels and history.
 */
import type { FastifyInstance } from 'fastify';
import { bodyField, bodyObject } from '../bodies.ts';
import { GoogleError } from '../errors.ts';
import type { Office } from '../office/office.ts';
import type { HistoryEntry, MailboxState, Person } from '../office/state.ts';
import { one, type Query } from './calendar-list.ts';
import { mailboxOwner, pathId, queryOf, strings } from './gmail-requests.ts';
import { entityNotFound } from './gmail-views.ts';
import { readPageToken, writePageToken } from './paging.ts';

const historyPage = 100;

/** Registers /profile, /labels and /history. */
export function registerMailboxRoutes(scope: FastifyInstance, office: Office): void {
  scope.get('/profile', (request) => {
    const owner = mailboxOwner(office, request);
    const mailbox = office.mailbox(owner.email);
    const messages = Object.values(mailbox.messages);
    return {
      emailAddress: owner.email,
      messagesTotal: messages.length,
      threadsTotal: new Set(messages.map((message) => message.threadId)).size,
      historyId: String(mailbox.historyId),
    };
  });
  scope.get('/labels', (request) => {
    const { labels } = office.mailbox(mailboxOwner(office, request).email);
    return { labels: labels.map(({ id, name, type }) => ({ id, name, type })) };
  });
  scope.get('/labels/:id', (request) => {
    const mailbox = office.mailbox(mailboxOwner(office, request).email);
    return showLabel(mailbox, pathId(request));
  });
  scope.post('/labels', (request) => {
    const owner = mailboxOwner(office, request);
    const { labels } = office.mailbox(owner.email);
    const name = bodyField(request, 'name')?.trim() ?? '';
    if (name === '') throw new GoogleError(400, 'invalidArgument', 'Invalid label name');
    if (labels.some((label) => label.name.toLowerCase() === name.toLowerCase())) {
      throw new GoogleError(409, 'aborted', 'Label name exists or conflicts');
    }
    const label = { id: `Label_${labels.length}`, name, type: 'user' as const };
    labels.push(label);
    const raw = JSON.stringify(bodyObject(request));
    const { vendor, email: account } = owner;
    office.recordEffect({ vendor, operation: 'labels.create', account, key: name, raw });
    return { ...label, messageListVisibility: 'show', labelListVisibility: 'labelShow' };
  });
  scope.get('/settings/sendAs', (request) => {
    const owner = mailboxOwner(office, request);
    return { sendAs: sendAsOf(owner, office.mailbox(owner.email).aliases ?? []) };
  });
  scope.get('/history', (request) => {
    const mailbox = office.mailbox(mailboxOwner(office, request).email);
    return listHistory(mailbox, queryOf(request));
  });
}

/** The account's own address, then its confirmed and unconfirmed aliases. */
function sendAsOf(owner: Person, aliases: NonNullable<MailboxState['aliases']>): object[] {
  const { email: sendAsEmail, name: displayName } = owner;
  const own = { sendAsEmail, displayName, isPrimary: true, isDefault: true, signature: '' };
  return [
    own,
    ...aliases.map(({ email, name, signature, verified }) => ({
      sendAsEmail: email,
      displayName: name,
      signature,
      isPrimary: false,
      isDefault: false,
      verificationStatus: verified ? 'accepted' : 'pending',
    })),
  ];
}

function showLabel(mailbox: MailboxState, id: string): object {
  const label = mailbox.labels.find((candidate) => candidate.id === id);
  if (!label) throw entityNotFound();
  const messages = Object.values(mailbox.messages).filter(({ labelIds }) => labelIds.includes(id));
  const unread = messages.filter(({ labelIds }) => labelIds.includes('UNREAD'));
  const threads = (list: typeof messages): number => new Set(list.map((m) => m.threadId)).size;
  return {
    ...label,
    messagesTotal: messages.length,
    messagesUnread: unread.length,
    threadsTotal: threads(messages),
    threadsUnread: threads(unread),
  };
}

/** Changes after an id. @throws GoogleError 400, 404 when the id is older than the mailbox keeps. */
function listHistory(mailbox: MailboxState, query: Query): object {
  const start = Number(one(query.startHistoryId) ?? Number.NaN);
  if (!Number.isInteger(start)) {
    throw new GoogleError(400, 'invalidArgument', 'Missing or invalid startHistoryId');
  }
  if (start < mailbox.historyFloor || start > mailbox.historyId) throw entityNotFound();
  const kinds = strings(query.historyTypes);
  const label = one(query.labelId);
  const found = mailbox.history.filter(
    (entry) =>
      entry.id > start &&
      (kinds.length === 0 || kinds.includes(entry.kind)) &&
      (label === undefined || labelsOf(mailbox, entry).includes(label)),
  );
  const from = readPageToken(one(query.pageToken));
  const size = Math.min(500, Number(one(query.maxResults) ?? historyPage));
  const shown = found.slice(from, from + size);
  return {
    ...(shown.length > 0 ? { history: shown.map((entry) => showEntry(mailbox, entry)) } : {}),
    ...(from + size < found.length ? { nextPageToken: writePageToken(from + size) } : {}),
    historyId: String(mailbox.historyId),
  };
}

function labelsOf(mailbox: MailboxState, entry: HistoryEntry): string[] {
  return [...entry.labelIds, ...(mailbox.messages[entry.messageId]?.labelIds ?? [])];
}

function showEntry(mailbox: MailboxState, entry: HistoryEntry): object {
  const { messageId: id, threadId, labelIds } = entry;
  const now = mailbox.messages[id]?.labelIds ?? labelIds;
  const message = { id, threadId, labelIds: now };
  const head = { id: String(entry.id), messages: [{ id, threadId }] };
  switch (entry.kind) {
    case 'messageAdded':
      return { ...head, messagesAdded: [{ message: { id, threadId, labelIds } }] };
    case 'messageDeleted':
      return { ...head, messagesDeleted: [{ message: { id, threadId, labelIds } }] };
    case 'labelAdded':
      return { ...head, labelsAdded: [{ message, labelIds }] };
    case 'labelRemoved':
      return { ...head, labelsRemoved: [{ message, labelIds }] };
    default:
      return entry.kind satisfies never;
  }
}
