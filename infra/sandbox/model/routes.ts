/**
 * The sandbox's language model on the wire: Responses, embeddings and models as OpenAI's API has
 * them. Behind it are rules, and its name says so; it streams nothing and calls no tools.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Json, type JsonObject, isJsonObject } from '#contracts/json.ts';
import { bodyObject } from '../bodies.ts';
import type { Office } from '../office/office.ts';
import type { ModelMeter } from '../oracle.ts';
import { embed, embeddingInputs } from './embeddings.ts';
import { handlers } from './handlers.ts';
import type { ModelOptions } from './plan.ts';
import { ModelRefusal, type ModelResponse, responseOf, tokensOf } from './wire.ts';

/** The model's id: honest about what it is. */
export const sandboxModel = 'sandbox-rules-1';
/** The id under which embeddings are asked for. */
export const sandboxEmbeddingModel = 'sandbox-hash-1';

/** Registers /v1/responses, /v1/embeddings and /v1/models. */
export function registerModelRoutes(
  app: FastifyInstance,
  office: Pick<Office, 'now'>,
  options: Partial<ModelOptions> & { readonly meter?: ModelMeter } = {},
): void {
  const { obedient = false, meter } = options;
  void app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => sendError(error, request, reply));
    scope.addHook('onRequest', async (request, reply) => {
      reply.header('x-request-id', `req_${digest(`${request.id}:${office.now().getTime()}`, 24)}`);
      reply.header('openai-version', '2020-10-01');
      reply.header('openai-processing-ms', '12');
      if (!/^Bearer \S+$/.test(request.headers.authorization ?? '')) {
        throw new ModelRefusal(
          401,
          "You didn't provide an API key. Provide it in an Authorization header using Bearer auth.",
          'invalid_api_key',
        );
      }
      for (const [name, value] of Object.entries(rateLimits)) reply.header(name, value);
    });
    scope.post('/v1/responses', async (request) => {
      const body = bodyObject(request) as JsonObject;
      const createdAt = Math.floor(office.now().getTime() / 1_000);
      const response = answer(body, createdAt, { obedient });
      meter?.add(response.usage.input_tokens, response.usage.output_tokens);
      return response;
    });
    scope.post('/v1/embeddings', async (request) => {
      const body = bodyObject(request) as JsonObject;
      const inputs = embeddingInputs(body.input);
      const dimensions = typeof body.dimensions === 'number' ? body.dimensions : 256;
      const tokens = inputs.reduce((sum, text) => sum + tokensOf(text), 0);
      return {
        object: 'list',
        data: inputs.map((text, index) => ({
          object: 'embedding',
          index,
          embedding: embed(text, dimensions, body.encoding_format === 'base64'),
        })),
        model: sandboxEmbeddingModel,
        usage: { prompt_tokens: tokens, total_tokens: tokens },
      };
    });
    scope.get('/v1/models', async () => ({
      object: 'list',
      data: [sandboxModel, sandboxEmbeddingModel].map(modelOf),
    }));
    scope.get<{ Params: { id: string } }>('/v1/models/:id', async ({ params }) => {
      if (params.id !== sandboxModel && params.id !== sandboxEmbeddingModel)
        throw noModel(params.id);
      return modelOf(params.id);
    });
  });
}

const rateLimits = {
  'x-ratelimit-limit-requests': '10000',
  'x-ratelimit-remaining-requests': '9999',
  'x-ratelimit-reset-requests': '6ms',
  'x-ratelimit-limit-tokens': '2000000',
  'x-ratelimit-remaining-tokens': '1999000',
  'x-ratelimit-reset-tokens': '30ms',
};

function answer(body: JsonObject, createdAt: number, options: ModelOptions): ModelResponse {
  if (typeof body.model !== 'string') throw missing('model');
  if (body.model !== sandboxModel) throw noModel(body.model);
  if (body.stream === true) {
    throw new ModelRefusal(
      400,
      'The sandbox model does not stream.',
      'unsupported_value',
      'stream',
    );
  }
  const format = isJsonObject(body.text) ? body.text.format : undefined;
  if (!isJsonObject(format) || format.type !== 'json_schema') throw missing('text.format');
  const name = typeof format.name === 'string' ? format.name : '';
  const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
  if (handler === undefined) {
    const message = `The sandbox model has no rules for the form '${name}'.`;
    throw new ModelRefusal(400, message, 'unsupported_value', 'text.format.name');
  }
  const schema = isJsonObject(format.schema) ? format.schema : {};
  const text = JSON.stringify(handler(dataOf(body.input), options, schema));
  return responseOf({ body, text, createdAt, id: digest(JSON.stringify(body), 48) });
}

/** The data of the last user message. */
function dataOf(input: Json | undefined): JsonObject {
  const items = Array.isArray(input) ? (input as readonly Json[]).filter(isJsonObject) : [];
  const content = typeof input === 'string' ? input : items.findLast(isFromUser)?.content;
  const parts = Array.isArray(content) ? (content as readonly Json[]) : [content ?? ''];
  const text = parts
    .map((part) => (isJsonObject(part) ? part.text : part))
    .filter((part) => typeof part === 'string')
    .join('');
  try {
    const data: unknown = JSON.parse(text);
    if (isJsonObject(data)) return data;
  } catch {
    // Said below.
  }
  throw new ModelRefusal(
    400,
    'The sandbox model reads one JSON object as user message.',
    null,
    'input',
  );
}

function isFromUser(item: JsonObject): boolean {
  return item.role === 'user';
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof ModelRefusal) return reply.code(error.status).send(error.body());
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) {
    return reply.code(status).send(new ModelRefusal(status, 'Could not parse the request.').body());
  }
  // A defect of the sandbox: say it where the developer looks.
  process.stderr.write(`sandbox model, ${request.url}: ${String(error)}\n`);
  return reply.code(500).send(new ModelRefusal(500, 'The server had an error.').body());
}

function missing(parameter: string): ModelRefusal {
  const message = `Missing required parameter: '${parameter}'.`;
  return new ModelRefusal(400, message, 'missing_required_parameter', parameter);
}

function noModel(id: string): ModelRefusal {
  const message = `The model '${id}' does not exist or you do not have access to it.`;
  return new ModelRefusal(404, message, 'model_not_found', 'model');
}

function modelOf(id: string): JsonObject {
  return { id, object: 'model', created: 1_767_225_600, owned_by: 'adjutant-sandbox' };
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
