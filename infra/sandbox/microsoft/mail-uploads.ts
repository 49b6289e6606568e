/**
 * Upload sessions for files of three megabytes and more: asked for over Graph, then the parts go to an
 * address of their own, which is the permission itself. They end with the process.
 * @see https://learn.microsoft.com/en-us/graph/outlook-large-attachments
 */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { bodyObject, rawBody } from '../bodies.ts';
import type { Office } from '../office/office.ts';
import { GraphError, invalidRequest, itemNotFound, registerGraphErrors } from './errors.ts';
import { readBody, uploadSchema } from './mail-bodies.ts';
import { maxFileBytes } from './mail-compose.ts';
import { attachFile } from './mail-files.ts';
import { type MailScope, mailScope, pathId, requireItem } from './mail-items.ts';

/** A file that is on its way to a draft. */
interface Upload {
  readonly scope: MailScope;
  readonly draftId: string;
  readonly name: string;
  readonly type: string;
  readonly bytes: Buffer;
  received: number;
}

const maxPartBytes = 4 * 1024 * 1024;
const uploadsOf = new WeakMap<Office, Map<string, Upload>>();

/** Registers the route that begins an upload, under /v1.0/me. */
export function registerUploadSessions(me: FastifyInstance, office: Office): void {
  const uploads = new Map<string, Upload>();
  uploadsOf.set(office, uploads);
  me.post('/messages/:id/attachments/createUploadSession', (request, reply) => {
    const scope = mailScope(office, request, reply, 'write');
    const draftId = pathId(request);
    requireItem(scope, draftId);
    const { AttachmentItem: item } = readBody(uploadSchema, bodyObject(request));
    if (item.size < maxFileBytes) {
      const message = 'The attachment size is less than the minimum of an upload session.';
      throw new GraphError(400, 'ErrorAttachmentSizeShouldNotBeLessThanMinimumSize', message);
    }
    const id = randomBytes(24).toString('base64url');
    const type = item.contentType ?? 'application/octet-stream';
    const bytes = Buffer.alloc(item.size);
    uploads.set(id, { scope, draftId, name: item.name, type, bytes, received: 0 });
    const uploadUrl = `https://${request.headers.host ?? '127.0.0.1'}/outlook/uploads/${id}?authtoken=${id}`;
    return reply.code(201).send({
      '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.uploadSession',
      uploadUrl,
      ...standing(office, 0),
    });
  });
}

/** Registers the address that parts are sent to, beside /v1.0. */
export function registerUploadAddress(app: FastifyInstance, office: Office): void {
  void app.register(
    async (scope) => {
      registerGraphErrors(scope, office.now);
      scope.put('/:id', (request, reply) => {
        if (request.headers.authorization !== undefined) {
          const message = 'The address of an upload takes no token.';
          throw new GraphError(401, 'InvalidAuthenticationToken', message);
        }
        const uploads = uploadsOf.get(office);
        const upload = uploads?.get(pathId(request));
        if (upload === undefined) throw itemNotFound();
        takePart(upload, request);
        if (upload.received < upload.bytes.length) {
          return reply.code(200).send(standing(office, upload.received));
        }
        uploads?.delete(pathId(request));
        const { name, type, bytes: content, draftId } = upload;
        const draft = requireItem(upload.scope, draftId);
        const file = { name, type, content, contentId: undefined };
        attachFile(office, upload.scope.owner, request, draft, file, name);
        return reply.code(201).header('location', `/Messages('${draftId}')/Attachments`).send();
      });
    },
    { prefix: '/outlook/uploads' },
  );
}

function takePart(upload: Upload, request: FastifyRequest): void {
  const part = rawBody(request);
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(request.headers['content-range'] ?? '');
  const [from, to, size] = (range ?? []).slice(1).map(Number);
  if (from === undefined || to === undefined || to - from + 1 !== part.length) {
    throw invalidRequest('The Content-Range does not say what the body is.');
  }
  if (part.length >= maxPartBytes) {
    throw new GraphError(413, 'RequestEntityTooLarge', 'The maximum request size was exceeded.');
  }
  if (size !== upload.bytes.length || from !== upload.received || to >= size) {
    throw invalidRequest('The part is not the one that is expected next.');
  }
  part.copy(upload.bytes, from);
  upload.received = to + 1;
}

function standing(office: Office, received: number): object {
  const expires = new Date(office.now().getTime() + 60 * 60_000).toISOString();
  return { expirationDateTime: expires, nextExpectedRanges: [`${received}-`] };
}
