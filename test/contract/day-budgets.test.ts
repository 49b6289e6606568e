/** Budgets of a day on real Postgres: calls of many workers, retries, crashes, and the next day. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createDayBudgets,
  type DayBudgetOptions,
  type ModelCall,
  modelCallOf,
  raiseDayBudget,
} from '#activities/budgets/day-budgets.ts';
import { createUsageStore } from '#api/usage/usage-store.ts';
import type { DayBudgetReached } from '#contracts/day-budget.ts';
import { summarizeOutputSchema } from '#contracts/schemas/language.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts';
import { startModel } from './model-support.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

let people = 0;
/** A call of somebody who has made none today. */
const newCall = (id = 'call', zone = 'UTC'): ModelCall => {
  people += 1;
  return { id: `${id}-${people}`, owner: `p${people}@office.example.com`, zone };
};
const another = (call: ModelCall, id: string): ModelCall => ({ ...call, id: `${call.id}-${id}` });
const days = (options: Partial<DayBudgetOptions> = {}) =>
  createDayBudgets(database.pool, { budget: { modelTokens: 100 }, ...options });
const amount = { modelTokens: 10, costMicroUsd: 0 };
const answer = (tokens: number, costMicroUsd?: number) => ({
  usage: {
    responseId: 'r',
    model: 'm',
    inputTokens: tokens,
    outputTokens: 0,
    ...(costMicroUsd === undefined ? {} : { costMicroUsd }),
  },
});
/** A call that stays under way until it is told what it used, or that it failed. */
function underWay() {
  let end: (tokens: number) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const ask = new Promise<ReturnType<typeof answer>>((resolve, reject) => {
    end = (tokens) => resolve(answer(tokens));
    fail = reject;
  });
  return { ask: () => ask, end, fail };
}
async function rowOf({ owner }: ModelCall) {
  const { rows } = await database.pool.query<{ tokens: number; reserved: number; calls: number }>(
    `select tokens::int, reserved_tokens::int as reserved, calls from budget_days where owner = $1
     order by day`,
    [owner],
  );
  return rows;
}
async function reservedBy(call: ModelCall, tokens: number): Promise<void> {
  await expect.poll(async () => (await rowOf(call))[0]?.reserved).toBe(tokens);
}
async function reachedOf(work: Promise<unknown>): Promise<DayBudgetReached> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e as { type: string; details: [DayBudgetReached]; nonRetryable: boolean },
  );
  expect(error).toMatchObject({ type: 'DayBudgetReachedError', nonRetryable: true });
  return error!.details[0];
}

describe('a day’s budget', () => {
  it('is never exceeded by calls that come at once, whatever worker makes them (seen: 28)', async () => {
    const call = newCall();
    const calls = Array.from({ length: 50 }, (_, i) => ({
      call: another(call, `${i}`),
      at: underWay(),
    }));
    const workers = [days(), days()];
    const made = calls.map(({ call: one, at }, i) => workers[i % 2]!.within(one, amount, at.ask));
    const outcomes = Promise.allSettled(made);
    await reservedBy(call, 100);
    for (const { at } of calls) at.end(10);
    const done = (await outcomes).filter(({ status }) => status === 'fulfilled');
    expect(done).toHaveLength(10);
    expect(await rowOf(call)).toEqual([{ tokens: 100, reserved: 0, calls: 10 }]);
  });

  it('counts what was used, not what was reserved for it', async () => {
    const call = newCall();
    for (let i = 0; i < 30; i += 1) {
      await days().within(another(call, `${i}`), amount, () => Promise.resolve(answer(3)));
    }
    expect(await rowOf(call)).toEqual([{ tokens: 90, reserved: 0, calls: 30 }]);
    await days().within(call, amount, () => Promise.resolve(answer(3)));
    let asked = false;
    const reached = await reachedOf(
      days().within(call, amount, () => {
        asked = true;
        return Promise.resolve(answer(3));
      }),
    );
    expect(reached).toMatchObject({ kind: 'modelTokens', used: 93, bound: 100, more: 100 });
    expect(asked).toBe(false);
  });

  it('of money holds as well', async () => {
    const call = newCall();
    const money = days({ budget: { costMicroUsd: 50 } });
    const dear = { modelTokens: 10, costMicroUsd: 30 };
    await money.within(call, dear, () => Promise.resolve(answer(10, 21)));
    const reached = await reachedOf(
      money.within(call, dear, () => Promise.resolve(answer(10, 21))),
    );
    expect(reached).toMatchObject({ kind: 'costMicroUsd', used: 21, bound: 50 });
  });

  it('is another person’s own', async () => {
    const call = newCall();
    await days().within(call, amount, () => Promise.resolve(answer(100)));
    await reachedOf(days().within(call, amount, () => Promise.resolve(answer(1))));
    await days().within(newCall(), amount, () => Promise.resolve(answer(1)));
  });

  it.each([
    ['Pacific/Auckland', '2026-11-21T10:59:00Z', '2026-11-21T11:01:00Z'],
    ['America/Los_Angeles', '2026-11-21T07:59:00Z', '2026-11-21T08:01:00Z'],
  ])('is free again at midnight in %s', async (zone, before, after) => {
    const call = newCall('call', zone);
    const at = (now: string) => days({ now: () => new Date(now) });
    await at(before).within(call, amount, () => Promise.resolve(answer(100)));
    await reachedOf(at(before).within(call, amount, () => Promise.resolve(answer(1))));
    await at(after).within(call, amount, () => Promise.resolve(answer(1)));
    expect((await rowOf(call)).map(({ tokens }) => tokens)).toEqual([100, 1]);
  });
});

describe('a reservation', () => {
  it('is taken over by a retry of its call, and settled once', async () => {
    const call = newCall();
    const first = underWay();
    const second = underWay();
    const lost = days().within(call, amount, first.ask);
    await reservedBy(call, 10);
    const retried = days().within(call, amount, second.ask);
    second.end(4);
    await retried;
    expect(await rowOf(call)).toEqual([{ tokens: 4, reserved: 0, calls: 1 }]);
    // The attempt that was given up was alive after all: what it used is counted too.
    first.end(5);
    await lost;
    expect(await rowOf(call)).toEqual([{ tokens: 9, reserved: 0, calls: 2 }]);
  });

  it('is held once when attempts of one call come at the same moment', async () => {
    for (let round = 0; round < 20; round += 1) {
      const call = newCall();
      const at = underWay();
      const attempts = Array.from({ length: 5 }, () => days().within(call, amount, at.ask));
      await reservedBy(call, 10);
      at.end(1);
      await Promise.all(attempts);
      expect(await rowOf(call)).toEqual([{ tokens: 5, reserved: 0, calls: 5 }]);
    }
  });

  it('stays with the day on which it was made', async () => {
    const call = newCall();
    const on = (now: string) => days({ now: () => new Date(now) });
    const first = underWay();
    const lost = on('2026-11-21T23:59:00Z').within(call, amount, first.ask);
    await reservedBy(call, 10);
    await on('2026-11-22T00:01:00Z').within(call, amount, () => Promise.resolve(answer(4)));
    expect(await rowOf(call)).toEqual([{ tokens: 4, reserved: 0, calls: 1 }]);
    first.end(0);
    await lost;
  });

  it('is given back when the call fails', async () => {
    const call = newCall();
    const at = underWay();
    const failed = days().within(call, { ...amount, modelTokens: 100 }, at.ask);
    await reservedBy(call, 100);
    at.fail(new Error('the model is away'));
    await expect(failed).rejects.toThrow('the model is away');
    expect(await rowOf(call)).toEqual([{ tokens: 0, reserved: 0, calls: 0 }]);
  });

  it('of a worker that died does not hold up the day for ever', async () => {
    const call = newCall();
    const whole = { ...amount, modelTokens: 100 };
    const dead = days({ leaseMs: 400 }).within(call, whole, underWay().ask);
    void dead;
    await reservedBy(call, 100);
    const next = () =>
      days().within(another(call, 'next'), amount, () => Promise.resolve(answer(1)));
    expect(await reachedOf(next())).toMatchObject({ used: 100 });
    await expect
      .poll(() =>
        next().then(
          () => 'made',
          () => 'held up',
        ),
      )
      .toBe('made');
    expect(await rowOf(call)).toEqual([{ tokens: 1, reserved: 0, calls: 1 }]);
  });
});

describe('allowing more', () => {
  it('raises the day once, however many goals are answered', async () => {
    const call = newCall();
    await days().within(call, amount, () => Promise.resolve(answer(95)));
    const reached = await reachedOf(days().within(call, amount, () => Promise.resolve(answer(1))));
    const { owner } = call;
    const raise = () => raiseDayBudget(database.pool, { ...reached, owner });
    const raised = await Promise.all([raise(), raise(), raise()]);
    expect(raised.filter(Boolean)).toHaveLength(1);
    await days().within(call, amount, () => Promise.resolve(answer(96)));
    const again = await reachedOf(days().within(call, amount, () => Promise.resolve(answer(1))));
    expect(again).toMatchObject({ used: 191, bound: 200, raised: 100 });
    const usage = createUsageStore(database.pool, { modelTokens: 100 });
    expect((await usage.today(owner, 'UTC')).modelTokens).toEqual({
      used: 191,
      reserved: 0,
      limit: 200,
    });
  });

  it('of a limit that is smaller than one call makes room for one', async () => {
    const call = newCall();
    const small = days({ budget: { modelTokens: 3 } });
    const ask = () => small.within(call, amount, () => Promise.resolve(answer(3)));
    const reached = await reachedOf(ask());
    await raiseDayBudget(database.pool, { ...reached, owner: call.owner });
    await ask();
  });
});

it('the model’s client settles what the model’s server counted', async () => {
  await using server = await startModel(undefined, { days: days({ budget: {} }) });
  const owner = 'settled@office.example.com';
  const ask = () =>
    new MockActivityEnvironment().run(() =>
      server.client.askModel({
        call: modelCallOf({ owner, zone: 'Europe/Berlin' }),
        role: 'fast',
        schemaName: 'summary',
        schema: summarizeOutputSchema,
        instructions: 'Summarise.',
        data: { instruction: 'sum up', material: ['The budget is fine.'] },
      }),
    );
  await ask();
  await ask();
  const { calls, inputTokens, outputTokens } = server.meter;
  expect(calls).toBe(2);
  const settled = { tokens: inputTokens + outputTokens, reserved: 0, calls: 2 };
  expect(await rowOf({ id: '', owner, zone: '' })).toEqual([settled]);
});
