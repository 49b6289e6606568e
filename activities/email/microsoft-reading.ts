/**
 * Asking Graph about a mailbox: one message, a page, a batch, the folders. Reads only; what is not
 * there is null, everything else that goes wrong is the session's to name.
 */
import { GraphError, ResponseType } from '@microsoft/microsoft-graph-client';
import { z } from 'zod';
import { failure } from '../failures.ts';
import { type MicrosoftSession, prefer } from '../microsoft/client.ts';
import { type GraphMessage, messageSchema } from './microsoft-messages.ts';
import { wellKnownFolders } from './microsoft-query.ts';
import type { MailFolder } from './query.ts';

/** As many requests as Graph takes in one batch. */
const batchMax = 20;

const pageSchema = z.object({
  value: z.array(messageSchema),
  '@odata.nextLink': z.string().optional(),
});
const batchSchema = z.object({
  responses: z.array(
    z.object({
      id: z.string(),
      status: z.number(),
      headers: z.record(z.string(), z.string()).catch({}),
      body: z.unknown(),
    }),
  ),
});
const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string().catch('') }),
});
const folderSchema = z.object({ id: z.string() });

/** The path of a message; ids hold signs that mean something in a path. */
export function messagePath(id: string, action = ''): string {
  return `/me/messages/${encodeURIComponent(id)}${action}`;
}

/** The path of an attachment's bytes. */
export function attachmentPath(messageId: string, attachmentId: string): string {
  return messagePath(messageId, `/attachments/${encodeURIComponent(attachmentId)}/$value`);
}

/** Reads one object; null when it is not there. */
export async function readOne<Data>(
  session: MicrosoftSession,
  what: string,
  path: string,
  schema: z.ZodType<Data>,
  preferred = prefer(),
): Promise<Data | null> {
  const data: unknown = await session.read(what, (signal) =>
    session.api(path).header('Prefer', preferred).options({ signal }).get().catch(nullWhenGone),
  );
  return data === null ? null : parsed(schema, data);
}

/** Reads bytes; null when they are not there. */
export async function readBytes(
  session: MicrosoftSession,
  what: string,
  path: string,
): Promise<Buffer | null> {
  return session.read(what, async (signal) => {
    // Asked for as bytes, the client would give a refusal as bytes too.
    const request = session.api(path).responseType(ResponseType.RAW).options({ signal });
    const answer = (await request.get()) as Response;
    if (answer.ok) return Buffer.from(await answer.arrayBuffer());
    const body: unknown = await answer.json().catch(() => undefined);
    return nullWhenGone(refusal(answer.status, answer.headers, body));
  });
}

/** One page of messages and the link to the next. Null where the folder does not exist. */
export async function readPage(
  session: MicrosoftSession,
  what: string,
  path: string,
): Promise<{ messages: GraphMessage[]; next: string | undefined }> {
  const page = await readOne(session, what, path, pageSchema);
  return { messages: page?.value ?? [], next: page?.['@odata.nextLink'] };
}

/**
 * Reads many things in few calls, in the order of `paths`; null for what is not there. One answer
 * that asks to slow down is a failure of the whole: the rest would only add to it.
 */
export async function readMany<Data>(
  session: MicrosoftSession,
  what: string,
  paths: readonly string[],
  schema: z.ZodType<Data>,
): Promise<(Data | null)[]> {
  const found: (Data | null)[] = [];
  for (let at = 0; at < paths.length; at += batchMax) {
    const requests = paths.slice(at, at + batchMax).map((url, index) => ({
      id: String(index),
      method: 'GET',
      url,
      headers: { Prefer: prefer() },
    }));
    const answers = await session.read(what, async (signal) => {
      const answer: unknown = await session.api('/$batch').options({ signal }).post({ requests });
      return answersOf(answer);
    });
    // Graph answers in any order.
    for (const { id } of requests) {
      const body = answers.get(id);
      if (body === undefined) throw unreadable();
      found.push(body === null ? null : parsed(schema, body));
    }
  }
  return found;
}

/** Where each of Graph's folders lies, by id. A mailbox may have no archive. */
export async function readFolders(session: MicrosoftSession): Promise<Map<string, MailFolder>> {
  const names = Object.keys(wellKnownFolders) as (keyof typeof wellKnownFolders)[];
  const paths = names.map((name) => `/me/mailFolders/${wellKnownFolders[name]}?$select=id`);
  const folders = await readMany(session, 'look at the mail folders', paths, folderSchema);
  return new Map(
    folders.flatMap((folder, index) => {
      const name = names[index];
      return folder === null || name === undefined ? [] : [[folder.id, name] as const];
    }),
  );
}

/** Whether an error of the client says that what was asked for does not exist. */
export function isGone(error: unknown): boolean {
  if (!(error instanceof GraphError)) return false;
  // An id of another form than Graph's names nothing either.
  return error.statusCode === 404 || error.code === 'ErrorInvalidIdMalformed';
}

/** Reads an answer. @throws ProviderUnavailableError when it is not what Graph documents */
export function parsed<Data>(schema: z.ZodType<Data>, data: unknown): Data {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  throw unreadable();
}

function nullWhenGone(error: unknown): null {
  if (isGone(error)) return null;
  throw error;
}

/** Bodies by request id, null for what is not there. @throws GraphError for any other refusal */
function answersOf(answer: unknown): Map<string, unknown> {
  const { responses } = parsed(batchSchema, answer);
  const bodies = new Map<string, unknown>();
  for (const { id, status, headers, body } of responses) {
    if (status < 300) {
      bodies.set(id, body);
      continue;
    }
    bodies.set(id, nullWhenGone(refusal(status, new Headers(headers), body)));
  }
  return bodies;
}

/** A refusal as the client would throw it. */
export function refusal(status: number, headers: Headers, body: unknown): GraphError {
  const { error } = errorSchema.safeParse(body).data ?? { error: { code: null, message: '' } };
  const refused = new GraphError(status, error.message);
  return Object.assign(refused, { code: error.code, headers });
}

function unreadable(): Error {
  return failure('ProviderUnavailableError', 'Microsoft sent an answer that could not be read.');
}
