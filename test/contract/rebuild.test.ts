/** Read models lost and rebuilt from Temporal: every row of goals in every state comes back as it was. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGoalClient } from '#api/goal-client.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { startGoal } from '#api/goals/start-goal.ts';
import { publishGoal } from '#activities/journal/publish.ts';
import { failure } from '#activities/failures.ts';
import type { GoalPublication } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { initialView } from '#contracts/initial-view.ts';
import type { GoalId } from '#contracts/names.ts';
import { rebuildReadModels } from '#workers/rebuild.ts';
import { newGoalId, owner } from '../support/effects.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';

const tables = ['goals', 'approvals', 'journal_events'] as const;
const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };
const talk = { title: 'Talk', start: '2026-12-01T10:00', durationMinutes: 30, guests: [] };
const freely = { ...defaultPolicy, approveFromTier: 3 } as const;
const question = { id: 'who', question: 'Which Bob?', choices: [] };

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());

const sql = (text: string, values: unknown[] = []) => bench.database.pool.query(text, values);

/** Every column that publishing fills; those that Postgres fills by itself differ by nature. */
async function rowsOf(table: string): Promise<string[]> {
  const { rows: columns } = await sql(
    `select column_name as name from information_schema.columns
     where table_name = $1 and column_default is null and is_identity = 'NO'`,
    [table],
  );
  const names = columns.map(({ name }) => `'${name}', to_jsonb(t.${name})`).join(', ');
  const { rows } = await sql(`select jsonb_build_object(${names}) as row from ${table} t`);
  return rows.map(({ row }) => JSON.stringify(row)).toSorted();
}
const rowsOfAll = async () =>
  Object.fromEntries(await Promise.all(tables.map(async (t) => [t, await rowsOf(t)] as const)));
const rebuild = () =>
  rebuildReadModels({
    client: bench.client,
    pool: bench.database.pool,
    queuePrefix: bench.prefix,
  });

/** One goal for each way a goal can stand. Resolves when the goal stands so. */
const scenes: Record<string, () => Promise<RunningGoal>> = {
  async 'waits for approval'() {
    bench.planner = () => plan(step('send', 'sendEmail', mail));
    const goal = await bench.goal();
    await goal.approvals();
    return goal;
  },
  async 'waits for two approvals'() {
    bench.planner = () =>
      plan(step('a', 'sendEmail', mail), step('b', 'sendEmail', { ...mail, subject: 'B' }));
    const goal = await bench.goal();
    await goal.approvals(2);
    return goal;
  },
  async 'waits for the second of two approvals'() {
    const goal = await scenes['waits for two approvals']!();
    const [first] = await goal.approvals(2);
    await goal.decide(first!);
    await goal.until(({ steps }) => steps.some(({ status }) => status === 'completed'));
    return goal;
  },
  async 'waits for an answer'() {
    bench.planner = () => ({ questions: [question] });
    const goal = await bench.goal();
    await goal.until(({ state }) => state === 'awaiting_answer');
    return goal;
  },
  async 'waits for its plan to be approved'() {
    bench.planner = () => plan(step('send', 'sendEmail', mail));
    const goal = await bench.goal({ policy: { ...defaultPolicy, planApproval: true } });
    await goal.approvals();
    return goal;
  },
  async 'was approved and completed'() {
    const goal = await scenes['waits for approval']!();
    const [approval] = await goal.approvals();
    await goal.decide(approval!, { verdict: 'approve', comment: 'fine' });
    await goal.result();
    return goal;
  },
  async 'was edited and completed'() {
    const goal = await scenes['waits for approval']!();
    const [approval] = await goal.approvals();
    await goal.decide(approval!, { verdict: 'edit', input: { ...mail, subject: 'Edited' } });
    await goal.result();
    return goal;
  },
  async 'was rejected'() {
    const goal = await scenes['waits for approval']!();
    const [approval] = await goal.approvals();
    await goal.decide(approval!, { verdict: 'reject' });
    await goal.result();
    return goal;
  },
  async expired() {
    bench.planner = () => plan(step('send', 'sendEmail', mail));
    const goal = await bench.goal({
      timers: { approvalExpiresMs: 300, answerExpiresMs: 300, reconcileForMs: 300 },
    });
    await goal.result();
    return goal;
  },
  async 'was never answered'() {
    bench.planner = () => ({ questions: [question] });
    const goal = await bench.goal({
      timers: { approvalExpiresMs: 300, answerExpiresMs: 300, reconcileForMs: 300 },
    });
    await goal.result();
    return goal;
  },
  async 'was cancelled while it waited'() {
    const goal = await scenes['waits for approval']!();
    await goal.handle.cancel();
    await goal.result();
    return goal;
  },
  async 'only read and completed'() {
    bench.planner = () => plan(step('look', 'listEvents', { window: 'today' }));
    bench.reads['listEvents'] = () => ({ value: { events: [] }, trust: 'trusted', origins: [] });
    const goal = await bench.goal();
    await goal.result();
    return goal;
  },
  async 'failed and was undone'() {
    bench.planner = () =>
      plan(
        step('event', 'createEvent', talk),
        step('bad', 'readThread', { threadId: 't' }, { critical: true, dependsOn: ['event'] }),
      );
    const goal = await bench.goal({ policy: freely });
    await goal.result();
    return goal;
  },
  async 'failed and waits for an undo by hand'() {
    bench.planner = () =>
      plan(
        step('event', 'createEvent', talk),
        step('bad', 'readThread', { threadId: 't' }, { critical: true, dependsOn: ['event'] }),
      );
    bench.provider.failUndo = failure('ConflictError', 'Somebody changed it.');
    const goal = await bench.goal({ policy: freely });
    await goal.approvals();
    bench.provider.failUndo = null;
    return goal;
  },
  async 'failed to plan'() {
    bench.planner = () => ({ problems: ['no such tool'] });
    const goal = await bench.goal();
    await goal.result();
    return goal;
  },
  async 'was shadowed'() {
    bench.planner = () => plan(step('event', 'createEvent', talk));
    const goal = await bench.goal({ mode: 'shadow', policy: freely });
    await goal.result();
    return goal;
  },
};

it('brings back every row as it was, for goals in every state', async () => {
  for (const [scene, run] of Object.entries(scenes)) {
    await run().catch((error: unknown) => {
      throw new Error(`scene "${scene}"`, { cause: error });
    });
  }
  const goalClient = createGoalClient({ client: bench.client, queuePrefix: bench.prefix });
  const goals = createGoalStore(bench.database.pool);
  // Three goals that the api accepted: one started, one that never reached Temporal, one cancelled then.
  bench.planner = () => plan(step('send', 'sendEmail', mail));
  const body = { goal: 'Say hi to Bob' };
  const { goalId } = await startGoal(
    { goals, goalClient },
    { owner, zone: 'UTC', key: 'k1', body },
  );
  const waiting = async (id: GoalId) => (await goalClient.getGoal(id))?.pendingApprovals.length;
  await expect.poll(() => waiting(goalId), { timeout: 10_000 }).toBe(1);
  for (const key of ['k2', 'k3']) {
    const down = { ...goalClient, start: () => Promise.reject(new Error('away')) };
    const start = startGoal({ goals, goalClient: down }, { owner, zone: 'UTC', key, body });
    await expect(start).rejects.toThrow('away');
  }
  const { rows } = await sql(`select goal_id from idempotency_keys where key = 'k3'`);
  await goals.recordCancellation(rows[0].goal_id, owner);
  expect(await goals.cancelUnstarted(owner, rows[0].goal_id)).toBe(true);

  const settled = async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    return rowsOfAll();
  };
  const before = await settled();
  expect(before['goals']).toHaveLength(Object.keys(scenes).length + 3 + 0);
  await sql('truncate goals, approvals, journal_events');
  const result = await rebuild();
  expect(result).toMatchObject({ notStarted: 2, failed: [] });
  expect(result.goals).toBe(before['goals']!.length);
  for (const table of tables) expect([table, await rowsOf(table)]).toEqual([table, before[table]]);

  // Again, over rows that are there: nothing changes.
  await rebuild();
  for (const table of tables) expect([table, await rowsOf(table)]).toEqual([table, before[table]]);
}, 120_000);
