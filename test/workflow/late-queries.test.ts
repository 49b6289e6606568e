/**
 * A query that reaches a worker which does not know the goal yet, in the moment in which something
 * comes: the goal must go on in a workflow task of its own, and never in the time of the last one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultPolicy } from '#contracts/gate.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());

it('tells what a replay tells, though it was queried while the worker started', async () => {
  bench.planner = () => plan(step('look', 'listEvents'));
  const policy = { ...defaultPolicy, planApproval: true };
  const goals = await Promise.all(Array.from({ length: 40 }, () => bench.goal({ policy })));
  await Promise.all(goals.map((goal) => goal.approvals()));
  await bench.stopWorkers();
  const asked = new AbortController();
  const asking = goals.map((goal) => askUntil(goal, asked.signal));
  await sleep(500);
  await bench.startWorkers();
  for (const goal of goals) {
    await goal.handle.signal('pauseGoal', { actor: 'alex' });
    await sleep(10);
  }
  await Promise.all(goals.map((goal) => goal.until(({ state }) => state === 'paused')));
  asked.abort();
  await Promise.all(asking);
  const live = await Promise.all(goals.map((goal) => goal.journal()));
  await bench.stopWorkers();
  await bench.startWorkers();
  expect(await Promise.all(goals.map((goal) => goal.journal()))).toEqual(live);
  await Promise.all(goals.map((goal) => goal.handle.terminate()));
}, 60_000);

async function askUntil(goal: RunningGoal, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await goal.view();
    await sleep(50);
  }
}
