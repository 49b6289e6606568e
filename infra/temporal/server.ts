/**
 * Starts the real Temporal development server, tuned for one machine, and waits until it answers.
 * It keeps no history unless given a file and is never reachable from another machine.
 */
import { chmodSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { Connection } from '@temporalio/client';
import { isListening } from '../local/ports.ts';
import { startProcess, waitUntilReady, type RunningProcess } from '../local/process.ts';

/** How to run the server. */
export type TemporalServerOptions = {
  /** The `temporal` program. @see resolveTemporal */
  readonly binary: string;
  readonly port: number;
  /** Port of the Web UI; without one there is none. */
  readonly uiPort?: number;
  /** SQLite file of all histories; without one they live in memory. */
  readonly dbFile?: string;
  readonly logFile: string;
  /** Told the process number at once, before the server is ready. */
  readonly onSpawn?: (pid: number) => void;
  /** Aborted when nobody waits for the server any more. */
  readonly signal?: AbortSignal;
};

/** A server that answers. */
export type TemporalServer = RunningProcess & { readonly address: string };

/** What workflows are found by; declared here and in the production schema set-up. */
export const searchAttributes = {
  GoalState: 'Keyword',
  GoalOwner: 'Keyword',
  GoalKind: 'Keyword',
  PendingApprovals: 'Int',
  NextDeadline: 'Datetime',
} as const;

/**
 * Measured 2026-11-21 on 2 cores: 10 activities in sequence take 92 ms instead of 1,052. The poll
 * limits (20 a second as they come) are the queue behind every hop; one matching partition avoids the
 * 2 s stalls that raising them alone brings.
 */
const dynamicConfig = [
  'history.transferProcessorMaxPollRPS=5000',
  'history.timerProcessorMaxPollRPS=5000',
  'system.enableActivityEagerExecution=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  // No query rides on a workflow task: see docs/decisions/0014-bookkeeping-ends-in-its-task.md.
  'history.MaxBufferedQueryCount=0',
];
const readyTimeoutMs = 30_000;
const sqliteSuffixes = ['', '-wal', '-shm'];

/** The command line of the server. */
export function temporalArguments(
  options: Pick<TemporalServerOptions, 'port' | 'uiPort' | 'dbFile'>,
): string[] {
  const flags: [string, string | undefined][] = [
    ['--ip', '127.0.0.1'],
    ['--port', String(options.port)],
    ['--log-level', 'error'],
    ['--log-format', 'json'],
    ['--color', 'never'],
    options.uiPort === undefined
      ? ['--headless', undefined]
      : ['--ui-port', String(options.uiPort)],
  ];
  if (options.dbFile !== undefined) {
    flags.push(['--db-filename', options.dbFile]);
    flags.push(['--sqlite-pragma', 'journal_mode=wal'], ['--sqlite-pragma', 'synchronous=normal']);
  }
  for (const value of dynamicConfig) flags.push(['--dynamic-config-value', value]);
  for (const [key, type] of Object.entries(searchAttributes)) {
    flags.push(['--search-attribute', `${key}=${type}`]);
  }
  const words = flags.flat().filter((word) => word !== undefined);
  return ['server', 'start-dev', ...words];
}

/**
 * Starts the server and resolves when it is healthy over gRPC.
 * @throws Error in one line with the end of the log when it does not come up
 */
export async function startTemporal(options: TemporalServerOptions): Promise<TemporalServer> {
  const { logFile, signal } = options;
  for (let attempt = 1; ; attempt += 1) {
    const logged = existsSync(logFile) ? statSync(logFile).size : 0;
    try {
      return await startOnce(options);
    } catch (error) {
      const said = readFileSync(logFile).subarray(logged).toString();
      if (attempt === startAttempts || !isPassing.test(said) || signal?.aborted === true)
        throw error;
    }
  }
}

/**
 * Beside the ports it is given the server takes some that were free a moment before. Somebody else may
 * have been faster, which the next start does not meet again.
 */
const isPassing = /address already in use/;
const startAttempts = 3;

async function startOnce(options: TemporalServerOptions): Promise<TemporalServer> {
  const { dbFile } = options;
  if (dbFile !== undefined) setAsideUnfinished(dbFile);
  const running = await startProcess({
    name: 'temporal',
    command: options.binary,
    args: temporalArguments(options),
    logFile: options.logFile,
    onSpawn: options.onSpawn,
  });
  const limits = { name: 'temporal', logFile: options.logFile, timeoutMs: readyTimeoutMs };
  try {
    await waitUntilReady(running, () => answers(options.port), limits);
  } catch (error) {
    if (dbFile === undefined || !existsSync(finishedMark(dbFile))) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}; if ${dbFile} is damaged, move it away to start afresh`, {
      cause: error,
    });
  }
  if (dbFile !== undefined) finish(dbFile);
  return { ...running, address: `127.0.0.1:${options.port}` };
}

/** The server creates its tables only in a new file, so one left by a start cut short is useless. */
function setAsideUnfinished(dbFile: string): void {
  if (existsSync(finishedMark(dbFile))) return;
  for (const suffix of sqliteSuffixes) {
    if (existsSync(dbFile + suffix)) renameSync(dbFile + suffix, `${dbFile}.unfinished${suffix}`);
  }
}

/** Histories hold private text, so only the owner may read them. */
function finish(dbFile: string): void {
  for (const suffix of sqliteSuffixes) {
    if (existsSync(dbFile + suffix)) chmodSync(dbFile + suffix, 0o600);
  }
  writeFileSync(finishedMark(dbFile), 'The tables in the file beside this one are complete.\n');
}

function finishedMark(dbFile: string): string {
  return `${dbFile}.ready`;
}

async function answers(port: number): Promise<true | undefined> {
  // gRPC waits a second after a refused connection, so it is asked only once the port is open.
  if (!(await isListening(port))) return undefined;
  const address = `127.0.0.1:${port}`;
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: '1s' });
    const health = await connection.healthService.check({
      service: 'temporal.api.workflowservice.v1.WorkflowService',
    });
    return health.status === 1 /* SERVING */ ? true : undefined;
  } catch {
    return undefined;
  } finally {
    await connection?.close();
  }
}
