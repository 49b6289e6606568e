/** The audit of real goals: exported and verified by the command line tool against real histories. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApprovalStore } from '#api/approvals/approval-store.ts';
import { createTokenAuth } from '#api/auth.ts';
import { runCli } from '#api/cli/main.ts';
import { createMemberStore } from '#api/members/member-store.ts';
import { createPeopleStore } from '#api/directory/people-store.ts';
import { createGoalClient } from '#api/goal-client.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { createFileKeeper } from '#api/mail/document-store.ts';
import { createStyleStore } from '#api/mail/style-store.ts';
import { createRuleStore } from '#api/rules/rule-store.ts';
import { createTriageStore } from '#api/triage/triage-store.ts';
import { createUsageStore } from '#api/usage/usage-store.ts';
import { buildServer } from '#api/server.ts';
import { performEffect } from '#activities/effects/perform.ts';
import { failure } from '#activities/failures.ts';
import type { GoalView } from '#contracts/goal.ts';
import { approvalIdOf } from '#contracts/names.ts';
import { decide, newGoalId, owner, performDeps, store } from '../support/effects.ts';
import { accountParts } from '../support/accounts.ts';
import { eventParts } from '../support/events.ts';
import { GoalBench, plan, step } from '../support/goals.ts';

let bench: GoalBench;
let app: FastifyInstance;
let url: string;
const dir = mkdtempSync(join(tmpdir(), 'adjutant-audit-'));
const tokens = {
  [owner]: 'token-of-the-owner-1',
  'eve@office.example.com': 'token-of-eve-00000001',
};

beforeAll(async () => {
  bench = await GoalBench.start();
  const { pool } = bench.database;
  app = await buildServer({
    authenticate: createTokenAuth(
      Object.entries(tokens).map(([who, token]) => ({
        token,
        principal: { owner: who, actor: who },
      })),
    ),
    goals: createGoalStore(pool),
    approvals: createApprovalStore(pool),
    members: createMemberStore(pool),
    rules: createRuleStore(pool),
    triage: createTriageStore(pool),
    files: createFileKeeper(pool),
    style: createStyleStore(pool),
    usage: createUsageStore(pool, {}),
    people: createPeopleStore(pool),
    ...eventParts(pool),
    ...accountParts(pool),
    goalClient: createGoalClient({ client: bench.client, queuePrefix: bench.prefix }),
    sendDelayMs: 0,
    signDecision: (decision) => bench.keys.sign(decision) as never,
    defaultZone: 'Europe/Berlin',
    checkPostgres: async () => undefined,
    renderMetrics: async () => '',
    version: 'test',
  });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  rmSync(dir, { recursive: true });
  await app.close();
  await bench[Symbol.asyncDispose]();
});
beforeEach(() => {
  bench.planner = () => plan(step('send', 'sendEmail', mail));
  bench.provider.failUndo = null;
});

const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };
const talk = { title: 'Talk', start: 'Tuesday 10:00', durationMinutes: 30, guests: mail.to };

async function call(method: 'GET' | 'POST', path: string, payload?: object, token = tokens[owner]) {
  const answer = await app.inject({
    method,
    url: path,
    headers: { authorization: `Bearer ${token}`, prefer: 'wait=20' },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, body: answer.json() };
}
async function cli(...args: string[]) {
  let text = '';
  const code = await runCli(['audit', ...args], {
    env: { ADJUTANT_API_URL: url, ADJUTANT_API_TOKEN: tokens[owner] },
    out: (more) => (text += more),
    error: (more) => (text += more),
    colours: false,
    ask: null,
  });
  return { code, text };
}
async function waiting(): Promise<{ id: string; approve: () => Promise<unknown> }> {
  const { body } = await call('POST', '/v1/goals', { goal: 'Say hi to bob@office.example.com' });
  const queue = await call('GET', `/v1/approvals?state=pending&goalId=${body.id}`);
  const [{ approvalId, digest }] = queue.body.approvals;
  const decision = { digest, verdict: 'approve' };
  const approve = () => call('POST', `/v1/approvals/${approvalId}/decision`, decision);
  return { id: body.id, approve };
}
const ended = (id: string) =>
  expect
    .poll(async () => (await call('GET', `/v1/goals/${id}`)).body.report, { timeout: 15_000 })
    .not.toBeNull();
async function done(): Promise<GoalView> {
  const { id, approve } = await waiting();
  await approve();
  await ended(id);
  return (await call('GET', `/v1/goals/${id}`)).body;
}
/** A real effect of a goal whose workflow is not there, as after its retention. */
async function effectWithoutHistory(): Promise<void> {
  const { keys, database, provider } = bench;
  const goalId = newGoalId();
  const approvalId = approvalIdOf(goalId, 's1', 1);
  const digest = await store(database.pool, goalId, 'sendEmail', mail);
  await decide(database.pool, keys, { goalId, approvalId, digest });
  await performEffect(
    performDeps(database.pool, provider, keys),
    {
      context: { goalId, owner, zone: 'UTC', stepId: 's1', now: new Date().toISOString() },
      tool: 'sendEmail',
      revision: 1,
      digest,
      mode: 'live',
      approvalId,
      reconcileForMs: 60_000,
      reconcileOnly: false,
    },
    new AbortController().signal,
  );
}
const sql = (text: string, ...values: unknown[]) => bench.database.pool.query(text, values);

describe('the audit of real goals', () => {
  it('holds for goals that are done, undone, refused and still waiting', async () => {
    await done();
    bench.planner = () =>
      plan(
        step('event', 'createEvent', talk),
        step('bad', 'readThread', { threadId: 't' }, { critical: true, dependsOn: ['event'] }),
      );
    expect((await done()).state).toBe('failed');
    bench.planner = () => plan(step('send', 'sendEmail', { ...mail, subject: 'No' }));
    bench.provider.refusal = failure('PermissionDeniedError', 'Not today.');
    const refused = await done();
    bench.provider.refusal = null;
    expect(refused.steps[0]?.status).toBe('failed');
    await waiting();
    expect(await cli('verify')).toEqual({
      code: 0,
      text: '4 entries, 4 anchors, chain holds\n',
    });
  });

  it('is exported as a bundle that verifies without anything running', async () => {
    const { code, text } = await cli('export');
    expect(code).toBe(0);
    const file = join(dir, 'audit.jsonl');
    writeFileSync(file, text);
    const offline = async (name = file) => {
      let said = '';
      const out = (more: string) => (said += more);
      const env = { ADJUTANT_STATE_DIR: join(dir, 'nothing') };
      const exit = await runCli(['audit', 'verify', name], {
        env,
        out,
        error: out,
        colours: false,
        ask: null,
      });
      return { exit, said };
    };
    expect(await offline()).toEqual({ exit: 0, said: '4 entries, 4 anchors, chain holds\n' });
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, text.replace('Not today.', 'Never.'));
    expect(await offline()).toEqual({
      exit: 1,
      said: 'entry 4: its content is not what its hash is over\n4 entries, 4 anchors, 1 findings\n',
    });
    writeFileSync(file, lines.slice(0, -3).join('\n'));
    expect(await offline()).toMatchObject({ exit: 2, said: expect.stringMatching(/not a whole/) });
    writeFileSync(file, `${lines[0]}\nnonsense`);
    expect(await offline()).toMatchObject({ exit: 2, said: expect.stringMatching(/line 2/) });
    expect((await offline(join(dir, 'absent'))).exit).toBe(2);
  });

  it('does not hold once the table was changed, cut or added to', async () => {
    const { id } = await done();
    await sql('create table kept as select * from audit_entries');
    const restore = () =>
      sql('truncate audit_entries').then(() => sql('insert into audit_entries select * from kept'));
    await sql('delete from audit_entries where goal_id = $1', id);
    expect(await cli('verify')).toMatchObject({
      code: 1,
      text: expect.stringMatching(/^entry 5: the history of goal \w+ has a receipt .* not there\n/),
    });
    await sql('delete from goals where goal_id = $1', id);
    await sql('delete from idempotency_keys where goal_id = $1', id);
    expect((await cli('verify')).code).toBe(1);
    await restore();
    expect((await cli('verify')).code).toBe(0);
    await sql(`update audit_entries set entry = entry || '{"approver": "eve"}' where seq = 2`);
    expect((await cli('verify')).text).toMatch(/^entry 2: its content/);
    await restore();
    await sql('drop table kept');
  });

  it('says what it could not check: a goal that Temporal does not have, an api that is away', async () => {
    await effectWithoutHistory();
    const { code, text } = await cli('verify');
    expect([code, text.split('\n')[0]]).toEqual([
      2,
      'not confirmed: entry 6: Temporal has no history of its goal: past its retention, or never there',
    ]);
    const away = await runCli(['audit', 'verify'], {
      env: { ADJUTANT_API_URL: 'http://127.0.0.1:1', ADJUTANT_API_TOKEN: tokens[owner] },
      out: () => undefined,
      error: () => undefined,
      colours: false,
      ask: null,
    });
    expect(away).toBe(2);
    await done(); // A later anchor stands for all entries before it.
    expect((await cli('verify')).code).toBe(0);
  });

  it('is nobody else’s', async () => {
    const { id } = await done();
    const eve = tokens['eve@office.example.com'];
    expect((await call('GET', '/v1/audit', undefined, eve)).body.entries).toEqual([]);
    expect((await call('GET', '/v1/audit/anchors', undefined, eve)).body.histories).toEqual([]);
    const other = `/v1/audit/anchors?goalId=${id}`;
    expect((await call('GET', other, undefined, eve)).body.histories).toEqual([]);
    expect((await call('GET', other)).body.histories).toHaveLength(1);
  });

  it('is read in pages, and a cursor nobody gave is refused', async () => {
    const first = await call('GET', '/v1/audit?limit=2');
    expect([first.body.entries.length, first.body.nextAfter, first.body.owner]).toEqual([
      2,
      2,
      owner,
    ]);
    const runs: string[] = [];
    for (let cursor = ''; ;) {
      const path = `/v1/audit/anchors?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { body } = await call('GET', path);
      runs.push(...body.histories.map(({ runId }: { runId: string }) => runId));
      if (body.nextCursor === null) break;
      cursor = body.nextCursor;
    }
    const all = await call('GET', '/v1/audit/anchors?limit=100');
    expect(runs).toEqual(all.body.histories.map(({ runId }: { runId: string }) => runId));
    expect(runs.length).toBeGreaterThan(4);
    expect((await call('GET', '/v1/audit/anchors?cursor=bm9uc2Vuc2U')).status).toBe(422);
  });
});
