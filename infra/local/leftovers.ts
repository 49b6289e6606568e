/**
 * Recognises and stops processes that an earlier start left behind. It identifies a process by its
 * number and start time together, so a number given to another program is never mistaken for ours.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 50;

/** When a process started, in a form that two processes never share; undefined when it is gone. */
export function startTimeOf(pid: number): string | undefined {
  if (platform() !== 'linux') return ps(pid, 'lstart=');
  const stat = readProc(`${pid}/stat`);
  // The name in parentheses may hold spaces; state is the first field after it, start time the 20th.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields?.[19];
  if (ticks === undefined || fields?.[0] === 'Z') return undefined;
  return `${readProc('sys/kernel/random/boot_id')?.trim() ?? ''}:${ticks}`;
}

/** The command line of a process, its words separated by spaces. */
export function commandLineOf(pid: number): string | undefined {
  if (platform() !== 'linux') return ps(pid, 'command=');
  return readProc(`${pid}/cmdline`)?.replaceAll('\0', ' ').trim();
}

/** Asks a process to stop, kills it after the grace time, resolves when it is gone. */
export async function stopLeftover(
  pid: number,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> {
  const started = startTimeOf(pid);
  if (started === undefined) return;
  const gone = async (limitMs: number) => {
    const deadline = Date.now() + limitMs;
    while (Date.now() < deadline) {
      if (startTimeOf(pid) !== started) return true;
      await sleep(pollMs);
    }
    return false;
  };
  try {
    process.kill(pid, signal);
    if (await gone(graceMs)) return;
    process.kill(pid, 'SIGKILL');
    await gone(graceMs);
  } catch {
    // It ended between the look and the signal.
  }
}

function readProc(name: string): string | undefined {
  try {
    return readFileSync(`/proc/${name}`, 'utf8');
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string | undefined {
  try {
    const output = execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8' });
    return output.trim() || undefined;
  } catch {
    return undefined;
  }
}
