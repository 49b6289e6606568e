/** Read models lost and rebuilt from Temporal: every row of goals in every state comes back as it was. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGoalClient } from '#api/goal-client.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { startGoal } from '#api/goals/start-goal.ts';
import type { GoalId } from '#contracts/names.ts';
import { rebuildReadModels } from '#workers/rebuild.ts';
import { newGoalId, owner } from '../support/effects.ts';
import { GoalBench, plan, step } from '../support/goals.ts';
import { differingCells, dropReadModels, readModelCells } from '../support/read-models.ts';
import { scenes } from '../support/scenes.ts';

const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());

const sql = (text: string, values: unknown[] = []) => bench.database.pool.query(text, values);
/** What each goal went through, so that a difference names it. */
const sceneOf = new Map<string, string>();

const cells = () => readModelCells(bench.database.pool, (goalId) => sceneOf.get(goalId) ?? goalId);
const rebuild = () =>
  rebuildReadModels({
    client: bench.client,
    pool: bench.database.pool,
    queuePrefix: bench.prefix,
  });

it('brings back every row as it was, for goals in every state', async () => {
  for (const [scene, play] of Object.entries(scenes)) {
    const { input } = await play(bench).catch((error: unknown) => {
      throw new Error(`scene "${scene}"`, { cause: error });
    });
    sceneOf.set(input.goalId, scene);
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

  await new Promise((resolve) => setTimeout(resolve, 1_000)); // What is being published arrives.
  const before = await cells();
  const audit = async () => (await sql('select * from audit_entries order by owner, seq')).rows;
  const audited = await audit();
  expect(audited.length).toBeGreaterThan(0);
  await dropReadModels(bench.database.pool);
  expect(await rebuild()).toMatchObject({
    goals: Object.keys(scenes).length + 3,
    notStarted: 2,
    failed: [],
  });
  const after = await cells();
  expect(differingCells(before, after)).toEqual([]);

  await rebuild(); // Over rows that are there it changes nothing.
  expect(differingCells(after, await cells())).toEqual([]);
  expect(await audit()).toEqual(audited);
}, 180_000);

it('brings back a goal that was terminated before a worker had taken up its last signal', async () => {
  bench.planner = () => plan(step('send', 'sendEmail', mail));
  const goal = await bench.goal();
  await goal.approvals();
  await sleep(500); // What is being published arrives.
  const before = await rowsOf(goal.input.goalId);
  expect(before.size).toBeGreaterThan(20);
  await bench.stopWorkers();
  await goal.handle.signal('pauseGoal', { actor: owner });
  await goal.handle.terminate();
  await bench.startWorkers();
  await dropReadModels(bench.database.pool);
  await expect.poll(async () => (await rebuild()).failed, { timeout: 20_000 }).toEqual([]);
  expect(differingCells(before, await rowsOf(goal.input.goalId))).toEqual([]);
});

async function rowsOf(goalId: string): Promise<Map<string, string>> {
  return new Map([...(await cells())].filter(([name]) => name.includes(goalId)));
}

it('says which goals it could not rebuild, and keeps what is newer', async () => {
  const goalId = newGoalId();
  await sql(
    `insert into idempotency_keys (owner, key, body_digest, goal_id, workflow_input, started_at)
     select owner, 'lost', '', $1, workflow_input, now() from idempotency_keys where key = 'k1'`,
    [goalId],
  );
  const [waiting] = [...sceneOf].find(([, scene]) => scene === 'waits for approval') ?? [];
  await sql(`update goals set state = 'running', journal_number = 1000 where goal_id = $1`, [
    waiting,
  ]);
  const { failed } = await rebuild();
  expect(failed).toEqual([{ goalId, reason: 'Temporal no longer has its history.' }]);
  expect((await sql('select 1 from goals where goal_id = $1', [goalId])).rowCount).toBe(0);
  const { rows } = await sql('select state from goals where goal_id = $1', [waiting]);
  expect(rows).toEqual([{ state: 'running' }]);
  expect((await sql(`select 1 from approvals where goal_id = $1`, [waiting])).rowCount).toBe(1);
});

it('needs a worker, and says so', async () => {
  const elsewhere = { client: bench.client, pool: bench.database.pool, queuePrefix: 'nobody' };
  await expect(rebuildReadModels(elsewhere)).rejects.toThrow(
    'No worker answers on nobody-goals. Start one and run this again.',
  );
});
