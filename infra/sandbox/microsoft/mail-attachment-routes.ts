/**
 * Attachments over Graph: listed, read, read as bytes, and hung on drafts. Large files, which go
 * through upload sessions, are not taken.
 */
import type { FastifyInstance } from 'fastify';
import { bodyObject, rawBody } from '../bodies.ts';
import { replaceMessage } from '../mail/mailbox.ts';
import { composeMime } from '../mail/mime-compose.ts';
import type { Office } from '../office/office.ts';
import { invalidRequest } from './errors.ts';
import { attachmentSchema, readBody } from './mail-bodies.ts';
import { readFile, takeApart } from './mail-compose.ts';
import { filesOf, requireFile, showAttachment } from './mail-files.ts';
import { mailScope, pathId, requireItem } from './mail-items.ts';
import { countEffect } from './mail-sending.ts';
import { pageOf, parameter } from './paging.ts';

const pages = { defaultSize: 1_000, maxSize: 1_000 };

/** Registers the routes under /messages/{id}/attachments. */
export function registerAttachmentRoutes(me: FastifyInstance, office: Office): void {
  me.get('/messages/:id/attachments', (request, reply) => {
    const scope = mailScope(office, request, reply);
    const message = requireItem(scope, pathId(request));
    const select = parameter(request, '$select')?.split(',');
    return pageOf(request, filesOf(message), pages, (part) =>
      showAttachment(scope, message, part, select),
    );
  });
  me.get('/messages/:id/attachments/:file', (request, reply) => {
    const scope = mailScope(office, request, reply);
    const message = requireItem(scope, pathId(request));
    const part = requireFile(scope, message, pathId(request, 'file'));
    return showAttachment(scope, message, part, parameter(request, '$select')?.split(','));
  });
  me.get('/messages/:id/attachments/:file/$value', (request, reply) => {
    const scope = mailScope(office, request, reply);
    const message = requireItem(scope, pathId(request));
    const { mimeType, body } = requireFile(scope, message, pathId(request, 'file'));
    return reply.type(mimeType).send(body);
  });
  me.post('/messages/:id/attachments', (request, reply) => {
    const scope = mailScope(office, request, reply, 'write');
    const message = requireItem(scope, pathId(request));
    if (!message.labelIds.includes('DRAFT')) {
      throw invalidRequest('Files are added to drafts only.');
    }
    const file = readFile(readBody(attachmentSchema, bodyObject(request)));
    const before = takeApart(message);
    const attachments = [...(before.attachments ?? []), file];
    replaceMessage(office, scope.owner, message, composeMime({ ...before, attachments }));
    const raw = rawBody(request).toString('utf8');
    countEffect(office, scope.owner, request, 'drafts.update', message, raw);
    const part = filesOf(message).at(-1);
    if (!part) throw new Error('The file was not written.');
    return reply.code(201).send(showAttachment(scope, message, part));
  });
}
