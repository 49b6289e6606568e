/**
 * Brings a database to the newest schema by running infra/postgres/migrations/NNNN_*.sql in order.
 * Forward only; it refuses a database whose past differs from the files.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';

/** One file of the migrations folder. */
export type Migration = { readonly name: string; readonly sql: string; readonly checksum: string };

/** Where the migrations of the project are. */
export const migrationsDir = fileURLToPath(new URL('./migrations/', import.meta.url));
/** Any number that no other program locks on the same server. */
const lockKey = 72_617_001;

/** Reads the migrations of a folder in order. @throws Error when a name or number is wrong */
export function readMigrations(dir = migrationsDir): readonly Migration[] {
  const names = readdirSync(dir)
    .filter((name) => name.endsWith('.sql'))
    .toSorted();
  return names.map((name, index) => {
    const number = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1];
    if (Number(number) !== index + 1) {
      const expected = String(index + 1).padStart(4, '0');
      throw new Error(`migration ${name} should be named ${expected}_verb_noun.sql`);
    }
    const sql = readFileSync(join(dir, name), 'utf8');
    return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
  });
}

/**
 * Runs what is missing, each migration in one transaction, one migrator at a time.
 * @returns the names of the migrations that were run
 * @throws Error in one line when the database is newer than the files or a file was changed
 */
export async function migrate(
  url: string,
  migrations: readonly Migration[] = readMigrations(),
): Promise<readonly string[]> {
  const client = new Client({ connectionString: url, application_name: 'adjutant-migrate' });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [lockKey]);
    await client.query(
      `create table if not exists schema_migrations (
         name text primary key, checksum text not null, applied_at timestamptz not null default now())`,
    );
    const done = await client.query<{ name: string; checksum: string }>(
      'select name, checksum from schema_migrations order by name',
    );
    checkPast(done.rows, migrations);
    const missing = migrations.slice(done.rows.length);
    for (const migration of missing) await apply(client, migration);
    return missing.map((migration) => migration.name);
  } finally {
    // The end of the session releases the lock.
    await client.end();
  }
}

function checkPast(
  done: readonly { name: string; checksum: string }[],
  migrations: readonly Migration[],
): void {
  for (const [index, past] of done.entries()) {
    const file = migrations[index];
    if (file?.name !== past.name) {
      throw new Error(
        `the database has migration ${past.name}, this checkout does not: it is older than the ` +
          'database; use the release that made it, or another database',
      );
    }
    if (file.checksum !== past.checksum) {
      throw new Error(
        `migration ${past.name} was changed after it ran: restore the file and put the change into ` +
          'a new migration',
      );
    }
  }
}

async function apply(client: Client, migration: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query(migration.sql);
    await client.query('insert into schema_migrations (name, checksum) values ($1, $2)', [
      migration.name,
      migration.checksum,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`migration ${migration.name} failed: ${why}`, { cause: error });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // `npm run db:migrate`
  const { loadConfig, requireSetting } = await import('../config.ts');
  try {
    const url = requireSetting(loadConfig().postgres.url, 'DATABASE_URL', 'name the database');
    const done = await migrate(url);
    console.log(done.length === 0 ? 'nothing to do' : `ran ${done.join(', ')}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
