/**
 * The story of a goal, from a person's words to a report. Decisions only: whatever touches the world
 * is an activity, and whatever commits the person waits for their word.
 */
import {
  CancellationScope,
  CancelledFailure,
  allHandlersFinished,
  condition,
  isCancellation,
  patched,
} from '@temporalio/workflow';
import type { GoalState } from '#contracts/goal.ts';
import type { GoalWorkflowInput, GoalWorkflowResult } from '#contracts/workflows.ts';
import { takeCare } from './aftercare.ts';
import { takeBack } from './approval.ts';
import { compensate } from './compensation.ts';
import { continueGoal, watchHistory } from './continue.ts';
import { watchDeadlines } from './deadlines.ts';
import { executePlan, type Execution } from './execute.ts';
import { Goal } from './goal.ts';
import { handleMessages } from './handlers.ts';
import { setCurrentJournal } from './journal.ts';
import { commentedSteps } from './outcome.ts';
import { planGoal, revisePlan } from './planning.ts';
import { publish, publishOnRequest } from './publish.ts';
import { writeReport } from './report.ts';
import { restore } from './snapshot.ts';
import { Parked } from './waiting.ts';

/**
 * Carries one goal out. Its state, plan and approvals are readable by query at any time. It is
 * auto-upgrading (the worker's default): paused, it moves to a new release at its next signal. When
 * its history grows long it continues as a new run.
 */
export async function goalWorkflow(input: GoalWorkflowInput): Promise<GoalWorkflowResult> {
  const goal = new Goal(input);
  setCurrentJournal(goal.journal);
  if (input.carried !== undefined) restore(goal, input.carried);
  handleMessages(goal);
  publishOnRequest(goal);
  watchHistory(goal);
  if (input.carried !== undefined) watchDeadlines(goal);
  else goal.journal.append('goal_started', { mode: input.mode, policy: input.policy.version });
  try {
    return await toTheEnd(goal, () => carryOut(goal));
  } catch (error) {
    // It may also have come while this run was being handed on.
    if (!isCancellation(error)) throw error;
    goal.journal.append('cancel_requested', {});
    return CancellationScope.nonCancellable(() =>
      toTheEnd(goal, async () => {
        await compensate(goal, 'cancelled');
        return 'cancelled';
      }),
    );
  }
}

/** Does something to its end, or to where the next run of the workflow goes on. */
async function toTheEnd(goal: Goal, work: () => Promise<GoalState>): Promise<GoalWorkflowResult> {
  try {
    return await end(goal, await work());
  } catch (error) {
    if (error instanceof Parked) return continueGoal(goal);
    throw error;
  }
}

async function carryOut(goal: Goal): Promise<GoalState> {
  if (goal.ending !== null) {
    await compensate(goal, goal.ending);
    return goal.ending;
  }
  return goal.input.aftercare === undefined ? pursue(goal) : takeCare(goal, goal.input.aftercare);
}

/** Plans, carries out, and plans again where a step or the person asks for it. */
async function pursue(goal: Goal): Promise<GoalState> {
  // What a revised plan keeps goes on beside the question whether the rest of it may begin.
  const isAsked = goal.phase === 'plan_approval';
  goal.plansBeside =
    isAsked && goal.isPrompt && goal.planRevision > 1 && patched('plans-beside-steps');
  if (goal.plan === null || (isAsked && !goal.plansBeside)) {
    const planning = await planGoal(goal);
    if (planning === 'failed') return 'failed';
    if (planning === 'stopped') return goal.plan === null ? 'failed' : 'completed_with_issues';
  }
  for (let isCarried = goal.plansBeside; ; isCarried = false) {
    if (!isCarried) goal.enter('executing');
    // The run before this one may have ended while it was about to revise the plan.
    const execution = goal.revising === null ? await executePlan(goal, isCarried) : null;
    if (execution?.ended === 'critical_failure') {
      await compensate(goal, 'failed');
      return 'failed';
    }
    if (!(await revise(goal, execution))) {
      if (execution?.ended !== 'done' || goal.instructions.length > 0) continue;
      // Somebody may be changing the plan just now: what it gains is carried out.
      if (goal.isPrompt && !allHandlersFinished() && patched('hears-before-it-ends')) {
        await condition(allHandlersFinished);
        continue;
      }
      const flawless = goal.steps.every(({ status }) => status === 'completed');
      return flawless ? 'completed' : 'completed_with_issues';
    }
  }
}

/**
 * Plans anew at a checkpoint, and by what the person said when they rejected steps. A comment stays
 * with its step until the planner has answered: another run of the workflow may have to ask it.
 */
async function revise(goal: Goal, execution: Execution | null): Promise<boolean> {
  const commented = commentedSteps(goal);
  const reasons = commented.map(
    ({ plan, comment }) => `The person rejected step ${plan.id} and said: ${comment}`,
  );
  if (execution?.ended === 'checkpoint') {
    reasons.unshift(`Checkpoint after step ${execution.stepId}: look at what it found.`);
  }
  // Of an earlier run that was about to plan anew, what it was about to say is known whole.
  const reason = goal.revising ?? reasons.join('\n');
  if (reason === '') return false;
  const isRevised = await revisePlan(goal, reason);
  for (const step of commented) step.comment = null;
  return isRevised;
}

/**
 * Ends the goal. Either its end is on record first, and then a wish to cancel changes nothing any more,
 * or the wish is. @throws CancelledFailure in that case
 */
async function end(goal: Goal, state: GoalState): Promise<GoalWorkflowResult> {
  await condition(allHandlersFinished);
  return CancellationScope.nonCancellable(async () => {
    for (const { approvalId } of goal.pendingApprovals()) {
      takeBack(goal, approvalId, 'cancelled', 'The goal has ended.');
    }
    const before = { state: goal.state, count: goal.journal.count };
    goal.moveTo(state);
    const report = writeReport(goal);
    goal.report = report;
    goal.journal.append('goal_ended', { state });
    if ((await publish(goal)) === 'cancelled') {
      goal.reopen(before.state, before.count);
      // Publishing on request has seen the end, and stopped.
      if (patched('publishes-when-reopened')) publishOnRequest(goal);
      throw new CancelledFailure('The goal was cancelled before it had ended.');
    }
    // Whoever signalled meanwhile gets an answer, and it is published too.
    const isBusy = () => !allHandlersFinished() || goal.publications > 0;
    while (goal.isPrompt && (isBusy() || goal.publishRequested)) {
      await condition(() => !isBusy());
      if (goal.publishRequested) await publish(goal);
    }
    return { state, report };
  });
}
