/**
 * Drafts: a draft keeps its id while its message gets a new one at every update; sending consumes
 * the draft, so a second send finds nothing.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { bodyObject, rawBody } from '../bodies.ts';
import { GoogleError } from '../errors.ts';
import { deliver, recipientsOf } from '../mail/delivery.ts';
import { addMessage, rawOf, removeMessage, threadMessages } from '../mail/mailbox.ts';
import { parseMime } from '../mail/mime.ts';
import type { Office } from '../office/office.ts';
import type { Person, StoredMessage } from '../office/state.ts';
import { one } from './calendar-list.ts';
import {
  countEffect,
  findMessages,
  mailboxOwner,
  pageOf,
  pathId,
  queryOf,
  readRawMessage,
  requireMessage,
  requireRecipients,
} from './gmail-requests.ts';
import { entityNotFound, readFormat, showIdentity, showMessage } from './gmail-views.ts';

/** Registers the routes under /drafts. */
export function registerDraftRoutes(scope: FastifyInstance, office: Office): void {
  scope.post('/drafts', (request) => {
    const owner = mailboxOwner(office, request);
    const id = `r${BigInt(`0x${office.nextId('draft')}`)}`;
    const message = keepDraft(office, owner, id, bodyObject(request).message);
    countEffect(office, owner, request, 'drafts.create', message, bodyText(request));
    return { id, message: showIdentity(message) };
  });
  scope.get('/drafts', (request) => {
    const owner = mailboxOwner(office, request);
    const drafts = Object.values(office.mailbox(owner.email).drafts);
    const found = findMessages(office, owner, queryOf(request)).flatMap(({ id, threadId }) =>
      drafts
        .filter((draft) => draft.messageId === id)
        .map((draft) => ({ id: draft.id, message: { id, threadId } })),
    );
    return pageOf('drafts', found, queryOf(request));
  });
  scope.get('/drafts/:id', (request) => {
    const owner = mailboxOwner(office, request);
    const message = requireDraft(office, owner, pathId(request));
    const format = readFormat(one(queryOf(request).format));
    return { id: pathId(request), message: showMessage(message, format) };
  });
  scope.put('/drafts/:id', (request) => {
    const owner = mailboxOwner(office, request);
    const id = pathId(request);
    const before = requireDraft(office, owner, id);
    const message = keepDraft(office, owner, id, bodyObject(request).message, before);
    countEffect(office, owner, request, 'drafts.update', message, bodyText(request));
    return { id, message: showIdentity(message) };
  });
  scope.delete('/drafts/:id', (request, reply) => {
    const owner = mailboxOwner(office, request);
    const message = requireDraft(office, owner, pathId(request));
    countEffect(office, owner, request, 'drafts.delete', message, '');
    dropDraft(office, owner, pathId(request), message);
    return reply.code(204).send();
  });
  scope.post('/drafts/send', (request) => sendDraft(office, request));
}

/** Sends a stored draft; a body with `message.raw` replaces its content first. */
function sendDraft(office: Office, request: FastifyRequest): object {
  const owner = mailboxOwner(office, request);
  const body = bodyObject(request) as { id?: unknown; message?: { raw?: unknown } };
  if (typeof body.id !== 'string') {
    throw new GoogleError(400, 'invalidArgument', 'Invalid draft');
  }
  const stored = requireDraft(office, owner, body.id);
  const given = body.message?.raw === undefined ? undefined : readRawMessage(body.message);
  const raw = given?.raw ?? rawOf(stored);
  requireRecipients(recipientsOf(parseMime(raw)));
  const alone = threadMessages(office, owner, stored.threadId).length === 1;
  const threadId = given?.threadId ?? stored.threadId;
  dropDraft(office, owner, body.id, stored);
  const sent = deliver(office, owner, raw, {
    threadId,
    ownThreadId: alone ? stored.threadId : undefined,
  });
  countEffect(office, owner, request, 'drafts.send', sent, rawOf(sent).toString('utf8'));
  return showIdentity(sent);
}

/** Stores a draft's new message, in the thread asked for when that thread exists. */
function keepDraft(
  office: Office,
  owner: Person,
  id: string,
  value: unknown,
  before?: StoredMessage,
): StoredMessage {
  const { raw, threadId } = readRawMessage(value);
  if (threadId !== undefined && threadMessages(office, owner, threadId).length === 0) {
    throw entityNotFound();
  }
  if (before) removeMessage(office, owner, before);
  const message = addMessage(office, owner, {
    raw,
    labelIds: ['DRAFT'],
    threadId: threadId ?? before?.threadId,
  });
  office.mailbox(owner.email).drafts[id] = { id, messageId: message.id };
  return message;
}

function requireDraft(office: Office, owner: Person, id: string): StoredMessage {
  const draft = office.mailbox(owner.email).drafts[id];
  if (!draft) throw entityNotFound();
  return requireMessage(office, owner, draft.messageId);
}

function dropDraft(office: Office, owner: Person, id: string, message: StoredMessage): void {
  delete office.mailbox(owner.email).drafts[id];
  removeMessage(office, owner, message);
}

function bodyText(request: FastifyRequest): string {
  return rawBody(request).toString('utf8');
}
