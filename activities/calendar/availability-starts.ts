/**
 * The starts a meeting could have, and which of them are hit by a set of taken time. All starts of a
 * search stand in one ascending list, so that what somebody's time rules out is a few ranges of
 * indices and the work grows with people plus starts, not with people times starts.
 */
import type { Spans } from './availability-spans.ts';
import { MINUTE_MS, offsetSegments } from './zone-time.ts';

/** Where starts lie: on a grid of one wall clock, inside a window. */
export type StartGrid = {
  readonly zone: string;
  readonly stepMinutes: number;
  readonly fromMs: number;
  readonly toMs: number;
};

/** Every start on the grid at which the whole meeting fits into one of the free spans. */
export function gridStarts(grid: StartGrid, free: Spans, lengthMs: number): number[] {
  const stepMs = grid.stepMinutes * MINUTE_MS;
  const starts: number[] = [];
  if (grid.fromMs >= grid.toMs) return starts;
  const segments = offsetSegments(grid.zone, grid.fromMs, grid.toMs);
  let first = 0;
  for (let index = 0; index < free.length; index += 2) {
    const freeStart = free[index] ?? Infinity;
    const lastStart = (free[index + 1] ?? -Infinity) - lengthMs;
    while ((segments[first]?.endMs ?? Infinity) <= freeStart) first += 1;
    for (let next = first; next < segments.length; next += 1) {
      const segment = segments[next];
      if (segment === undefined || segment.startMs > lastStart) break;
      // Steps divide a day and local midnights are whole days, so one modulus serves all days.
      const from = Math.max(freeStart, segment.startMs) + segment.offsetMs;
      let startMs = Math.ceil(from / stepMs) * stepMs - segment.offsetMs;
      for (; startMs <= lastStart && startMs < segment.endMs; startMs += stepMs) {
        starts.push(startMs);
      }
    }
  }
  return starts;
}

/**
 * Visits the disjoint ranges `[from, to)` of indices of the starts at which a meeting would share
 * time with any of the spans.
 */
export function eachTouching(
  starts: readonly number[],
  shut: Spans,
  lengthMs: number,
  visit: (from: number, to: number) => void,
): void {
  let done = 0;
  for (let index = 0; index < shut.length && done < starts.length; index += 2) {
    const shutStart = shut[index] ?? Infinity;
    const shutEnd = shut[index + 1] ?? -Infinity;
    // It touches when it starts before the span ends and ends after the span starts.
    const from = firstAbove(starts, shutStart - lengthMs, done);
    const to = firstAtLeast(starts, shutEnd, from);
    if (from < to) visit(from, to);
    done = Math.max(done, to);
  }
}

/** Index of the first start, from one index on, that is at least `ms`. */
function firstAtLeast(starts: readonly number[], ms: number, from: number): number {
  let low = from;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? Infinity) >= ms) high = middle;
    else low = middle + 1;
  }
  return low;
}

function firstAbove(starts: readonly number[], ms: number, from: number): number {
  const index = firstAtLeast(starts, ms, from);
  return starts[index] === ms ? index + 1 : index;
}
