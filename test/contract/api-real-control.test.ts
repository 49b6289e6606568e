/** Control over HTTP on real workflows: members, a second person, stopping, rules, plans, undo. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { owner } from '../support/effects.ts';
import { plan, step } from '../support/goals.ts';
import { RealApi } from './api-real-fixture.ts';

const dora = 'dora@office.example.com';
const carl = 'carl@office.example.com';
const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };
let api: RealApi;
beforeAll(async () => {
  api = await RealApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  api.bench.provider.done.clear();
  api.bench.planner = () => plan(step('send', 'sendEmail', mail));
});
/** No effect ever happens twice. */
afterEach(() => expect([...api.bench.provider.done.values()].every((n) => n === 1)).toBe(true));

const effects = () => api.bench.provider.done.size;
const stateOf = (id: string) =>
  expect.poll(async () => (await api.goal(id)).state, { timeout: 15_000 });
const pending = async (token: string) =>
  (await api.call('GET', '/v1/approvals?state=pending', undefined, {}, token)).body.approvals;

const effectIn = (entries: { entry: { kind: string; approver: string } }[]) =>
  entries.find(({ entry }) => entry.kind === 'effect')!.entry;

describe('members decide', () => {
  it('what was handed on to them, and the goal completes', async () => {
    const token = await api.member(dora);
    const { id, approval } = await api.waiting();
    expect(await pending(token)).toEqual([]);
    const handed = await api.decide(approval, { verdict: 'delegate', to: dora });
    expect([handed.status, handed.body.approval.assignedTo]).toEqual([200, dora]);
    expect(await pending(token)).toMatchObject([{ approvalId: approval.approvalId }]);
    expect((await api.decide(approval, {}, token)).status).toBe(200);
    await stateOf(id).toBe('completed');
    expect(effects()).toBe(1);
    const { entries } = (await api.call('GET', `/v1/goals/${id}/audit`)).body;
    expect(effectIn(entries).approver).toBe(dora);
  });

  it('as the second person, never as both', async () => {
    const token = await api.member(carl, 'second');
    const policy = { secondPerson: true, raiseTiers: { sendEmail: 4 } };
    const { id, approval } = await api.waiting(policy);
    expect(approval.requiredDecisions).toBe(2);
    const first = await api.decide(approval, {}, token);
    expect([first.status, first.body.approval.state]).toEqual([200, 'pending']);
    expect((await api.decide(approval, {}, token)).status).toBe(403);
    expect(effects()).toBe(0);
    const second = await api.decide(approval);
    expect([second.status, second.body.approval.state]).toEqual([200, 'approved']);
    await stateOf(id).toBe('completed');
    expect(effects()).toBe(1);
  });

  it('nothing any more once they are removed, and what they approved is not done', async () => {
    const token = await api.member(dora);
    const { id, approval } = await api.waiting({ sendDelayMs: 1_500 });
    await api.decide(approval, { verdict: 'delegate', to: dora });
    expect((await api.decide(approval, {}, token)).status).toBe(200);
    await api.call('DELETE', `/v1/members/${dora}`);
    await expect.poll(async () => (await api.goal(id)).report, { timeout: 15_000 }).not.toBeNull();
    expect(effects()).toBe(0);
    expect((await api.goal(id)).steps[0].failure.type).toBe('NotApprovedError');
  });
});

describe('an approved mail', () => {
  it('is stopped before it leaves, and does not leave', async () => {
    const { id, approval } = await api.waiting({ sendDelayMs: 60_000 });
    await api.decide(approval);
    await expect.poll(async () => (await api.goal(id)).steps[0].status).toBe('delayed');
    const url = `/v1/approvals/${approval.approvalId}/stop`;
    const stopped = await api.call('POST', url, {});
    expect([stopped.status, stopped.body.outcome]).toEqual([200, 'stopped']);
    await expect.poll(async () => (await api.goal(id)).report, { timeout: 15_000 }).not.toBeNull();
    expect(effects()).toBe(0);
    expect((await api.call('POST', url, {})).status).toBe(200);
  });

  it('that has left cannot be stopped', async () => {
    const { id, approval } = await api.waiting();
    await api.decide(approval);
    await stateOf(id).toBe('completed');
    const late = await api.call('POST', `/v1/approvals/${approval.approvalId}/stop`, {});
    expect([late.status, late.body.type]).toEqual([409, 'urn:adjutant:problem:too-late']);
    expect(effects()).toBe(1);
  });
});

describe('a standing rule', () => {
  it('lets the like be done without asking, is journaled, and asks again over its cap', async () => {
    const { id, approval } = await api.waiting();
    const rule = { approvalId: approval.approvalId, expiresInDays: 1, dailyCap: 1 };
    const { body } = await api.call('POST', '/v1/rules', rule);
    await api.decide(approval);
    await stateOf(id).toBe('completed');
    api.bench.planner = () => plan(step('send', 'sendEmail', { ...mail, body: 'Other words' }));
    const start = () =>
      api.call(
        'POST',
        '/v1/goals',
        { goal: 'Say hi to bob@office.example.com' },
        { prefer: 'wait=20' },
      );
    const second = await start();
    expect(second.body.state).toBe('completed');
    const journal = (await api.call('GET', `/v1/goals/${second.body.id}/journal`)).body.events;
    expect(journal.map(({ type }: { type: string }) => type)).toContain('rule_used');
    const { entries } = (await api.call('GET', `/v1/goals/${second.body.id}/audit`)).body;
    expect(effectIn(entries).approver).toBe(`rule:${body.id}`);
    expect((await start()).body.state).toBe('awaiting_approval');
    expect(effects()).toBe(2);
    expect((await api.call('GET', `/v1/rules/${body.id}`)).body).toMatchObject({ uses: 1 });
  });
});

describe('a running goal', () => {
  it('is paused, its plan is replaced at the revision it was read, and it is resumed', async () => {
    const { id } = await api.waiting();
    const url = `/v1/goals/${id}`;
    expect((await api.call('POST', `${url}/pause`)).status).toBe(200);
    expect((await api.goal(id)).state).toBe('paused');
    const read = (await api.call('GET', `${url}/plan`)).body;
    const draft = { ...read.plan.steps[0], id: 'draft', tool: 'createDraft' };
    const body = { expectedRevision: read.revision, plan: { ...read.plan, steps: [draft] } };
    expect((await api.call('PUT', `${url}/plan`, body)).status).toBe(200);
    const stale = await api.call('PUT', `${url}/plan`, body);
    expect([stale.status, stale.body.revision]).toEqual([409, read.revision + 1]);
    expect((await api.call('POST', `${url}/resume`)).status).toBe(200);
    await stateOf(id).toBe('completed');
    expect((await api.goal(id)).report.done).toHaveLength(1);
  });

  it('is told why a plan cannot be used', async () => {
    const { id } = await api.waiting();
    const read = (await api.call('GET', `/v1/goals/${id}/plan`)).body;
    const steps = [{ ...read.plan.steps[0], id: 'other', dependsOn: ['nothing'] }];
    const body = { expectedRevision: read.revision, plan: { ...read.plan, steps } };
    const answer = await api.call('PUT', `/v1/goals/${id}/plan`, body);
    expect([answer.status, answer.body.errors.length]).toEqual([422, 1]);
    await api.call('POST', `/v1/goals/${id}/cancel`);
  });

  it('is steered, and plans anew with the instruction', async () => {
    const { id } = await api.waiting();
    let reason = '';
    api.bench.planner = ({ revision }) => {
      reason = revision?.reason ?? '';
      return plan();
    };
    const instruction = 'Do not write to anybody';
    expect((await api.call('POST', `/v1/goals/${id}/steer`, { instruction })).status).toBe(200);
    await expect.poll(async () => (await api.goal(id)).report, { timeout: 15_000 }).not.toBeNull();
    expect(reason).toContain(instruction);
    expect(effects()).toBe(0);
  });
});

describe('a finished goal', () => {
  it('is undone by a goal of its own', async () => {
    const event = { title: 'Plan', start: '2026-11-24T15:00', durationMinutes: 30, guests: [] };
    api.bench.planner = () => plan(step('event', 'createEvent', event));
    const { id, approval } = await api.waiting();
    await api.decide(approval);
    await stateOf(id).toBe('completed');
    const { status, body } = await api.call('POST', `/v1/goals/${id}/undo`, {});
    expect(status).toBe(202);
    await expect
      .poll(async () => (await api.goal(body.id)).report, { timeout: 15_000 })
      .not.toBeNull();
    expect(await api.goal(body.id)).toMatchObject({ aftercareOf: id, state: 'completed' });
    expect(api.bench.provider.undone).toEqual(['Plan']);
    expect(owner).toBe((await api.goal(body.id)).owner);
  });
});
