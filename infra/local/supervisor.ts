/**
 * Keeps a set of processes running: restarts one that dies, gives up on one that keeps dying, stops
 * all in reverse order. It knows nothing about what the processes are.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describeExit, type RunningProcess } from './process.ts';

/**
 * One process to keep running. `start` resolves when it is ready and may be called again; the signal ends
 * what it prepares.
 */
export type Part = {
  readonly name: string;
  readonly start: (signal: AbortSignal) => Promise<RunningProcess>;
};

/** How patient the supervisor is and whom it tells. */
export type SupervisorOptions = {
  /** One line about something a person may want to know. */
  readonly progress: (line: string) => void;
  /** A part is running again under another process number. */
  readonly onRestart?: (name: string, pid: number) => void;
  /** A part died too often; the owner should stop everything. */
  readonly onGiveUp: (reason: string) => void;
  /** Restarts allowed within `windowMs`. */
  readonly maxRestarts?: number;
  readonly windowMs?: number;
  /** A part that ran this long was well: its death, by whatever hand, starts the count anew. */
  readonly healthyMs?: number;
  readonly firstDelayMs?: number;
  readonly maxDelayMs?: number;
};

/** A running set of processes. */
export type Supervisor = {
  /** Starts a part and keeps it running. @throws Error when the first start fails */
  start(part: Part): Promise<void>;
  /** Process numbers by name of the parts that run now. */
  pids(): ReadonlyMap<string, number>;
  /** Stops every part, the last started first. Nothing is restarted after this is called. */
  stop(): Promise<void>;
};

type Kept = {
  readonly part: Part;
  running: RunningProcess | undefined;
  readonly restarts: number[];
  /** When the running process became ready; epoch ms. */
  readyAt: number;
};

/** How long a stop waits for a part that is just starting. */
const startingGraceMs = 6_000;

/** Creates a supervisor without parts. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { maxRestarts = 5, windowMs = 60_000, healthyMs = 3_000 } = options;
  const { firstDelayMs = 200, maxDelayMs = 5_000 } = options;
  const kept: Kept[] = [];
  const stopping = new AbortController();
  const loops = new Set<Promise<void>>();

  async function watch(one: Kept): Promise<void> {
    while (!stopping.signal.aborted) {
      if (one.running !== undefined) {
        const exit = await one.running.exit;
        one.running = undefined;
        if (Date.now() - one.readyAt >= healthyMs) one.restarts.length = 0;
        if (stopping.signal.aborted) return;
        options.progress(`${one.part.name} ended (${describeExit(exit)}), starting it again`);
      }
      if (!(await restart(one))) return;
    }
  }

  /** One attempt; false when there will be no more. */
  async function restart(one: Kept): Promise<boolean> {
    const now = Date.now();
    const recent = one.restarts.filter((at) => now - at < windowMs);
    if (recent.length >= maxRestarts) {
      const seconds = Math.round(windowMs / 1000);
      options.onGiveUp(`${one.part.name} ended ${recent.length + 1} times within ${seconds} s`);
      return false;
    }
    one.restarts.splice(0, one.restarts.length, ...recent, now);
    const delayMs = Math.min(firstDelayMs * 2 ** recent.length, maxDelayMs);
    try {
      await sleep(delayMs, undefined, { signal: stopping.signal });
      one.running = await one.part.start(stopping.signal);
      one.readyAt = Date.now();
      if (!stopping.signal.aborted) options.onRestart?.(one.part.name, one.running.pid);
    } catch (error) {
      if (stopping.signal.aborted) return false;
      options.progress(error instanceof Error ? error.message : String(error));
    }
    return true;
  }

  return {
    async start(part) {
      if (stopping.signal.aborted) throw new Error(`${part.name} is not started: stopping`);
      const one: Kept = { part, running: undefined, restarts: [], readyAt: 0 };
      kept.push(one);
      const starting = part.start(stopping.signal).then((running) => {
        one.running = running;
        one.readyAt = Date.now();
      });
      const settled = starting.catch(() => undefined);
      loops.add(settled);
      await starting;
      loops.delete(settled);
      loops.add(watch(one));
    },
    pids() {
      const running = kept.flatMap(({ part, running: now }) =>
        now === undefined ? [] : [[part.name, now.pid] as const],
      );
      return new Map(running);
    },
    async stop() {
      stopping.abort();
      for (const one of kept.toReversed()) await one.running?.stop();
      // What was just starting has had its chance to become ready; now it is stopped as well.
      await Promise.race([Promise.all(loops), sleep(startingGraceMs, undefined, { ref: false })]);
      for (const one of kept.toReversed()) await one.running?.stop();
    },
  };
}
