/** Files to attach to mail: put one here, name it in a goal. Nothing of them is read or shown. */
import { z } from 'zod';
import { limits } from '#contracts/limits.ts';
import { lineSchema } from '#contracts/schemas/common.ts';
import { principalOf } from '../auth.ts';
import { Problem } from '../errors.ts';
import { deletedSchema, idParamsSchema, instantSchema, operationsOf } from '../route-schemas.ts';
import type { ZodInstance } from '../zod-routes.ts';
import type { FileKeeper } from './document-store.ts';

/** Base64 adds a third; the rest is room for the other fields. */
const bodyMaxBytes = Math.ceil((limits.documentMaxBytes * 4) / 3) + 4_096;

const documentSchema = z
  .object({
    documentId: z.string(),
    name: z.string(),
    mimeType: z.string(),
    bytes: z.int(),
    sha256: z.string(),
    createdAt: instantSchema,
  })
  .meta({ id: 'Document' });
const newDocumentSchema = z.strictObject({
  name: lineSchema(200).min(1).describe('The file name recipients see'),
  mimeType: z
    .string()
    .max(127)
    .regex(/^[a-z0-9.+-]+\/[a-z0-9.+-]+$/i, 'must be a media type like application/pdf')
    .default('application/octet-stream'),
  contentBase64: z
    .base64()
    .min(1)
    .describe(`The bytes; at most ${limits.documentMaxBytes / 1024 / 1024} MiB of them`),
});

const describe = operationsOf('documents');

/** Registers the routes. */
export function documentRoutes(app: ZodInstance, deps: { readonly files: FileKeeper }): void {
  app.get(
    '/v1/documents',
    {
      schema: {
        ...describe('listDocuments', 'Files you keep to attach to mail'),
        response: { 200: z.object({ documents: z.array(documentSchema) }) },
      },
    },
    async (request) => ({ documents: await deps.files.list(principalOf(request).owner) }),
  );
  app.post(
    '/v1/documents',
    {
      bodyLimit: bodyMaxBytes,
      schema: {
        ...describe('putDocument', 'Keep a file; the same one is kept once'),
        body: newDocumentSchema,
        response: { 200: documentSchema },
      },
    },
    async (request) => {
      const { name, mimeType, contentBase64 } = request.body;
      const content = Buffer.from(contentBase64, 'base64');
      if (content.length > limits.documentMaxBytes) {
        const mib = limits.documentMaxBytes / 1024 / 1024;
        throw new Problem('too-large', `Send a file of at most ${mib} MiB.`);
      }
      const file = { name, mimeType: mimeType.toLowerCase(), content };
      const kept = await deps.files.put(principalOf(request).owner, file);
      if (kept !== undefined) return kept;
      throw new Problem(
        'invalid-input',
        `You keep ${limits.documentsPerOwner} files already. Delete some first.`,
      );
    },
  );
  app.delete(
    '/v1/documents/:id',
    {
      schema: {
        ...describe('deleteDocument', 'Delete a file; a mail that waits with it is not sent'),
        params: idParamsSchema,
        response: { 200: deletedSchema },
      },
    },
    async (request) => {
      const { owner } = principalOf(request);
      if (await deps.files.remove(owner, request.params.id)) return { deleted: true as const };
      throw new Problem('not-found', 'There is no document with this id.');
    },
  );
}
