/**
 * Waits of a goal. Each of them gives up when the run is to end, so that the next run can take it up:
 * whoever waits unwinds with `Parked` and is started again from its snapshot.
 */
import { condition } from '@temporalio/workflow';
import type { Goal } from './goal.ts';

/** Thrown by a wait that gives up because this run ends. Not a failure: the next run waits again. */
export class Parked extends Error {
  override readonly name = 'Parked';
}

/** Waits until something is true. @throws Parked, CancelledFailure */
export async function waitFor(goal: Goal, isTrue: () => boolean): Promise<void> {
  await condition(() => isTrue() || goal.parking);
  if (!isTrue()) throw new Parked();
}

/**
 * Waits until something is true or a moment has come, with a line for the Web UI. True when the
 * condition came first. @throws Parked, CancelledFailure
 */
export async function waitUntil(
  goal: Goal,
  isTrue: () => boolean,
  atMs: number,
  summary: string,
): Promise<boolean> {
  const leftMs = atMs - Date.now();
  if (leftMs <= 0 || isTrue()) return isTrue();
  const woke = await condition(() => isTrue() || goal.parking, leftMs, { summary });
  if (woke && !isTrue()) throw new Parked();
  return woke;
}

/** Waits while the goal is paused or about to be planned anew. @throws Parked, CancelledFailure */
export async function waitWhileHeld(goal: Goal): Promise<void> {
  if (goal.isHeld) await waitFor(goal, () => !goal.isHeld);
}
