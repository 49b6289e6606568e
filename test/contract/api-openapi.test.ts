/** The OpenAPI document: generated, valid, complete, true to the answers, and the base of the access matrix. */
import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiFile, renderOpenApi } from '#api/openapi.ts';
import { alice, createFixture, digest, type Fixture, viewOf } from './api-fixture.ts';

type Schema = Record<string, unknown>;
type Operation = {
  operationId: string;
  security: object[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
};
type Document = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

let api: Fixture;
let document: Document;
let goalId: string;
let approvalId: string;
let webhookId: string;
beforeAll(async () => {
  api = await createFixture();
  document = (await api.request(null, { url: '/openapi.json' })).json();
  goalId = await api.goal();
  api.temporal.views.set(goalId, viewOf(goalId));
  approvalId = (await api.approval(goalId)).approvalId;
  const payload = { url: 'https://receiver.example/hook' };
  const webhook = await api.request(alice, { method: 'POST', url: '/v1/webhooks', payload });
  webhookId = webhook.json<{ id: string }>().id;
});
afterAll(() => api[Symbol.asyncDispose]());

/** The address of an operation on something that exists. */
function urlOf(path: string): string {
  if (path.startsWith('/v1/approvals')) return path.replace('{id}', approvalId);
  return path.replace('{id}', path.startsWith('/v1/webhooks') ? webhookId : goalId);
}

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      url: urlOf(path),
      method: method.toUpperCase() as 'GET' | 'POST' | 'PUT' | 'DELETE',
      operation,
    })),
  );

/** A validator that resolves references into the document. */
function validator(): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ ...document, $id: 'https://adjutant.test/openapi' });
  return ajv;
}
const within = (schema: Schema): Schema =>
  JSON.parse(
    JSON.stringify(schema).replaceAll(
      '"#/components',
      '"https://adjutant.test/openapi#/components',
    ),
  );

describe('the document', () => {
  it('is the one in api/openapi.json (run `npm run openapi` after changing a route)', async () => {
    expect(await renderOpenApi()).toBe(await readFile(openApiFile, 'utf8'));
  });

  it('is OpenAPI 3.1 whose references all resolve and whose schemas all compile', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const ajv = validator();
    for (const schema of Object.values(document.components.schemas)) {
      expect(() => ajv.compile(within(schema))).not.toThrow();
    }
    for (const { operation } of operations()) {
      const contents = [operation.requestBody, ...Object.values(operation.responses)];
      for (const media of contents.flatMap((c) => Object.values(c?.content ?? {}))) {
        expect(() => ajv.compile(within(media.schema))).not.toThrow();
      }
    }
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has every route of the server', () => {
    const documented = operations().map(({ path, method }) => `${method} ${path}`);
    const wanted = [
      'POST /v1/goals',
      'GET /v1/goals',
      'GET /v1/goals/{id}',
      'POST /v1/goals/{id}/cancel',
      'POST /v1/goals/{id}/answers',
      'GET /v1/goals/{id}/audit',
      'GET /v1/goals/{id}/journal',
      'GET /v1/goals/{id}/events',
      'GET /v1/events',
      'POST /v1/webhooks',
      'GET /v1/webhooks',
      'GET /v1/webhooks/{id}',
      'DELETE /v1/webhooks/{id}',
      'POST /v1/webhooks/{id}/rotate-secret',
      'POST /v1/webhooks/{id}/enable',
      'GET /v1/approvals',
      'GET /v1/approvals/{id}',
      'POST /v1/approvals/{id}/decision',
      'GET /v1/audit',
      'GET /v1/audit/anchors',
      'GET /v1/tools',
      'GET /v1/people',
      'PUT /v1/people',
      'GET /healthz',
      'GET /readyz',
      'GET /metrics',
    ];
    expect(documented.toSorted()).toEqual(wanted.toSorted());
    for (const line of documented) {
      const [method = '', path = ''] = line.split(' ');
      expect(api.app.hasRoute({ method: method as 'GET', url: path.replace('{id}', ':id') })).toBe(
        true,
      );
    }
  });

  it('is shown on a docs page', async () => {
    const page = await api.request(null, { url: '/docs' });
    expect(page.body).toContain('swagger-ui');
    expect(page.headers['content-security-policy']).toMatch(
      /default-src 'none'.*script-src 'self';/,
    );
    const shown = await api.request(null, { url: '/docs/json' });
    expect(shown.json()).toEqual(document);
    expect((await api.request(null, { url: '/docs/yaml' })).body).not.toContain('x-pending-ref');
  });
});

describe('every route', () => {
  it('under /v1 asks for a token, and no other does', async () => {
    for (const { path, url, method, operation } of operations()) {
      const { statusCode } = await api.request(null, { method, url });
      const secured = path.startsWith('/v1/');
      expect([path, statusCode === 401]).toEqual([path, secured]);
      expect(operation.security.length > 0).toBe(secured);
    }
  });

  it('that can be read answers as documented, and reading changes nothing', async () => {
    const rows = async () => {
      const { rows: all } = await api.database.pool.query(
        `select (select json_agg(g) from goals g) g, (select json_agg(a) from approvals a) a,
                (select json_agg(k) from idempotency_keys k) k, (select json_agg(c) from cancellations c) c,
                (select json_agg(w) from webhook_endpoints w) w`,
      );
      return JSON.stringify([all, api.temporal.decisions, api.temporal.cancelled]);
    };
    const before = await rows();
    const ajv = validator();
    for (const { url, method, operation } of operations()) {
      if (method !== 'GET') {
        const answer = await api.request(alice, { url });
        expect([200, 405]).toContain(answer.statusCode);
        continue;
      }
      const head = await api.request(alice, { method: 'HEAD', url });
      expect([url, head.statusCode]).toEqual([url, 200]);
      // A stream has no end to wait for; event-streams.test.ts reads it.
      if (operation.responses['200']?.content?.['text/event-stream'] !== undefined) continue;
      const answer = await api.request(alice, { url });
      expect([url, answer.statusCode]).toEqual([url, 200]);
      const schema = operation.responses['200']?.content?.['application/json']?.schema;
      if (schema === undefined) continue;
      const valid = ajv.validate(within(schema), answer.json());
      expect([url, valid, ajv.errorsText()]).toEqual([url, true, 'No errors']);
    }
    expect(await rows()).toBe(before);
  });

  it('that acts answers as documented', async () => {
    const ajv = validator();
    const check = async (method: 'POST' | 'PUT', path: string, payload: object) => {
      const url = urlOf(path);
      const answer = await api.request(alice, { method, url, payload });
      const operation = document.paths[path]?.[method.toLowerCase()];
      const schema = operation?.responses[String(answer.statusCode)]?.content?.['application/json'];
      expect([path, answer.statusCode, schema !== undefined]).toEqual([
        path,
        answer.statusCode,
        true,
      ]);
      const valid = ajv.validate(within(schema?.schema ?? {}), answer.json());
      expect([path, valid, ajv.errorsText()]).toEqual([path, true, 'No errors']);
    };
    await check('POST', '/v1/goals', { goal: 'Invite Bob next week' });
    await check('PUT', '/v1/people', { people: [] });
    await check('POST', '/v1/webhooks', { url: 'https://receiver.example/other' });
    await check('POST', '/v1/webhooks/{id}/rotate-secret', {});
    await check('POST', '/v1/webhooks/{id}/enable', {});
    await check('POST', '/v1/goals/{id}/answers', { answers: [{ questionId: 'a', answer: 'b' }] });
    await check('POST', '/v1/approvals/{id}/decision', { digest, verdict: 'approve' });
    await check('POST', '/v1/goals/{id}/cancel', {});
    const problem = await api.request(alice, { method: 'POST', url: '/v1/goals', payload: {} });
    expect(ajv.validate(within({ $ref: '#/components/schemas/Problem' }), problem.json())).toBe(
      true,
    );
  });

  it('links only to addresses that can be opened safely', async () => {
    const started = await api.request(alice, {
      method: 'POST',
      url: '/v1/goals',
      payload: { goal: 'Invite Bob next week' },
    });
    for (const url of Object.values(started.json().links as Record<string, string>)) {
      expect((await api.request(alice, { url })).statusCode).toBe(200);
    }
    expect(api.temporal.cancelled).not.toContain(started.json().id);
  });
});
