/** The OpenAPI document: generated, valid, complete, true to the answers, and the base of the access matrix. */
import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiFile, renderOpenApi } from '#api/openapi.ts';
import { alice, createFixture, digest, type Fixture, tone, viewOf } from './api-fixture.ts';

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
let ruleId: string;

beforeAll(async () => {
  api = await createFixture();
  document = (await api.request(null, { url: '/openapi.json' })).json();
  goalId = await api.goal();
  const plan = { revision: 1, reasoning: 'as asked', estimatedComplexity: 'low' };
  api.temporal.views.set(goalId, viewOf(goalId, alice, { plan }));
  approvalId = (await api.approval(goalId)).approvalId;
  const payload = { url: 'https://receiver.example/hook' };
  const webhook = await api.request(alice, { method: 'POST', url: '/v1/webhooks', payload });
  webhookId = webhook.json<{ id: string }>().id;
  const member = '/v1/members/bob@example.com';
  await api.request(alice, {
    method: 'PUT',
    url: member,
    payload: { name: 'Bob', roles: ['second'] },
  });
  const stored = { kind: 'createEvent', account: alice, guests: ['bob@example.com'] };
  await api.payload(goalId, 'createEvent', stored, digest);
  const rule = { approvalId, expiresInDays: 7, dailyCap: 3 };
  const made = await api.request(alice, { method: 'POST', url: '/v1/rules', payload: rule });
  ruleId = made.json().id;
  await api.request(alice, { method: 'PUT', url: '/v1/tone', payload: tone });
});
afterAll(() => api[Symbol.asyncDispose]());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      url: urlOf(path),
      method: method.toUpperCase() as 'GET' | 'POST' | 'PUT' | 'DELETE',
      operation,
    })),
  );

/** A path of the document with the ids of this test in it. */
function urlOf(path: string): string {
  const ids: Record<string, string> = { approvals: approvalId, rules: ruleId, webhooks: webhookId };
  const id = ids[path.split('/')[2] ?? ''] ?? goalId;
  return path.replace('{id}', id).replace('{email}', 'bob@example.com');
}

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
      'POST /v1/approvals/{id}/stop',
      'POST /v1/approvals/decisions',
      'POST /v1/goals/{id}/pause',
      'POST /v1/goals/{id}/resume',
      'POST /v1/goals/{id}/steer',
      'GET /v1/goals/{id}/plan',
      'PUT /v1/goals/{id}/plan',
      'POST /v1/goals/{id}/plan',
      'POST /v1/goals/{id}/undo',
      'GET /v1/members',
      'GET /v1/members/{email}',
      'PUT /v1/members/{email}',
      'DELETE /v1/members/{email}',
      'POST /v1/members/{email}/token',
      'GET /v1/rules',
      'POST /v1/rules',
      'GET /v1/rules/{id}',
      'DELETE /v1/rules/{id}',
      'GET /v1/accounts',
      'PATCH /v1/accounts/{email}',
      'DELETE /v1/accounts/{email}',
      'GET /v1/tools',
      'GET /v1/documents',
      'POST /v1/documents',
      'DELETE /v1/documents/{id}',
      'GET /v1/accounts/{email}/signature',
      'PUT /v1/accounts/{email}/signature',
      'GET /v1/triage',
      'PATCH /v1/triage/{account}/{messageId}',
      'GET /v1/triage/senders',
      'PUT /v1/triage/senders/{sender}',
      'DELETE /v1/triage/senders/{sender}',
      'GET /v1/usage',
      'GET /v1/tone',
      'PUT /v1/tone',
      'DELETE /v1/tone',
      'GET /v1/people',
      'PUT /v1/people',
      'GET /healthz',
      'GET /readyz',
      'GET /metrics',
    ];
    expect(documented.toSorted()).toEqual(wanted.toSorted());
    for (const line of documented) {
      const [method = '', path = ''] = line.split(' ');
      const url = path.replaceAll(/\{(\w+)\}/g, ':$1');
      expect(api.app.hasRoute({ method: method as 'GET', url })).toBe(true);
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

  it('that can be read answers as documented, and reading changes nothing (seen: 1)', async () => {
    const rows = async () => {
      const { pool } = api.database;
      const { rows: tables } = await pool.query<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'public'`,
      );
      const contents = await Promise.all(
        tables.map(({ name }) => pool.query(`select t::text from "${name}" t order by 1`)),
      );
      const told = api.temporal;
      const sent = [told.decisions, told.cancelled, told.controls, told.started];
      return JSON.stringify([tables, contents.map((table) => table.rows), sent]);
    };
    const before = await rows();
    const ajv = validator();
    for (const { url, method, operation } of operations()) {
      if (method !== 'GET') {
        // No link that acts: neither opening it nor a mail scanner's look at it does anything.
        const answer = await api.request(alice, { url });
        await api.request(alice, { method: 'HEAD', url });
        expect([200, 404, 405]).toContain(answer.statusCode);
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
    const check = async (method: 'POST' | 'PUT' | 'DELETE', path: string, payload?: object) => {
      const url = urlOf(path);
      const body = payload === undefined ? {} : { payload };
      const answer = await api.request(alice, { method, url, ...body });
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
    await check('POST', '/v1/documents', { name: 'a.txt', contentBase64: 'aGk=' });
    await check('PUT', '/v1/accounts/{email}/signature', { signature: 'Alice' });
    await check('PUT', '/v1/tone', tone);
    await check('DELETE', '/v1/tone');
    await check('POST', '/v1/webhooks', { url: 'https://receiver.example/other' });
    await check('POST', '/v1/webhooks/{id}/rotate-secret', {});
    await check('POST', '/v1/webhooks/{id}/enable', {});
    await check('POST', '/v1/goals/{id}/answers', { answers: [{ questionId: 'a', answer: 'b' }] });
    await check('POST', '/v1/approvals/{id}/decision', { digest, verdict: 'approve' });
    const decisions = [
      { approvalId, digest, verdict: 'reject' },
      { approvalId: 'none', digest, verdict: 'approve' },
    ];
    await check('POST', '/v1/approvals/decisions', { decisions });
    await api.setApproval(approvalId, { state: 'approved' });
    await check('POST', '/v1/approvals/{id}/stop', {});
    for (const name of ['pause', 'resume']) await check('POST', `/v1/goals/{id}/${name}`, {});
    await check('POST', '/v1/goals/{id}/steer', { instruction: 'Rather on Tuesday' });
    const plan = { reasoning: 'mine', estimatedComplexity: 'low', steps: [] };
    await check('PUT', '/v1/goals/{id}/plan', { expectedRevision: 1, plan });
    await check('POST', '/v1/goals/{id}/plan', { expectedRevision: 1, plan });
    await check('PUT', '/v1/members/{email}', { name: 'Bob', roles: ['deputy'] });
    await check('POST', '/v1/members/{email}/token', {});
    await check('DELETE', '/v1/members/{email}');
    await check('DELETE', '/v1/rules/{id}');
    await check('POST', '/v1/goals/{id}/cancel', {});
    await api.endGoal(goalId);
    await check('POST', '/v1/goals/{id}/undo', {});
    const problem = await api.request(alice, { method: 'POST', url: '/v1/goals', payload: {} });
    expect(ajv.validate(within({ $ref: '#/components/schemas/Problem' }), problem.json())).toBe(
      true,
    );
  });

  it('links only to addresses that can be opened safely (seen: 1)', async () => {
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
