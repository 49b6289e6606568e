/** Peak memory of every process of a local stack, as the kernel counted it. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Endpoints } from '#infra/local/stack.ts';
import type { Row } from './measurement.ts';

type Peak = { readonly name: string; readonly processes: number; readonly peakKiB: number };

/** One row a part and one for the sum. `supervisor` is the process number of `npm start`. */
export function measureMemory(supervisor: number, { pids }: Endpoints): Row[] {
  const parts: readonly (readonly [name: string, pid: number | null])[] = [
    ['supervisor', supervisor],
    ['api', pids.api],
    ...pids.workers.map((pid) => ['worker', pid] as const),
    ['temporal', pids.temporal],
    ['postgres', pids.postgres],
    ['sandbox', pids.sandbox],
  ];
  const named = new Set(parts.map(([, pid]) => pid));
  const children = childrenByParent();
  const peaks = parts.flatMap(([name, pid]): Peak[] => {
    if (pid === null) return [];
    const tree = [pid, ...descendants(pid, children, named)];
    const peakKiB = tree.reduce((sum, one) => sum + peakOf(one), 0);
    return [{ name, processes: tree.length, peakKiB }];
  });
  const sum = peaks.reduce((total, { peakKiB }) => total + peakKiB, 0);
  const row = (what: string, kib: number): Row => ({
    id: 'memory',
    what,
    measured: `${Math.round(kib / 1024)} MiB`,
    goal: '',
  });
  return [
    ...peaks.map(({ name, processes, peakKiB }) =>
      row(
        `${name}${processes > 1 ? ` (${processes} processes, shared pages in each)` : ''}`,
        peakKiB,
      ),
    ),
    row('whole local stack: sum of the peaks', sum),
  ];
}

function descendants(
  pid: number,
  children: ReadonlyMap<number, readonly number[]>,
  except: ReadonlySet<number | null>,
): number[] {
  return (children.get(pid) ?? [])
    .filter((child) => !except.has(child))
    .flatMap((child) => [child, ...descendants(child, children, except)]);
}

function childrenByParent(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(/^PPid:\s+(\d+)/m.exec(statusOf(Number(name)))?.[1]);
    if (Number.isNaN(parent)) continue;
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

function peakOf(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(statusOf(pid))?.[1] ?? 0);
}

/** Empty when the process has ended meanwhile. */
function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
