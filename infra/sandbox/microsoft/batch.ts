/**
 * `$batch`: several requests in one. Each is sent to this same server as if it had come alone, so
 * it meets the same rules; one that depends on a failed one is not sent.
 */
import type { FastifyInstance, FastifyRequest, LightMyRequestResponse } from 'fastify';
import { z } from 'zod';
import { bodyObject } from '../bodies.ts';
import type { Office } from '../office/office.ts';
import { requireMailbox } from './accounts.ts';
import { badRequest } from './errors.ts';

const maxParts = 20;

const partSchema = z.strictObject({
  id: z.string().min(1),
  method: z.enum(['GET', 'POST', 'PATCH', 'PUT', 'DELETE']),
  url: z.string().startsWith('/'),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  dependsOn: z.array(z.string()).optional(),
});

type Part = z.infer<typeof partSchema>;

/** The answer to one part. */
interface PartAnswer {
  id: string;
  status: number;
  headers: Record<string, string>;
  body?: unknown;
}

/** Registers `POST /$batch`. */
export function registerBatch(scope: FastifyInstance, app: FastifyInstance, office: Office): void {
  scope.post('/$batch', async (request) => {
    requireMailbox(office, request);
    const parts = readParts(bodyObject(request));
    const responses: PartAnswer[] = [];
    for (const part of parts) responses.push(await answer(app, request, part, responses));
    return { responses };
  });
}

function readParts(body: Record<string, unknown>): Part[] {
  const parsed = z.strictObject({ requests: z.array(partSchema).min(1) }).safeParse(body);
  if (!parsed.success) throw badRequest('Invalid batch payload format.');
  const { requests } = parsed.data;
  if (requests.length > maxParts) {
    throw badRequest(`Number of batch request steps exceeds the maximum value of ${maxParts}.`);
  }
  const ids = requests.map(({ id }) => id.toLowerCase());
  if (new Set(ids).size < ids.length) throw badRequest('Request id is not unique.');
  for (const [index, { dependsOn = [], body: sent, headers = {} }] of requests.entries()) {
    if (dependsOn.some((id) => !ids.slice(0, index).includes(id.toLowerCase()))) {
      throw badRequest('A request depends on one that is not before it.');
    }
    const typed = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
    if (sent !== undefined && !typed) {
      throw badRequest('Content-Type header is missing for a request with a body.');
    }
  }
  return requests;
}

async function answer(
  app: FastifyInstance,
  outer: FastifyRequest,
  part: Part,
  before: readonly PartAnswer[],
): Promise<PartAnswer> {
  const failed = (part.dependsOn ?? []).some((id) =>
    before.some((other) => other.id === id && other.status >= 400),
  );
  if (failed) {
    const error = { code: 'FailedDependency', message: 'A request it depends on failed.' };
    return { id: part.id, status: 424, headers: {}, body: { error } };
  }
  const response = await app.inject({
    method: part.method,
    url: `/v1.0${part.url}`,
    headers: {
      ...part.headers,
      host: outer.headers.host ?? '',
      authorization: outer.headers.authorization ?? '',
    },
    ...(part.body === undefined ? {} : { payload: JSON.stringify(part.body) }),
  });
  const headers: Record<string, string> = {};
  for (const name of ['content-type', 'etag', 'retry-after', 'preference-applied']) {
    const value = response.headers[name];
    if (value !== undefined) headers[name] = String(value);
  }
  return {
    id: part.id,
    status: response.statusCode,
    headers,
    ...(response.body === '' ? {} : { body: bodyOf(response) }),
  };
}

/** JSON as it is; anything else, such as a message's MIME text, in base64. */
function bodyOf(response: LightMyRequestResponse): unknown {
  const isJson = String(response.headers['content-type']).startsWith('application/json');
  return isJson ? response.json() : response.rawPayload.toString('base64');
}
