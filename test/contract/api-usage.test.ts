/** The usage of a day over the api and the command line: everybody sees their own, in their own day. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '#api/cli/main.ts';
import { dayOf } from '#contracts/day-budget.ts';
import { alice, bob, createFixture, type Fixture, tokens } from './api-fixture.ts';

let api: Fixture;
let url: string;
beforeAll(async () => {
  api = await createFixture();
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => api[Symbol.asyncDispose]());

/** These two are 25 hours apart: they never have the same date. */
const zones = ['Pacific/Kiritimati', 'Pacific/Niue'];

async function live(owner: string, zone: string): Promise<void> {
  const hours = { start: '09:00', end: '17:00', days: [1] };
  await api.database.pool.query(
    `insert into people (owner, email, name, zone, working_hours) values ($1, $1, 'A', $2, $3)
     on conflict (owner, email) do update set zone = excluded.zone`,
    [owner, zone, hours],
  );
}

it.each(zones)('is what was settled and reserved on the day it is in %s', async (zone) => {
  await live(alice, zone);
  const day = dayOf(new Date(), zone);
  await api.database.pool.query(
    `insert into budget_days (owner, day, calls, tokens, cost_micro_usd, reserved_tokens, more_tokens)
     values ($1, $2::date, 3, 4200, 12345, 8000, 50000), ($1, $2::date + 1, 9, 9, 9, 9, 9),
       ($1, $2::date - 1, 9, 9, 9, 9, 9)`,
    [alice, day],
  );
  const answer = await api.request(alice, { url: '/v1/usage' });
  expect(answer.json()).toEqual({
    day,
    zone,
    modelCalls: 3,
    modelTokens: { used: 4_200, reserved: 8_000, limit: 150_000 },
    costMicroUsd: { used: 12_345, reserved: 0, limit: null },
  });
  let text = '';
  const code = await runCli(['usage'], {
    env: { ADJUTANT_API_URL: url, ADJUTANT_API_TOKEN: tokens[alice] },
    out: (more) => (text += more),
    error: (more) => (text += more),
    colours: false,
    ask: null,
  });
  expect([code, text.trimEnd().split('\n')]).toEqual([
    0,
    [
      `${day} (${zone})`,
      '  model calls   3',
      '  model tokens  4200 of 150000, 8000 reserved',
      '  cost          $0.0123, no limit',
    ],
  ]);
  await api.database.pool.query('truncate budget_days');
});

it('of another person is not shown', async () => {
  await api.database.pool.query(
    `insert into budget_days (owner, day, tokens) select $1, now()::date + d, 5
     from generate_series(-1, 1) as d`,
    [alice],
  );
  const { modelTokens } = (await api.request(bob, { url: '/v1/usage' })).json();
  expect(modelTokens).toEqual({ used: 0, reserved: 0, limit: 100_000 });
});
