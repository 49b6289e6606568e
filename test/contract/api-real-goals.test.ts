/** The api on real workflows: every answer a decider can get, from the workflow itself. */
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createApprovalStore } from '#api/approvals/approval-store.ts';
import { createTokenAuth } from '#api/auth.ts';
import { createPeopleStore } from '#api/directory/people-store.ts';
import { createGoalClient } from '#api/goal-client.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { buildServer } from '#api/server.ts';
import type { Approval } from '#contracts/approval.ts';
import { owner } from '../support/effects.ts';
import { eventParts } from '../support/events.ts';
import { GoalBench, plan, step } from '../support/goals.ts';

let bench: GoalBench;
let app: FastifyInstance;
const token = 'token-of-the-owner-1';
beforeAll(async () => {
  bench = await GoalBench.start();
  const { pool } = bench.database;
  const entry = { token, principal: { owner, actor: owner } };
  app = await buildServer({
    authenticate: createTokenAuth([entry]),
    goals: createGoalStore(pool),
    approvals: createApprovalStore(pool),
    people: createPeopleStore(pool),
    ...eventParts(pool),
    goalClient: createGoalClient({ client: bench.client, queuePrefix: bench.prefix }),
    signDecision: (decision) => bench.keys.sign(decision) as never,
    defaultZone: 'Europe/Berlin',
    checkPostgres: async () => undefined,
    renderMetrics: async () => '',
    version: 'test',
  });
});
afterAll(async () => {
  await app.close();
  await bench[Symbol.asyncDispose]();
});

const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };
beforeEach(() => {
  bench.planner = () => plan(step('send', 'sendEmail', mail));
});

async function call(method: 'GET' | 'POST', url: string, payload?: object, headers = {}) {
  const answer = await app.inject({
    method,
    url,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, body: answer.json() };
}
/** Starts a goal, waits until it needs a person, and returns it with its approval. */
async function waiting(policy: object = {}): Promise<{ id: string; approval: Approval }> {
  const payload = { goal: 'Say hi to bob@office.example.com', policy };
  const { status, body } = await call('POST', '/v1/goals', payload, { prefer: 'wait=20' });
  expect([status, body.state]).toEqual([202, 'awaiting_approval']);
  const queue = await call('GET', `/v1/approvals?state=pending&goalId=${body.id}`);
  return { id: body.id, approval: queue.body.approvals[0] };
}
const decide = ({ approvalId, digest }: Approval, decision: object) =>
  call('POST', `/v1/approvals/${approvalId}/decision`, { digest, verdict: 'approve', ...decision });
const ended = (id: string) =>
  expect.poll(async () => (await call('GET', `/v1/goals/${id}`)).body.report, { timeout: 15_000 });

describe('a decision over HTTP', () => {
  it('is applied at once, and the goal completes with its report, journal and audit', async () => {
    const { id, approval } = await waiting();
    const { status, body } = await decide(approval, { comment: 'fine' });
    expect([status, body.outcome, body.approval.state]).toEqual([200, 'applied', 'approved']);
    expect(body.decision).toMatchObject({ verdict: 'approve', actor: owner, comment: 'fine' });
    await ended(id).not.toBeNull();
    const goal = await call('GET', `/v1/goals/${id}`);
    expect(goal.body).toMatchObject({ state: 'completed', pendingApprovals: [] });
    const journal = await call('GET', `/v1/goals/${id}/journal`);
    const types = journal.body.events.map(({ type }: { type: string }) => type);
    expect(types).toEqual(
      expect.arrayContaining(['goal_started', 'decision_admitted', 'goal_ended']),
    );
    expect((await call('GET', `/v1/goals/${id}/audit`)).body.entries.length).toBeGreaterThan(0);
    const late = await decide(approval, { verdict: 'reject' });
    expect([late.status, late.body.decision.verdict]).toEqual([409, 'approve']);
  });

  it('is taken once of ten at the same time; the others learn which one stands', async () => {
    const { approval } = await waiting();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        decide(approval, { verdict: i % 2 === 0 ? 'approve' : 'reject', decisionId: `d${i}` }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(9);
    const standing = new Set(answers.map(({ body }) => body.decision.decisionId));
    expect(standing.size).toBe(1);
  });

  it('is refused for another digest, a bad edit and another goal, and the approval still waits', async () => {
    const { id, approval } = await waiting();
    const stale = await decide({ ...approval, digest: `v1:sha256:${'0'.repeat(64)}` }, {});
    expect(stale.status).toBe(412);
    const badEdit = await decide(approval, { verdict: 'edit', input: { ...mail, to: ['nobody'] } });
    expect([badEdit.status, badEdit.body.type]).toEqual([422, 'urn:adjutant:problem:invalid-edit']);
    expect(badEdit.body.detail).toMatch(/e-mail address/);
    bench.planner = () => plan(step('send', 'sendEmail', { ...mail, subject: 'Something else' }));
    const other = await waiting();
    const misdirected = await decide({ ...approval, approvalId: other.approval.approvalId }, {});
    expect([misdirected.status, id === other.id]).toEqual([412, false]);
    const { body } = await call('GET', `/v1/approvals/${approval.approvalId}`);
    expect(body.state).toBe('pending');
  });

  it('with an edit that raises the tier leads to a new approval', async () => {
    const { id, approval } = await waiting();
    const to = Array.from({ length: 12 }, (_, i) => `p${i}@office.example.com`);
    const edited = await decide(approval, { verdict: 'edit', input: { ...mail, to } });
    expect([edited.status, edited.body.approval.state]).toEqual([200, 'edited']);
    await expect
      .poll(async () => {
        const { body } = await call('GET', `/v1/goals/${id}`);
        return body.pendingApprovals.map(({ tier }: Approval) => tier);
      })
      .toEqual([4]);
  });

  it('that comes too late is 410, and nothing was done', async () => {
    const { id, approval } = await waiting({ approvalExpiresMs: 300 });
    await ended(id).not.toBeNull();
    const { status } = await decide(approval, {});
    expect(status).toBe(410);
    expect((await call('GET', `/v1/goals/${id}`)).body.report.done).toEqual([]);
  });
});

describe('other control over HTTP', () => {
  it('cancels a waiting goal; the approval is taken back', async () => {
    const { id, approval } = await waiting();
    expect((await call('POST', `/v1/goals/${id}/cancel`)).status).toBe(202);
    await ended(id).not.toBeNull();
    expect((await call('GET', `/v1/goals/${id}`)).body.state).toBe('cancelled');
    expect((await decide(approval, {})).status).toBe(409);
    expect((await call('POST', `/v1/goals/${id}/cancel`)).status).toBe(409);
  });

  it('answers questions, and says why an answer was not taken', async () => {
    bench.planner = ({ answers }) =>
      answers.length === 0
        ? { plan: null, questions: [{ id: 'who', question: 'Which Bob?', choices: [] }] }
        : plan(step('send', 'sendEmail', mail));
    const payload = { goal: 'Say hi to Bob' };
    const { body } = await call('POST', '/v1/goals', payload, { prefer: 'wait=20' });
    expect(body.state).toBe('awaiting_answer');
    const answer = (questionId: string) =>
      call('POST', `/v1/goals/${body.id}/answers`, { answers: [{ questionId, answer: 'Baker' }] });
    const wrong = await answer('what');
    expect([wrong.status, wrong.body.detail]).toEqual([409, 'There is no question what.']);
    expect((await answer('who')).body.outcome).toBe('applied');
    await expect
      .poll(async () => (await call('GET', `/v1/goals/${body.id}`)).body.state, { timeout: 10_000 })
      .toBe('awaiting_approval');
  });
});
