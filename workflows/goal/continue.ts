/**
 * Continuing as new, before the history grows too long. The run ends at a moment at which the goal
 * only waits, and when every message it has received is handled; nothing is lost or taken twice.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  workflowInfo,
} from '@temporalio/workflow';
import { isTerminal } from '#contracts/goal.ts';
import { limits } from '#contracts/limits.ts';
import type { GoalWorkflow } from '#contracts/workflows.ts';
import type { Goal } from './goal.ts';
import { publish } from './publish.ts';
import { snapshotOf } from './snapshot.ts';

/** Asks every wait of this run to give up once the history is long. Runs beside the story. */
export function watchHistory(goal: Goal): void {
  const bound = goal.input.continueAfterEvents ?? limits.continueAfterEvents;
  void CancellationScope.nonCancellable(async () => {
    await condition(() => isTerminal(goal.state) || isLong(bound));
    if (isTerminal(goal.state)) return;
    goal.parking = true;
    goal.notify();
  });
}

function isLong(bound: number): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= bound;
}

/** Ends this run and lets another go on from its snapshot. Does not return. */
export async function continueGoal(goal: Goal): Promise<never> {
  goal.journal.append('run_continued', { run: goal.runs + 2 });
  goal.isBeingHandedOn = true;
  do {
    await condition(() => allHandlersFinished() && goal.publications === 0);
    await publish(goal);
  } while (goal.publishRequested || !allHandlersFinished());
  return continueAsNew<GoalWorkflow>({ ...goal.input, carried: snapshotOf(goal) });
}
