/** Gives a test its own database, cloned from the migrated template; refuses to let a pool leak. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Pool } from 'pg';
import { inject } from 'vitest';
import { createPool } from '#infra/postgres/pool.ts';

/** A database of one test file. */
export type TestDatabase = AsyncDisposable & {
  readonly url: string;
  readonly pool: Pool;
};

const templateDatabase = 'adjutant_template';
const leakGraceMs = 3_000;

/**
 * Creates a database with the current schema and no rows. Disposing drops it, and fails when code
 * under test has left connections open.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = inject('postgresAdminUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(adminUrl, (client) =>
    client.query(`create database ${name} template ${templateDatabase}`),
  );
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const pool = createPool({ url: url.href, applicationName: 'test', size: 5 });
  return {
    url: url.href,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.end();
      const leaked = await onServer(adminUrl, async (client) => {
        const open = await connectionsLeft(client, name);
        await client.query(`drop database ${name} with (force)`);
        return open;
      });
      if (leaked.length > 0) throw new Error(`connections left open by: ${leaked.join(', ')}`);
    },
  };
}

/** Takes a test's database away, as if the server were gone, and gives it back. */
export function databaseOutage({ url }: TestDatabase) {
  const name = new URL(url).pathname.slice(1);
  const set = (allowed: boolean) => (client: Client) =>
    client.query(`alter database ${name} with allow_connections ${String(allowed)}`);
  const adminUrl = inject('postgresAdminUrl');
  return {
    async begin(): Promise<void> {
      await onServer(adminUrl, set(false));
      await onServer(adminUrl, (client) =>
        client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
          name,
        ]),
      );
    },
    async end(): Promise<void> {
      await onServer(adminUrl, set(true));
    },
  };
}

/** Names of the programs still connected after a short wait. */
async function connectionsLeft(client: Client, database: string): Promise<string[]> {
  const deadline = Date.now() + leakGraceMs;
  for (;;) {
    const { rows } = await client.query<{ name: string }>(
      'select application_name as name from pg_stat_activity where datname = $1',
      [database],
    );
    if (rows.length === 0 || Date.now() > deadline) return rows.map((row) => row.name);
    await sleep(50);
  }
}

async function onServer<T>(adminUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
