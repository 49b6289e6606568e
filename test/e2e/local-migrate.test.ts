/** The migration runner on a real Postgres, in databases of its own. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { ensureDatabase } from '#infra/postgres/embedded.ts';
import { migrate, readMigrations } from '#infra/postgres/migrate.ts';

let dir: string;
let url: string;
let name: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'adjutant-migrations-'));
  name = `migrate_${randomBytes(5).toString('hex')}`;
  url = await ensureDatabase(inject('postgresAdminUrl'), name);
});
afterEach(async () => {
  rmSync(dir, { recursive: true });
  await query(inject('postgresAdminUrl'), `drop database ${name} with (force)`);
});

const file = (fileName: string, sql: string) => writeFileSync(join(dir, fileName), sql);
const run = () => migrate(url, readMigrations(dir));

test('migrations run in order, once each', async () => {
  file('0001_create_a.sql', 'create table a (n int)');
  file('0002_fill_a.sql', 'insert into a values (1); insert into a values (2);');
  expect(await run()).toEqual(['0001_create_a.sql', '0002_fill_a.sql']);
  file('0003_fill_more.sql', 'insert into a values (3)');
  expect(await run()).toEqual(['0003_fill_more.sql']);
  expect(await run()).toEqual([]);
  expect(await query(url, 'select sum(n)::int as sum from a')).toEqual([{ sum: 6 }]);
});

test('four migrators at once run each migration once', async () => {
  file('0001_create_a.sql', 'create table a (n int); insert into a values (1)');
  const done = await Promise.all([run(), run(), run(), run()]);
  expect(done.flat()).toEqual(['0001_create_a.sql']);
});

test('a migration that fails half-way changes nothing and is named', async () => {
  file('0001_break.sql', 'create table a (n int); select nonsense;');
  await expect(run()).rejects.toThrow(/^migration 0001_break\.sql failed: column "nonsense"/);
  await expect(query(url, 'select * from a')).rejects.toThrow('does not exist');
  file('0001_break.sql', 'create table a (n int)');
  expect(await run()).toEqual(['0001_break.sql']);
});

test('a migration that was changed after it ran is refused', async () => {
  file('0001_create_a.sql', 'create table a (n int)');
  await run();
  file('0001_create_a.sql', 'create table a (n bigint)');
  await expect(run()).rejects.toThrow('migration 0001_create_a.sql was changed after it ran');
});

test('a database that is newer than the checkout is refused', async () => {
  file('0001_create_a.sql', 'create table a (n int)');
  file('0002_create_b.sql', 'create table b (n int)');
  await run();
  rmSync(join(dir, '0002_create_b.sql'));
  await expect(run()).rejects.toThrow('the database has migration 0002_create_b.sql');
});

test('a gap or a wrong name is refused before anything runs', () => {
  file('0002_create_a.sql', '');
  expect(() => readMigrations(dir)).toThrow('0002_create_a.sql should be named 0001_verb_noun.sql');
});

async function query(target: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: target });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
