/** Control while a goal runs: pause, further instructions, plans by the person, stopping a mail. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PlanRequest, ReadResult } from '#contracts/activities.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
import type { Json } from '#contracts/json.ts';
import { GoalBench, plan, step } from '../support/goals.ts';

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());

const found: ReadResult = { value: { events: [] }, trust: 'trusted', origins: [] };
beforeEach(() => {
  bench.reads = { listEvents: () => found };
  bench.provider.done.clear();
  bench.provider.script = [];
});
const mail = (to: string) => ({ to: [`${to}@office.example.com`], subject: 'Hi', body: 'Hello' });
const look = { window: 'today' };
const effects = () => [...bench.provider.done.values()].reduce((sum, count) => sum + count, 0);
const immediately = { ...defaultTimers, sendDelayMs: 0 };

describe('a paused goal', () => {
  it('starts nothing new, says so, and goes on when it is resumed', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    bench.planner = () =>
      plan(
        step('first', 'listEvents', look),
        step('second', 'listEvents', look, { dependsOn: ['first'] }),
      );
    bench.reads = { listEvents: () => gate.then(() => found) };
    const goal = await bench.goal();
    await goal.until(({ steps }) => steps[0]?.status === 'running');
    expect(await goal.control('pauseGoal')).toMatchObject({ applied: true });
    release();
    const paused = await goal.until(({ steps }) => steps[0]?.status === 'completed');
    expect(paused.state).toBe('paused');
    expect(paused.steps[1]?.status).toBe('pending');
    await goal.control('resumeGoal');
    expect(await goal.result()).toMatchObject({ state: 'completed' });
  });

  it('takes decisions, and performs what they allow only when it is resumed', async () => {
    bench.planner = () => plan(step('send', 'sendEmail', mail('bob')));
    const goal = await bench.goal({ timers: immediately });
    const [approval] = await goal.approvals();
    await goal.control('pauseGoal');
    expect(await goal.decide(approval!)).toMatchObject({ outcome: 'applied' });
    await goal.until(({ steps }) => steps[0]?.status === 'delayed');
    expect(effects()).toBe(0);
    await goal.control('resumeGoal');
    expect(await goal.result()).toMatchObject({ state: 'completed' });
    expect(effects()).toBe(1);
  });

  it('ends when nothing is left to start', async () => {
    bench.planner = () => plan(step('send', 'sendEmail', mail('bob')));
    const goal = await bench.goal({ timers: immediately });
    const [approval] = await goal.approvals();
    await goal.control('pauseGoal');
    await goal.decide(approval!, { verdict: 'reject' });
    expect(await goal.result()).toMatchObject({ state: 'completed_with_issues' });
    expect(effects()).toBe(0);
  });

  it('can be cancelled', async () => {
    bench.planner = () => plan(step('send', 'sendEmail', mail('bob')));
    const goal = await bench.goal({ timers: immediately });
    await goal.approvals();
    await goal.control('pauseGoal');
    await goal.handle.cancel();
    expect(await goal.result()).toMatchObject({ state: 'cancelled' });
    expect(effects()).toBe(0);
  });
});

describe('a further instruction', () => {
  it('revises the plan, keeps finished steps and takes back requests that it makes pointless', async () => {
    const seen: PlanRequest[] = [];
    bench.planner = (request) => {
      seen.push(request);
      const first = step('look', 'listEvents', look);
      const to = request.revision === null ? 'bob' : 'carla';
      return plan(first, step('send', 'sendEmail', mail(to), { dependsOn: ['look'] }));
    };
    const goal = await bench.goal({ timers: immediately });
    const [old] = await goal.approvals();
    const told = await goal.control('steerGoal', { instruction: 'Write to Carla instead.' });
    expect(told).toMatchObject({ applied: true });
    const view = await goal.until(
      ({ pendingApprovals }) =>
        pendingApprovals.length === 1 && pendingApprovals[0]?.approvalId !== old?.approvalId,
    );
    expect(seen[1]?.revision).toMatchObject({ finished: [{ id: 'look', status: 'completed' }] });
    expect(seen[1]?.revision?.reason).toContain('Write to Carla instead.');
    expect(await goal.decide(old!)).toMatchObject({ outcome: 'refused', code: 'already_decided' });
    await goal.decide(view.pendingApprovals[0]!);
    const { state, report } = await goal.result();
    expect(state).toBe('completed');
    expect(report.done).toEqual(['Sent “Hi” to carla@office.example.com.']);
    expect(effects()).toBe(1);
  });

  it('leaves a request alone that the revised plan still holds', async () => {
    bench.planner = (request) =>
      request.revision === null
        ? plan(step('send', 'sendEmail', mail('bob')))
        : plan(step('send', 'sendEmail', mail('bob')), step('also', 'listEvents', look));
    const goal = await bench.goal({ timers: immediately });
    const [approval] = await goal.approvals();
    await goal.control('steerGoal', { instruction: 'Look at my calendar as well.' });
    await goal.until(({ steps }) =>
      steps.some(({ id, status }) => id === 'also' && status === 'completed'),
    );
    expect((await goal.view()).pendingApprovals[0]?.approvalId).toBe(approval?.approvalId);
    await goal.decide(approval!);
    expect(await goal.result()).toMatchObject({ state: 'completed' });
  });

  it('keeps what was approved from leaving until the plan is revised', async () => {
    let answer: () => void = () => undefined;
    const thinking = new Promise<void>((resolve) => {
      answer = resolve;
    });
    bench.planner = async (request) => {
      if (request.revision === null) return plan(step('send', 'sendEmail', mail('bob')));
      await thinking;
      return plan(step('look', 'listEvents', look));
    };
    const goal = await bench.goal({ timers: immediately });
    const [approval] = await goal.approvals();
    await goal.control('steerGoal', { instruction: 'Do not write to anybody.' });
    await goal.decide(approval!);
    await goal.until(({ steps }) => steps[0]?.status === 'delayed');
    answer();
    expect(await goal.result()).toMatchObject({ state: 'completed' });
    expect(effects()).toBe(0);
  });

  it('is refused when it is too short, and changes nothing', async () => {
    bench.planner = () => plan(step('send', 'sendEmail', mail('bob')));
    const goal = await bench.goal();
    await goal.approvals();
    expect(await goal.control('steerGoal', { instruction: ' ' })).toMatchObject({
      applied: false,
      code: 'malformed',
    });
    expect((await goal.view()).plan?.revision).toBe(1);
    await goal.handle.cancel();
    await goal.result();
  });
});

describe('a plan written by the person', () => {
  const amended = (...steps: ReturnType<typeof step>[]) => plan(...steps).plan as unknown as Json;

  it('replaces the plan at once when it names the revision it is for', async () => {
    bench.planner = () => plan(step('send', 'sendEmail', mail('bob')));
    const goal = await bench.goal({ timers: immediately });
    await goal.approvals();
    const outcome = await goal.control('amendPlan', {
      expectedRevision: 1,
      plan: amended(step('send', 'sendEmail', mail('carla'))),
    });
    expect(outcome).toMatchObject({ applied: true });
    const view = await goal.until(({ pendingApprovals }) => pendingApprovals[0]?.revision === 2);
    expect(view.plan?.revision).toBe(2);
    await goal.decide(view.pendingApprovals[0]!);
    const { report } = await goal.result();
    expect(report.done).toEqual(['Sent “Hi” to carla@office.example.com.']);
    expect(effects()).toBe(1);
  });

  it('is refused for another revision, and when it cannot be used, with the reasons', async () => {
    bench.planner = () =>
      plan(step('look', 'listEvents', look), step('send', 'sendEmail', mail('bob')));
    const goal = await bench.goal();
    await goal.approvals();
    const change = (expectedRevision: number, ...steps: ReturnType<typeof step>[]) =>
      goal.control('amendPlan', { expectedRevision, plan: amended(...steps) });
    expect(await change(7, step('look', 'listEvents', look))).toMatchObject({ code: 'stale' });
    const cyclic = await change(1, step('a', 'listEvents', look, { dependsOn: ['a'] }));
    expect(cyclic).toMatchObject({ code: 'invalid' });
    expect(cyclic.problems.join(' ')).toContain('step a');
    const rewritten = await change(1, step('look', 'listEvents', { window: 'tomorrow' }));
    expect(rewritten.problems).toEqual([
      'step look: it has begun; leave it as it is, or leave it out.',
    ]);
    expect((await goal.view()).plan?.revision).toBe(1);
    await goal.handle.cancel();
    await goal.result();
  });
});

describe('an approved mail', () => {
  const later = { ...defaultTimers, sendDelayMs: 1_500 };
  beforeEach(() => {
    bench.planner = () => plan(step('send', 'sendEmail', mail('bob')));
  });

  it('waits for its delay and then leaves once', async () => {
    const goal = await bench.goal({ timers: later });
    const [approval] = await goal.approvals();
    await goal.decide(approval!);
    await goal.until(({ steps }) => steps[0]?.status === 'delayed');
    expect(effects()).toBe(0);
    expect(await goal.result()).toMatchObject({ state: 'completed' });
    expect(effects()).toBe(1);
    expect(await goal.journalTypes()).toContain('effect_delayed');
  });

  it('can be stopped within the delay', async () => {
    const goal = await bench.goal({ timers: later });
    const [approval] = await goal.approvals();
    await goal.decide(approval!);
    await goal.until(({ steps }) => steps[0]?.status === 'delayed');
    const { approvalId } = approval!;
    expect(await goal.control('stopEffect', { approvalId })).toMatchObject({ applied: true });
    const { state, report } = await goal.result();
    expect(state).toBe('completed_with_issues');
    expect(report.done).toEqual([]);
    expect(effects()).toBe(0);
  });

  it('cannot be stopped once it has left', async () => {
    bench.planner = () =>
      plan(step('send', 'sendEmail', mail('bob')), step('other', 'sendEmail', mail('carla')));
    const goal = await bench.goal({ timers: immediately });
    const approvals = await goal.approvals(2);
    const send = approvals.find(({ stepId }) => stepId === 'send')!;
    await goal.decide(send);
    await goal.until(({ steps }) => steps[0]?.status === 'completed');
    const { approvalId } = send;
    expect(await goal.control('stopEffect', { approvalId })).toMatchObject({ code: 'too_late' });
    await goal.handle.cancel();
    await goal.result();
  });
});

describe('a budget', () => {
  it('asks in the queue when it is reached, and goes on when more is allowed', async () => {
    bench.planner = () =>
      plan(
        step('a', 'listEvents', look),
        step('b', 'listEvents', look),
        step('c', 'listEvents', look),
      );
    const goal = await bench.goal({ budget: { steps: 2 } });
    const [approval] = await goal.approvals();
    expect(approval).toMatchObject({ kind: 'budget', card: { title: 'Budget reached: 2 steps' } });
    await goal.decide(approval!);
    expect(await goal.result()).toMatchObject({ state: 'completed' });
    expect((await goal.view()).usage.steps).toBe(3);
  });

  it('ends what needs more when more is refused', async () => {
    bench.planner = () =>
      plan(step('send', 'sendEmail', mail('bob')), step('two', 'sendEmail', mail('carla')));
    const goal = await bench.goal({ budget: { effects: 1 }, timers: immediately });
    for (const approval of await goal.approvals(2)) await goal.decide(approval);
    const view = await goal.until(({ pendingApprovals }) => pendingApprovals[0]?.kind === 'budget');
    await goal.decide(view.pendingApprovals[0]!, { verdict: 'reject' });
    const { state } = await goal.result();
    expect(state).toBe('completed_with_issues');
    expect(effects()).toBe(1);
  });

  it('of tokens lets the first call through and asks before the next', async () => {
    bench.planner = (request) =>
      request.revision === null
        ? plan(
            step('a', 'listEvents', look, { checkpoint: true }),
            step('b', 'listEvents', look, { dependsOn: ['a'] }),
          )
        : plan(step('c', 'listEvents', look));
    const goal = await bench.goal({ budget: { modelTokens: 100 } });
    const [approval] = await goal.approvals();
    expect(approval).toMatchObject({ kind: 'budget' });
    await goal.decide(approval!, { verdict: 'reject' });
    await goal.result();
    expect((await goal.view()).usage.modelCalls).toBe(1);
  });
});

describe('a reminder', () => {
  it('comes at half the deadline, and the role of the policy is asked at three quarters', async () => {
    bench.planner = () => plan(step('send', 'sendEmail', mail('bob')));
    const goal = await bench.goal({
      timers: { ...immediately, approvalExpiresMs: 2_400 },
      policy: { ...defaultPolicy, escalateToRole: 'deputy' },
    });
    await goal.until(({ pendingApprovals }) => pendingApprovals[0]?.remindedAt != null);
    expect((await goal.view()).pendingApprovals[0]?.assignedRole).toBe('owner');
    await goal.until(({ pendingApprovals }) => pendingApprovals[0]?.assignedRole === 'deputy');
    expect(await goal.result()).toMatchObject({ state: 'completed_with_issues' });
    const types = await goal.journalTypes();
    expect(types.filter((type) => type.startsWith('approval_'))).toEqual([
      'approval_requested',
      'approval_reminded',
      'approval_escalated',
      'approval_expired',
    ]);
  });
});
