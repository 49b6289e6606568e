/** How a step ends when it does not complete, and what an error means in our words. */
import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow';
import { type Failure, type FailureType, failures } from '#contracts/failures.ts';
import { isJsonObject, type Json, type JsonObject } from '#contracts/json.ts';
import type { ChildProgress } from '#contracts/workflows.ts';
import { type Goal, hasEnded, type Step } from './goal.ts';

/** Marks a step failed and says why in the journal. */
export function failStep(goal: Goal, step: Step, failure: Failure): void {
  step.status = 'failed';
  step.failure = failure;
  const { revision, plan } = step;
  goal.journal.append('step_failed', { ...failure, critical: plan.critical, revision }, plan.id);
}

/** Fails a step that the gate has refused. */
export function refuseStep(goal: Goal, step: Step, reasons: readonly string[]): void {
  const { revision, plan } = step;
  goal.journal.append('step_refused', { reasons: [...reasons], revision }, plan.id);
  failStep(goal, step, { type: 'PermissionDeniedError', message: reasons.join(' ') });
}

/** Marks a step rejected. A comment asks the planner for something else. */
export function rejectStep(goal: Goal, step: Step, comment: string | null, expired: boolean): void {
  step.status = 'rejected';
  step.comment = comment;
  goal.journal.append('step_rejected', { expired }, step.plan.id);
}

/** Steps that were rejected with a comment the planner has not answered yet. */
export function commentedSteps(goal: Goal): Step[] {
  return goal.steps.filter(({ status, comment }) => status === 'rejected' && comment !== null);
}

/** True when the plan is carried out and nothing is left to wait for: the end comes next. */
export function isEnding(goal: Goal): boolean {
  const isIdle = goal.phase === 'executing' && goal.waits.size === 0 && goal.revising === null;
  return (
    isIdle &&
    goal.plan !== null &&
    goal.instructions.length === 0 &&
    goal.pendingApprovals().length === 0 &&
    goal.steps.every(hasEnded) &&
    commentedSteps(goal).length === 0
  );
}

/** Marks a step skipped, with the reason. */
export function skipStep(goal: Goal, step: Step, because: string): void {
  step.status = 'skipped';
  goal.journal.append('step_skipped', { because }, step.plan.id);
}

/** What an activity or child threw, below Temporal's own wrapping. */
function causeOf(error: unknown): unknown {
  let cause: unknown = error;
  while (
    (cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) &&
    cause.cause
  ) {
    cause = cause.cause;
  }
  return cause;
}

/** Reduces what an activity or child threw to a failure of the closed list. */
export function failureOf(error: unknown): Failure {
  const cause = causeOf(error);
  if (cause instanceof ApplicationFailure) {
    const type = cause.type ?? '';
    const known = Object.hasOwn(failures, type);
    return { type: known ? (type as FailureType) : 'UnexpectedError', message: cause.message };
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  return { type: 'UnexpectedError', message };
}

/** True when the person's budget of the day left no room for a model call: the goal asks for more. */
export function needsMoreToday(error: unknown): boolean {
  return failureOf(error).type === 'DayBudgetReachedError';
}

/** What a child had come to when the budget of the day stopped it; null for any other failure. */
export function progressOf(error: unknown): ChildProgress | null {
  const cause = needsMoreToday(error) ? causeOf(error) : null;
  if (!(cause instanceof ApplicationFailure)) return null;
  return (cause.details?.[1] as ChildProgress | undefined) ?? null;
}

/** The small facts a failure carries; empty when it carries none. */
export function detailsOf(error: unknown): JsonObject {
  const cause = causeOf(error);
  const details = cause instanceof ApplicationFailure ? (cause.details?.[0] as Json) : null;
  return isJsonObject(details) ? details : {};
}
