/** What a goal does with its history: results are kept and not made again, and it grows in a line. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PlanStep } from '#contracts/schemas/plan.ts';
import { GoalBench, plan, step } from '../support/goals.ts';

let bench: GoalBench;
let reads = 0;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(() => {
  reads = 0;
  bench.provider.done.clear();
  bench.reads['listEvents'] = () => {
    reads += 1;
    return { value: { events: [{ title: 'A' }] }, trust: 'trusted', origins: [] };
  };
});

const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };
const effects = () => [...bench.provider.done.values()];
/** Reads that wait for each other. */
const readsInARow = (count: number): PlanStep[] =>
  Array.from({ length: count }, (_, i) =>
    step(
      `read${i}`,
      'listEvents',
      { window: 'today' },
      { dependsOn: i === 0 ? [] : [`read${i - 1}`] },
    ),
  );

describe('what is finished stays finished', () => {
  beforeEach(() => {
    bench.planner = () =>
      plan(...readsInARow(3), step('send', 'sendEmail', mail, { dependsOn: ['read2'] }));
  });

  it('a decision goes on where the goal waited: nothing before it is done again (seen: 7, 25)', async () => {
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    await bench.stopWorkers();
    await bench.startWorkers();
    await goal.decide(approval!);
    expect((await goal.result()).state).toBe('completed');
    expect([reads, effects()]).toEqual([3, [1]]);
  });

  it('a new run takes a request along: the decision made for it counts there, once (seen: 23)', async () => {
    const goal = await bench.goal({ continueAfterEvents: 25 });
    const run = async () => (await goal.handle.describe()).runId;
    const [first, [approval]] = [await run(), await goal.approvals()];
    await expect.poll(run, { timeout: 10_000 }).not.toBe(first);
    expect(await goal.decide(approval!)).toMatchObject({ outcome: 'applied' });
    expect((await goal.result()).state).toBe('completed');
    expect([reads, effects()]).toEqual([3, [1]]);
  });
});

it('the history grows in a line with the steps, not with their square (seen: 22)', async () => {
  const bytes = async (count: number) => {
    bench.planner = () => plan(...readsInARow(count));
    const goal = await bench.goal();
    expect((await goal.result()).state).toBe('completed');
    const { historySize = 0, historyLength } = await goal.handle.describe();
    return { historySize, historyLength };
  };
  const [short, long] = [await bytes(10), await bytes(40)];
  expect(long.historySize / short.historySize).toBeLessThanOrEqual(4.05);
  expect(long.historyLength / short.historyLength).toBeLessThanOrEqual(4.05);
});

it('a goal of 1,000 steps ends, over several runs, with every step done once and no run above its bound', async () => {
  const width = 20;
  const waves = Array.from({ length: 50 }, (_, wave) =>
    Array.from({ length: width }, (__, i) => {
      // Each wave waits for one step of the wave before; one wave waits for a mail that is approved.
      const before = wave === 25 ? ['send'] : wave === 0 ? [] : [`w${wave - 1}_0`];
      return step(`w${wave}_${i}`, 'listEvents', { window: 'today' }, { dependsOn: before });
    }),
  );
  const send = step('send', 'sendEmail', mail, { dependsOn: ['w24_0'] });
  bench.planner = () => plan(...waves.flat(), send);
  const bound = 400;
  const goal = await bench.goal({ continueAfterEvents: bound });
  const asked = async () => (await goal.published()).pendingApprovals[0];
  await expect.poll(asked, { timeout: 60_000 }).toBeDefined();
  const approval = await asked();
  expect(await goal.decide(approval!)).toMatchObject({ outcome: 'applied' });
  expect((await goal.result()).state).toBe('completed');
  expect([reads, effects()]).toEqual([1_000, [1]]);
  const { steps } = await goal.published();
  expect(steps.map(({ status }) => status)).toEqual(Array(1_001).fill('completed'));
  const lengths: number[] = [];
  const { workflowId } = goal.handle;
  const query = `WorkflowId = '${workflowId}'`;
  await expect
    .poll(async () => {
      lengths.length = 0;
      for await (const run of bench.client.workflow.list({ query }))
        lengths.push(run.historyLength);
      return lengths.length;
    })
    .toBeGreaterThan(5);
  // A run ends at the first quiet moment past the bound: at most one wave later.
  expect(Math.max(...lengths)).toBeLessThan(bound + 8 * width);
}, 120_000);
