/**
 * Gmail v1 over HTTP: messages and threads, and the registration of the other groups. The paths
 * and answers are the ones the real client expects; permanent deletion is left out on purpose.
 */
import type { FastifyInstance } from 'fastify';
import { bodyObject, rawBody } from '../bodies.ts';
import { sendGoogleError } from '../errors.ts';
import { deliver, recipientsOf } from '../mail/delivery.ts';
import { changeLabels, rawOf, threadMessages } from '../mail/mailbox.ts';
import { parseMime } from '../mail/mime.ts';
import type { Office } from '../office/office.ts';
import type { StoredMessage } from '../office/state.ts';
import { one } from './calendar-list.ts';
import { registerDraftRoutes } from './gmail-draft-routes.ts';
import { registerMailboxRoutes } from './gmail-mailbox-routes.ts';
import {
  countEffect,
  findMessages,
  mailboxOwner,
  pageOf,
  pathId,
  queryOf,
  readLabelChange,
  readRawMessage,
  requireMessage,
  requireRecipients,
  strings,
} from './gmail-requests.ts';
import {
  attachment,
  entityNotFound,
  readFormat,
  showIdentity,
  showMessage,
  showThreadLine,
} from './gmail-views.ts';

/** Registers the routes under /gmail/v1/users/{userId}. */
export function registerGmailRoutes(app: FastifyInstance, office: Office): void {
  void app.register(
    async (scope) => {
      scope.setErrorHandler((error, _request, reply) => sendGoogleError(reply, error, true));
      scope.setNotFoundHandler((_request, reply) => sendGoogleError(reply, entityNotFound(), true));
      registerMessageReads(scope, office);
      registerMessageWrites(scope, office);
      registerThreads(scope, office);
      registerDraftRoutes(scope, office);
      registerMailboxRoutes(scope, office);
    },
    { prefix: '/gmail/v1/users/:userId' },
  );
}

function registerMessageReads(scope: FastifyInstance, office: Office): void {
  scope.get('/messages', (request) => {
    const owner = mailboxOwner(office, request);
    const found = findMessages(office, owner, queryOf(request));
    const pairs = found.map(({ id, threadId }) => ({ id, threadId }));
    return pageOf('messages', pairs, queryOf(request));
  });
  scope.get('/messages/:id', (request) => {
    const owner = mailboxOwner(office, request);
    const query = queryOf(request);
    const message = requireMessage(office, owner, pathId(request));
    return showMessage(message, readFormat(one(query.format)), strings(query.metadataHeaders));
  });
  scope.get('/messages/:id/attachments/:attachmentId', (request) => {
    const owner = mailboxOwner(office, request);
    const message = requireMessage(office, owner, pathId(request));
    const content = attachment(message, pathId(request, 'attachmentId'));
    if (!content) throw entityNotFound();
    return content;
  });
}

function registerMessageWrites(scope: FastifyInstance, office: Office): void {
  scope.post('/messages/send', (request) => {
    const owner = mailboxOwner(office, request);
    const { raw, threadId } = readRawMessage(bodyObject(request));
    requireRecipients(recipientsOf(parseMime(raw)));
    const sent = deliver(office, owner, raw, { threadId });
    countEffect(office, owner, request, 'messages.send', sent, rawOf(sent).toString('utf8'));
    return showIdentity(sent);
  });
  scope.post('/messages/batchModify', (request, reply) => {
    const owner = mailboxOwner(office, request);
    const messages = strings(bodyObject(request).ids).map((id) =>
      requireMessage(office, owner, id),
    );
    const { add, remove } = readLabelChange(office, owner, request);
    const raw = rawBody(request).toString('utf8');
    for (const message of messages) {
      if (!changeLabels(office, owner, message, add, remove)) continue;
      countEffect(office, owner, request, 'messages.modify', message, raw);
    }
    return reply.code(204).send();
  });
  scope.post('/messages/:id/modify', (request) => {
    const owner = mailboxOwner(office, request);
    const message = requireMessage(office, owner, pathId(request));
    const { add, remove } = readLabelChange(office, owner, request);
    if (changeLabels(office, owner, message, add, remove)) {
      const raw = rawBody(request).toString('utf8');
      countEffect(office, owner, request, 'messages.modify', message, raw);
    }
    return showIdentity(message);
  });
  for (const [action, add, remove] of [
    ['trash', ['TRASH'], ['INBOX', 'SPAM']],
    ['untrash', [], ['TRASH']],
  ] as const) {
    scope.post(`/messages/:id/${action}`, (request) => {
      const owner = mailboxOwner(office, request);
      const message = requireMessage(office, owner, pathId(request));
      if (changeLabels(office, owner, message, add, remove)) {
        countEffect(office, owner, request, `messages.${action}`, message, '');
      }
      return showIdentity(message);
    });
  }
}

function registerThreads(scope: FastifyInstance, office: Office): void {
  const messagesOf = (request: Parameters<typeof pathId>[0]): StoredMessage[] => {
    const messages = threadMessages(office, mailboxOwner(office, request), pathId(request));
    if (messages.length === 0) throw entityNotFound();
    return messages;
  };
  scope.get('/threads', (request) => {
    const owner = mailboxOwner(office, request);
    const found = findMessages(office, owner, queryOf(request));
    const ids = [...new Set(found.map((message) => message.threadId))];
    const lines = ids.map((id) => showThreadLine(threadMessages(office, owner, id)));
    return pageOf('threads', lines, queryOf(request));
  });
  scope.get('/threads/:id', (request) => {
    const messages = messagesOf(request);
    const query = queryOf(request);
    const format = readFormat(one(query.format));
    const historyId = Math.max(...messages.map((message) => message.historyId));
    return {
      id: pathId(request),
      historyId: String(historyId),
      messages: messages.map((message) =>
        showMessage(message, format, strings(query.metadataHeaders)),
      ),
    };
  });
  scope.post('/threads/:id/modify', (request) => {
    const messages = messagesOf(request);
    const owner = mailboxOwner(office, request);
    const { add, remove } = readLabelChange(office, owner, request);
    const changed = messages.filter((message) => changeLabels(office, owner, message, add, remove));
    const [first] = changed;
    const raw = rawBody(request).toString('utf8');
    if (first) countEffect(office, owner, request, 'threads.modify', first, raw);
    return { id: pathId(request), messages: messages.map(showIdentity) };
  });
  scope.post('/threads/:id/trash', (request) => {
    const messages = messagesOf(request);
    const owner = mailboxOwner(office, request);
    const changed = messages.filter((message) =>
      changeLabels(office, owner, message, ['TRASH'], ['INBOX', 'SPAM']),
    );
    const [first] = changed;
    if (first) countEffect(office, owner, request, 'threads.trash', first, '');
    return { id: pathId(request), messages: messages.map(showIdentity) };
  });
}
