import { expect, inject, test } from 'vitest';
import { createTestDatabase } from '#test/support/database.ts';
import { connectTestClient, uniqueQueue } from '#test/support/temporal.ts';
import { createPool } from '#infra/postgres/pool.ts';

test('a test database has the schema, and what one test writes another does not see', async () => {
  await using first = await createTestDatabase();
  await using second = await createTestDatabase();
  const migrations = await first.pool.query('select name from schema_migrations');
  expect(migrations.rowCount).toBeGreaterThan(0);
  await first.pool.query('create table only_here (n int)');
  await expect(second.pool.query('select * from only_here')).rejects.toThrow('does not exist');
});

test('a pool that is left open fails the test that leaked it', async () => {
  const database = await createTestDatabase();
  const leaked = createPool({ url: database.url, applicationName: 'leaky' });
  await leaked.query('select 1');
  await expect(database[Symbol.asyncDispose]()).rejects.toThrow('left open by: leaky');
  await leaked.end();
});

test('the shared Temporal server answers and knows the search attributes of goals', async () => {
  await using connected = await connectTestClient();
  const { connection } = connected.client;
  const attributes = await connection.operatorService.listSearchAttributes({
    namespace: 'default',
  });
  expect(Object.keys(attributes.customAttributes)).toEqual(
    expect.arrayContaining(['GoalState', 'GoalOwner', 'GoalKind', 'PendingApprovals']),
  );
  expect(inject('temporalAddress')).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(uniqueQueue('a')).not.toBe(uniqueQueue('a'));
});
