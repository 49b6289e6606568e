/** One step, from resolving its references to what it leaves behind. */
import { isCancellation } from '@temporalio/workflow';
import type { JsonObject } from '#contracts/json.ts';
import { type Resolved, resolveReferences } from '#contracts/references.ts';
import { isEffectTool } from '#contracts/tools.ts';
import { BudgetRefused, reserve } from './budget.ts';
import { runEffect } from './effect.ts';
import type { Goal, Step } from './goal.ts';
import { failStep, failureOf, skipStep } from './outcome.ts';
import { runRead } from './read.ts';
import { Parked } from './waiting.ts';

/**
 * Runs a step to its end: completed, failed, rejected, skipped or unknown. A step that an earlier run
 * of the workflow left waiting goes on where it stood. Throws nothing; a step that is parked keeps its
 * status.
 */
export async function runStep(goal: Goal, step: Step): Promise<void> {
  const { id, tool } = step.plan;
  try {
    if (step.status === 'pending') {
      await reserve(goal, 'steps');
      // It may have waited for more budget, and the plan may have changed meanwhile.
      if (!goal.steps.includes(step)) return;
      step.status = 'running';
      goal.journal.append('step_started', { tool }, id);
    }
    const { owner, zone, goal: text } = goal.input;
    const resolution = resolveReferences(step.plan.input as JsonObject, {
      goal: { text, owner, zone },
      outputs: goal.outputs(),
    });
    if (!resolution.ok) {
      failStep(goal, step, {
        type: 'ReferenceError',
        message: `${resolution.missing} leads nowhere: the earlier step did not give that value.`,
      });
      return;
    }
    const resolved = withPlanTaints(step, resolution.resolved);
    if (isEffectTool(tool)) await runEffect(goal, step, tool, resolved);
    else await runRead(goal, step, tool, resolved);
  } catch (error) {
    if (error instanceof Parked) return;
    if (isCancellation(error)) skipStep(goal, step, 'the goal stopped');
    else if (error instanceof BudgetRefused) {
      failStep(goal, step, { type: 'BudgetExceededError', message: error.message });
    } else failStep(goal, step, failureOf(error));
  }
}

/** A planner that had read untrusted text could have copied any literal from it. */
function withPlanTaints(step: Step, resolved: Resolved): Resolved {
  if (step.planTaints.length === 0) return resolved;
  const paths = Object.keys(step.plan.input);
  const origins = step.planTaints.flatMap((taint) => taint.origins);
  return {
    value: resolved.value,
    trust: 'untrusted',
    origins: [...resolved.origins, ...origins],
    taints: [...resolved.taints, ...paths.map((path) => ({ path, origins }))],
  };
}
