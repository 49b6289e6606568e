/**
 * What a goal costs in history events, against the least that its activities need. No query is sent
 * while a goal runs: one that meets a workflow task with a local activity adds a task (3 events).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countEvents, eventLimit, extraEvents } from '../performance/event-floor.ts';
import { type ScenarioName, scenarioNames, scenarios } from '../performance/scenarios.ts';
import type { Approval } from '#contracts/approval.ts';
import { owner } from '../support/effects.ts';
import { GoalBench, type RunningGoal } from '../support/goals.ts';

/** Lets a workflow task that is under way end, so that counts do not depend on the machine. */
const quietMs = 100;

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
  bench.planner = ({ goal }) => ({ plan: scenarios[goal as ScenarioName].plan });
  bench.reads['listEvents'] = () => ({ value: { events: [] }, trust: 'trusted', origins: [] });
});
afterAll(() => bench[Symbol.asyncDispose]());

describe('the history of a goal has at most 1 event a wave (4 for short plans) and 6 an approval above the floor', () => {
  it.each(scenarioNames)('%s', async (name) => {
    const scenario = scenarios[name];
    const goal = await bench.goal({ goal: name });
    await approveOneByOne(goal, scenario.approvals);
    expect((await goal.result()).state).toBe('completed');
    const count = countEvents(await goal.handle.fetchHistory());
    expect(count.activities).toBe(1 + activitiesOf(name));
    expect(count.events, `above the floor: ${extraEvents(count)}`).toBeLessThanOrEqual(
      eventLimit(count, scenario),
    );
  });
});

/** One for a read, two for an effect: prepare and perform. The planner is not counted. */
function activitiesOf(name: ScenarioName): number {
  const reads = scenarios[name].plan.steps.filter(({ tool }) => tool === 'listEvents').length;
  return 2 * scenarios[name].plan.steps.length - reads;
}

/** Approves as the api does, each after what the one before has led to. Looks in Postgres only. */
async function approveOneByOne(goal: RunningGoal, approvals: number): Promise<void> {
  const { goalId } = goal.input;
  const { done } = bench.provider;
  for (let left = approvals; left > 0; left -= 1) {
    const sql = `select approval from approvals where goal_id = $1 and state = 'pending'`;
    const read = () => bench.database.pool.query<{ approval: Approval }>(sql, [goalId]);
    await expect.poll(async () => (await read()).rows.length, { timeout: 10_000 }).toBe(left);
    await sleep(quietMs);
    const { approvalId, digest } = (await read()).rows[0]!.approval;
    const before = done.size;
    const decidedAt = new Date().toISOString();
    const decision = { decisionId: `d${left}`, approvalId, digest, verdict: 'approve' };
    const signed = bench.keys.sign({ ...decision, actor: owner, decidedAt });
    await goal.handle.signal('decideApproval', signed);
    await expect.poll(() => done.size, { timeout: 10_000 }).toBe(before + 1);
    await sleep(quietMs);
  }
}
