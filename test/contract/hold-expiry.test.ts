/** Holds whose time is over are released once, and only those that nobody settled. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGoalClient } from '#api/goal-client.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { type HoldExpiryDeps, releaseExpiredHolds } from '#api/goals/hold-expiry.ts';
import { GoalBench, plan, step } from '../support/goals.ts';

let bench: GoalBench;
let deps: HoldExpiryDeps;
beforeAll(async () => {
  bench = await GoalBench.start();
  const { pool } = bench.database;
  const goalClient = createGoalClient({ client: bench.client, queuePrefix: bench.prefix });
  deps = { pool, goals: createGoalStore(pool), goalClient };
  bench.planner = ({ goal }) => {
    const [tool, title = '', expires = ''] = goal.split(' ');
    const slots = [{ start: '2026-10-20T06:00' }];
    const hold = { title, slots, durationMinutes: 30, expires };
    if (tool === 'hold') return plan(step('hold', 'holdSlots', hold));
    return plan(step('choose', 'releaseHolds', { eventId: `${title} 1`, keep: true }));
  };
});
afterAll(() => bench[Symbol.asyncDispose]());

const past = '2020-01-01T00:00:00Z';
const future = '2100-01-01T00:00:00Z';
const done = async (goal: string) => {
  const running = await bench.goal({ goal });
  await expect.poll(async () => (await running.published()).state, wait).toBe('awaiting_approval');
  await running.sendDecision((await running.published()).pendingApprovals[0]!);
  await expect.poll(async () => (await running.published()).state, wait).toBe('completed');
};
const wait = { timeout: 20_000, interval: 100 };

it('releases expired holds by one goal, whoever looks, and leaves chosen and later ones', async () => {
  await Promise.all([done(`hold Lost ${past}`), done(`hold Later ${future}`)]);
  await done(`hold Chosen ${past}`);
  await done('choose Chosen');
  const started = await Promise.all([releaseExpiredHolds(deps), releaseExpiredHolds(deps)]);
  expect(started.toSorted((a, b) => a - b)).toEqual([0, 1]);
  await expect.poll(() => bench.provider.undone, wait).toEqual(['Lost']);
  expect(await releaseExpiredHolds(deps)).toBe(0);
  const { rows } = await bench.database.pool.query<{ goal: string }>(
    `select view->>'goal' as goal from goals where view->>'goal' like 'Release%'`,
  );
  expect(rows).toEqual([{ goal: 'Release the holds for “Lost” that were not chosen in time' }]);
});
