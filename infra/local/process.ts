/**
 * Starts one child process, waits until it is ready and stops it again. It does not restart anything
 * (see supervisor.ts) and never signals a process it did not start.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a process ended. */
export type ProcessExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A child process that said it is ready. */
export type RunningProcess = {
  readonly pid: number;
  /** Resolves, never rejects, when the process is gone. */
  readonly exit: Promise<ProcessExit>;
  /** Asks it to stop, kills it after a grace time, resolves when it is gone. */
  stop(): Promise<void>;
};

/** What to run. */
export type ProcessOptions = {
  /** Name for people, such as `worker`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** User and group to run as; only root may set it. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Standard output and error are appended here. */
  readonly logFile: string;
  readonly stopSignal?: NodeJS.Signals;
  /** Time between asking it to stop and killing it. */
  readonly stopGraceMs?: number;
  /** Told at once, before it is ready. */
  readonly onSpawn?: ((pid: number) => void) | undefined;
  /** Each full line of standard output; when absent, output goes straight to the log file. */
  readonly onLine?: (line: string) => void;
};

const maxLogBytes = 10 * 1024 * 1024;
const defaultStopGraceMs = 10_000;
const alive = new Set<number>();

// The last resort when this process exits in a hurry: no child outlives it.
process.once('exit', () => {
  for (const pid of alive) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It was already gone.
    }
  }
});

/**
 * Starts a process in its own process group, so that Ctrl-C reaches only the supervisor, which then
 * stops children in order. Its standard input is a pipe that closes when this process dies (leash.mjs).
 * @throws Error when the command cannot be started at all
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const log = openLog(options.logFile);
  let child: ChildProcess;
  try {
    child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['pipe', options.onLine === undefined ? log : 'pipe', log],
      ...options.user,
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) =>
        reject(new Error(`${options.name} cannot be started: ${error.message}`, { cause: error })),
      );
    });
  } catch (error) {
    closeSync(log);
    throw error;
  }
  child.on('error', () => undefined); // A failed kill; the exit event still tells the truth.
  child.stdin?.on('error', () => undefined);
  const exit = new Promise<ProcessExit>((resolve) => {
    child.once('close', (code, signal) => {
      closeSync(log);
      resolve({ code, signal });
    });
  });
  const pid = child.pid ?? 0;
  alive.add(pid);
  void exit.then(() => alive.delete(pid));
  options.onSpawn?.(pid);
  if (options.onLine !== undefined) readLines(child, log, options.onLine);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(options.stopSignal ?? 'SIGTERM');
      const grace = setTimeout(
        () => child.kill('SIGKILL'),
        options.stopGraceMs ?? defaultStopGraceMs,
      );
      await exit;
      clearTimeout(grace);
    }
    await exit;
  };
  return { pid, exit, stop };
}

/**
 * Calls `probe` until it answers something else than undefined.
 * @throws Error when the process ends first or the time is over, with the last lines of its log
 */
export async function waitUntilReady<T>(
  running: RunningProcess,
  probe: () => Promise<T | undefined>,
  limits: { readonly name: string; readonly logFile: string; readonly timeoutMs: number },
): Promise<T> {
  let ended: ProcessExit | undefined;
  void running.exit.then((exit) => (ended = exit));
  const deadline = Date.now() + limits.timeoutMs;
  while (Date.now() < deadline) {
    if (ended !== undefined) {
      throw new Error(
        `${limits.name} ended at start (${describeExit(ended)})${tail(limits.logFile)}`,
      );
    }
    const answer = await probe();
    if (answer !== undefined) return answer;
    await sleep(25);
  }
  await running.stop();
  throw new Error(
    `${limits.name} was not ready within ${limits.timeoutMs / 1000} s${tail(limits.logFile)}`,
  );
}

/** One or two words about how a process ended. */
export function describeExit(exit: ProcessExit): string {
  return exit.signal ?? `exit code ${exit.code ?? 'unknown'}`;
}

/** The end of a log as one line, to be put behind a message. */
export function tail(logFile: string): string {
  let lines: string[];
  try {
    lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
  } catch {
    return '';
  }
  const last =
    lines.findLast((line) => /error|fatal|panic|cannot/i.test(line)) ?? lines.at(-1) ?? '';
  return `: ${last.trim().slice(0, 300)} (log: ${logFile})`;
}

function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxLogBytes) renameSync(file, `${file}.1`);
  return openSync(file, 'a');
}

function readLines(child: ChildProcess, log: number, onLine: (line: string) => void): void {
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    writeSync(log, chunk);
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
