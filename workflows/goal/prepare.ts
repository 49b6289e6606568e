/** Preparing a step: its input becomes the content that a person is shown. Nothing outside changes. */
import type { PreparedEffect } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { Resolved } from '#contracts/references.ts';
import type { ToolName } from '#contracts/tools.ts';
import type { EffectPhase } from '#contracts/workflows.ts';
import { connectorActivities, withSummary } from '../proxies.ts';
import type { Goal, Step } from './goal.ts';
import { untilAvailable, waiterOf } from './provider.ts';

/** Where a step stands before it is prepared. */
export function firstPhase({ value, taints, origins }: Resolved): EffectPhase {
  return {
    input: value as JsonObject,
    taints,
    origins,
    editedUnder: null,
    beforeEdit: null,
    notes: [],
    supersedes: null,
    superseded: 0,
    prepared: null,
    approvalId: null,
    leavesAt: null,
    counted: false,
  };
}

/** Resolves the step's input to its content. @throws failures of preparing, Parked */
export function prepareStep(
  goal: Goal,
  step: Step,
  tool: ToolName,
  { input, taints, origins, supersedes }: EffectPhase,
  summary: string,
): Promise<PreparedEffect> {
  return untilAvailable(goal, waiterOf(step), () => {
    const contentAsOf = oldestReading(goal, step);
    step.asOf = contentAsOf;
    return connectorActivities().prepareEffect.executeWithOptions(
      withSummary('connectors', summary),
      [
        {
          context: goal.contextOf(step.plan.id),
          tool,
          revision: step.revision,
          input,
          taints,
          origins,
          goalText: goal.input.goal,
          policyVersion: goal.input.policy.version,
          contentAsOf,
          ...(supersedes === null ? {} : { previousDigest: supersedes.digest }),
        },
      ],
    );
  });
}

/**
 * The oldest of the readings that a step rests on: its own, which is now, and those of the steps it
 * depends on. The planner of a revised plan has seen what every step before it gave. What an effect
 * gives is as old as its receipt.
 */
export function oldestReading(goal: Goal, { plan }: Step): string {
  const readings = goal.steps.flatMap(({ plan: { id }, output, effect, asOf }) => {
    const isSeen = plan.dependsOn.includes(id) || goal.planRevision > 1;
    return (output !== null && isSeen && (effect?.at ?? asOf)) || [];
  });
  return readings.reduce(
    (oldest, at) => (Date.parse(at) < Date.parse(oldest) ? at : oldest),
    new Date().toISOString(),
  );
}
