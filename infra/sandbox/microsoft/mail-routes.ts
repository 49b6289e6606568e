/**
 * Outlook mail over Graph: the registration of its groups, and messages as they are read, marked,
 * moved and deleted. Every path is below /v1.0/me.
 */
import type { FastifyInstance } from 'fastify';
import { bodyObject, rawBody } from '../bodies.ts';
import { rawOf, removeMessage } from '../mail/mailbox.ts';
import type { Office } from '../office/office.ts';
import { badRequest } from './errors.ts';
import { registerAttachmentRoutes } from './mail-attachment-routes.ts';
import { messageSchema, readBody, smallNames } from './mail-bodies.ts';
import { registerCategoryRoutes } from './mail-category-routes.ts';
import { changeDraft, changeMarks, checkDraftOnly } from './mail-changes.ts';
import { registerDraftRoutes } from './mail-draft-routes.ts';
import { registerFolderRoutes } from './mail-folder-routes.ts';
import { moveMessage, placeOf, requireFolder } from './mail-folders.ts';
import { checkIfMatch, etag, mailScope, messageId, pathId, requireItem } from './mail-items.ts';
import { findMessages, listMessages, viewOf } from './mail-lists.ts';
import { countEffect } from './mail-sending.ts';
import { registerUploadSessions } from './mail-uploads.ts';
import { showMessage } from './mail-views.ts';

/** Registers the mail routes under /v1.0. */
export function registerGraphMailRoutes(scope: FastifyInstance, office: Office): void {
  void scope.register(
    async (me) => {
      registerReads(me, office);
      registerChanges(me, office);
      registerDraftRoutes(me, office);
      registerFolderRoutes(me, office);
      registerAttachmentRoutes(me, office);
      registerUploadSessions(me, office);
      registerCategoryRoutes(me, office);
    },
    { prefix: '/me' },
  );
}

function registerReads(me: FastifyInstance, office: Office): void {
  me.get('/messages', (request, reply) => listMessages(mailScope(office, request, reply), request));
  me.get('/messages/$count', (request, reply) => {
    const found = findMessages(mailScope(office, request, reply), request);
    return reply.type('text/plain').send(String(found.length));
  });
  me.get('/messages/:id', (request, reply) => {
    const scope = mailScope(office, request, reply);
    const message = requireItem(scope, pathId(request));
    void reply.header('etag', etag(message));
    return showMessage(scope, message, viewOf(request));
  });
  me.get('/messages/:id/$value', (request, reply) => {
    const scope = mailScope(office, request, reply);
    return reply.type('text/plain').send(rawOf(requireItem(scope, pathId(request))));
  });
}

function registerChanges(me: FastifyInstance, office: Office): void {
  me.patch('/messages/:id', (request, reply) => {
    const scope = mailScope(office, request, reply, 'write');
    const { owner } = scope;
    const message = requireItem(scope, pathId(request));
    checkIfMatch(request, message);
    const given = readBody(messageSchema, bodyObject(request));
    checkDraftOnly(message, given);
    const rewritten = changeDraft(scope, message, given);
    const marked = changeMarks(scope, message, given);
    if (rewritten || marked) {
      const operation = rewritten ? 'drafts.update' : 'messages.modify';
      countEffect(office, owner, request, operation, message, rawBody(request).toString('utf8'));
    }
    return showMessage(scope, message, viewOf(request));
  });
  me.delete('/messages/:id', (request, reply) => {
    const scope = mailScope(office, request, reply, 'write');
    const { owner, mailbox } = scope;
    const message = requireItem(scope, pathId(request));
    checkIfMatch(request, message);
    const isDraft = message.labelIds.includes('DRAFT');
    const operation = isDraft ? 'drafts.delete' : 'messages.trash';
    countEffect(office, owner, request, operation, message, '');
    // Outlook's first deletion is the bin; what lies there goes where no client of ours looks.
    if (placeOf(mailbox, message) === 'TRASH') removeMessage(office, owner, message);
    else moveMessage(office, owner, message, requireFolder(mailbox, owner, 'deleteditems'));
    return reply.code(204).send();
  });
  me.post('/messages/:id/move', (request, reply) => {
    const scope = mailScope(office, request, reply, 'write');
    const { owner, mailbox } = scope;
    const message = requireItem(scope, pathId(request));
    const { destinationId } = smallNames(bodyObject(request)) as { destinationId?: unknown };
    if (typeof destinationId !== 'string') throw badRequest('destinationId is required.');
    const target = requireFolder(mailbox, owner, destinationId);
    if (moveMessage(office, owner, message, target)) {
      const operation = target.label === 'TRASH' ? 'messages.trash' : 'messages.modify';
      countEffect(office, owner, request, operation, message, rawBody(request).toString('utf8'));
    }
    void reply.code(201).header('location', `/me/messages/${messageId(scope, message)}`);
    return showMessage(scope, message, {});
  });
}
