/**
 * A lock between processes: a file that names its holder. It does not survive its holder: a lock of a
 * process that is gone is taken over.
 */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 250;
const noticeEveryMs = 10_000;
/** A file without a readable holder is younger than this only while it is being written. */
const writingMs = 2_000;

/** Runs `work` while holding the lock at `path`; waits for another live holder first. */
export async function withFileLock<T>(
  path: string,
  progress: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const started = Date.now();
  let noticedAt = started - noticeEveryMs;
  while (!tryTake(path)) {
    if (Date.now() - noticedAt >= noticeEveryMs) {
      noticedAt = Date.now();
      const waitedS = Math.round((noticedAt - started) / 1000);
      progress(`waiting for another start that prepares the same file (${waitedS} s)`);
    }
    await sleep(pollMs);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryTake(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  if (isAbandoned(path)) rmSync(path, { force: true });
  return false;
}

function isAbandoned(path: string): boolean {
  try {
    const holder = Number(readFileSync(path, 'utf8'));
    if (Number.isInteger(holder) && holder > 0) return !isAlive(holder);
    return Date.now() - statSync(path).mtimeMs > writingMs;
  } catch {
    return false; // It was released in between; the next attempt decides.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
