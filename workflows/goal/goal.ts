/**
 * Everything a running goal knows. Changed only by the files of this folder; every change of state
 * goes through `moveTo`, which refuses what the transition table does not allow.
 */
import type { Approval, DecisionOutcome } from '#contracts/approval.ts';
import type { Failure } from '#contracts/failures.ts';
import {
  canMove,
  type EffectReceipt,
  type GoalState,
  type GoalView,
  noUsage,
  type OpenQuestion,
  type Report,
  type StepStatus,
  type StepView,
} from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { ModelUsage, StepContext } from '#contracts/activities.ts';
import type { StepOutput } from '#contracts/references.ts';
import type { Plan, PlanStep } from '#contracts/schemas/plan.ts';
import type { Tier } from '#contracts/tools.ts';
import type { Taint } from '#contracts/trust.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import { Journal } from './journal.ts';

/** A step of the plan with what has become of it so far. */
export type Step = {
  readonly plan: PlanStep;
  /** Labels that literals of this step carry because the planner had seen untrusted text. */
  readonly planTaints: readonly Taint[];
  status: StepStatus;
  revision: number;
  tier: Tier | null;
  output: StepOutput | null;
  effect: EffectReceipt | null;
  undone: boolean;
  failure: Failure | null;
  /** What the person said when they rejected it; asks for a revised plan. */
  comment: string | null;
};

export class Goal {
  readonly input: GoalWorkflowInput;
  readonly journal = new Journal();
  readonly createdAt = new Date().toISOString();
  readonly approvals = new Map<string, Approval>();
  /** Inputs of admitted edits, by approval. */
  readonly edits = new Map<string, JsonObject>();
  readonly decisions = new Map<string, DecisionOutcome>();
  readonly answers = new Map<string, { applied: boolean; message: string }>();
  readonly answered: { question: string; answer: string }[] = [];
  /** Undo of a step is registered here before the step acts; run last in, first out. */
  readonly undoStack: Step[] = [];
  state: GoalState = 'planning';
  plan: Plan | null = null;
  planRevision = 0;
  steps: Step[] = [];
  questions: OpenQuestion[] = [];
  usage = { ...noUsage };
  failure: Failure | null = null;
  report: Report | null = null;
  publishRequested = false;
  /** When the running expiry timer fires; null when none runs. */
  expiryTimerAt: number | null = null;
  /** What the search attributes say now. */
  flushedAttributes = '';

  constructor(input: GoalWorkflowInput) {
    this.input = input;
  }

  moveTo(state: GoalState): void {
    if (state === this.state) return;
    if (!canMove(this.state, state)) {
      throw new Error(`A goal cannot go from ${this.state} to ${state}.`);
    }
    this.journal.append('state_changed', { from: this.state, to: state });
    this.state = state;
  }

  pendingApprovals(): Approval[] {
    return [...this.approvals.values()].filter((approval) => approval.state === 'pending');
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

  addUsage(calls: readonly ModelUsage[]): void {
    for (const call of calls) {
      this.usage.modelCalls += 1;
      this.usage.inputTokens += call.inputTokens;
      this.usage.outputTokens += call.outputTokens;
    }
  }

  view(): GoalView {
    const { goalId, owner, zone, goal, mode } = this.input;
    return {
      id: goalId,
      owner,
      goal,
      mode,
      state: this.state,
      createdAt: this.createdAt,
      updatedAt: this.journal.events.at(-1)?.at ?? this.createdAt,
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
      waitingOn: [],
      aftercareOf: null,
      usage: { ...this.usage },
      failure: this.failure,
      report: this.report,
    };
  }
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
  };
}

function viewOfStep({ plan, planTaints: _, comment: __, ...rest }: Step): StepView {
  return { ...plan, input: plan.input as JsonObject, ...rest };
}
