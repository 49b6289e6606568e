/** Tracing against a local collector: a goal over the api, real workers, a model server on loopback. */
import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createEgressModel } from './telemetry-model.ts';
import { createApprovalStore } from '#api/approvals/approval-store.ts';
import { createTokenAuth } from '#api/auth.ts';
import { createPeopleStore } from '#api/directory/people-store.ts';
import { createGoalClient } from '#api/goal-client.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { createMemberStore } from '#api/members/member-store.ts';
import { createFileKeeper } from '#api/mail/document-store.ts';
import { createStyleStore } from '#api/mail/style-store.ts';
import { createRuleStore } from '#api/rules/rule-store.ts';
import { createTriageStore } from '#api/triage/triage-store.ts';
import { createUsageStore } from '#api/usage/usage-store.ts';
import { buildServer } from '#api/server.ts';
import { createLogger } from '#infra/logger.ts';
import { createMetrics } from '#infra/metrics.ts';
import { startTelemetry, type Telemetry } from '#infra/telemetry.ts';
import { activityLog } from '#infra/telemetry/activity-log.ts';
import { type GoalId, goalWorkflowId } from '#contracts/names.ts';
import { workflowBundle } from '#workers/bundle.ts';
import type { WorkersOptions } from '#workers/worker.ts';
import { owner } from '../support/effects.ts';
import { accountParts } from '../support/accounts.ts';
import { eventParts } from '../support/events.ts';
import { anyCall } from '../support/health.ts';
import { GoalBench, plan, step } from '../support/goals.ts';

const extra = vi.hoisted(() => ({ options: {} }));
vi.mock(import('#workers/worker.ts'), async (load) => {
  const real = await load();
  return {
    ...real,
    createWorkers: (options: WorkersOptions) =>
      real.createWorkers({ ...options, ...extra.options }),
  };
});

type Span = {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: { key: string; value: Record<string, unknown> }[];
};
const spans: Span[] = [];
const bodies: string[] = [];
let lines = '';
let collector: Server;
let telemetry: Telemetry;
let bench: GoalBench;

beforeAll(async () => {
  collector = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      bodies.push(body);
      for (const { scopeSpans } of JSON.parse(body).resourceSpans) {
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  const config = { otlpEndpoint: `http://127.0.0.1:${port}`, release: { version: 'test' } };
  telemetry = await startTelemetry({ serviceName: 'adjutant-test', config });
  const { worker, sinks } = telemetry;
  const activity = [...(worker.activity ?? []), activityLog(logger)];
  extra.options = { interceptors: { ...worker, activity }, sinks };
  bench = await GoalBench.start();
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await telemetry.stop();
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
});

const logger = createLogger({
  name: 'test',
  level: 'info',
  destination: { write: (line: string) => void (lines += line) },
});
const canaries = ['canary-goal', 'canary-subject', 'canary-body', 'canary@office', 'canary-token'];

/** A traced workflow takes another way through the bundle than an untraced one. */
async function expectToReplay(goalId: GoalId): Promise<void> {
  const handle = bench.client.workflow.getHandle(goalWorkflowId(goalId));
  await handle.result();
  const bundle = await workflowBundle(join(tmpdir(), 'adjutant-test-bundles'));
  const options = { workflowBundle: bundle, sinks: telemetry.sinks };
  await Worker.runReplayHistory(options, await handle.fetchHistory(), handle.workflowId);
}

it('links a request to its workflow, activity, model call and vendor request, without text', async () => {
  await using model = await createEgressModel();
  bench.planner = async () => {
    const { client } = model;
    const schema = z.object({ ok: z.boolean() });
    const data = { goal: 'canary-goal' };
    const asked = { call: anyCall, role: 'primary', schemaName: 'plan' } as const;
    await client.askModel({ ...asked, schema, instructions: '', data });
    const mail = { to: ['canary@office.example.com'], subject: 'canary-subject' };
    return plan(step('send', 'sendEmail', { ...mail, body: 'canary-body' }));
  };
  const { pool } = bench.database;
  const { connection } = bench.client;
  const client = new Client({ connection, interceptors: telemetry.client });
  const metrics = createMetrics(pool);
  const app = await buildServer({
    authenticate: createTokenAuth([
      { token: 'canary-token-of-owner', principal: { owner, actor: owner } },
    ]),
    goals: createGoalStore(pool),
    approvals: createApprovalStore(pool),
    people: createPeopleStore(pool),
    ...eventParts(pool),
    ...accountParts(pool),
    members: createMemberStore(pool),
    rules: createRuleStore(pool),
    triage: createTriageStore(pool),
    files: createFileKeeper(pool),
    style: createStyleStore(pool),
    usage: createUsageStore(pool, {}),
    goalClient: createGoalClient({ client, queuePrefix: bench.prefix }),
    sendDelayMs: 0,
    signDecision: (decision) => bench.keys.sign(decision) as never,
    defaultZone: 'Europe/Berlin',
    checkPostgres: async () => undefined,
    renderMetrics: () => metrics.render(),
    httpMetrics: metrics,
    version: 'test',
    logger,
  });
  const traceId = 'a'.repeat(32);
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/goals',
    headers: {
      authorization: 'Bearer canary-token-of-owner',
      prefer: 'wait=20',
      traceparent: `00-${traceId}-${'b'.repeat(16)}-01`,
    },
    payload: { goal: 'canary-goal: write to canary@office.example.com' },
  });
  expect(answer.json().state).toBe('awaiting_approval');
  const chain = [
    'vendor POST',
    'model.ask',
    'RunActivity:proposePlan',
    'StartActivity:proposePlan',
    'RunWorkflow:goalWorkflow',
    'StartWorkflow:goalWorkflow',
    'POST /v1/goals',
  ];
  // The workflow's own span ends with the workflow.
  const { approvals } = (
    await app.inject({
      url: '/v1/approvals?state=pending',
      headers: { authorization: 'Bearer canary-token-of-owner' },
    })
  ).json();
  await app.inject({
    method: 'POST',
    url: `/v1/approvals/${approvals[0].approvalId}/decision`,
    headers: { authorization: 'Bearer canary-token-of-owner' },
    payload: { digest: approvals[0].digest, verdict: 'approve' },
  });
  await expect
    .poll(() => spans.map(({ name }) => name), { timeout: 20_000 })
    .toEqual(expect.arrayContaining(chain));
  await expectToReplay(answer.json().id);
  const ancestors: string[] = [];
  let at = spans.find(({ name }) => name === 'vendor POST');
  for (; at !== undefined; at = spans.find(({ spanId }) => spanId === at?.parentSpanId)) {
    ancestors.push(at.name);
    expect(at.traceId).toBe(traceId);
  }
  expect(ancestors).toEqual(chain);
  const asked = spans.find(({ name }) => name === 'model.ask');
  const told = Object.fromEntries(asked?.attributes.map(({ key, value }) => [key, value]) ?? []);
  expect(told).toMatchObject({
    'gen_ai.response.id': { stringValue: 'resp_1' },
    'gen_ai.usage.input_tokens': { intValue: 11 },
    'gen_ai.usage.output_tokens': { intValue: 7 },
  });
  const logged = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(logged).toContainEqual(
    expect.objectContaining({ activity: 'proposePlan', outcome: 'completed', traceId }),
  );
  expect(logged).toContainEqual(
    expect.objectContaining({ route: '/v1/goals', status: 202, traceId }),
  );
  for (const canary of canaries) expect(lines + bodies.join('')).not.toContain(canary);
  const scraped = await app.inject({ url: '/metrics' });
  expect(scraped.body).toMatch(/adjutant_http_requests_total\{.*route="\/v1\/goals"/);
  expect(scraped.body).toMatch(/adjutant_goals\{state=/);
  await app.close();
}, 40_000);

it('loads no SDK when no collector is named', () => {
  const script = `
    import { createRequire } from 'node:module';
    import { startTelemetry } from '#infra/telemetry.ts';
    await startTelemetry({ serviceName: 'x', config: { otlpEndpoint: process.argv[1], release: { version: '1' } } });
    const loaded = Object.keys(createRequire(import.meta.url).cache ?? {});
    console.log(loaded.some((file) => file.includes('@opentelemetry/sdk')));
    process.exit(0);`;
  const run = (...more: string[]) =>
    spawnSync(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script, '--', ...more],
      { encoding: 'utf8' },
    ).stdout.trim();
  expect([run(), run('http://127.0.0.1:9')]).toEqual(['false', 'true']);
}, 30_000);
