/**
 * Owns the state folder on behalf of one running stack: takes its lock, records the processes that
 * belong to it, and stops those a killed predecessor left. It refuses a folder another stack uses.
 */
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { startTimeOf, stopLeftover } from './leftovers.ts';

const processSchema = z.object({
  name: z.string(),
  pid: z.number().int().positive(),
  /** As told by startTimeOf, so that a reused number is not taken for this process. */
  started: z.string(),
});
const lockSchema = z.object({ owner: processSchema, children: z.array(processSchema) });
type Lock = z.infer<typeof lockSchema>;
type Recorded = z.infer<typeof processSchema>;

/** A state folder that this process holds. */
export type StateDir = {
  readonly path: string;
  /** Remembers a child, so that the next start can stop it should this process be killed. */
  record(name: string, pid: number): void;
  /** Writes a file of the folder all at once, readable only by its owner. */
  write(name: string, content: string): void;
  /** Removes the lock. */
  release(): void;
};

const lockName = 'local.lock';
const leftoverGraceMs = 8_000;

/**
 * Creates the folder if needed and takes its lock.
 * @throws Error in one line when it cannot be used or another stack runs in it
 */
export async function claimStateDir(
  path: string,
  progress: (line: string) => void,
): Promise<StateDir> {
  makeFolder(path);
  const lockFile = join(path, lockName);
  const lock: Lock = { owner: identify('local', process.pid), children: [] };
  while (!createWhole(lockFile, lock)) {
    const found = readLock(lockFile);
    if (found === undefined) continue;
    if (isRunning(found.lock.owner)) {
      throw new Error(
        `already running in ${path} (process ${found.lock.owner.pid}): use that one, stop it, or set ` +
          'ADJUTANT_STATE_DIR to another folder',
      );
    }
    await stopChildren(found.lock.children, progress);
    removeIfUnchanged(lockFile, found.text);
  }
  const write = (name: string, content: string) => writeWhole(join(path, name), content);
  return {
    path,
    record(name, pid) {
      lock.children = [
        ...lock.children.filter((child) => child.name !== name),
        identify(name, pid),
      ];
      write(lockName, JSON.stringify(lock));
    },
    write,
    release: () => rmSync(lockFile, { force: true }),
  };
}

function makeFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isDirectory()) {
    throw new Error(`${path} is not a folder: move it away, or set ADJUTANT_STATE_DIR to another`);
  }
  try {
    mkdirSync(path, { recursive: true });
    // For root, another user runs Postgres and must pass through this folder, but not look around.
    chmodSync(path, process.getuid?.() === 0 ? 0o711 : 0o700);
    mkdirSync(join(path, 'logs'), { recursive: true });
    chmodSync(join(path, 'logs'), 0o700);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
    throw new Error(
      `${join(path, 'logs')} cannot be made (${code}): make ${path} a folder you can write to, or set ` +
        'ADJUTANT_STATE_DIR to another',
      { cause: error },
    );
  }
}

/** Creates the lock with its content in one step; false when there is one. */
function createWhole(lockFile: string, lock: Lock): boolean {
  const draft = `${lockFile}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(lock), { mode: 0o600 });
  try {
    linkSync(draft, lockFile);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readLock(lockFile: string): { readonly lock: Lock; readonly text: string } | undefined {
  let text: string;
  try {
    text = readFileSync(lockFile, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw damaged(lockFile, error);
  }
  try {
    return { lock: lockSchema.parse(JSON.parse(text)), text };
  } catch (error) {
    throw damaged(lockFile, error);
  }
}

function damaged(lockFile: string, cause: unknown): Error {
  return new Error(`${lockFile} is damaged: remove it if no other start uses this folder`, {
    cause,
  });
}

async function stopChildren(children: readonly Recorded[], progress: (line: string) => void) {
  for (const child of children.toReversed()) {
    if (!isRunning(child)) continue;
    progress(`stopping ${child.name} (process ${child.pid}), left over from an earlier start`);
    await stopLeftover(
      child.pid,
      child.name === 'postgres' ? 'SIGINT' : 'SIGTERM',
      leftoverGraceMs,
    );
  }
}

/** Removes the dead lock that was read, not one that another start has put there since. */
function removeIfUnchanged(lockFile: string, text: string): void {
  const aside = `${lockFile}.${process.pid}.old`;
  try {
    renameSync(lockFile, aside);
    if (readFileSync(aside, 'utf8') === text) rmSync(aside);
    else renameSync(aside, lockFile);
  } catch {
    // Another start was faster; the next attempt to create the lock tells.
  }
}

function identify(name: string, pid: number): Recorded {
  return { name, pid, started: startTimeOf(pid) ?? 'unknown' };
}

function isRunning(recorded: Recorded): boolean {
  return startTimeOf(recorded.pid) === recorded.started;
}

function writeWhole(file: string, content: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, content, { mode: 0o600 });
  renameSync(draft, file);
}
