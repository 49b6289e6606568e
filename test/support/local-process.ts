/** Starts a local stack as a process of its own, in a state folder of its own, on free ports. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, chmodSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTimeOf } from '#infra/local/leftovers.ts';
import type { Endpoints } from '#infra/local/stack.ts';

const root = join(import.meta.dirname, '../..');

/** A state folder that is removed when disposed. */
export function temporaryStateDir(): Disposable & { readonly path: string } {
  const parent = mkdtempSync(join(tmpdir(), 'adjutant-local-'));
  chmodSync(parent, 0o755); // The user that runs Postgres for root must get in.
  return {
    path: join(parent, 'state'),
    [Symbol.dispose]: () => rmSync(parent, { recursive: true, force: true }),
  };
}

/** A started stack: what it printed and how it ended. */
export type LocalProcess = AsyncDisposable & {
  readonly pid: number;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
  /** Resolves when the stack is ready; rejects with its output when it ends instead. */
  endpoints(): Promise<Endpoints>;
  signal(signal: NodeJS.Signals): void;
};

/** Starts `program` (a file of the project) with the given state folder and variables. */
export function startLocal(
  program: string,
  stateDir: string,
  env: Readonly<Record<string, string>> = {},
): LocalProcess {
  const freePorts = ['API', 'TEMPORAL', 'TEMPORAL_UI', 'SANDBOX', 'ORACLE', 'POSTGRES'].map(
    (name) => [`ADJUTANT_${name}_PORT`, '0'] as const,
  );
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, program)], {
    cwd: root,
    env: { ...process.env, ...Object.fromEntries(freePorts), ADJUTANT_STATE_DIR: stateDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  }
  let ended = false;
  const exit = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      ended = true;
      resolve(code);
    });
  });
  return {
    pid: child.pid!,
    output: () => output,
    exit,
    async endpoints() {
      const file = join(stateDir, 'endpoints.json');
      // The file alone may be one that a killed predecessor left.
      while (!output.includes('ready in') || !existsSync(file)) {
        if (ended) throw new Error(`the stack ended: ${output}`);
        await sleep(20);
      }
      return JSON.parse(readFileSync(file, 'utf8')) as Endpoints;
    },
    signal: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (!ended) child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await exit;
      clearTimeout(late);
    },
  };
}

/** All process numbers of a stack. */
export function pidsOf({ pids }: Endpoints): number[] {
  const all = [pids.api, ...pids.workers, pids.temporal, pids.postgres, pids.sandbox];
  return all.filter((pid) => pid !== null);
}

/** Whether a process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  return startTimeOf(pid) !== undefined;
}

/** Waits until `check` is true. @throws Error after `limitMs` */
export async function eventually(check: () => boolean, limitMs = 10_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!check()) {
    if (Date.now() > deadline)
      throw new Error(`not true within ${limitMs} ms: ${check.toString()}`);
    await sleep(25);
  }
}
