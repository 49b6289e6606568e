/** Inputs and results of the workflow functions. Additions must be optional: old histories replay. */
import type { AccountRequest, AccountOutcome } from './accounts.ts';
import type { WebhookOutcome, WebhookRequest } from './webhooks.ts';
import type { Approval, DecisionOutcome } from './approval.ts';
import type { Failure } from './failures.ts';
import type {
  Budget,
  ControlOutcome,
  EffectReceipt,
  GoalState,
  OpenQuestion,
  ProviderWait,
  Report,
  StepStatus,
  Usage,
} from './goal.ts';
import type { GoalPolicy } from './gate.ts';
import type { JournalEvent } from './journal.ts';
import type { JsonObject } from './json.ts';
import type { GoalTimers } from './limits.ts';
import type { GoalId } from './names.ts';
import type { StepOutput } from './references.ts';
import type { Plan, PlanStep } from './schemas/plan.ts';
import type { Claim, PageSummary, ResearchOutput } from './schemas/research.ts';
import type { TriageInboxOutput } from './schemas/triage.ts';
import type { Tier } from './tools.ts';
import type { Origin, Taint } from './trust.ts';

/** Input of goalWorkflow. Written by the api, which has checked it. */
export type GoalWorkflowInput = {
  readonly goalId: GoalId;
  /** For whom it acts: an e-mail address. A tool input names one of their accounts, never somebody else's. */
  readonly owner: string;
  readonly zone: string;
  readonly goal: string;
  readonly context: string;
  readonly constraints: readonly string[];
  readonly mode: 'live' | 'shadow';
  readonly policy: GoalPolicy;
  readonly timers: GoalTimers;
  /**
   * What the goal was promised when it started: a goal keeps the behaviour of its protocol for life,
   * so that histories replay. Absent = 1. 2 adds reminders, escalation, prompt publication.
   */
  readonly protocol?: 2;
  readonly budget?: Budget;
  /** Set for a goal that undoes another one, or clears up after its workflow was ended from outside. */
  readonly aftercare?: Aftercare;
  /** Continue as new after this many history events; for tests. */
  readonly continueAfterEvents?: number;
  /** What the run before this one handed on. */
  readonly carried?: GoalSnapshot;
};

export type Aftercare = {
  readonly kind: 'undo' | 'recovery';
  readonly of: GoalId;
  /** The goal whose effects are looked after, where `of` was itself looking after another one. */
  readonly origin?: GoalId;
  /** The steps to undo; null means all. */
  readonly stepIds: readonly string[] | null;
  /** Who asked for it. */
  readonly actor: string;
};

/** Where an effect step stands while it waits, so that another run can go on from there. */
export type EffectPhase = {
  readonly input: JsonObject;
  readonly taints: readonly Taint[];
  readonly origins: readonly Origin[];
  readonly editedUnder: { readonly approvalId: string; readonly tier: Tier } | null;
  /** What was asked before the edit, in case the edit cannot be used. */
  readonly beforeEdit: { readonly input: JsonObject; readonly taints: readonly Taint[] } | null;
  readonly notes: readonly string[];
  readonly supersedes: { readonly approvalId: string; readonly digest: string } | null;
  readonly superseded: number;
  /** Digest and summary of the prepared content that the approval is for. */
  readonly prepared: { readonly digest: string; readonly summary: string } | null;
  readonly approvalId: string | null;
  /** When a delayed effect may be performed. */
  readonly leavesAt: string | null;
  /** True once it counts against the budget of effects. */
  readonly counted: boolean;
};

/** A step as it is handed on. */
export type StepSnapshot = {
  readonly plan: PlanStep;
  readonly planTaints: readonly Taint[];
  readonly status: StepStatus;
  readonly revision: number;
  readonly tier: Tier | null;
  readonly output: StepOutput | null;
  readonly effect: EffectReceipt | null;
  readonly undone: boolean;
  readonly failure: Failure | null;
  readonly comment: string | null;
  readonly phase: EffectPhase | null;
  /** The instant of the oldest reading that its output or its content rests on. */
  readonly asOf?: string | null;
  /** In aftercare: the approval under which the effect was performed. */
  readonly approvalId: string | null;
};

/** Everything a run of goalWorkflow hands on when it continues as a new one. */
export type GoalSnapshot = {
  readonly runs: number;
  readonly createdAt: string;
  readonly state: GoalState;
  readonly phase: 'planning' | 'asking' | 'plan_approval' | 'executing' | 'compensating';
  readonly ending: 'failed' | 'cancelled' | null;
  readonly paused: boolean;
  readonly plan: Plan | null;
  readonly planRevision: number;
  readonly steps: readonly StepSnapshot[];
  readonly undoStack: readonly string[];
  readonly approvals: readonly Approval[];
  readonly edits: readonly (readonly [string, JsonObject])[];
  readonly decisions: readonly (readonly [string, DecisionOutcome])[];
  readonly answers: readonly (readonly [string, { applied: boolean; message: string }])[];
  readonly controls: readonly (readonly [string, ControlOutcome])[];
  readonly answered: readonly { readonly question: string; readonly answer: string }[];
  readonly questions: readonly OpenQuestion[];
  /** When the open questions expire, milliseconds since 1970. */
  readonly questionsExpireAtMs: number | null;
  readonly instructions: readonly string[];
  /** Rounds of questions that the plan being made has cost so far. */
  readonly questionRounds?: number;
  /** Why the plan is about to be revised, when the run ended before it was. */
  readonly revising?: string | null;
  readonly usage: Usage;
  readonly budget: Budget;
  readonly failure: Failure | null;
  readonly journal: {
    readonly count: number;
    readonly lastAt: string | null;
    readonly unpublished: readonly JournalEvent[];
  };
  readonly signalsReceived: number;
  readonly flushedAttributes: string;
  /** Approvals whose decision nobody has taken up yet: whoever waited for it stopped waiting. */
  readonly unheard?: readonly string[];
  /** Providers that are waited for, by what waits. */
  readonly waits?: readonly (readonly [string, ProviderWait])[];
};

/** Result of goalWorkflow. */
export type GoalWorkflowResult = { readonly state: GoalState; readonly report: Report };
export type GoalWorkflow = (input: GoalWorkflowInput) => Promise<GoalWorkflowResult>;

/** Delivers one journal event to one endpoint. */
export type WebhookWorkflow = (request: WebhookRequest) => Promise<WebhookOutcome>;

/** Does one piece of work on connected accounts while somebody waits for it. */
export type AccountWorkflow = (asked: AccountRequest) => Promise<AccountOutcome>;

/** Input of researchWorkflow, a child of a goal. */
export type ResearchWorkflowInput = {
  readonly goalId: GoalId;
  readonly owner: string;
  /** Absent in inputs of 0.2.0 and before: UTC then. */
  readonly zone?: string;
  readonly question: string;
  readonly maxPages: number;
  /** What an earlier run of this research had found. */
  readonly found?: ResearchFindings;
};
/** What a research has found: it reads no page and takes no claims twice. */
export type ResearchFindings = {
  readonly questions: readonly string[];
  /** Pages with the indices of the questions they were found for. */
  readonly sources: readonly {
    readonly page: PageSummary;
    readonly questions: readonly number[];
  }[];
  readonly unread: readonly { readonly url: string; readonly reason: string }[];
  /** By question; null where none were taken yet. */
  readonly claims: readonly ({
    readonly claims: readonly Claim[];
    readonly dropped: readonly string[];
  } | null)[];
};
/** What a child has come to when the budget of the day stops it. Its failure carries it, second. */
export type ChildProgress = { readonly usage: Usage; readonly found?: ResearchFindings };
/** Input of triageWorkflow, a child of a goal. */
export type TriageWorkflowInput = {
  readonly goalId: GoalId;
  readonly owner: string;
  readonly zone: string;
  readonly stepId: string;
  /** One account, or null for all. */
  readonly account: string | null;
  readonly limit: number;
  readonly drafts: boolean;
  readonly mode: 'live' | 'shadow';
  readonly goalText: string;
  readonly policy: GoalPolicy;
  readonly reconcileForMs: number;
};
export type TriageWorkflow = (input: TriageWorkflowInput) => Promise<{
  readonly output: TriageInboxOutput;
  readonly origins: readonly Origin[];
  readonly usage: Usage;
}>;

export type ResearchWorkflow = (input: ResearchWorkflowInput) => Promise<{
  readonly output: ResearchOutput;
  readonly origins: readonly { kind: 'page'; label: string; ref: string }[];
  readonly usage: {
    modelCalls: number;
    inputTokens: number;
    outputTokens: number;
    costMicroUsd?: number;
    shownBytes?: number;
  };
}>;
