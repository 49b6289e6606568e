/**
 * Everything a goal can wait for, with a new run of the workflow in between: what it waits for is the
 * same request with the same deadline, and one word about it counts once, in whichever run it comes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMemberStore } from '#api/members/member-store.ts';
import type { Approval } from '#contracts/approval.ts';
import { secondRole } from '#contracts/deciders.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import type { JsonObject } from '#contracts/json.ts';
import { owner } from '../support/effects.ts';
import { GoalBench, type RunningGoal } from '../support/goals.ts';
import { continueAfterEvents, fillHistory, openTimers, runOf } from '../support/runs.ts';
import { bob, finish, immediately, type Wait, waitingPlan, waits } from './continued-waits.ts';

/** Between two runs: a deadline that was restarted would be this much later. */
const apartMs = 1_000;

let bench: GoalBench;
/** Lets the step `hold` end. */
let release: () => void;
beforeAll(async () => {
  bench = await GoalBench.start();
  const members = createMemberStore(bench.database.pool);
  await members.put(owner, { email: bob, name: 'Bob', roles: [secondRole] });
  await members.setToken(owner, bob, 'adjm_of_bob_0123456789');
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(() => {
  const held = new Promise<void>((resolve) => (release = resolve));
  bench.reads = {
    listEvents: async ({ context }) => {
      if (context.stepId === 'hold') await held;
      return { value: {}, trust: 'trusted', origins: [] };
    },
  };
  bench.provider.order.length = 0;
  bench.provider.failUndo = null;
  bench.provider.rule = () => ({});
  bench.planner = () => waitingPlan();
});
afterEach(() => release());

/** How often each thing happened, by the whole journal. */
async function countJournal(goal: RunningGoal, isIt: (row: JournalRow) => boolean) {
  const { rows } = await bench.database.pool.query<JournalRow>(
    'select type, data from journal_events where goal_id = $1',
    [goal.input.goalId],
  );
  return rows.filter(isIt).length;
}
type JournalRow = { readonly type: string; readonly data: JsonObject };

async function start({ input }: Wait): Promise<RunningGoal> {
  const changes = await input?.(bench);
  return bench.goal({ timers: immediately, ...changes, continueAfterEvents });
}

/** How many requests there have been of this name. */
async function timesAsked(goal: RunningGoal, about: Approval | null): Promise<number> {
  const { rowCount } = await bench.database.pool.query(
    `select from approvals where goal_id = $1 and approval->>'stepId' = $2`,
    [goal.input.goalId, about?.stepId],
  );
  return rowCount ?? 0;
}

async function begin(wait: Wait) {
  const goal = await start(wait);
  const about = await wait.reach(goal);
  const [first, timers] = [await runOf(goal), await openTimers(goal)];
  if (about !== null) await expect.poll(() => timesAsked(goal, about)).toBeGreaterThan(0);
  return { goal, about, first, timers, times: await timesAsked(goal, about) };
}
type Begun = Awaited<ReturnType<typeof begin>>;

/** The goal ends as if there had been one run only and one word. */
async function expectOneWord(wait: Wait, { goal, about, times }: Begun) {
  expect(await finish(goal), JSON.stringify(await goal.view())).toBe(wait.ends ?? 'completed');
  const isAftercare = goal.input.aftercare !== undefined;
  const sent = bench.provider.order.filter((name) => name === 'wait');
  expect(sent).toHaveLength(isAftercare ? 0 : (wait.sent ?? 1));
  const admitted = await countJournal(
    goal,
    ({ type, data }) => type === 'decision_admitted' && data['decisionId'] === 'word',
  );
  expect(admitted).toBe(about === null || wait.isControl === true ? 0 : 1);
  expect(await timesAsked(goal, about)).toBe(times);
}

describe('what a goal waits for is the same in a new run, and one word about it counts once', () => {
  it.each(Object.entries(waits))('%s (seen: 23)', async (_name, wait) => {
    const begun = await begin(wait);
    const { goal, about, timers } = begun;
    release();
    await sleep(apartMs);
    await continueNow(goal);
    const { pendingApprovals } = await goal.view();
    const isPending = about?.state === 'pending';
    if (isPending) expect(pendingApprovals).toContainEqual(about);
    if (wait.isTimeless !== true) {
      const due = isPending ? pendingApprovals.map(reminderOf) : timers;
      expect(Math.abs((await nextTimer(goal)) - Math.min(...due))).toBeLessThan(apartMs / 2);
    }
    for (const _ of ['once', 'twice']) {
      const told = await wait.say?.(goal, 'word', about);
      if (wait.say !== undefined) expect(told).toMatchObject(applied(told));
    }
    await expectOneWord(wait, begun);
  });
});

describe('a word that comes while a run is about to end counts in the next, once', () => {
  const beside = Object.entries(waits).filter(([, wait]) => wait.say && wait.alone !== true);

  it.each(beside)('%s (seen: 23)', async (_name, wait) => {
    const begun = await begin(wait);
    const { goal, about, first } = begun;
    await fillHistory(goal);
    for (const _ of ['once', 'twice']) {
      const told = await wait.say?.(goal, 'word', about);
      expect(told).toMatchObject(applied(told));
    }
    expect(await runOf(goal)).toBe(first);
    release();
    await expect.poll(() => runOf(goal), { timeout: 10_000 }).not.toBe(first);
    const told = await wait.say?.(goal, 'word', about);
    expect(told).toMatchObject(applied(told));
    await expectOneWord(wait, begun);
  });
});

it('a request is reminded of once and escalated when it would have been, whatever runs there are', async () => {
  release();
  const goal = await bench.goal({
    timers: { ...immediately, approvalExpiresMs: 12_000 },
    policy: { ...defaultPolicy, escalateToRole: 'deputy' },
    continueAfterEvents,
  });
  const [asked] = await goal.approvals();
  const pending = async () => (await goal.view()).pendingApprovals[0];
  await continueNow(goal);
  await expect.poll(async () => (await pending())?.remindedAt, { timeout: 12_000 }).not.toBeNull();
  await continueNow(goal);
  expect(Math.abs((await nextTimer(goal)) - Date.parse(asked!.requestedAt) - 9_000)).toBeLessThan(
    apartMs / 2,
  );
  const isReminder = ({ type, data }: JournalRow) =>
    type === 'approval_reminded' && data['approvalId'] === asked!.approvalId;
  expect(await countJournal(goal, isReminder)).toBe(1);
  expect(await pending()).toMatchObject({ ...asked, remindedAt: expect.any(String) });
  await expect
    .poll(async () => (await pending())?.assignedRole, { timeout: 12_000 })
    .toBe('deputy');
  expect(await finish(goal)).toBe('completed');
});

/** When a request is reminded of, milliseconds since 1970. */
function reminderOf({ requestedAt, expiresAt }: Approval): number {
  return (Date.parse(requestedAt) + Date.parse(expiresAt)) / 2;
}

/** When the run that goes on wakes, which may have begun only just now. */
async function nextTimer(goal: RunningGoal): Promise<number> {
  await expect.poll(async () => (await openTimers(goal)).length).toBeGreaterThan(0);
  return Math.min(...(await openTimers(goal)));
}

/** Has the goal go on in another run, as soon as it only waits. */
async function continueNow(goal: RunningGoal): Promise<void> {
  const run = await runOf(goal);
  await fillHistory(goal);
  await expect.poll(() => runOf(goal), { timeout: 10_000 }).not.toBe(run);
}

/** What is told of a word that counts, be it a decision or a control. */
function applied(told: unknown) {
  const isDecision = typeof told === 'object' && told !== null && 'outcome' in told;
  return isDecision ? { outcome: 'applied' } : { applied: true };
}
