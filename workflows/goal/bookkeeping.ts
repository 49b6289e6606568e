/**
 * Bookkeeping in Postgres, one entry at a time. SDK 1.24.0 replays local activities that ran side by
 * side as if they had ended together, and one that outlasts its workflow task as if it had ended before
 * whatever the next task brought (both measured 2026-11-21): what a goal does next must not depend on
 * which was first. So there never are two, and none outlasts its workflow task.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  sleep,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { permanentFailures } from '#contracts/failures.ts';
import { limits } from '#contracts/limits.ts';
import type { GoalLocalActivities } from '#contracts/activities.ts';
import { briefLocalActivities, localActivities } from '../proxies.ts';
import type { Goal } from './goal.ts';

/**
 * Makes one entry when those before it are made. What it is about is looked up in its turn, and what
 * follows from it is done before the next one's.
 */
export function bookkeep<Result>(
  goal: Goal,
  entry: (books: GoalLocalActivities) => Promise<Result>,
): Promise<Result> {
  if (!goal.isPrompt) return entry(localActivities());
  return inTurn(goal, async () => {
    for (let attempt = 1; ; attempt += 1) {
      await leaveRoom(goal);
      try {
        return await entry(briefLocalActivities());
      } catch (error) {
        if (!isStorageAway(error)) throw error;
        await sleep(Math.min(attempt * limits.bookkeepingRetryMs, limits.bookkeepingRetryMaxMs));
      }
    }
  });
}

/**
 * Ends the workflow task after a few entries: together they must not last until it beats, which is at
 * four fifths of its 10 s.
 */
async function leaveRoom(goal: Goal): Promise<void> {
  const { historyLength } = workflowInfo();
  const { entries } = goal;
  if (entries.historyLength === historyLength && entries.count >= limits.entriesPerTask) {
    await sleep(1);
    return leaveRoom(goal);
  }
  const count = entries.historyLength === historyLength ? entries.count + 1 : 1;
  goal.entries = { historyLength, count };
}

/** True when the entry could not be made for now: Postgres did not answer in time, or not at all. */
function isStorageAway(error: unknown): boolean {
  // A replay gives the bare cause of what failed live inside an ActivityFailure (SDK 1.24.0).
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof TimeoutFailure) return true;
  if (!(cause instanceof ApplicationFailure)) return false;
  return !(permanentFailures as readonly string[]).includes(cause.type ?? '');
}

/**
 * Does something between two entries. Whatever takes a request back does it here: a decision that is
 * being admitted meanwhile would be stored and change nothing.
 */
export async function inTurn<Result>(
  goal: Goal,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  if (!goal.isPrompt) return work();
  const before = goal.bookkeeping;
  let done: () => void = () => undefined;
  goal.bookkeeping = new Promise((resolve) => {
    done = resolve;
  });
  await before;
  try {
    return await work();
  } finally {
    done();
  }
}
