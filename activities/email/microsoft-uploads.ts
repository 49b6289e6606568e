/**
 * Files of a mail that is too large for one request: its draft is stored without them, and they are hung
 * on it one by one, the larger ones in parts.
 * @see https://learn.microsoft.com/en-us/graph/outlook-large-attachments
 */
import { ResponseType } from '@microsoft/microsoft-graph-client';
import { z } from 'zod';
import { UnknownOutcomeError } from '../effects/handler.ts';
import { type MicrosoftSession, query } from '../microsoft/client.ts';
import { isGone, messagePath, readOne, refusal } from './microsoft-reading.ts';

/** A file to hang on a draft. */
export type NewFile = {
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: Buffer;
};

/** Files from this size on go through an upload session, which takes no smaller ones. */
const sessionMinBytes = 3 * 1024 * 1024;
/** A part must be smaller than 4 MB. */
const partMaxBytes = 3 * 1024 * 1024;

const namesSchema = z.object({ value: z.array(z.object({ name: z.string().nullish() })) });
const uploadSchema = z.object({ uploadUrl: z.string() });

/**
 * Hangs those files on a draft that are not there yet, going by their names: another attempt may have
 * come as far as the half of them. A file shows only once it is whole.
 * @throws UnknownOutcomeError also when the draft is gone
 */
export async function hangFiles(
  session: MicrosoftSession,
  draftId: string,
  files: readonly NewFile[],
): Promise<void> {
  const path = messagePath(draftId, `/attachments?${query({ $select: 'name', $top: 100 })}`);
  const stored = await readOne(session, 'read the draft', path, namesSchema);
  if (stored === null) throw noDraft();
  const names = stored.value.map(({ name }) => name ?? '');
  for (const file of files) {
    const at = names.indexOf(file.name);
    if (at === -1) await hangFile(session, draftId, file);
    else names.splice(at, 1);
  }
}

/** What is said when a draft is not there: it may have been sent. */
export function noDraft(): Error {
  return new UnknownOutcomeError('The draft is not there: it was sent, or somebody deleted it.');
}

async function hangFile(
  session: MicrosoftSession,
  draftId: string,
  { name, mimeType, bytes }: NewFile,
): Promise<void> {
  const post = (path: string, body: object): Promise<unknown> =>
    session.write('attach a file', (signal) =>
      session
        .api(messagePath(draftId, path))
        .options({ signal })
        .post(body)
        .catch((error: unknown) => {
          throw isGone(error) ? noDraft() : error;
        }),
    );
  if (bytes.length < sessionMinBytes) {
    await post('/attachments', {
      '@odata.type': '#microsoft.graph.fileAttachment',
      name,
      contentType: mimeType,
      contentBytes: bytes.toString('base64'),
    });
    return;
  }
  const answer = await post('/attachments/createUploadSession', {
    AttachmentItem: { attachmentType: 'file', name, contentType: mimeType, size: bytes.length },
  });
  const upload = uploadSchema.safeParse(answer).data;
  if (upload === undefined) {
    throw new UnknownOutcomeError('Microsoft sent an answer without an address to upload to.');
  }
  for (let from = 0; from < bytes.length; from += partMaxBytes) {
    await putPart(session, upload.uploadUrl, bytes, from);
  }
}

async function putPart(
  session: MicrosoftSession,
  uploadUrl: string,
  bytes: Buffer,
  from: number,
): Promise<void> {
  const part = bytes.subarray(from, from + partMaxBytes);
  await session.write('upload a file', async (signal) => {
    const request = session
      .upload(uploadUrl)
      .header('Content-Type', 'application/octet-stream')
      .header('Content-Range', `bytes ${from}-${from + part.length - 1}/${bytes.length}`)
      .responseType(ResponseType.RAW)
      .options({ signal });
    // The last answer has no body, and the client would hand on a stream for it.
    const answer = (await request.put(part)) as Response;
    const body: unknown = await answer.json().catch(() => undefined);
    if (answer.status === 404) throw noDraft();
    if (!answer.ok) throw refusal(answer.status, answer.headers, body);
  });
}
