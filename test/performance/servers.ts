/**
 * The servers under the benchmark: one Postgres, and Temporal servers tuned as `npm start` runs them
 * or deliberately not. It keeps everything in one temporary folder and removes that at the end.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { freePort, isListening } from '#infra/local/ports.ts';
import { type RunningProcess, startProcess, waitUntilReady } from '#infra/local/process.ts';
import { ensureDatabase, startEmbeddedPostgres } from '#infra/postgres/embedded.ts';
import { migrate } from '#infra/postgres/migrate.ts';
import { createPool } from '#infra/postgres/pool.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { defaultSearch, resolveTemporal } from '#infra/temporal/binary.ts';
import { searchAttributes, startTemporal, type TemporalServer } from '#infra/temporal/server.ts';

/**
 * `tuned`: as `npm start` does it. `stock`: `temporal server start-dev` as it comes. `careless`: only
 * the poll limits raised, with the 4 partitions a task queue has otherwise.
 */
export type EngineKind = 'tuned' | 'stock' | 'careless';

/** Servers that run. */
export type Servers = AsyncDisposable & {
  /** Temporary folder; also for bundles and state folders. */
  readonly dir: string;
  /** The `temporal` program. */
  readonly binary: string;
  readonly pool: Pool;
  /** Of the database behind `pool`, for other processes. */
  readonly databaseUrl: string;
  /** Starts one more Temporal server; the caller stops it. `name` names its files. */
  startEngine(kind: EngineKind, name?: string): Promise<TemporalServer>;
};

const readyTimeoutMs = 30_000;

/** Starts Postgres and finds Temporal. */
export async function startServers(progress: (line: string) => void): Promise<Servers> {
  const dir = mkdtempSync(join(tmpdir(), 'adjutant-bench-'));
  chmodSync(dir, 0o755); // The user that runs Postgres for root must get in.
  const { path: binary } = await resolveTemporal(defaultSearch(progress));
  const postgres = await startEmbeddedPostgres({
    dataDir: join(dir, 'postgres'),
    port: await freePort(),
    logFile: join(dir, 'postgres.log'),
  });
  const url = await ensureDatabase(postgres.adminUrl, 'bench');
  await migrate(url);
  const pool = createPool({ url, applicationName: 'bench' });
  return {
    dir,
    binary,
    pool,
    databaseUrl: url,
    async startEngine(kind, name = kind) {
      const port = await freePort();
      const logFile = join(dir, `${name}.log`);
      if (kind !== 'tuned') return startUntuned(binary, kind, port, logFile);
      return startTemporal({ binary, port, logFile, dbFile: join(dir, `${name}.db`) });
    },
    async [Symbol.asyncDispose]() {
      await pool.end();
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function startUntuned(
  binary: string,
  kind: 'stock' | 'careless',
  port: number,
  logFile: string,
): Promise<TemporalServer> {
  const settings =
    kind === 'stock'
      ? []
      : ['history.transferProcessorMaxPollRPS=5000', 'history.timerProcessorMaxPollRPS=5000'];
  const running = await startProcess({
    name: kind,
    command: binary,
    args: [
      ...`server start-dev --ip 127.0.0.1 --port ${port} --headless --log-level error`.split(' '),
      ...settings.flatMap((value) => ['--dynamic-config-value', value]),
      ...Object.entries(searchAttributes).flatMap(([key, type]) => [
        '--search-attribute',
        `${key}=${type}`,
      ]),
    ],
    logFile,
  });
  await waitUntilReady(running, () => answers(port), {
    name: kind,
    logFile,
    timeoutMs: readyTimeoutMs,
  });
  return { ...(running satisfies RunningProcess), address: `127.0.0.1:${port}` };
}

async function answers(port: number): Promise<true | undefined> {
  if (!(await isListening(port))) return undefined;
  try {
    const connection = await connectClient(`127.0.0.1:${port}`);
    await connection.workflowService.describeNamespace({ namespace: 'default' });
    await connection.close();
    return true;
  } catch {
    return undefined;
  }
}
