/** Goals of one person that share the budget of a day: the real workflow, server, and Postgres. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDayBudgets, modelCallOf } from '#activities/budgets/day-budgets.ts';
import { GoalBench, plan, step } from '#test/support/goals.ts';

const look = { window: 'today' };
const usage = { responseId: 'r', model: 'm', inputTokens: 60, outputTokens: 0 };

let bench: GoalBench;
let now: Date;
beforeAll(async () => {
  bench = await GoalBench.start();
  const days = createDayBudgets(bench.database.pool, {
    budget: { modelTokens: 100 },
    now: () => now,
  });
  bench.reads = {
    listEvents: () => ({ value: { events: [] }, trust: 'trusted', origins: [] }),
  };
  bench.planner = (request) =>
    days
      .within(modelCallOf(request), { modelTokens: 60, costMicroUsd: 0 }, () =>
        Promise.resolve({ ...plan(step('a', 'listEvents', look)), usage: usage }),
      )
      .then(({ usage: used, ...planned }) => ({ ...planned, usage: [used] }));
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(async () => {
  now = new Date('2026-11-21T12:00:00Z');
  await bench.database.pool.query('truncate budget_days, budget_reservations');
});

async function rows() {
  const { rows: found } = await bench.database.pool.query<{ day: string; tokens: number }>(
    `select day::text, tokens::int, reserved_tokens::int as reserved, more_tokens::int as more
     from budget_days order by day`,
  );
  return found;
}

describe('the goal that no longer fits into the day of its person', () => {
  it('stops before the call, asks in the queue, and goes on when more is allowed (seen: 28)', async () => {
    await (await bench.goal()).result();
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    expect(approval).toMatchObject({
      kind: 'budget',
      reasons: ['Your goals have used 60 of 100 model tokens on 2026-11-21 and need more.'],
      card: { title: 'Daily limit reached: 100 model tokens' },
    });
    expect(approval!.card.lines).toContainEqual({
      label: 'Approve',
      value: 'Allow 100 more on this day, for all your goals.',
    });
    expect(await goal.view()).toMatchObject({ state: 'awaiting_approval', plan: null });
    expect(await rows()).toEqual([{ day: '2026-11-21', tokens: 60, reserved: 0, more: 0 }]);
    await goal.decide(approval!);
    expect(await goal.result()).toMatchObject({ state: 'completed' });
    expect(await rows()).toEqual([{ day: '2026-11-21', tokens: 120, reserved: 0, more: 100 }]);
    const journal = await goal.journal();
    expect(journal.find(({ type }) => type === 'budget_raised')?.data).toEqual({
      kind: 'modelTokens',
      day: '2026-11-21',
      bound: 200,
    });
  });

  it('ends when more is refused, as at a budget of its own', async () => {
    await (await bench.goal()).result();
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    await goal.decide(approval!, { verdict: 'reject' });
    expect(await goal.result()).toMatchObject({ state: 'failed' });
    expect((await goal.view()).failure).toMatchObject({ type: 'BudgetExceededError' });
    expect(await rows()).toEqual([{ day: '2026-11-21', tokens: 60, reserved: 0, more: 0 }]);
  });

  it('raises the day once when several goals ask and each is answered', async () => {
    await (await bench.goal()).result();
    const goals = [await bench.goal(), await bench.goal()];
    const approvals = await Promise.all(goals.map((goal) => goal.approvals()));
    for (const [i, goal] of goals.entries()) await goal.decide(approvals[i]![0]!);
    for (const goal of goals) expect(await goal.result()).toMatchObject({ state: 'completed' });
    expect(await rows()).toEqual([{ day: '2026-11-21', tokens: 180, reserved: 0, more: 100 }]);
  });

  it('may be allowed to go on the next day, within the limit of that day', async () => {
    await (await bench.goal()).result();
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    now = new Date('2026-11-22T12:00:00Z');
    await goal.decide(approval!);
    expect(await goal.result()).toMatchObject({ state: 'completed' });
    expect(await rows()).toEqual([
      { day: '2026-11-21', tokens: 60, reserved: 0, more: 100 },
      { day: '2026-11-22', tokens: 60, reserved: 0, more: 0 },
    ]);
  });
});
