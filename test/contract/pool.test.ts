/** The connection pool against a real server that takes connections away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createPool } from '#infra/postgres/pool.ts';
import { createTestDatabase } from '#test/support/database.ts';

it('ends no process when a connection is lost while somebody holds it between two queries', async () => {
  await using database = await createTestDatabase();
  const pool = createPool({ url: database.url, applicationName: 'pool-test', size: 1 });
  const held = await pool.connect();
  const { rows } = await held.query<{ pid: number }>('select pg_backend_pid() as pid');
  await database.pool.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
  // The loss arrives as an event: without a listener it is thrown out of any await.
  await sleep(300);
  await expect(held.query('select 1')).rejects.toThrow(/terminat|not queryable|Connection/);
  held.release(true);
  expect((await pool.query<{ one: number }>('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await pool.end();
});
