/** Controlling goals over HTTP: pause, resume, steer, plan, undo, and stopping what was approved. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '#contracts/limits.ts';
import { beginEffect } from '#activities/effects/ledger.ts';
import {
  alice,
  approvalOf,
  bob,
  createFixture,
  digest,
  type Fixture,
  takenControl,
  viewOf,
} from './api-fixture.ts';

let api: Fixture;
let goalId: string;
beforeAll(async () => {
  api = await createFixture();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  await api.database.pool.query('truncate approvals, effects, stopped_approvals');
  Object.assign(api.temporal, { controls: [], controlOutcome: takenControl, down: false });
  goalId = await api.goal();
});

const post = (url: string, payload: object = {}, headers = {}, who = alice) =>
  api.request(who, { method: 'POST', url, payload, headers });
const plan = { reasoning: 'mine', estimatedComplexity: 'low', steps: [] };
const put = (payload: object) =>
  api.request(alice, { method: 'PUT', url: `/v1/goals/${goalId}/plan`, payload });
const refuse = (code: string, message = 'No.', problems: string[] = []) =>
  Object.assign(api.temporal, { controlOutcome: { applied: false, code, message, problems } });

describe('a control request', () => {
  it.each([
    ['pause', 'pauseGoal', {}],
    ['resume', 'resumeGoal', {}],
    ['steer', 'steerGoal', { instruction: 'Rather on Tuesday' }],
    ['plan', 'amendPlan', { expectedRevision: 2, plan }],
  ])('%s is sent as %s in the name of the owner', async (path, signal, body) => {
    const answer = await post(`/v1/goals/${goalId}/${path}`, body);
    expect([answer.statusCode, answer.json().outcome]).toEqual([200, 'applied']);
    expect(api.temporal.controls).toEqual([{ goalId, signal, message: { ...body, actor: alice } }]);
    const others = await post(`/v1/goals/${goalId}/${path}`, body, {}, bob);
    expect(others.statusCode).toBe(404);
    expect(api.temporal.controls).toHaveLength(1);
  });

  it('that is not confirmed in time is 202; of an ended goal it is 409', async () => {
    Object.assign(api.temporal, { controlOutcome: 'no_answer' });
    expect((await post(`/v1/goals/${goalId}/pause`)).statusCode).toBe(202);
    Object.assign(api.temporal, { controlOutcome: 'ended' });
    expect((await post(`/v1/goals/${goalId}/pause`)).statusCode).toBe(409);
    await api.endGoal(goalId);
    const answer = await post(`/v1/goals/${goalId}/steer`, { instruction: 'More' });
    expect(answer.json().type).toBe('urn:adjutant:problem:goal-ended');
  });

  it('to change a plan that has changed since is 409 with the revision it has now', async () => {
    const now = { revision: 5, reasoning: '', estimatedComplexity: 'low' };
    api.temporal.views.set(goalId, viewOf(goalId, alice, { plan: now }));
    refuse('stale', 'The plan has changed.');
    const answer = await put({ expectedRevision: 2, plan });
    expect([answer.statusCode, answer.json().revision]).toEqual([409, 5]);
  });

  it('with a plan that is wrong is 422 with every problem', async () => {
    refuse('invalid', 'The plan is not valid.', ['step a: no such tool.', 'step b: a cycle.']);
    const answer = await put({ expectedRevision: 2, plan });
    expect([answer.statusCode, answer.json().errors.length]).toEqual([422, 2]);
    const malformed = await put({ expectedRevision: 2, plan: { ...plan, steps: [{ id: 'A' }] } });
    expect(malformed.json().errors[0].path).toBe('plan.steps[0].id');
  });

  it('takes a plan of up to half a megabyte, and nothing else as large', async () => {
    const step = { tool: 'listEvents', rationale: 'x'.repeat(900), critical: false };
    const more = { requiresConfirmation: false, dependsOn: [], checkpoint: false };
    const input = { window: 'today' };
    const steps = Array.from({ length: 400 }, (_, i) => ({ id: `s${i}`, input, ...step, ...more }));
    const large = { expectedRevision: 1, plan: { ...plan, steps } };
    expect(JSON.stringify(large).length).toBeGreaterThan(6 * limits.requestBodyMaxBytes);
    expect((await put(large)).statusCode).toBe(200);
    expect((await post(`/v1/goals/${goalId}/steer`, large)).statusCode).toBe(413);
  });

  it('reads the plan in the form in which it can be put back', async () => {
    const shown = { revision: 3, reasoning: 'as asked', estimatedComplexity: 'low' };
    api.temporal.views.set(goalId, viewOf(goalId, alice, { plan: shown }));
    const answer = await api.request(alice, { url: `/v1/goals/${goalId}/plan` });
    const { revision, plan: read } = answer.json();
    expect((await put({ expectedRevision: revision, plan: read })).statusCode).toBe(200);
    expect(api.temporal.controls[0]?.message).toMatchObject({ expectedRevision: 3, plan: read });
  });
});

describe('undoing a finished goal', () => {
  const url = () => `/v1/goals/${goalId}/undo`;
  const step = { id: 'invite', tool: 'createEvent' } as never;

  it('starts a goal of its own that is told what to undo, in whose name', async () => {
    await api.endGoal(goalId, { goal: 'Invite Bob', steps: [step] });
    const answer = await post(url(), { stepIds: ['invite'] });
    expect(answer.statusCode).toBe(202);
    const { id, links } = answer.json();
    expect(answer.headers['location']).toBe(links.self);
    expect(api.temporal.started.find((input) => input.goalId === id)).toMatchObject({
      goal: 'Undo: Invite Bob',
      owner: alice,
      aftercare: { kind: 'undo', of: goalId, stepIds: ['invite'], actor: alice },
    });
    const view = (await api.request(alice, { url: links.self })).json();
    expect(view.aftercareOf).toBe(goalId);
  });

  it('is one undo for one Idempotency-Key, and another request under it is refused', async () => {
    await api.endGoal(goalId, { steps: [step] });
    const headers = { 'idempotency-key': `undo-${goalId}` };
    const first = await post(url(), {}, headers);
    const again = await post(url(), {}, headers);
    expect(again.json().id).toBe(first.json().id);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await post(url(), { stepIds: ['invite'] }, headers)).statusCode).toBe(422);
  });

  it('is refused while it runs, for a step it does not have, and for others', async () => {
    expect((await post(url())).json().type).toBe('urn:adjutant:problem:goal-running');
    await api.endGoal(goalId, { steps: [step] });
    const unknown = await post(url(), { stepIds: ['invite', 'other'] });
    expect([unknown.statusCode, unknown.json().errors[0].path]).toEqual([422, 'stepIds[1]']);
    expect((await post(url(), {}, {}, bob)).statusCode).toBe(404);
  });
});

describe('stopping an approved mail', () => {
  const approved = async () => {
    const approval = {
      ...approvalOf(goalId),
      tool: 'sendEmail' as const,
      state: 'approved' as const,
    };
    return (await api.approval(goalId, approval)).approvalId as string;
  };
  const stop = (id: string, who = alice) => post(`/v1/approvals/${id}/stop`, {}, {}, who);
  const begin = (approvalId: string) =>
    beginEffect(api.database.pool, {
      effectKey: `key of ${approvalId}`,
      goalId,
      stepId: 'invite',
      revision: 1,
      purpose: 'do',
      tool: 'sendEmail',
      owner: alice,
      digest,
      approvalId,
    });

  it('before it has begun keeps it from ever beginning, and tells the workflow', async () => {
    const id = await approved();
    expect((await stop(id)).json()).toMatchObject({ outcome: 'stopped' });
    expect((await stop(id)).statusCode).toBe(200);
    expect(await begin(id)).toBeUndefined();
    expect(api.temporal.controls[0]).toEqual({
      goalId,
      signal: 'stopEffect',
      message: { approvalId: id, actor: alice },
    });
  });

  it('after it has begun is too late, and nothing is recorded', async () => {
    const id = await approved();
    expect(await begin(id)).toBeDefined();
    const answer = await stop(id);
    expect([answer.statusCode, answer.json().type]).toEqual([409, 'urn:adjutant:problem:too-late']);
    const { rows } = await api.database.pool.query('select 1 from stopped_approvals');
    expect(rows).toEqual([]);
  });

  it('at the same moment as it begins is one or the other, never both', async () => {
    for (let i = 0; i < 40; i += 1) {
      await api.database.pool.query('truncate approvals, effects, stopped_approvals');
      const id = await approved();
      const [answer, row] = await Promise.all([stop(id), begin(id)]);
      expect([answer.statusCode === 200, row !== undefined].filter(Boolean)).toHaveLength(1);
    }
  });

  it('is nothing to stop while it is pending, and unknown to others', async () => {
    const { approvalId } = await api.approval(goalId);
    expect((await stop(approvalId)).json().type).toBe('urn:adjutant:problem:nothing-to-stop');
    expect((await stop(approvalId, bob)).statusCode).toBe(404);
  });
});
