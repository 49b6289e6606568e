/**
 * Bookkeeping in Postgres, one entry at a time. SDK 1.24.0 replays local activities that ran side by
 * side as if they had ended together (measured 2026-11-21): what a goal does next must not depend on
 * which of two was first, so there never are two.
 */
import type { GoalLocalActivities } from '#contracts/activities.ts';
import { localActivities } from '../proxies.ts';
import type { Goal } from './goal.ts';

/**
 * Makes one entry when those before it are made. What it is about is looked up in its turn, and what
 * follows from it is done before the next one's.
 */
export function bookkeep<Result>(
  goal: Goal,
  entry: (books: GoalLocalActivities) => Promise<Result>,
): Promise<Result> {
  return inTurn(goal, () => entry(localActivities()));
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
