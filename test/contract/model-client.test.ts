/** The real client against local servers: good replies are read, every bad one has its own failure. */
import { ApplicationFailure } from '@temporalio/common';
import OpenAI from 'openai';
import type { FastifyReply } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { strictSchema } from '#activities/planner/strict-schema.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import { createModelClient, type ModelQuestion } from '#activities/planner/model.ts';
import { usageOfFailure } from '#activities/planner/model-failures.ts';
import { summarizeOutputSchema } from '#contracts/schemas/language.ts';
import { alwaysCalls, anyCall, noLimits } from '#test/support/health.ts';
import { strictSubsetBreaches } from '#test/support/strict-subset.ts';
import { type ModelServer, startModel, vendorValidator } from './model-support.ts';

type Summary = z.infer<typeof summarizeOutputSchema>;
const question: ModelQuestion<Summary> = {
  call: anyCall,
  role: 'fast',
  schemaName: 'summary',
  schema: summarizeOutputSchema,
  instructions: 'Summarise.',
  data: { instruction: 'sum up', material: ['The budget is fine.'] },
};

async function failureOf(
  misbehave: (reply: FastifyReply) => unknown,
  options: { timeoutMs?: number } = {},
): Promise<ApplicationFailure> {
  await using server = await startModel(misbehave, options);
  const error: unknown = await server.client.askModel(question).catch((e: unknown) => e);
  expect(server.requests.length, 'never retried by the client').toBe(1);
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
}

const error =
  (status: number, code: string, headers: Record<string, string> = {}) =>
  (reply: FastifyReply) =>
    reply
      .code(status)
      .headers(headers)
      .send({ error: { message: `It says ${code}`, type: 'x', param: null, code } });

function response(text: string, more: object = {}): object {
  const content = [{ type: 'output_text', text, annotations: [] }];
  return {
    id: 'resp_1',
    object: 'response',
    model: 'm',
    status: 'completed',
    error: null,
    incomplete_details: null,
    output: [{ type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content }],
    usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10 },
    ...more,
  };
}
const good = JSON.stringify({ summary: 'ok', points: [] });

describe('a good reply', () => {
  let server: ModelServer;
  beforeAll(async () => {
    server = await startModel();
  });
  afterAll(async () => server[Symbol.asyncDispose]());

  it('is parsed, with the usage the server counted', async () => {
    const { value, usage } = await server.client.askModel(question);
    expect(value.points).toEqual(['The budget is fine.']);
    expect(usage.model).toBe('sandbox-rules-1');
    expect(usage.responseId).toMatch(/^resp_/);
    expect(usage.inputTokens).toBeGreaterThan(usage.outputTokens);
  });

  it('was asked for in a request that fits the vendor’s contract and is stored nowhere', async () => {
    const { body } = server.requests[0]!;
    const validate = vendorValidator()('CreateResponse');
    expect(validate(body), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...body, text: { format: { type: 'json_schema' } } })).toBe(false);
    expect(body).toMatchObject({ store: false, stream: false });
    const { format } = body.text as { format: { strict: boolean; schema: unknown } };
    expect(format.strict).toBe(true);
    expect(strictSubsetBreaches(format.schema)).toEqual([]);
  });

  it('fits the vendor’s contract itself, as do embeddings and models', async () => {
    const openai = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
    const validator = vendorValidator();
    const raw = await openai.responses.create({
      model: 'sandbox-rules-1',
      input: JSON.stringify(question.data),
      text: {
        format: {
          type: 'json_schema',
          name: 'summary',
          schema: { ...strictSchema(summarizeOutputSchema) },
        },
      },
    });
    const { output_text: _, ...wire } = raw;
    const check = validator('Response');
    expect(check(wire), JSON.stringify(check.errors?.slice(0, 3))).toBe(true);
    const embedding = await openai.embeddings.create({
      model: 'sandbox-hash-1',
      input: ['hello world', 'hello there', 'quarterly numbers'],
    });
    const [a, b, c] = embedding.data.map((item) => item.embedding);
    const dot = (x: number[], y: number[]) => x.reduce((sum, v, i) => sum + v * y[i]!, 0);
    expect(dot(a!, a!)).toBeCloseTo(1, 3);
    expect(dot(a!, b!)).toBeGreaterThan(dot(a!, c!));
    const models = await openai.models.list();
    expect(models.data.map(({ id }) => id)).toContain('sandbox-rules-1');
  });
});

describe('the sandbox’s model refuses as the vendor does', () => {
  it.each([
    [401, { authorization: '' }, {}],
    [404, {}, { model: 'gpt-unknown' }],
    [400, {}, { model: undefined }],
    [400, {}, { text: undefined }],
    [400, {}, { input: 'no json' }],
  ])('%i', async (status, headers, change) => {
    await using server = await startModel();
    const format = { type: 'json_schema', name: 'summary', schema: {} };
    const body = { model: 'sandbox-rules-1', input: '{}', text: { format }, ...change };
    const answer = await fetch(`${server.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer k', ...headers },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(status);
    const { error: said } = (await answer.json()) as { error: object };
    expect(Object.keys(said).sort()).toEqual(['code', 'message', 'param', 'type']);
  });
});

describe('a bad reply has its own failure', () => {
  it('429 with Retry-After waits as long as it says', async () => {
    const found = await failureOf(error(429, 'rate_limit_exceeded', { 'retry-after': '7' }));
    expect(found).toMatchObject({
      type: 'RateLimitedError',
      nonRetryable: false,
      nextRetryDelay: 7_000,
    });
    const exact = await failureOf(error(429, 'x', { 'retry-after-ms': '250', 'retry-after': '9' }));
    expect(exact.nextRetryDelay).toBe(250);
  });

  it('an empty account is permanent and says what to do', async () => {
    const found = await failureOf(error(429, 'insufficient_quota'));
    expect(found.nonRetryable).toBe(true);
    expect(found.message).toContain('credit');
  });

  it.each([
    [401, 'ReconnectRequiredError', true],
    [403, 'PermissionDeniedError', true],
    [404, 'InvalidInputError', true],
    [400, 'InvalidInputError', true],
    [408, 'ModelUnavailableError', false],
    [500, 'ModelUnavailableError', false],
    [503, 'ModelUnavailableError', false],
  ])('status %i is %s', async (status, type, nonRetryable) => {
    expect(await failureOf(error(status, 'c'))).toMatchObject({ type, nonRetryable });
  });

  it('a wrong key names the variable to check', async () => {
    expect((await failureOf(error(401, 'invalid_api_key'))).message).toContain('OPENAI_API_KEY');
  });

  it('a dropped connection, a cut body and silence are outages', async () => {
    const drop = await failureOf((reply) => {
      reply.hijack();
      reply.raw.destroy();
    });
    const cut = await failureOf((reply) => {
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'application/json', 'content-length': '900' });
      reply.raw.write('{"id":"resp_1","status":"comp', () => reply.raw.destroy());
    });
    const silence = await failureOf(() => new Promise(() => undefined), { timeoutMs: 150 });
    for (const found of [drop, cut, silence]) expect(found.type).toBe('ModelUnavailableError');
  });

  it('a refusal is permanent', async () => {
    const content = [{ type: 'refusal', refusal: 'I will not.' }];
    const output = [{ type: 'message', id: 'm', role: 'assistant', status: 'completed', content }];
    const found = await failureOf(() => response('', { output }));
    expect(found).toMatchObject({ type: 'ModelRefusedError', nonRetryable: true });
    expect(usageOfFailure(found)).toMatchObject({ inputTokens: 7 });
  });

  const invalid: readonly (readonly [string, object])[] = [
    [
      'incomplete',
      response(good.slice(0, 9), {
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
      }),
    ],
    ['incomplete with whole JSON', response(good, { status: 'incomplete' })],
    ['in progress', response(good, { status: 'in_progress' })],
    [
      'failed',
      response('', {
        status: 'failed',
        error: { code: 'server_error', message: 'oops' },
        output: [],
      }),
    ],
    ['prose', response('Sure! Here is your summary.')],
    ['fenced JSON', response('```json\n{}\n```')],
    ['another form', response('{"summary": 7}')],
    ['nothing', response('', { output: [] })],
    ['no output at all', { id: 'resp_1', status: 'completed' }],
    ['an array', []],
  ];
  it.each(invalid)('%s is not believed', async (_, body) => {
    const found = await failureOf((reply) => reply.send(body));
    expect(found).toMatchObject({ type: 'InvalidModelReplyError', nonRetryable: true });
    expect(usageOfFailure(found)).toBeDefined();
  });

  it('a page instead of JSON is an outage', async () => {
    const found = await failureOf((reply) => reply.type('text/html').send('<h1>Proxy</h1>'));
    expect(found.type).toBe('ModelUnavailableError');
  });

  it('cancelling stays cancelling', async () => {
    await using server = await startModel(() => new Promise(() => undefined));
    const controller = new AbortController();
    const asked = server.client.askModel({ ...question, signal: controller.signal });
    controller.abort(new Error('stopped'));
    await expect(asked).rejects.toThrow('stopped');
  });

  it('a blocked address stays a blocked address, and an empty one is refused at once', async () => {
    const options = {
      apiKey: 'k',
      models: { primary: 'm', fast: 'm' },
      timeoutMs: 1_000,
      fetch: createGuardedFetch('sandbox'),
      health: alwaysCalls,
      days: noLimits,
    };
    const client = createModelClient({ ...options, baseUrl: 'https://model.example.com/v1' });
    await expect(client.askModel(question)).rejects.toMatchObject({ type: 'EgressBlockedError' });
    expect(() => createModelClient({ ...options, baseUrl: '' })).toThrow(TypeError);
  });
});
