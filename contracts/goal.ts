/** A goal while it runs: states and their transitions, steps, report. Types and one pure table. */
import type { Approval } from './approval.ts';
import type { AuditAnchor } from './audit.ts';
import type { Failure } from './failures.ts';
import type { Json, JsonObject } from './json.ts';
import type { GoalId } from './names.ts';
import type { EffectToolName, Tier, ToolName } from './tools.ts';
import type { Origin, Trust } from './trust.ts';

/** Where a goal stands. */
export type GoalState =
  | 'planning'
  | 'awaiting_answer'
  | 'awaiting_plan_approval'
  | 'running'
  | 'awaiting_approval'
  | 'waiting_on_provider'
  | 'paused'
  | 'compensating'
  | 'completed'
  | 'completed_with_issues'
  | 'failed'
  | 'cancelled';

export const terminalStates = [
  'completed',
  'completed_with_issues',
  'failed',
  'cancelled',
] as const;

/** True when nothing will happen to the goal any more. */
export function isTerminal(state: GoalState): boolean {
  return (terminalStates as readonly GoalState[]).includes(state);
}

/** Where a goal may go while its plan is carried out. */
const afterWork: readonly GoalState[] = [
  'planning',
  'awaiting_answer',
  'awaiting_plan_approval',
  'running',
  'awaiting_approval',
  'waiting_on_provider',
  'paused',
  'compensating',
  ...terminalStates,
];

/** Every allowed move. A state may always stay what it is. */
export const goalTransitions: Readonly<Record<GoalState, readonly GoalState[]>> = {
  planning: [
    'awaiting_answer',
    'awaiting_plan_approval',
    'waiting_on_provider',
    'awaiting_approval',
    'paused',
    'running',
    'completed',
    'completed_with_issues',
    'failed',
    'cancelled',
    'compensating',
  ],
  awaiting_answer: afterWork,
  awaiting_plan_approval: [
    'planning',
    'paused',
    'running',
    'awaiting_approval',
    'waiting_on_provider',
    'completed_with_issues',
    'cancelled',
    'compensating',
  ],
  running: afterWork,
  awaiting_approval: afterWork,
  waiting_on_provider: afterWork,
  paused: afterWork,
  compensating: ['failed', 'cancelled', 'completed', 'completed_with_issues', 'awaiting_approval'],
  completed: [],
  completed_with_issues: [],
  failed: [],
  cancelled: [],
};

/** True when a goal may go from one state to the other. */
export function canMove(from: GoalState, to: GoalState): boolean {
  return from === to || goalTransitions[from].includes(to);
}

export type StepStatus =
  | 'pending'
  | 'running'
  | 'awaiting_approval'
  | 'delayed'
  | 'waiting_on_provider'
  | 'completed'
  | 'failed'
  | 'rejected'
  | 'skipped'
  | 'unknown';

/** What an effect left in the ledger. The report is written from these. */
export type EffectReceipt = {
  readonly effectKey: string;
  readonly tool: EffectToolName;
  readonly outcome: 'confirmed' | 'unknown' | 'not_done' | 'shadow';
  readonly receipt: JsonObject | null;
  readonly digest: string;
  readonly at: string;
  /** True when an earlier attempt had done it and it was found, not done again. */
  readonly reconciled: boolean;
  /** Where the audit's chain stands with this effect: kept in the history as an anchor. */
  readonly audit?: AuditAnchor | null;
};

/** What became of a control signal. */
export type ControlOutcome = {
  readonly applied: boolean;
  readonly code: 'applied' | 'malformed' | 'stale' | 'invalid' | 'ended' | 'too_late' | 'not_found';
  readonly message: string;
  readonly problems: readonly string[];
};

/** A provider that steps of the goal wait for. */
export type ProviderWait = {
  readonly provider: string;
  readonly since: string;
  /** When it is tried again; null while the person has to reconnect the account. */
  readonly retryAt: string | null;
};

/** What a goal may use up. Absent = no bound. Reaching one asks the person. */
export type Budget = {
  readonly modelTokens?: number;
  readonly costMicroUsd?: number;
  readonly steps?: number;
  readonly effects?: number;
};

/** A step with what became of it. */
export type StepView = {
  readonly id: string;
  readonly tool: ToolName;
  readonly input: JsonObject;
  readonly rationale: string;
  readonly critical: boolean;
  readonly requiresConfirmation: boolean;
  readonly dependsOn: readonly string[];
  readonly checkpoint: boolean;
  readonly status: StepStatus;
  readonly revision: number;
  readonly tier: Tier | null;
  readonly output: { value: Json; trust: Trust; origins: readonly Origin[] } | null;
  readonly effect: EffectReceipt | null;
  readonly undone: boolean;
  readonly failure: Failure | null;
};

/** A question that waits for the person. */
export type OpenQuestion = {
  readonly id: string;
  readonly question: string;
  readonly choices: readonly string[];
  readonly answer: string | null;
};

/** What the goal came to. Written by code from the ledger and the steps' outputs. */
export type Report = {
  readonly headline: string;
  /** Effects that the ledger holds, one sentence each. */
  readonly done: readonly string[];
  /** What was found out, for people. `source` names the step. */
  readonly findings: readonly { readonly stepId: string; readonly text: string }[];
  /** Steps that failed, were rejected or skipped, with the reason. */
  readonly notDone: readonly string[];
  readonly undone: readonly string[];
};

/** Tokens used, as the model's server counted them. */
export type Usage = {
  readonly modelCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Micro-dollars by the configured prices; 0 where none are configured. */
  readonly costMicroUsd: number;
  /** Steps and effects begun. */
  readonly steps: number;
  readonly effects: number;
  /** Bytes of text written by others that the model was shown; absent while there were none. */
  readonly shownBytes?: number;
};

export const noUsage: Usage = {
  modelCalls: 0,
  inputTokens: 0,
  outputTokens: 0,
  costMicroUsd: 0,
  steps: 0,
  effects: 0,
};

/** Work that failed for now and is tried again: what a goal that seems stuck is waiting for. */
export type Retry = {
  readonly activity: string;
  readonly attempt: number;
  /** What the last attempt said, for people. */
  readonly message: string;
  /** RFC 3339; null while an attempt is under way. */
  readonly nextAttemptAt: string | null;
};

/** The full status: what `getGoal` answers and `GET /v1/goals/{id}` shows. */
export type GoalView = {
  readonly id: GoalId;
  readonly owner: string;
  readonly goal: string;
  readonly mode: 'live' | 'shadow';
  readonly state: GoalState;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly zone: string;
  readonly plan: {
    readonly revision: number;
    readonly reasoning: string;
    readonly estimatedComplexity: string;
  } | null;
  readonly steps: readonly StepView[];
  readonly questions: readonly OpenQuestion[];
  readonly pendingApprovals: readonly Approval[];
  /** Providers that are away or need to be reconnected; empty when all is well. */
  readonly waitingOn: readonly ProviderWait[];
  /** For a goal that undoes or clears up after another one: that one. */
  readonly aftercareOf: GoalId | null;
  readonly usage: Usage;
  readonly failure: Failure | null;
  readonly report: Report | null;
};
