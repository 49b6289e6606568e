/**
 * Global set-up of the test projects that need servers: one real Temporal server and one real Postgres
 * with a migrated template database, shared by all projects of a run and stopped at its end.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { freePort } from '#infra/local/ports.ts';
import { ensureDatabase, startEmbeddedPostgres } from '#infra/postgres/embedded.ts';
import { migrate } from '#infra/postgres/migrate.ts';
import { defaultSearch, resolveTemporal } from '#infra/temporal/binary.ts';
import { startTemporal } from '#infra/temporal/server.ts';

/** The database that every test database is a copy of. */
export const templateDatabase = 'adjutant_template';

type Servers = {
  readonly temporalAddress: string;
  readonly postgresAdminUrl: string;
  readonly stop: (failed: boolean) => Promise<void>;
};

declare module 'vitest' {
  /** What tests read with `inject(...)`. */
  export interface ProvidedContext {
    temporalAddress: string;
    postgresAdminUrl: string;
  }
}

// Each project imports this file, perhaps as its own module, so what they share is on globalThis.
const key = Symbol.for('adjutant.test.servers');
type Shared = { starting: Promise<Servers>; users: number };
const registry = globalThis as unknown as Record<symbol, Shared | undefined>;

/** Starts the servers, or joins those of another project in this run; returns the tear-down. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = (registry[key] ??= { starting: startServers(), users: 0 });
  shared.users += 1;
  const servers = await shared.starting;
  project.provide('temporalAddress', servers.temporalAddress);
  project.provide('postgresAdminUrl', servers.postgresAdminUrl);
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    registry[key] = undefined;
    await servers.stop(project.vitest.state.getCountOfFailedTests() > 0);
  };
}

async function startServers(): Promise<Servers> {
  const dir = mkdtempSync(join(tmpdir(), 'adjutant-test-'));
  chmodSync(dir, 0o755); // The user that runs Postgres for root must get in.
  const logs = join(dir, 'logs');
  const progress = (line: string) => console.log(`test servers: ${line}`);
  const [temporal, postgres] = await Promise.all([
    resolveTemporal(defaultSearch(progress)).then(async (binary) =>
      startTemporal({
        binary: binary.path,
        port: await freePort(),
        logFile: join(logs, 'temporal.log'),
      }),
    ),
    freePort().then(async (port) => {
      const logFile = join(logs, 'postgres.log');
      const dataDir = join(dir, 'postgres');
      const server = await startEmbeddedPostgres({ dataDir, port, logFile, throwaway: true });
      await migrate(await ensureDatabase(server.adminUrl, templateDatabase));
      return server;
    }),
  ]);
  return {
    temporalAddress: temporal.address,
    postgresAdminUrl: postgres.adminUrl,
    stop: async (failed) => {
      await Promise.all([temporal.stop(), postgres.stop()]);
      rmSync(failed ? join(dir, 'postgres') : dir, { recursive: true, force: true });
      if (failed) progress(`logs kept in ${logs}`);
    },
  };
}
