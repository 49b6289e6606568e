/** The moment between the word for an effect and the effect: the delay in which it can be stopped. */
import type { Failure } from '#contracts/failures.ts';
import { type EffectToolName, tools } from '#contracts/tools.ts';
import type { EffectPhase } from '#contracts/workflows.ts';
import type { Goal, Step } from './goal.ts';
import { failStep, rejectStep } from './outcome.ts';
import { waitFor, waitUntil } from './waiting.ts';

/**
 * Lets the delay pass in which an approved mail can be stopped, and waits while the goal is held.
 * False when the go-ahead was taken back meanwhile; the step has ended then.
 */
export async function mayLeave(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  phase: EffectPhase,
): Promise<boolean> {
  const { approvalId } = phase;
  const delayMs = tools[tool].delayed === true ? (goal.input.timers.sendDelayMs ?? 0) : 0;
  const isDelayed = approvalId !== null && goal.input.mode === 'live' && delayMs > 0;
  if (!isDelayed && !goal.isHeld) return true;
  step.status = 'delayed';
  const isTakenBack = () => {
    const state = approvalId === null ? undefined : goal.approvals.get(approvalId)?.state;
    return state === 'stopped' || state === 'superseded';
  };
  if (isDelayed) {
    const leavesAt = phase.leavesAt ?? new Date(Date.now() + delayMs).toISOString();
    step.phase = { ...phase, leavesAt };
    if (phase.leavesAt === null) {
      goal.changeApproval(approvalId, { leavesAt });
      goal.journal.append('effect_delayed', { approvalId, leavesAt }, step.plan.id);
    }
    const summary = `${step.plan.id}: leaves at ${leavesAt} unless it is stopped`;
    await waitUntil(goal, isTakenBack, Date.parse(leavesAt), summary);
  }
  if (goal.isHeld && !isTakenBack()) {
    await waitFor(goal, () => !goal.isHeld || isTakenBack());
  }
  if (!isTakenBack()) {
    step.status = 'running';
    return goal.steps.includes(step);
  }
  endUnperformed(goal, step, phase, {
    type: 'CancelledByPersonError',
    message: 'It was stopped before it was done.',
  });
  return false;
}

/** Ends a step whose effect was approved and not performed. */
export function endUnperformed(goal: Goal, step: Step, phase: EffectPhase, failure: Failure): void {
  const approval = goal.approvals.get(phase.approvalId ?? '');
  if (approval?.state === 'superseded') return;
  if (approval?.state === 'stopped') rejectStep(goal, step, null, false);
  else failStep(goal, step, failure);
}
