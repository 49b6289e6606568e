/**
 * Everything a running goal knows. Changed only by the files of this folder; the state people see
 * follows from the facts (`settle`), and a change that the transition table does not allow is refused.
 */
import type { ModelUsage, StepContext } from '#contracts/activities.ts';
import type { Approval, DecisionOutcome } from '#contracts/approval.ts';
import type { Failure } from '#contracts/failures.ts';
import {
  type Budget,
  canMove,
  isTerminal,
  type ControlOutcome,
  type GoalState,
  type GoalView,
  noUsage,
  type OpenQuestion,
  type ProviderWait,
  type Report,
  type StepView,
  type Usage,
} from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { StepOutput } from '#contracts/references.ts';
import type { Plan, PlanStep } from '#contracts/schemas/plan.ts';
import type { Taint } from '#contracts/trust.ts';
import type { GoalWorkflowInput, StepSnapshot } from '#contracts/workflows.ts';
import { Journal } from './journal.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A step of the plan with what has become of it so far. `plan` and `planTaints` never change. */
export type Step = Mutable<Omit<StepSnapshot, 'plan' | 'planTaints'>> &
  Pick<StepSnapshot, 'plan' | 'planTaints'>;

/** What the goal is busy with. Together with waits and approvals it makes the state people see. */
export type Phase = 'planning' | 'asking' | 'plan_approval' | 'executing' | 'compensating';

const statesOfPhases: Readonly<Record<Phase, GoalState>> = {
  planning: 'planning',
  asking: 'awaiting_answer',
  plan_approval: 'awaiting_plan_approval',
  executing: 'running',
  compensating: 'compensating',
};

export class Goal {
  readonly input: GoalWorkflowInput;
  readonly journal: Journal;
  createdAt = new Date().toISOString();
  /** How many runs of the workflow came before this one. */
  runs = 0;
  readonly approvals = new Map<string, Approval>();
  /** Inputs of admitted edits, by approval. */
  readonly edits = new Map<string, JsonObject>();
  readonly decisions = new Map<string, DecisionOutcome>();
  readonly answers = new Map<string, { applied: boolean; message: string }>();
  readonly controls = new Map<string, ControlOutcome>();
  readonly answered: { question: string; answer: string }[] = [];
  /** Instructions that came while the goal ran and that no plan reflects yet. */
  instructions: string[] = [];
  /** Rounds of questions that the plan being made has cost so far. */
  questionRounds = 0;
  /** Why the plan is being revised, at a checkpoint or after a rejection. */
  revising: string | null = null;
  /** Set when a revised plan is made and asked about beside the steps that it keeps. */
  plansBeside = false;
  /** Undo of a step is registered here before the step acts; run last in, first out. */
  readonly undoStack: Step[] = [];
  /** Approvals that nobody waits for until the next run does. They may be decided meanwhile. */
  readonly unheard = new Set<string>();
  phase: Phase = 'planning';
  state: GoalState = 'planning';
  /** How the goal will end once everything is undone; set when compensation begins. */
  ending: 'failed' | 'cancelled' | null = null;
  paused = false;
  /** Set when this run shall end so that another one goes on: every wait gives up. */
  parking = false;
  /** Providers that steps wait for, by what waits. */
  readonly waits = new Map<string, ProviderWait>();
  plan: Plan | null = null;
  planRevision = 0;
  steps: Step[] = [];
  questions: OpenQuestion[] = [];
  /** When the open questions expire, milliseconds since 1970. */
  questionsExpireAtMs: number | null = null;
  usage: Mutable<Usage> = { ...noUsage };
  /** Model tokens and calls that were reserved and not settled yet. */
  reservedTokens = 0;
  budget: Mutable<Budget> = {};
  failure: Failure | null = null;
  report: Report | null = null;
  publishRequested = false;
  /** Publications under way. A run must not end with one. */
  publications = 0;
  /** Set when this run publishes for the last time before the next one goes on. */
  isBeingHandedOn = false;
  /** Resolves when the newest entry of bookkeeping.ts is made. */
  bookkeeping: Promise<void> = Promise.resolve();
  /** Entries of bookkeeping.ts in the workflow task that began at this length of the history. */
  entries = { historyLength: 0, count: 0 };
  signalsReceived = 0;
  /** When the running deadline timer fires; null when none runs. */
  deadlineTimerAt: number | null = null;
  /** What the search attributes say now. */
  flushedAttributes = '';

  #change = newChange();

  constructor(input: GoalWorkflowInput) {
    this.input = input;
    this.journal = new Journal(input.carried?.journal);
    this.budget = { ...(input.carried?.budget ?? input.budget) };
  }

  /** True for goals that were promised what protocol 2 adds. */
  get isPrompt(): boolean {
    return this.input.protocol === 2;
  }

  /** True while nothing may start or be performed: paused, or about to be planned anew. */
  get isHeld(): boolean {
    if (this.phase === 'plan_approval' && !this.plansBeside) return true;
    const follows = this.plansBeside || this.phase === 'executing';
    return this.paused || (follows && this.instructions.length > 0);
  }

  enter(phase: Phase): void {
    this.phase = phase;
    this.settle();
  }

  /** Takes an end back that was not put on record. */
  reopen(state: GoalState, journalCount: number): void {
    this.journal.rewind(journalCount);
    this.state = state;
    this.report = null;
  }

  /** Lets the state follow the facts. */
  settle(): void {
    if (isTerminal(this.state)) return;
    this.moveTo(this.stateNow());
  }

  moveTo(state: GoalState): void {
    if (state === this.state) return;
    if (!canMove(this.state, state)) {
      throw new Error(`A goal cannot go from ${this.state} to ${state}.`);
    }
    this.journal.append('state_changed', { from: this.state, to: state });
    this.state = state;
  }

  private stateNow(): GoalState {
    if (this.phase === 'compensating') return 'compensating';
    if (this.paused) return 'paused';
    if (this.phase === 'asking' || this.phase === 'plan_approval') {
      return statesOfPhases[this.phase];
    }
    const asks = this.phase === 'executing' || this.waits.size > 0 || this.isBlockedByBudget();
    if (asks && this.pendingApprovals().length > 0) return 'awaiting_approval';
    if (this.waits.size > 0) return 'waiting_on_provider';
    return statesOfPhases[this.phase];
  }

  private isBlockedByBudget(): boolean {
    return this.pendingApprovals().some(({ kind }) => kind === 'budget');
  }

  /** Resolves at the next `notify`. */
  changed(): Promise<void> {
    return this.#change.promise;
  }

  /** Wakes whoever waits for a change that no step brings about: a pause, a further instruction. */
  notify(): void {
    const { resolve } = this.#change;
    this.#change = newChange();
    resolve();
  }

  pendingApprovals(): Approval[] {
    return [...this.approvals.values()].filter((approval) => approval.state === 'pending');
  }

  /** Changes an approval's fields and has it published. */
  changeApproval(approvalId: string, fields: Partial<Approval>): void {
    const approval = this.approvals.get(approvalId);
    if (approval === undefined) return;
    this.approvals.set(approvalId, { ...approval, ...fields });
    this.publishRequested = true;
  }

  outputs(): Map<string, StepOutput> {
    return new Map(
      this.steps.flatMap((step) => (step.output === null ? [] : [[step.plan.id, step.output]])),
    );
  }

  contextOf(stepId: string): StepContext {
    const { goalId, owner, zone } = this.input;
    return { goalId, owner, zone, stepId, now: new Date().toISOString() };
  }

  /** The context of an effect that exists: in aftercare it is another goal's. */
  effectContextOf(stepId: string): StepContext {
    const context = this.contextOf(stepId);
    const { aftercare } = this.input;
    return { ...context, goalId: aftercare?.origin ?? aftercare?.of ?? context.goalId };
  }

  addUsage(calls: readonly ModelUsage[]): void {
    for (const call of calls) {
      this.usage.modelCalls += 1;
      this.usage.inputTokens += call.inputTokens;
      this.usage.outputTokens += call.outputTokens;
      this.usage.costMicroUsd += call.costMicroUsd ?? 0;
      this.addShownBytes(call.shownBytes);
    }
  }

  /** Counts text written by others that the model was shown. */
  addShownBytes(bytes: number | undefined): void {
    if (bytes !== undefined) this.usage.shownBytes = (this.usage.shownBytes ?? 0) + bytes;
  }

  view(): GoalView {
    const { goalId, owner, zone, goal, mode, aftercare } = this.input;
    return {
      id: goalId,
      owner,
      goal,
      mode,
      state: this.state,
      createdAt: this.createdAt,
      updatedAt: this.journal.lastAt ?? this.createdAt,
      zone,
      plan:
        this.plan === null
          ? null
          : {
              revision: this.planRevision,
              reasoning: this.plan.reasoning,
              estimatedComplexity: this.plan.estimatedComplexity,
            },
      steps: this.steps.map(viewOfStep),
      questions: this.questions,
      pendingApprovals: this.pendingApprovals(),
      waitingOn: [...this.waits.values()],
      aftercareOf: aftercare?.of ?? null,
      usage: { ...this.usage },
      failure: this.failure,
      report: this.report,
    };
  }
}

function newChange(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** True when nothing will become of a step any more. */
export function hasEnded({ status }: Pick<Step, 'status'>): boolean {
  return ['completed', 'failed', 'rejected', 'skipped'].includes(status);
}

/** A step that has not started. */
export function newStep(plan: PlanStep, planTaints: readonly Taint[], revision: number): Step {
  return {
    plan,
    planTaints,
    status: 'pending',
    revision,
    tier: null,
    output: null,
    effect: null,
    undone: false,
    failure: null,
    comment: null,
    phase: null,
    asOf: null,
    approvalId: null,
  };
}

function viewOfStep({
  plan,
  planTaints: _,
  comment: __,
  phase: ___,
  asOf: ____,
  approvalId: _____,
  ...rest
}: Step): StepView {
  return { ...plan, input: plan.input as JsonObject, ...rest };
}
