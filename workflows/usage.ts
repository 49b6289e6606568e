/** Sums what the model calls of one child workflow cost. */
import type { ModelUsage } from '#contracts/activities.ts';
import { noUsage, type Usage } from '#contracts/goal.ts';

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
