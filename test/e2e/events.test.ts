/** Events out of the whole product: every event once, though the api is killed at the worst moment. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Webhook as Verifier } from 'standardwebhooks';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EventReader } from '#test/support/event-reader.ts';
import { Receiver } from '#test/support/receiver.ts';
import { type Stack, startStack } from '#test/support/stack.ts';

let stack: Stack;
let receiver: Receiver;
let database: Client;
beforeAll(async () => {
  [stack, receiver] = await Promise.all([startStack(), new Receiver().start()]);
  database = new Client({ connectionString: stack.endpoints().databaseUrl });
  await database.connect();
});
afterAll(async () => {
  await database.end();
  await receiver[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

const soon = { timeout: 30_000 };
const containing = (wanted: readonly string[]) => (ids: Set<string>) =>
  wanted.every((id) => ids.has(id));

/** The backend of a dispatcher that has started workflows and now wants to save its cursor. */
async function blockedSave(): Promise<number> {
  for (let turns = 0; turns < 600; turns += 1) {
    const { rows } = await database.query<{ pid: number }>(
      `select pid from pg_stat_activity
       where query like '%update webhook_endpoints set cursor%' and wait_event_type = 'Lock'`,
    );
    if (rows[0] !== undefined) return rows[0].pid;
    await sleep(25);
  }
  throw new Error('no dispatcher came to save its cursor');
}

test('a killed api loses no event and repeats none, to webhooks and to a stream that returns', async () => {
  const answer = await stack.api('/v1/webhooks', {
    method: 'POST',
    body: JSON.stringify({ url: `${receiver.url}/hook` }),
  });
  expect(answer.status).toBe(201);
  const { id: webhookId, secret } = answer.body as { id: string; secret: string };
  // Keeps cursors from being saved. Not a row lock: that would be an open writing transaction, and
  // the journal is read only up to the oldest of those.
  await database.query('begin');
  await database.query('lock table webhook_endpoints in share row exclusive mode');
  const goalId = await stack.goal('What is on my calendar next week?');
  const token = readFileSync(join(stack.stateDir, 'token'), 'utf8').trim();
  const path = `/v1/goals/${goalId}/events`;
  const before = new EventReader(`${stack.endpoints().api}${path}`, token);
  // The sample goal of the first start tells things too.
  const mine = () => receiver.at('/hook').filter(({ body }) => body.includes(goalId));
  await expect.poll(() => mine().length, soon).toBeGreaterThan(0);
  const pid = await blockedSave();
  await before.until(1);
  await stack.kill9('api');
  await before.ended;
  await database.query('select pg_terminate_backend($1)', [pid]);
  await database.query('rollback');

  await stack.ended(goalId, 60_000);
  const { events } = (await stack.api(`/v1/goals/${goalId}/journal`)).body as unknown as {
    events: readonly { number: number }[];
  };
  const numbers = events.map(({ number }) => String(number));
  const after = new EventReader(`${stack.endpoints().api}${path}`, token, before.lastId);
  await after.ended;
  expect([...before.events, ...after.events].map(({ id }) => id)).toEqual(numbers);

  const wanted = numbers.map((number) => `evt_${goalId}_${number}`);
  const ids = () => receiver.at('/hook').map(({ headers }) => String(headers['webhook-id']));
  await expect.poll(() => new Set(ids()), soon).toEqual(expect.toSatisfy(containing(wanted)));
  await sleep(2_500); // Two further passes of the dispatcher.
  expect(ids().length).toBe(new Set(ids()).size);
  const deliveries = receiver.at('/hook');
  for (const { body, headers } of deliveries) {
    expect(() =>
      new Verifier(secret).verify(body, headers as Record<string, string>),
    ).not.toThrow();
  }
  const shown = (await stack.api(`/v1/webhooks/${webhookId}`)).body as unknown as {
    deliveries: readonly { state: string; attempts: number }[];
  };
  expect(new Set(shown.deliveries.map(({ state, attempts }) => `${state} ${attempts}`))).toEqual(
    new Set(['delivered 1']),
  );
});
