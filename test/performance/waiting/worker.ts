/** A worker process of one arm: started, watched, killed. It knows no goal. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '#infra/config.ts';
import { projectRoot } from '#infra/local/parts.ts';
import { startProcess, tail, waitUntilReady } from '#infra/local/process.ts';
import type { ProcessOptions, ProcessStatus } from './process.ts';

/** A worker process that is ready. */
export type WaitingWorker = AsyncDisposable & {
  /** What it said last. */
  status(): ProcessStatus;
  /**
   * Resolves when it has done nothing for some seconds and has swept its main heap (not that of the
   * workflow thread, which nobody can ask). A shorter wait reads a backlog half drained.
   * @throws Error when it does not come to rest in time
   */
  untilQuiet(timeoutMs: number): Promise<ProcessStatus>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
};

const readyTimeoutMs = 60_000;
const quietMs = 8_000;
/** For a garbage collection and the report after it. */
const sweepMs = 1_000;
/** Polling and reporting take about this much; one parked goal takes 10 ms. */
const idleShare = 0.08;

/** Starts the process. */
export async function startWaitingWorker(
  options: ProcessOptions,
  logFile: string,
): Promise<WaitingWorker> {
  let ready: true | undefined;
  let last: ProcessStatus | undefined;
  const running = await startProcess({
    name: options.arm,
    command: process.execPath,
    args: [
      '--expose-gc',
      '--import',
      'tsx',
      join(import.meta.dirname, 'process.ts'),
      JSON.stringify(options),
    ],
    cwd: projectRoot,
    env: childEnvironment({}),
    logFile,
    onLine: (line) => {
      if (line.includes('"ready"')) ready = true;
      else if (line.startsWith('{"cached')) last = JSON.parse(line) as ProcessStatus;
    },
  });
  let ended = false;
  void running.exit.then(() => (ended = true));
  await waitUntilReady(running, () => Promise.resolve(ready && last && true), {
    name: options.arm,
    logFile,
    timeoutMs: readyTimeoutMs,
  });
  const status = () => {
    if (last === undefined || ended) throw new Error(`${options.arm} ended${tail(logFile)}`);
    return last;
  };
  return {
    status,
    async untilQuiet(timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      while (performance.now() < deadline) {
        const before = status();
        await sleep(quietMs);
        const after = status();
        const busyMs = after.cpuMs - before.cpuMs;
        const same =
          after.cachedWorkflows === before.cachedWorkflows && after.planned === before.planned;
        if (!same || busyMs >= quietMs * idleShare) continue;
        process.kill(running.pid, 'SIGUSR2');
        await sleep(sweepMs);
        return status();
      }
      throw new Error(`${options.arm} did not come to rest${tail(logFile)}`);
    },
    async kill() {
      process.kill(running.pid, 'SIGKILL');
      await running.exit;
    },
    [Symbol.asyncDispose]: () => running.stop(),
  };
}
