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
  // Whoever holds the row keeps cursors from being saved, and lets deliveries be recorded.
  await database.query('begin');
  await database.query('select from webhook_endpoints for no key update');
  const goalId = await stack.goal('What is on my calendar next week?');
  const token = readFileSync(join(stack.stateDir, 'token'), 'utf8').trim();
  const path = `/v1/goals/${goalId}/events`;
  const before = new EventReader(`${stack.endpoints().api}${path}`, token);
  await receiver.until('/hook', 1, 30_000);
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

  const deliveries = await receiver.until('/hook', numbers.length, 30_000);
  await sleep(2_500); // Two further passes of the dispatcher.
  const ids = deliveries.map(({ headers }) => headers['webhook-id']);
  expect(receiver.at('/hook')).toHaveLength(numbers.length);
  expect(ids.toSorted()).toEqual(numbers.map((number) => `evt_${goalId}_${number}`).toSorted());
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
