/** Putting a plan into force over what has happened already: finished and running steps stay. */
import { canonicalJson } from '#contracts/canonical.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { Plan, PlanStep } from '#contracts/schemas/plan.ts';
import type { Taint } from '#contracts/trust.ts';
import { takeBack } from './approval.ts';
import { type Goal, newStep, type Step } from './goal.ts';

/** Statuses of steps that only wait: their requests can be taken back without loss. */
const waiting: readonly Step['status'][] = ['awaiting_approval', 'delayed'];

/** Statuses of steps that a new plan cannot change. */
export function hasBegun({ status }: Step): boolean {
  return status !== 'pending' && !waiting.includes(status);
}

/** What makes a step do what it does; the rest is explanation. */
function essenceOf({ tool, input, requiresConfirmation }: PlanStep): string {
  return canonicalJson({ tool, input: input as JsonObject, requiresConfirmation });
}

/** What a plan replaces and how it is labelled. */
export type Adoption = {
  /** Labels of literals in steps that are not in the plan before: the planner had seen untrusted text. */
  readonly taints: readonly Taint[];
  /** Which earlier steps stay although the plan names a step of the same id. */
  readonly stays: (step: Step) => boolean;
};

/**
 * Makes a plan the goal's. A step that stays keeps what has become of it; a request of a step that
 * does not is taken back.
 */
export function adoptPlan(goal: Goal, plan: Plan, { taints, stays }: Adoption): void {
  const earlier = new Map(goal.steps.map((step) => [step.plan.id, step]));
  const kept = new Set<Step>();
  const steps = plan.steps.map((proposed) => {
    const before = earlier.get(proposed.id);
    if (before !== undefined && (stays(before) || isSameWait(before, proposed))) {
      kept.add(before);
      return before;
    }
    const labels = before !== undefined && isSame(before, proposed) ? before.planTaints : taints;
    return newStep(proposed, labels, before?.revision ?? 0);
  });
  const finished = goal.steps.filter((step) => !kept.has(step) && stays(step));
  for (const step of goal.steps) {
    if (!kept.has(step) && !finished.includes(step)) supersede(goal, step);
  }
  goal.plan = plan;
  goal.planRevision += 1;
  goal.steps = [...finished, ...steps];
}

function isSame(step: Step, proposed: PlanStep): boolean {
  return essenceOf(step.plan) === essenceOf(proposed);
}

function isSameWait(step: Step, proposed: PlanStep): boolean {
  return waiting.includes(step.status) && isSame(step, proposed);
}

/** Takes the requests of a step back that the plan no longer holds, or holds otherwise. */
function supersede(goal: Goal, step: Step): void {
  if (!waiting.includes(step.status)) return;
  for (const { approvalId, stepId } of goal.approvals.values()) {
    if (stepId !== step.plan.id) continue;
    const { state } = goal.approvals.get(approvalId) ?? {};
    // Its go-ahead may have come, and not have been heard yet.
    const isGoAhead =
      approvalId === step.phase?.approvalId && (state === 'approved' || state === 'edited');
    if (state === 'pending' || isGoAhead) {
      takeBack(goal, approvalId, 'superseded', 'The plan changed.');
    }
  }
}
