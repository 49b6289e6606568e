/** Inputs and results of the workflow functions. Additions must be optional: old histories replay. */
import type { GoalState, Report } from './goal.ts';
import type { GoalPolicy } from './gate.ts';
import type { GoalTimers } from './limits.ts';
import type { GoalId } from './names.ts';
import type { ResearchOutput } from './schemas/research.ts';

/** Input of goalWorkflow. Written by the api, which has checked it. */
export type GoalWorkflowInput = {
  readonly goalId: GoalId;
  /** Whose calendar and mail: an e-mail address. The only acting identity; no tool input names one. */
  readonly owner: string;
  readonly zone: string;
  readonly goal: string;
  readonly context: string;
  readonly constraints: readonly string[];
  readonly mode: 'live' | 'shadow';
  readonly policy: GoalPolicy;
  readonly timers: GoalTimers;
};

/** Result of goalWorkflow. */
export type GoalWorkflowResult = { readonly state: GoalState; readonly report: Report };
export type GoalWorkflow = (input: GoalWorkflowInput) => Promise<GoalWorkflowResult>;

/** Input of researchWorkflow, a child of a goal. */
export type ResearchWorkflowInput = {
  readonly goalId: GoalId;
  readonly owner: string;
  readonly question: string;
  readonly maxPages: number;
};
export type ResearchWorkflow = (input: ResearchWorkflowInput) => Promise<{
  readonly output: ResearchOutput;
  readonly origins: readonly { kind: 'page'; label: string; ref: string }[];
  readonly usage: { modelCalls: number; inputTokens: number; outputTokens: number };
}>;
