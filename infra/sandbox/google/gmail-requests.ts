/**
 * What the Gmail routes share: whose mailbox a request means, what its body and query say, and
 * how a change is counted. Every refusal is one Gmail would send.
 */
import type { FastifyRequest } from 'fastify';
import { bodyObject } from '../bodies.ts';
import { GoogleError } from '../errors.ts';
import { effectKeyOf } from '../mail/delivery.ts';
import { treeOf } from '../mail/mailbox.ts';
import type { Office } from '../office/office.ts';
import type { Person, StoredMessage } from '../office/state.ts';
import { requireAccount } from './accounts.ts';
import { one, type Query } from './calendar-list.ts';
import { searchable } from './gmail-search.ts';
import { parseQuery, reachesSpamTrash } from './gmail-search.ts';
import { entityNotFound } from './gmail-views.ts';
import { readPageToken, writePageToken } from './paging.ts';

const maxRawBytes = 36_700_160;
const defaultPage = 100;
const maxPage = 500;

/** The person whose mailbox the path names. @throws GoogleError 401, 403. */
export function mailboxOwner(office: Office, request: FastifyRequest): Person {
  const account = requireAccount(office, request);
  const { userId } = request.params as { userId: string };
  if (userId === 'me' || userId.toLowerCase() === account.email) return account;
  throw new GoogleError(403, 'forbidden', `Delegation denied for ${account.email}`);
}

/** A parameter of the path. */
export function pathId(request: FastifyRequest, name = 'id'): string {
  return (request.params as Record<string, string>)[name] ?? '';
}

/** The query of a request. */
export function queryOf(request: FastifyRequest): Query {
  return request.query as Query;
}

/** Every value of a repeated parameter or body field. */
export function strings(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** A message of the mailbox. @throws GoogleError 404. */
export function requireMessage(office: Office, owner: Person, id: string): StoredMessage {
  const message = office.mailbox(owner.email).messages[id];
  if (!message) throw entityNotFound();
  return message;
}

/** A message as sent in a body: bytes and the thread it should join. @throws GoogleError 400, 413. */
export function readRawMessage(value: unknown): { raw: Buffer; threadId: string | undefined } {
  const { raw, threadId } = (value ?? {}) as { raw?: unknown; threadId?: unknown };
  if (typeof raw !== 'string' || raw === '') {
    const message =
      "'raw' RFC822 payload message string or uploading message via /upload/* URL required";
    throw new GoogleError(400, 'invalidArgument', message);
  }
  if (!/^[\w-]+=*$/.test(raw)) {
    const message = "Invalid value at 'message.raw' (TYPE_BYTES), Base64 decoding failed";
    throw new GoogleError(400, 'invalidArgument', message);
  }
  const bytes = Buffer.from(raw, 'base64url');
  if (bytes.length > maxRawBytes) {
    throw new GoogleError(413, 'uploadTooLarge', 'Message is too large.');
  }
  return { raw: bytes, threadId: typeof threadId === 'string' ? threadId : undefined };
}

/** Refuses a message nobody would receive. @throws GoogleError 400. */
export function requireRecipients(recipients: ReadonlySet<string>): void {
  if (recipients.size > 0) return;
  throw new GoogleError(400, 'invalidArgument', 'Recipient address required');
}

/** Messages that match the request's query and labels, newest first. */
export function findMessages(office: Office, owner: Person, query: Query): StoredMessage[] {
  const mailbox = office.mailbox(owner.email);
  const q = one(query.q) ?? '';
  const matches = parseQuery(q, office.now());
  const labels = strings(query.labelIds);
  const hidden =
    query.includeSpamTrash === 'true' ||
    reachesSpamTrash(q) ||
    labels.some((label) => label === 'SPAM' || label === 'TRASH')
      ? []
      : ['SPAM', 'TRASH'];
  const indexedMs = office.now().getTime() - office.knobs.searchLagMs;
  return Object.values(mailbox.messages)
    .filter(({ internalDate }) => q === '' || internalDate <= indexedMs)
    .filter(({ labelIds }) => labels.every((label) => labelIds.includes(label)))
    .filter(({ labelIds }) => !hidden.some((label) => labelIds.includes(label)))
    .filter((message) => q === '' || matches(searchable(mailbox, message)))
    .sort((a, b) => b.internalDate - a.internalDate || (a.id < b.id ? -1 : 1));
}

/** One page of a list under its key; the key is absent when there is nothing, as Gmail does. */
export function pageOf<Item>(key: string, items: readonly Item[], query: Query): object {
  const size = Math.min(maxPage, Number(one(query.maxResults) ?? defaultPage));
  if (!Number.isInteger(size) || size < 1) {
    throw new GoogleError(400, 'invalidArgument', 'Invalid maxResults');
  }
  const from = readPageToken(one(query.pageToken));
  const shown = items.slice(from, from + size);
  return {
    ...(shown.length > 0 ? { [key]: shown } : {}),
    ...(from + size < items.length ? { nextPageToken: writePageToken(from + size) } : {}),
    resultSizeEstimate: items.length,
  };
}

/** Counts one change of a mailbox under the message's key. */
export function countEffect(
  office: Office,
  owner: Person,
  request: FastifyRequest,
  operation: string,
  message: StoredMessage,
  raw: string,
): void {
  const key = one(request.headers['x-effect-key']) ?? effectKeyOf(treeOf(message), message.id);
  office.recordEffect({ vendor: owner.vendor, operation, account: owner.email, key, raw });
}

/** The labels a modify request adds and removes. @throws GoogleError 400. */
export function readLabelChange(
  office: Office,
  owner: Person,
  request: FastifyRequest,
): { add: string[]; remove: string[] } {
  const body = bodyObject(request);
  const add = strings(body.addLabelIds);
  const remove = strings(body.removeLabelIds);
  const { labels } = office.mailbox(owner.email);
  for (const id of [...add, ...remove]) {
    const fixed = id === 'SENT' || id === 'DRAFT';
    if (fixed || !labels.some((label) => label.id === id)) {
      throw new GoogleError(400, 'invalidArgument', `Invalid label: ${id}`);
    }
  }
  return { add, remove };
}
