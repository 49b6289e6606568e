/**
 * Undoing what a failed or cancelled goal has done: last in, first out, past any cancellation. An undo
 * that fails becomes an intervention for the person.
 */
import { CancellationScope } from '@temporalio/workflow';
import { isEffectTool } from '#contracts/tools.ts';
import { effectActivities, withSummary } from '../proxies.ts';
import { askForApproval } from './approval.ts';
import { digestOf } from './digest.ts';
import type { Goal, Step } from './goal.ts';
import { failureOf } from './outcome.ts';

/** Undoes every confirmed reversible effect. Does nothing when there is none. */
export async function compensate(goal: Goal): Promise<void> {
  const undoable = goal.undoStack.filter((step) => step.effect?.outcome === 'confirmed');
  if (undoable.length === 0) return;
  goal.moveTo('compensating');
  await CancellationScope.nonCancellable(async () => {
    for (const step of undoable.toReversed()) await undo(goal, step);
  });
}

async function undo(goal: Goal, step: Step): Promise<void> {
  const { id, tool } = step.plan;
  if (step.effect === null || !isEffectTool(tool)) return;
  const { effectKey } = step.effect;
  goal.journal.append('undo_started', { effectKey }, id);
  try {
    const receipt = await effectActivities().undoEffect.executeWithOptions(
      withSummary('effects', `${id}: undo ${tool}`),
      [{ context: goal.contextOf(id), tool, revision: step.revision, effectKey }],
    );
    if (receipt.outcome !== 'confirmed') throw new Error('the provider did not say whether it did');
    step.undone = true;
    goal.journal.append('undo_confirmed', { effectKey: receipt.effectKey }, id);
  } catch (error) {
    const { message } = failureOf(error);
    goal.journal.append('undo_failed', { effectKey, message }, id);
    await askToUndoByHand(goal, step, message);
  }
}

async function askToUndoByHand(goal: Goal, step: Step, message: string): Promise<void> {
  const { id, tool } = step.plan;
  await askForApproval(goal, {
    kind: 'intervention',
    stepId: `${id}_undo`,
    revision: step.revision,
    tier: 2,
    tool,
    reasons: [`It could not be undone: ${message}`],
    card: {
      title: `Please undo this by hand (${id}: ${tool})`,
      lines: [
        { label: 'Why', value: message },
        { label: 'Approve', value: 'You have dealt with it.' },
        { label: 'Reject', value: 'It stays as it is.' },
      ],
      warnings: [],
      undo: null,
    },
    input: {},
    context: [],
    digest: digestOf({ effectKey: step.effect?.effectKey ?? '', question: 'undo' }),
  });
}
