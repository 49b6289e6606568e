/**
 * Undoing what a failed or cancelled goal has done: last in, first out, past any cancellation. An undo
 * that fails becomes an intervention for the person.
 */
import { CancellationScope } from '@temporalio/workflow';
import { isEffectTool } from '#contracts/tools.ts';
import { effectActivities, withSummary } from '../proxies.ts';
import { askPerson } from './approval.ts';
import type { Goal, Step } from './goal.ts';
import { failureOf } from './outcome.ts';
import { untilAvailable, waiterOf } from './provider.ts';
import { Parked } from './waiting.ts';

/**
 * Undoes every confirmed reversible effect. Does nothing when there is none.
 * @throws Parked when this run ends before everything is undone
 */
export async function compensate(goal: Goal, ending: 'failed' | 'cancelled'): Promise<void> {
  goal.ending = ending;
  const undoable = goal.undoStack.filter((step) => step.effect?.outcome === 'confirmed');
  if (undoable.length === 0) return;
  goal.enter('compensating');
  await CancellationScope.nonCancellable(async () => {
    for (const step of undoable.toReversed()) {
      if (step.undone) continue;
      if (goal.parking) throw new Parked();
      await undoStep(goal, step);
      // It may have waited for its provider: what was done and undone is not under way.
      if (step.status === 'running') step.status = 'completed';
    }
  });
}

/** Undoes one step's effect; what cannot be undone is handed to the person. @throws Parked */
export async function undoStep(goal: Goal, step: Step): Promise<void> {
  const { id, tool } = step.plan;
  if (step.effect === null || !isEffectTool(tool)) return;
  const { effectKey } = step.effect;
  if (isHandedOver(goal, step)) return askToUndoByHand(goal, step, '');
  goal.journal.append('undo_started', { effectKey }, id);
  try {
    const receipt = await untilAvailable(goal, waiterOf(step), () =>
      effectActivities().undoEffect.executeWithOptions(
        withSummary('effects', `${id}: undo ${tool}`),
        [{ context: goal.effectContextOf(id), tool, revision: step.revision, effectKey }],
      ),
    );
    if (receipt.outcome !== 'confirmed') throw new Error('the provider did not say whether it did');
    step.undone = true;
    goal.journal.append('undo_confirmed', { effectKey: receipt.effectKey }, id);
  } catch (error) {
    if (error instanceof Parked) throw error;
    const { message } = failureOf(error);
    goal.journal.append('undo_failed', { effectKey, message }, id);
    await askToUndoByHand(goal, step, message);
  }
}

/** True when an earlier run of the workflow has asked the person to undo it. */
function isHandedOver(goal: Goal, step: Step): boolean {
  return [...goal.approvals.values()].some(({ stepId }) => stepId === `${step.plan.id}_undo`);
}

async function askToUndoByHand(goal: Goal, step: Step, message: string): Promise<void> {
  const { id, tool } = step.plan;
  await askPerson(goal, {
    kind: 'intervention',
    stepId: `${id}_undo`,
    revision: step.revision,
    tier: 2,
    tool,
    reasons: [`It could not be undone: ${message}`],
    title: `Please undo this by hand (${id}: ${tool})`,
    lines: [
      { label: 'Why', value: message },
      { label: 'Approve', value: 'You have dealt with it.' },
      { label: 'Reject', value: 'It stays as it is.' },
    ],
    about: { effectKey: step.effect?.effectKey ?? '', question: 'undo' },
  });
}
