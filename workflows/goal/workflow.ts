/**
 * The story of a goal, from a person's words to a report. Decisions only: whatever touches the world
 * is an activity, and whatever commits the person waits for their word.
 */
import {
  CancellationScope,
  allHandlersFinished,
  condition,
  isCancellation,
} from '@temporalio/workflow';
import type { GoalState } from '#contracts/goal.ts';
import type { GoalWorkflowInput, GoalWorkflowResult } from '#contracts/workflows.ts';
import { compensate } from './compensation.ts';
import { executePlan } from './execute.ts';
import { Goal } from './goal.ts';
import { handleMessages } from './handlers.ts';
import { setCurrentJournal } from './journal.ts';
import { planGoal, revisePlan } from './planning.ts';
import { publish, publishOnRequest } from './publish.ts';
import { writeReport } from './report.ts';

/**
 * Carries one goal out. Its state, plan and approvals are readable by query at any time. It is
 * auto-upgrading (the worker's default): paused, it moves to a new release at its next signal.
 */
export async function goalWorkflow(input: GoalWorkflowInput): Promise<GoalWorkflowResult> {
  const goal = new Goal(input);
  setCurrentJournal(goal.journal);
  handleMessages(goal);
  publishOnRequest(goal);
  goal.journal.append('goal_started', { mode: input.mode, policy: input.policy.version });
  try {
    const state = await pursue(goal);
    return await end(goal, state);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    goal.journal.append('cancel_requested', {});
    return await CancellationScope.nonCancellable(async () => {
      await compensate(goal);
      return end(goal, 'cancelled');
    });
  }
}

/** Plans, carries out, and plans again where a step or the person asks for it. */
async function pursue(goal: Goal): Promise<GoalState> {
  const planning = await planGoal(goal);
  if (planning === 'failed') return 'failed';
  if (planning === 'stopped') return goal.plan === null ? 'failed' : 'completed_with_issues';
  for (;;) {
    goal.moveTo('running');
    const execution = await executePlan(goal);
    if (execution.ended === 'critical_failure') {
      await compensate(goal);
      return 'failed';
    }
    const reason =
      execution.ended === 'checkpoint'
        ? `Checkpoint after step ${execution.stepId}: look at what it found.`
        : rejectionComment(goal);
    if (reason === null || !(await revisePlan(goal, reason))) {
      if (execution.ended === 'checkpoint') continue;
      const flawless = goal.steps.every(({ status }) => status === 'completed');
      return flawless ? 'completed' : 'completed_with_issues';
    }
  }
}

/** What the person said when they rejected a step, once. */
function rejectionComment(goal: Goal): string | null {
  const step = goal.steps.find(({ status, comment }) => status === 'rejected' && comment !== null);
  if (step === undefined) return null;
  const reason = `The person rejected step ${step.plan.id} and said: ${step.comment}`;
  step.comment = null;
  return reason;
}

async function end(goal: Goal, state: GoalState): Promise<GoalWorkflowResult> {
  await condition(allHandlersFinished);
  goal.moveTo(state);
  goal.report = writeReport(goal);
  goal.journal.append('goal_ended', { state });
  await publish(goal);
  return { state, report: goal.report };
}
