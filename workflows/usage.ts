/** What the model calls of one child workflow cost, and ending when the day has no room for more. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { ModelUsage } from '#contracts/activities.ts';
import { noUsage, type Usage } from '#contracts/goal.ts';
import type { ChildProgress } from '#contracts/workflows.ts';
import { detailsOf, failureOf, needsMoreToday } from './goal/outcome.ts';

/** A running sum. */
export type UsageCounter = {
  add(calls: readonly ModelUsage[]): void;
  total(): Usage;
};

/** Starts at zero. */
export function createUsage(): UsageCounter {
  const calls: ModelUsage[] = [];
  return {
    add: (more) => void calls.push(...more),
    total: () => ({
      ...noUsage,
      modelCalls: calls.length,
      costMicroUsd: calls.reduce((sum, { costMicroUsd = 0 }) => sum + costMicroUsd, 0),
      inputTokens: calls.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
      outputTokens: calls.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
      shownBytes: calls.reduce((sum, { shownBytes = 0 }) => sum + shownBytes, 0),
    }),
  };
}

/**
 * Does the work of a child. Where the budget of the day stops it, the child ends with what it has come
 * to: its goal asks the person, and starts it again from there.
 */
export async function untilUsedUp<Result>(
  progress: () => ChildProgress,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!needsMoreToday(error)) throw error;
    const { type, message } = failureOf(error);
    const details = [detailsOf(error), progress()];
    throw ApplicationFailure.create({ type, message, nonRetryable: true, details });
  }
}
