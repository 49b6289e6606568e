/** P2: events of a history against the floor. Exact, so it is asserted. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Approval } from '#contracts/approval.ts';
import { goalIdOfWorkflow } from '#contracts/names.ts';
import type { Pool } from 'pg';
import { owner } from '../support/effects.ts';
import type { BenchStack } from './bench-stack.ts';
import { countEvents, eventLimit, extraEvents } from './event-floor.ts';
import type { Row } from './measurement.ts';
import { type ScenarioName, scenarioNames, scenarios } from './scenarios.ts';

/** Lets a workflow task that is under way end, so that counts do not depend on the machine. */
const quietMs = 150;
const waitMs = 15_000;

/** Measures P2: one row a scenario. */
export async function measureEvents(stack: BenchStack, pool: Pool): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of scenarioNames) rows.push(await measureOne(stack, pool, name));
  return rows;
}

async function measureOne(stack: BenchStack, pool: Pool, name: ScenarioName): Promise<Row> {
  const scenario = scenarios[name];
  const handle = await stack.start(name);
  for (let left = scenario.approvals; left > 0; left -= 1) {
    const { approvalId, digest } = await pendingApproval(pool, handle.workflowId, left);
    await sleep(quietMs);
    const decision = { decisionId: `d${left}`, approvalId, digest, verdict: 'approve' };
    const decidedAt = new Date().toISOString();
    await handle.signal(
      'decideApproval',
      stack.keys.sign({ ...decision, actor: owner, decidedAt }),
    );
  }
  await handle.result();
  const [count, { historyLength }] = [
    countEvents(await handle.fetchHistory()),
    await handle.describe(),
  ];
  const limit = eventLimit(count, scenario);
  return {
    id: 'P2',
    what: `events of “${name}” (${count.activities} activities, ${scenario.approvals} approvals)`,
    measured: `${historyLength}; floor ${count.floor}; above it: ${extraEvents(count)}`,
    goal: `≤ ${limit}`,
    holds: historyLength === count.events && count.events <= limit,
  };
}

/** Waits until exactly `count` are pending and returns one. No query: one could add a workflow task. */
export async function pendingApproval(
  pool: Pool,
  workflowId: string,
  count: number,
): Promise<Approval> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const { rows } = await pool.query<{ approval: Approval }>(
      `select approval from approvals where goal_id = $1 and state = 'pending'`,
      [goalIdOfWorkflow(workflowId)],
    );
    const [first] = rows;
    if (first !== undefined && rows.length === count) return first.approval;
    if (Date.now() > deadline) throw new Error(`${workflowId} asked for no approval`);
    await sleep(10);
  }
}
