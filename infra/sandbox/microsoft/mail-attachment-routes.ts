/**
 * Attachments over Graph: listed, read, read as bytes, and hung on drafts. Large files go through
 * upload sessions (mail-uploads.ts).
 */
import type { FastifyInstance } from 'fastify';
import { bodyObject, rawBody } from '../bodies.ts';
import type { Office } from '../office/office.ts';
import { attachmentSchema, readBody } from './mail-bodies.ts';
import { readFile } from './mail-compose.ts';
import { attachFile, filesOf, requireFile, showAttachment } from './mail-files.ts';
import { mailScope, pathId, requireItem } from './mail-items.ts';
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
    const file = readFile(readBody(attachmentSchema, bodyObject(request)));
    attachFile(office, scope.owner, request, message, file, rawBody(request).toString('utf8'));
    const part = filesOf(message).at(-1);
    if (!part) throw new Error('The file was not written.');
    return reply.code(201).send(showAttachment(scope, message, part));
  });
}
