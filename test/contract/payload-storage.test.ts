/** The storage of large payloads against a real Postgres: what it keeps, and what it gives back. */
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import { anchorsIn, type HistoryEvents } from '#api/audit/anchors.ts';
import { createGoalClient } from '#api/goal-client.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers, limits } from '#contracts/limits.ts';
import { createPayloadStorage, dataConverter } from '#infra/postgres/payload-storage.ts';
import { createPool } from '#infra/postgres/pool.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newGoalId, owner } from '../support/effects.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const large = (text: string) => defaultPayloadConverter.toPayload(text.repeat(5_000));
const forWorkflow = (id: string) =>
  ({ target: { kind: 'workflow', namespace: 'default', id } }) as const;
const plain = ({ metadata, data }: Payload) => ({
  metadata: Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value)]),
  data: Buffer.from(data ?? []),
});
const encodingOf = ({ metadata }: Payload) => Buffer.from(metadata!['encoding']!).toString();

async function rowsOf(workflowId: string): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    'select count(*)::int as count from stored_payloads where workflow_id = $1',
    [workflowId],
  );
  return rows[0]!.count;
}

it('a batch is stored in one round trip, and comes back in one in the order it is asked for', async () => {
  const driver = createPayloadStorage(database.pool);
  const query = vi.spyOn(database.pool, 'query');
  const payloads = [large('a'), large('b'), large('a'), { ...large('c'), data: null }];
  const claims = await driver.store(forWorkflow('goal:batch'), payloads);
  const back = await driver.retrieve({}, claims.toReversed());
  expect(query).toHaveBeenCalledTimes(2);
  query.mockRestore();
  expect(back.map(plain)).toEqual(payloads.toReversed().map(plain));
  expect(await rowsOf('goal:batch')).toBe(3);
});

it('storing again changes nothing, and each workflow has its own', async () => {
  const driver = createPayloadStorage(database.pool);
  const first = await driver.store(forWorkflow('goal:one'), [large('same')]);
  expect(await driver.store(forWorkflow('goal:one'), [large('same')])).toEqual(first);
  const other = await driver.store(forWorkflow('goal:other'), [large('same')]);
  expect(other[0]!.claimData['digest']).toBe(first[0]!.claimData['digest']);
  expect([await rowsOf('goal:one'), await rowsOf('goal:other')]).toEqual([1, 1]);
});

it('many batches of the same payloads in other orders do not stand in each other’s way', async () => {
  const driver = createPayloadStorage(database.pool);
  const payloads = ['a', 'b', 'c', 'd', 'e', 'f'].map(large);
  const turns = Array.from({ length: 30 }, (_, i) => [
    ...payloads.slice(i % 6),
    ...payloads.slice(0, i % 6),
  ]);
  await Promise.all(turns.map((turn) => driver.store(forWorkflow('goal:many'), turn)));
  expect(await rowsOf('goal:many')).toBe(6);
});

it('a payload that was altered or is lost comes back as one that nobody can decode', async () => {
  const driver = createPayloadStorage(database.pool);
  const claims = await driver.store(forWorkflow('goal:altered'), [large('x'), large('y')]);
  await database.pool.query(
    `update stored_payloads set data = data || '\\x20' where encode(digest, 'hex') = $1`,
    [claims[0]!.claimData['digest']],
  );
  await database.pool.query(`delete from stored_payloads where encode(digest, 'hex') = $1`, [
    claims[1]!.claimData['digest'],
  ]);
  const [altered, lost] = await driver.retrieve({}, claims);
  expect(encodingOf(altered!)).toBe('adjutant/altered');
  expect(encodingOf(lost!)).toBe('adjutant/lost');
  expect(() => defaultPayloadConverter.fromPayload(lost!)).toThrow('Unknown encoding');
});

it('an audit anchor is found in a receipt that is stored, and missed aloud when that is lost', async () => {
  const receipt = { text: 'x'.repeat(20_000), audit: { seq: 7, hash: 'abc' } };
  const client = new Client({
    connection: Connection.lazy({ address: 'localhost:1' }),
    dataConverter: dataConverter(database.pool),
  });
  const { loadedDataConverter } = client.options;
  const driver = loadedDataConverter.externalStorage!.drivers[0]!;
  const payload = defaultPayloadConverter.toPayload(receipt);
  const [claim] = await driver.store(forWorkflow('goal:anchor'), [payload]);
  const { claimData } = claim!;
  const reference: Payload = {
    metadata: {
      encoding: Buffer.from('json/protobuf'),
      messageType: Buffer.from('temporal.api.sdk.v1.ExternalStorageReference'),
    },
    data: Buffer.from(JSON.stringify({ driverName: driver.name, claimData })),
  };
  const events = [
    { eventId: 5, activityTaskScheduledEventAttributes: { activityType: { name: 'sendEmail' } } },
    {
      eventId: 7,
      activityTaskCompletedEventAttributes: {
        scheduledEventId: 5,
        result: { payloads: [reference] },
      },
    },
  ] as unknown as HistoryEvents;
  const found = await anchorsIn(events, loadedDataConverter);
  expect(found).toMatchObject({ anchors: [receipt.audit], problem: null });
  await database.pool.query(`delete from stored_payloads where workflow_id = 'goal:anchor'`);
  const missed = await anchorsIn(events, loadedDataConverter);
  expect(missed.anchors).toEqual([]);
  expect(missed.problem).toMatch('could not be decoded');
});

it('without Postgres it fails retryably within its time, and a client says what is missing', async () => {
  const dead = createPool({ url: 'postgres://nobody@127.0.0.1:1/none', applicationName: 'dead' });
  const started = Date.now();
  const error: unknown = await createPayloadStorage(dead)
    .store(forWorkflow('goal:dead'), [large('x')])
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApplicationFailure);
  expect(error).toMatchObject({ type: 'StorageUnavailableError', nonRetryable: false });
  expect(Date.now() - started).toBeLessThan(limits.payloadStorageTimeoutMs + 500);

  const connection = await connectClient(inject('temporalAddress'));
  const client = new Client({ connection, dataConverter: dataConverter(dead) });
  const start = createGoalClient({ client, queuePrefix: 'nobody' }).start({
    goalId: newGoalId(),
    owner,
    zone: 'Europe/Berlin',
    goal: 'Start while Postgres is away',
    context: 'x'.repeat(limits.historyPayloadMaxBytes),
    constraints: [],
    mode: 'live',
    policy: defaultPolicy,
    timers: defaultTimers,
  });
  await expect(start).rejects.toMatchObject({ name: 'UnavailableError', system: 'Postgres' });
  await connection.close();
  await dead.end();
});
