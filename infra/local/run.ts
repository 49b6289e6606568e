/**
 * The life of one local stack: claims the state folder, boots, says what is where, keeps it running,
 * and stops everything when told to or when a part cannot be kept alive. Leaves nothing running.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { boot, replacedServices, type BootedStack, type BootOptions } from './stack.ts';
import { claimStateDir, type StateDir } from './state-dir.ts';
import { createSupervisor } from './supervisor.ts';
import { submitSampleGoal, welcome } from './welcome.ts';

/** What a run needs. */
export type RunOptions = Pick<BootOptions, 'config' | 'programs' | 'seed'> & {
  /** One line for the person at the terminal. */
  readonly print: (line: string) => void;
  /** Aborted when the stack should stop. */
  readonly signal: AbortSignal;
};

const endpointsName = 'endpoints.json';
const sampleGoalMarker = 'sample-goal';

/** Runs the stack until the signal is aborted. Resolves to the exit code of the process. */
export async function runLocal(options: RunOptions): Promise<0 | 1> {
  const { config, print } = options;
  let state: StateDir;
  try {
    state = await claimStateDir(config.stateDir, print);
  } catch (error) {
    print(oneLine(error));
    return 1;
  }
  try {
    return await runIn(state, options);
  } finally {
    state.release();
  }
}

async function runIn(state: StateDir, options: RunOptions): Promise<0 | 1> {
  const { config, print, signal } = options;
  const startedAt = Date.now();
  const ended = new AbortController();
  const stopRequest = AbortSignal.any([signal, ended.signal]);
  let stack: BootedStack | undefined;
  const supervisor = createSupervisor({
    progress: print,
    onRestart: (name) => {
      print(`${name} is ready again`);
      if (stack !== undefined) writeEndpoints(state, stack);
    },
    onGiveUp: (reason) => {
      ended.abort(`${reason}: see ${join(state.path, 'logs')}`);
    },
  });
  const stopped = new Promise<void>((resolve) => {
    stopRequest.addEventListener('abort', () => resolve(), { once: true });
    if (stopRequest.aborted) resolve();
  });
  try {
    rmSync(join(state.path, endpointsName), { force: true });
    const booting = boot({ ...options, state, supervisor, progress: print, signal: stopRequest });
    await Promise.race([booting, stopped]);
    if (!stopRequest.aborted) {
      stack = await booting;
      writeEndpoints(state, stack);
      const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
      for (const line of welcome(stack.endpoints(), stack.token, seconds)) print(line);
      await sampleGoalOnce(state, config, stack, print);
      await stopped;
    } else {
      void booting.catch(() => undefined);
    }
  } catch (error) {
    if (!stopRequest.aborted) ended.abort(oneLine(error));
  }
  if (ended.signal.aborted) print(String(ended.signal.reason));
  print('stopping');
  await supervisor.stop();
  rmSync(join(state.path, endpointsName), { force: true, recursive: true });
  return ended.signal.aborted ? 1 : 0;
}

function writeEndpoints(state: StateDir, stack: BootedStack): void {
  state.write(endpointsName, `${JSON.stringify(stack.endpoints(), null, 2)}\n`);
}

/** On the very first start in the sandbox there is something to look at. */
async function sampleGoalOnce(
  state: StateDir,
  config: Config,
  stack: BootedStack,
  print: (line: string) => void,
): Promise<void> {
  const replaced = replacedServices(config);
  const isSandbox = replaced.model && replaced.accounts;
  if (!isSandbox || existsSync(join(state.path, sampleGoalMarker))) return;
  try {
    const answer = await submitSampleGoal(stack.endpoints().api, stack.token);
    state.write(sampleGoalMarker, `${answer}\n`);
    print(`a first goal is on its way: ${answer}`);
  } catch (error) {
    print(`the sample goal was not taken (${oneLine(error)}); it is tried again at the next start`);
  }
}

function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/\s*\n\s*/g, '; ');
}
