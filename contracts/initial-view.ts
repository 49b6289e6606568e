/** How a goal looks before its workflow speaks: the first row of its read model. Pure. */
import { type GoalView, noUsage } from './goal.ts';
import type { GoalWorkflowInput } from './workflows.ts';

/** The view of a goal that has been accepted at an instant (RFC 3339) and has done nothing yet. */
export function initialView(input: GoalWorkflowInput, at: string): GoalView {
  return {
    id: input.goalId,
    owner: input.owner,
    goal: input.goal,
    mode: input.mode,
    state: 'planning',
    createdAt: at,
    updatedAt: at,
    zone: input.zone,
    plan: null,
    steps: [],
    questions: [],
    pendingApprovals: [],
    waitingOn: [],
    aftercareOf: input.aftercare?.of ?? null,
    usage: noUsage,
    failure: null,
    report: null,
  };
}
