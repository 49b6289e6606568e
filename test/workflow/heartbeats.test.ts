/** Every activity tells the server that its worker lives: a long one is not taken for lost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GoalBench, plan, step } from '#test/support/goals.ts';

let bench: GoalBench;

beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());

it('lets a read take longer than the heartbeat timeout, which every activity has', async () => {
  let attempts = 0;
  bench.planner = () => plan(step('a', 'listEvents', { window: 'tomorrow', query: null }));
  bench.reads = {
    listEvents: async () => {
      attempts += 1;
      await sleep(9_000);
      return { value: {}, trust: 'trusted', origins: [] };
    },
  };
  const goal = await bench.goal();
  expect((await goal.result()).state).toBe('completed');
  expect(attempts).toBe(1);
  const { events } = await goal.handle.fetchHistory();
  const scheduled = (events ?? []).flatMap((event) =>
    event.activityTaskScheduledEventAttributes
      ? [Number(event.activityTaskScheduledEventAttributes.heartbeatTimeout?.seconds)]
      : [],
  );
  expect(scheduled).toEqual(scheduled.map(() => 6));
  expect(scheduled.length).toBeGreaterThanOrEqual(2);
});
