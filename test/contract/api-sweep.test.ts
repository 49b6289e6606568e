/**
 * Goals that an operator terminates, in every state: each is cleared up after once, within a minute,
 * and what was under way is looked up. `ADJUTANT_SWEEP_GOALS` is the long form.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGoalClient } from '#api/goal-client.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { createSweeper, recoveryIdOf } from '#api/goals/sweep.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { goalWorkflowId } from '#contracts/names.ts';
import { owner } from '../support/effects.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';

const goalCount = Number(process.env['ADJUTANT_SWEEP_GOALS'] ?? 20);
const withinMs = 60_000;

let bench: GoalBench;
let sweep: () => Promise<number>;
let isBlind = true;
beforeAll(async () => {
  bench = await GoalBench.start();
  const { pool } = bench.database;
  const goalClient = createGoalClient({ client: bench.client, queuePrefix: bench.prefix });
  sweep = createSweeper({ pool, goals: createGoalStore(pool), goalClient });
  bench.planner = ({ goal, answers }) => {
    const [, kind] = goal.split(' ');
    if (kind === 'question' && answers.length === 0) {
      return { questions: [{ id: 'q', question: 'Who?', choices: [] }] };
    }
    const mail = { to: ['bob@office.example.com'], subject: goal, body: 'Hello' };
    return plan(step('send', 'sendEmail', mail));
  };
  // The mail leaves, its answer never comes, and nobody can look it up before the goal is terminated.
  bench.provider.rule = ({ subject }) =>
    (subject as string).includes('in flight')
      ? { perform: 'drop_after_commit', blind: isBlind }
      : {};
});
afterAll(() => bench[Symbol.asyncDispose]());

const kinds = ['approval', 'in flight', 'question', 'plan', 'paused', 'delayed', 'young'] as const;
type Kind = (typeof kinds)[number];

async function goalThatWaits(kind: Kind, index: number): Promise<RunningGoal> {
  const goal = await bench.goal({
    goal: `g${index} ${kind}`,
    policy: { ...defaultPolicy, planApproval: kind === 'plan' },
    timers: { ...defaultTimers, sendDelayMs: kind === 'delayed' ? 60_000 : 0 },
  });
  if (kind === 'young') return goal;
  const waits = kind === 'question' ? 'awaiting_answer' : 'awaiting_';
  await expect.poll(async () => (await goal.published()).state, wait).toContain(waits);
  const [approval] = (await goal.published()).pendingApprovals;
  if (kind === 'paused') await goal.handle.signal('pauseGoal', {});
  if (kind === 'delayed' || kind === 'in flight') await goal.sendDecision(approval!);
  if (kind === 'in flight') {
    await expect.poll(() => bench.provider.order.includes(goal.input.goal), wait).toBe(true);
  }
  return goal;
}

const wait = { timeout: 20_000 + goalCount * 500, interval: 200 };

it(
  'every goal that is terminated is cleared up after, whatever it was doing',
  async () => {
    const goals = await Promise.all(
      Array.from({ length: goalCount }, (_, i) => goalThatWaits(kinds[i % kinds.length]!, i)),
    );
    const survivor = await goalThatWaits('approval', goalCount);
    const terminatedAt = Date.now();
    await Promise.all(goals.map((goal) => goal.handle.terminate('by an operator')));
    isBlind = false;
    const reviews = () => reviewsOf(goals);
    let rounds = 0;
    while ((await reviews()).length < goalCount) {
      if (Date.now() > terminatedAt + withinMs)
        throw new Error(`after a minute: ${await left(goals)}`);
      await Promise.all([sweep(), sweep()]);
      rounds += 1;
      await sleep(500);
    }
    console.log(`swept ${goalCount} goals in ${Date.now() - terminatedAt} ms, ${rounds} rounds`);
    expect(await sweep(), 'nothing is left to sweep').toBe(0);
    for (const goal of goals) {
      const view = await goal.published();
      expect([view.state, view.pendingApprovals]).toEqual(['failed', []]);
    }
    const lookedUp = (await reviews()).filter(({ card }) => card.includes('It was done.'));
    const inFlight = goals.filter(({ input }) => input.goal.includes('in flight'));
    expect(lookedUp.map(({ of }) => of).sort()).toEqual(inFlight.map((g) => g.input.goalId).sort());
    expect([...bench.provider.done.values()].every((count) => count === 1)).toBe(true);
    expect((await survivor.published()).state).toBe('awaiting_approval');
    const none = bench.client.workflow.getHandle(
      goalWorkflowId(recoveryIdOf(survivor.input.goalId)),
    );
    await expect(none.describe()).rejects.toThrow();
  },
  120_000 + goalCount * 1_000,
);

/** Reviews that wait for the person, by the goal they are about. */
async function reviewsOf(goals: readonly RunningGoal[]): Promise<{ of: string; card: string }[]> {
  const of = new Map(
    goals.map(({ input: { goalId } }) => [recoveryIdOf(goalId) as string, goalId]),
  );
  const { rows } = await bench.database.pool.query<{ id: string; card: string }>(
    `select goal_id as id, approval->>'card' as card from approvals
     where state = 'pending' and approval->>'stepId' = 'review' and goal_id = any ($1)`,
    [[...of.keys()]],
  );
  return rows.map(({ id, card }) => ({ of: of.get(id)!, card }));
}

async function left(goals: readonly RunningGoal[]): Promise<string> {
  const found = new Set((await reviewsOf(goals)).map(({ of }) => of));
  const missing = goals.filter(({ input }) => !found.has(input.goalId));
  return missing.map(({ input }) => `${input.goal} of ${owner}`).join(', ');
}
