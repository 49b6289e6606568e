/** The last of an effect's moves: performing what was approved, and finding out what came of it. */
import { CancellationScope, isCancellation, patched, sleep } from '@temporalio/workflow';
import { effectActivityOf } from '#contracts/activities.ts';
import { type Failure, failures } from '#contracts/failures.ts';
import type { EffectReceipt } from '#contracts/goal.ts';
import { type EffectToolName, tools } from '#contracts/tools.ts';
import { effectActivities, withSummary } from '../proxies.ts';
import { askPerson } from './approval.ts';
import { reserve } from './budget.ts';
import type { Goal, Step } from './goal.ts';
import { detailsOf, failStep, failureOf } from './outcome.ts';
import { untilAvailable, waiterOf } from './provider.ts';
import { Parked, waitWhileHeld } from './waiting.ts';

export type Performed =
  | { readonly ok: true; readonly receipt: EffectReceipt }
  | { readonly ok: false; readonly failure: Failure };

/** Performs the prepared content. Its undo is registered first. @throws CancelledFailure, Parked */
export async function performEffect(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
): Promise<Performed> {
  const { prepared, approvalId, counted } = step.phase ?? {};
  if (step.phase === null || prepared == null) {
    throw new Error(`Step ${step.plan.id} is not prepared.`);
  }
  if (counted !== true) {
    await reserve(goal, 'effects');
    step.phase = { ...step.phase, counted: true };
  }
  if (tools[tool].undo !== null && !goal.undoStack.includes(step)) goal.undoStack.push(step);
  const { mode, timers } = goal.input;
  const request = {
    context: goal.contextOf(step.plan.id),
    tool,
    revision: step.revision,
    digest: prepared.digest,
    mode,
    approvalId: approvalId ?? null,
    reconcileForMs: timers.reconcileForMs,
  };
  const call = (reconcileOnly: boolean) =>
    effectActivities()[effectActivityOf[tool]].executeWithOptions(
      withSummary('effects', `${step.plan.id}: ${prepared.summary}`.slice(0, 190)),
      [{ ...request, reconcileOnly }],
    );
  try {
    const receipt = await untilAvailable(goal, waiterOf(step), async () => {
      // It may have waited for its provider, and the goal been paused meanwhile.
      if (goal.isHeld && patched('holds-what-waited')) await waitWhileHeld(goal);
      return call(false);
    });
    return { ok: true, receipt };
  } catch (error) {
    if (error instanceof Parked) throw error;
    const failure = failureOf(error);
    if (!isCancellation(error) && saysAll(failure)) return { ok: false, failure };
    // Stopped, timed out or given up with an attempt under way: find out what it did, start nothing.
    const receipt = await CancellationScope.nonCancellable(() => whenBack(() => call(true)));
    if (receipt.outcome !== 'not_done') return { ok: true, receipt };
    if (isCancellation(error)) throw error;
    return { ok: false, failure };
  }
}

/**
 * True when nothing happened and nothing will. Another failure is no such word: Temporal does not try an
 * activity again that it was asked to cancel, whatever the last attempt has left behind.
 */
function saysAll({ type }: Failure): boolean {
  if (type === 'UnexpectedError') return false;
  return failures[type].category === 'permanent' || !patched('looks-before-giving-up');
}

/** Makes a call once its provider is back. */
async function whenBack<Result>(call: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const { retryAt } = detailsOf(error);
      const waits = failureOf(error).type === 'ProviderWaitError' && typeof retryAt === 'string';
      if (!waits || !patched('waits-to-look')) throw error;
      await sleep(Math.max(Date.parse(retryAt) - Date.now(), 1));
    }
  }
}

/** Ends an effect step by what the ledger says; an unknown outcome is asked of a person. */
export async function finishEffect(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  receipt: EffectReceipt,
): Promise<void> {
  const isNews = step.status !== 'unknown';
  step.effect = receipt;
  if (receipt.outcome === 'unknown') {
    step.status = 'unknown';
    if (isNews) {
      goal.journal.append('effect_unknown', { effectKey: receipt.effectKey }, step.plan.id);
    }
    step.effect = await askWhatHappened(goal, step, tool, receipt);
  }
  if (step.effect.outcome === 'unknown') return;
  step.phase = null;
  if (step.effect.outcome === 'not_done') {
    return failStep(goal, step, {
      type: 'ProviderUnavailableError',
      message:
        'It did not happen, and it was not tried again. Ask for it again if you still want it.',
    });
  }
  const { effectKey, outcome, reconciled } = step.effect;
  // What was confirmed last is undone first.
  if (goal.isPrompt) raise(goal.undoStack, step);
  goal.journal.append('effect_confirmed', { effectKey, outcome, reconciled }, step.plan.id);
  step.output = { value: step.effect.receipt ?? {}, trust: 'trusted', origins: [] };
  step.status = 'completed';
  goal.journal.append('step_completed', { trust: 'trusted' }, step.plan.id);
}

function raise(stack: Step[], step: Step): void {
  const at = stack.indexOf(step);
  if (at >= 0) stack.push(...stack.splice(at, 1));
}

/** An effect nobody can look up: a person says what happened. It is never sent again. */
export async function askWhatHappened(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  receipt: EffectReceipt,
): Promise<EffectReceipt> {
  const { approval } = await askPerson(goal, {
    kind: 'intervention',
    stepId: `${step.plan.id}_outcome`,
    revision: step.revision,
    tier: 3,
    tool,
    reasons: ['The provider did not answer, and looking it up did not tell.'],
    title: `Did this happen? (${step.plan.id}: ${tool})`,
    lines: [
      { label: 'What', value: tools[tool].summary },
      { label: 'Approve', value: 'It happened. It is recorded as done.' },
      {
        label: 'Reject',
        value: 'It did not happen. It is recorded as not done, and not sent again.',
      },
    ],
    warnings: ['Look at your calendar or sent mail before you answer.'],
    about: { effectKey: receipt.effectKey, question: 'outcome' },
  });
  if (approval.state !== 'approved' && approval.state !== 'rejected') return receipt;
  const as = approval.state === 'approved' ? 'confirmed' : 'not_done';
  const actor = approval.decision?.actor ?? 'unknown';
  goal.journal.append('effect_settled', { effectKey: receipt.effectKey, as, actor }, step.plan.id);
  return effectActivities().settleEffect({ effectKey: receipt.effectKey, as, actor });
}
