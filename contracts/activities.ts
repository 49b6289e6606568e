/**
 * Interfaces of every activity, by the queue that hosts them. Values are small: bulk text is kept in
 * Postgres as a document or payload and passed by id or digest.
 */
import type { AccountActivities } from './accounts.ts';
import type { Approval, Card, DecisionOutcome, Difference, StandingDecision } from './approval.ts';
import type { AuditAnchor } from './audit.ts';
import type { ResearchActivities, TriageActivities } from './child-activities.ts';
import type { DayBudgetRaise } from './day-budget.ts';
import type { EffectFacts } from './gate.ts';
import type { EffectReceipt, GoalView } from './goal.ts';
import type { JournalEvent } from './journal.ts';
import type { Json, JsonObject } from './json.ts';
import type { GoalId } from './names.ts';
import type { StepOutput } from './references.ts';
import type { Plan, Question } from './schemas/plan.ts';
import type { EffectToolName, ReadToolName, ToolName } from './tools.ts';
import type { Origin, Taint, Trust } from './trust.ts';
import type { WebhookActivities } from './webhooks.ts';

/** On whose behalf and for what an activity works. */
export type StepContext = {
  readonly goalId: GoalId;
  readonly owner: string;
  readonly zone: string;
  readonly stepId: string;
  /** The moment the goal calls "now": workflow time when the step started, RFC 3339. */
  readonly now: string;
};

/** What one model call cost. */
export type ModelUsage = {
  readonly responseId: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** By the configured prices; absent where none are. */
  readonly costMicroUsd?: number;
  /** Bytes of text written by others that the call showed the model. */
  readonly shownBytes?: number;
};

export type PlanRequest = {
  readonly goalId: GoalId;
  readonly owner: string;
  readonly zone: string;
  readonly now: string;
  readonly goal: string;
  readonly context: string;
  readonly constraints: readonly string[];
  readonly answers: readonly { readonly question: string; readonly answer: string }[];
  /** Set when this revises an earlier plan. Finished steps stay as they are. */
  readonly revision: {
    readonly number: number;
    readonly reason: string;
    readonly previous: Plan;
    readonly finished: readonly {
      readonly id: string;
      readonly status: string;
      readonly output: Json;
    }[];
  } | null;
};
export type PlanResult = {
  readonly plan: Plan | null;
  readonly questions: readonly Question[];
  /** Errors that two repairs did not mend; the plan is null then. */
  readonly problems: readonly string[];
  readonly repairs: number;
  readonly usage: readonly ModelUsage[];
  readonly promptVersion: string;
};
/** Queue `adjutant-model`. */
export interface PlannerActivities {
  /** Asks the model for a plan, checks it by code and has it repaired at most twice. */
  proposePlan(request: PlanRequest): Promise<PlanResult>;
}

export type ReadRequest = {
  readonly context: StepContext;
  readonly input: JsonObject;
  readonly trust: Trust;
  readonly origins: readonly Origin[];
};
export type ReadResult = StepOutput & { readonly usage?: readonly ModelUsage[] };
/** Tools that are a workflow of their own, as a child of the goal. */
export type ChildTool = 'research' | 'triageInbox';
/** Activities of read tools carry the tool's name, but those of child workflows. */
export type ReadActivityName = Exclude<ReadToolName, ChildTool>;
/** Queue `adjutant-model`: language tools. Queue `adjutant-connectors`: the others. */
export type ReadActivities = Record<
  ReadActivityName,
  (request: ReadRequest) => Promise<ReadResult>
>;
/** The read tools that need the model. */
export const modelReadTools = ['summarize', 'composeEmail', 'readTimeReply', 'learnTone'] as const;

export type PrepareRequest = {
  readonly context: StepContext;
  /** An effect tool, or a read that policy makes wait for a person. */
  readonly tool: ToolName;
  readonly revision: number;
  readonly input: JsonObject;
  readonly taints: readonly Taint[];
  readonly origins: readonly Origin[];
  readonly goalText: string;
  readonly policyVersion: string;
  /** The instant of the oldest reading that the input rests on: the card tells it. */
  readonly contentAsOf?: string | undefined;
  /** Content that was approved and could not be performed: the answer tells what differs from it. */
  readonly previousDigest?: string | undefined;
};
/** A step resolved to exactly what would be sent. The payload is kept in Postgres under its digest. */
export type PreparedEffect = {
  readonly digest: string;
  readonly card: Card;
  readonly facts: EffectFacts;
  /** One line for the Web UI, without private text: "Send mail to 2 people". */
  readonly summary: string;
  /** What changed since `previousDigest`. */
  readonly difference?: readonly Difference[];
  /** The step's effect as the ledger holds it already, after a reset: nothing is left to do. */
  readonly settled?: EffectReceipt | null;
  /** True when this revision was decided with other content: prepare the next revision instead. */
  readonly taken?: boolean;
  /** A standing rule that covers exactly this; it is counted and checked when it is used. */
  readonly ruleId?: string | null;
};
/** Queue `adjutant-connectors`: needs read access only. */
export interface PrepareActivities {
  /** Resolves a step to one canonical payload. Changes nothing outside. */
  prepareEffect(request: PrepareRequest): Promise<PreparedEffect>;
}

export type PerformRequest = {
  readonly context: StepContext;
  readonly tool: EffectToolName;
  readonly revision: number;
  readonly digest: string;
  readonly mode: 'live' | 'shadow';
  /** The approval this runs under; null only for tiers the gate lets run. */
  readonly approvalId: string | null;
  readonly reconcileForMs: number;
  /** After a cancellation: find out what an earlier attempt did, and start nothing. */
  readonly reconcileOnly: boolean;
};
export type UndoRequest = {
  readonly context: StepContext;
  readonly tool: EffectToolName;
  readonly revision: number;
  readonly effectKey: string;
};
/** The activity that performs each effect tool, named after what it does. */
export const effectActivityOf = {
  createDraft: 'createEmailDraft',
  createEvent: 'createCalendarEvent',
  moveEvent: 'moveCalendarEvent',
  cancelEvent: 'cancelCalendarEvent',
  labelMail: 'changeMail',
  archiveMail: 'changeMail',
  markMail: 'changeMail',
  moveMail: 'changeMail',
  updateEvent: 'updateCalendarEvent',
  respondToInvitation: 'respondToInvitation',
  holdSlots: 'holdCalendarSlots',
  releaseHolds: 'releaseCalendarHolds',
  sendEmail: 'sendEmail',
} as const satisfies Record<EffectToolName, string>;
/** Queue `adjutant-effects`: the only worker with write tokens. */
export type EffectActivities = Record<
  (typeof effectActivityOf)[EffectToolName],
  (request: PerformRequest) => Promise<EffectReceipt>
> & {
  /** Undoes one confirmed effect, under its own effect key. */
  undoEffect(request: UndoRequest): Promise<EffectReceipt>;
  /** Records what a person found out about an effect with an unknown outcome. */
  settleEffect(request: {
    effectKey: string;
    as: 'confirmed' | 'not_done';
    actor: string;
  }): Promise<EffectReceipt>;
};

export type AdmitRequest = {
  readonly goalId: GoalId;
  readonly owner: string;
  readonly decision: Json;
  /** Fallback decision id for signals that bring none. */
  readonly fallbackId: string;
  readonly approval: Approval | null;
  readonly now: string;
};
export type Admission = {
  readonly outcome: DecisionOutcome;
  readonly standing: StandingDecision | null;
  /** The edited input, when an edit was admitted. */
  readonly input: JsonObject | null;
  /** What an applied decision did: settled the approval, counted as one of two, or handed it on. */
  readonly did?: 'settled' | 'counted' | 'delegated';
  /** True when the queue shows a request of this id although the workflow does not know it. */
  readonly isQueued?: boolean;
  /** Where the audit's chain stands with an applied decision: kept in the history as an anchor. */
  readonly audit?: AuditAnchor | null;
};
/** A decision by a standing rule, with where the audit's chain stands with it. */
export type RuleDecision = StandingDecision & { readonly audit?: AuditAnchor | null };
export type RuleUse = {
  readonly goalId: GoalId;
  readonly owner: string;
  readonly ruleId: string;
  readonly approvalId: string;
  readonly digest: string;
  readonly now: string;
  readonly expiresAt: string;
};
/** A plan that a person wrote over a running one. */
export type AmendRequest = {
  readonly goalId: GoalId;
  readonly owner: string;
  readonly plan: Json;
  readonly previous: Plan;
  /** Ids of steps that have begun; they must stay as they are. */
  readonly begun: readonly string[];
};
/** One row of the ledger, as far as aftercare needs it. */
export type LedgerEffect = {
  readonly stepId: string;
  readonly revision: number;
  readonly tool: EffectToolName;
  readonly effectKey: string;
  readonly state: 'intent' | 'confirmed' | 'unknown';
  readonly digest: string;
  readonly approvalId: string | null;
  readonly receipt: JsonObject | null;
  /** The step's input as it was approved. */
  readonly input: JsonObject;
};
/** How a goal stands, with the events not published yet. */
export type GoalPublication = {
  readonly goal: GoalView;
  /** Those of this run of the workflow; settled ones of earlier runs were published by these. */
  readonly approvals: readonly Approval[];
  readonly events: readonly JournalEvent[];
  /** Number of the newest journal event this reflects. */
  readonly journalNumber: number;
  /** A goal that has completed is not published as such when its cancellation is on record already. */
  readonly yieldsToCancellation?: boolean;
};

/** What a replay that retells a goal is given to listen with: what the goal would publish. */
export type RetellingSinks = {
  readonly retelling: { told(publication: GoalPublication): void };
};
/** What became of a publication. */
export type Published = {
  readonly outcome: 'published' | 'cancelled';
  /** Where the audit's chain stands with the goal's newest entry; null while it has none. */
  readonly audit: AuditAnchor | null;
};
/** Local activities on `adjutant-goals`: short, idempotent, Postgres only. */
export interface GoalLocalActivities {
  /** Admits or refuses one decision, stores it, and publishes nothing else. */
  admitDecision(request: AdmitRequest): Promise<Admission>;
  /**
   * Publishes journal events, overwrites the goal's read models and brings the audit up to date with
   * them. Idempotent by goal and number. Releases before the audit had decisions answered the bare
   * outcome, and histories hold it.
   */
  publishGoal(request: GoalPublication): Promise<Published | Published['outcome']>;
  /** Takes a standing rule for one approval: counts the use and stores the decision, or neither. */
  useStandingRule(request: RuleUse): Promise<RuleDecision | null>;
  /** Allows more on one day of a person; false when that was done already. */
  raiseDayBudget(request: DayBudgetRaise): Promise<boolean>;
  /** Checks a plan written by a person. Problems are sentences; the plan is null then. */
  checkAmendment(request: AmendRequest): Promise<{ plan: Plan | null; problems: string[] }>;
  /** Effects of a goal that are open or were confirmed and not undone, in the order they began. */
  listEffects(request: { goalId: GoalId; owner: string }): Promise<LedgerEffect[]>;
  /** Ends the read models of a goal whose workflow was ended from outside; `reason` is for people. */
  closeGoal(request: { goalId: GoalId; owner: string; reason: string }): Promise<void>;
}

/** Every activity there is. */
export type AllActivities = PlannerActivities &
  ReadActivities &
  ResearchActivities &
  TriageActivities &
  PrepareActivities &
  EffectActivities &
  WebhookActivities &
  AccountActivities &
  GoalLocalActivities;
