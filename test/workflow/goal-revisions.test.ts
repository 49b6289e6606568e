/** Plans that follow the first one: what stays of it, and that the person is asked about them too. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { failure } from '#activities/failures.ts';
import type { PlanRequest } from '#contracts/activities.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(() => {
  bench.provider.done.clear();
  bench.provider.rule = () => ({});
  bench.reads = { listEvents: () => ({ value: {}, trust: 'trusted', origins: [] }) };
});

const mail = (to: string) => ({ to: [`${to}@office.example.com`], subject: to, body: 'Hello' });
const send = step('send', 'sendEmail', mail('bob'));
const look = step('look', 'listEvents', { window: 'today' }, { checkpoint: true });
const effects = () => [...bench.provider.done.values()].reduce((sum, count) => sum + count, 0);
const policy = { ...defaultPolicy, planApproval: true };

/** A planner that proposes these plans one after the other. */
function planInOrder(...plans: ReturnType<typeof plan>[]): void {
  bench.planner = ({ revision }: PlanRequest) => plans[revision?.number ?? 0] ?? { plan: null };
}

async function planRequest(goal: RunningGoal, revision: number) {
  const { pendingApprovals } = await goal.until(({ pendingApprovals: pending }) =>
    pending.some((approval) => approval.kind === 'plan' && approval.revision === revision),
  );
  return pendingApprovals.find(({ kind }) => kind === 'plan')!;
}

it('a revision does not do again what nobody knows the outcome of (seen: 4)', async () => {
  bench.provider.rule = ({ subject }) =>
    subject === 'bob' ? { perform: 'drop_after_commit', blind: true } : {};
  const other = step('other', 'sendEmail', mail('carla'));
  planInOrder(plan(send, other), plan(send, step('instead', 'sendEmail', mail('dora'))));
  const timers = { sendDelayMs: 0, reconcileForMs: 50, approvalExpiresMs: 2_500 };
  const goal = await bench.goal({ timers: { ...defaultTimers, ...timers } });
  const rejection = { verdict: 'reject', comment: 'Write to Dora.' };
  for (const approval of await goal.approvals(2)) {
    const isBob = approval.stepId === 'send';
    await goal.decide(approval, isBob ? { verdict: 'approve' } : rejection);
  }
  // Nobody says what became of the mail to Bob.
  const view = await goal.until(({ plan: now, pendingApprovals }) => {
    return now?.revision === 2 && pendingApprovals.length > 0;
  });
  expect(view.pendingApprovals.map(({ stepId }) => stepId)).toEqual(['instead']);
  await goal.decide(view.pendingApprovals[0]!);
  const { state, report } = await goal.result();
  expect(state).toBe('completed_with_issues');
  expect(report.notDone.join()).toContain('send (sendEmail) may or may not have happened');
  expect(effects()).toBe(2);
});

it('the plan that a further instruction leads to is asked about like the first', async () => {
  planInOrder(plan(send), plan(step('other', 'sendEmail', mail('carla'))));
  const goal = await bench.goal({ policy });
  await goal.decide(await planRequest(goal, 1));
  await goal.until(({ pendingApprovals }) => pendingApprovals[0]?.stepId === 'send');
  await goal.control('steerGoal', { instruction: 'Write to Carla instead.' });
  const asked = await planRequest(goal, 2);
  expect((await goal.view()).state).toBe('awaiting_plan_approval');
  await goal.decide(asked);
  const [mailToCarla] = (
    await goal.until(({ pendingApprovals }) => pendingApprovals[0]?.stepId === 'other')
  ).pendingApprovals;
  await goal.decide(mailToCarla!);
  expect(await goal.result()).toMatchObject({ state: 'completed' });
  expect(effects()).toBe(1);
});

it('an instruction that comes while the plan is asked about leads to another request', async () => {
  planInOrder(plan(send), plan(look));
  const goal = await bench.goal({ policy });
  const first = await planRequest(goal, 1);
  await goal.control('steerGoal', { instruction: 'Only look at my calendar.' });
  const second = await planRequest(goal, 2);
  expect(await goal.decide(first)).toMatchObject({ code: 'already_decided' });
  await goal.decide(second);
  expect(await goal.result()).toMatchObject({ state: 'completed' });
  expect(effects()).toBe(0);
});

it('what a revised plan keeps goes on while the person is asked about the plan', async () => {
  const other = step('other', 'sendEmail', mail('carla'));
  planInOrder(plan(send), plan(send, other));
  const goal = await bench.goal({ policy });
  await goal.decide(await planRequest(goal, 1));
  const [kept] = await goal.approvals();
  await goal.control('steerGoal', { instruction: 'Write to Carla as well.' });
  const asked = await planRequest(goal, 2);
  await goal.decide(kept!);
  const view = await goal.until(({ steps }) => steps[0]?.status === 'completed');
  expect(view.pendingApprovals.map(({ approvalId }) => approvalId)).toEqual([asked.approvalId]);
  expect(view).toMatchObject({
    state: 'awaiting_plan_approval',
    steps: [{}, { status: 'pending' }],
  });
  expect(effects()).toBe(1);
  await goal.decide(asked);
  const rest = await goal.until(({ pendingApprovals: [next] }) => next?.stepId === 'other');
  await goal.decide(rest.pendingApprovals[0]!);
  expect(await goal.result()).toMatchObject({ state: 'completed' });
  expect(effects()).toBe(2);
});

it('a critical step that fails ends the goal, though the person is asked about a revised plan', async () => {
  let fail: (error: Error) => void = () => undefined;
  const reading = new Promise<never>((_, reject) => {
    fail = reject;
  });
  bench.reads = { listEvents: () => reading };
  const critical = { ...look, checkpoint: false, critical: true };
  planInOrder(plan(critical), plan(critical, send));
  const goal = await bench.goal({ policy });
  await goal.decide(await planRequest(goal, 1));
  await goal.until(({ steps }) => steps[0]?.status === 'running');
  await goal.control('steerGoal', { instruction: 'Write to Bob as well.' });
  await planRequest(goal, 2);
  fail(failure('NotFoundError', 'There is no such calendar.'));
  expect(await goal.result()).toMatchObject({ state: 'failed' });
  expect((await goal.view()).pendingApprovals).toEqual([]);
  expect(effects()).toBe(0);
});

it.each(['at a checkpoint', 'after an instruction'])(
  'nothing of a revised plan starts when the person does not want it: %s',
  async (when) => {
    let looked = 0;
    bench.reads = {
      listEvents: () => ({ value: { looked: (looked += 1) }, trust: 'trusted', origins: [] }),
    };
    const again = step('again', 'listEvents', { window: 'tomorrow' }, { dependsOn: ['look'] });
    planInOrder(plan(look, { ...send, dependsOn: ['look'] }), plan(look, again));
    const isSteered = when === 'after an instruction';
    if (isSteered) planInOrder(plan(send), plan(again, { ...look, checkpoint: false }));
    const goal = await bench.goal({ policy });
    await goal.decide(await planRequest(goal, 1));
    if (isSteered) {
      await goal.approvals();
      await goal.control('steerGoal', { instruction: 'Look at my calendar.' });
    }
    await goal.decide(await planRequest(goal, 2), { verdict: 'reject' });
    expect(await goal.result()).toMatchObject({ state: 'completed_with_issues' });
    expect(looked).toBe(isSteered ? 0 : 1);
    expect(effects()).toBe(0);
  },
);

it('an instruction to a paused goal is followed when the goal is resumed', async () => {
  planInOrder(plan(send), plan(look));
  const goal = await bench.goal();
  await goal.control('pauseGoal');
  await goal.until(({ plan: now }) => now !== null);
  await goal.control('steerGoal', { instruction: 'Only look at my calendar.' });
  await goal.control('resumeGoal');
  expect(await goal.result()).toMatchObject({ state: 'completed' });
});

it('an instruction that comes when the run is about to end is followed by the next run', async () => {
  let release: () => void = () => undefined;
  const reading = new Promise<void>((resolve) => {
    release = resolve;
  });
  const found = { value: {}, trust: 'trusted', origins: [] } as const;
  bench.reads = { listEvents: () => reading.then(() => found) };
  planInOrder(plan(look), plan(look, step('more', 'listEvents', { window: 'tomorrow' })));
  const goal = await bench.goal({ continueAfterEvents: 8 });
  await goal.until(({ steps }) => steps[0]?.status === 'running');
  await goal.control('resumeGoal');
  await goal.control('steerGoal', { instruction: 'Look at tomorrow too.' });
  release();
  const { state } = await goal.result();
  expect(state).toBe('completed');
  expect((await goal.view()).steps.map(({ id }) => id)).toEqual(['look', 'more']);
});
