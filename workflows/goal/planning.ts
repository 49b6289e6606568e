/** From words to a checked plan: asking the planner, asking the person, revising. */
import { ActivityFailure, isCancellation, patched } from '@temporalio/workflow';
import type { PlanRequest, PlanResult } from '#contracts/activities.ts';
import type { Failure } from '#contracts/failures.ts';
import type { Json } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import type { StepOutput } from '#contracts/references.ts';
import { combineOrigins, combineTrust, type Taint } from '#contracts/trust.ts';
import type { Plan } from '#contracts/schemas/plan.ts';
import { modelActivities, withSummary } from '../proxies.ts';
import { adoptPlan, hasBegun } from './adopt.ts';
import { askPerson } from './approval.ts';
import { inTurn } from './bookkeeping.ts';
import { BudgetRefused, withModelBudget } from './budget.ts';
import type { Goal, Step } from './goal.ts';
import { failureOf, skipStep } from './outcome.ts';
import { untilAvailable } from './provider.ts';
import { askQuestions, awaitAnswers, notAnswered } from './questions.ts';

/** What the planner answered; `failure` is why it could not be asked. */
type Proposal = PlanResult & { readonly failure: Failure | null };

/** How planning ended. `stopped`: the person said no, or did not answer. */
export type Planning = 'planned' | 'stopped' | 'failed';

/** Gets a plan, asking the person first whatever the planner needs to know. @throws Parked */
export async function planGoal(goal: Goal): Promise<Planning> {
  if (goal.plan !== null) return approveCarriedPlan(goal, goal.plan);
  const result = await proposeAndAsk(goal, () => null);
  if (result === null) return 'stopped';
  if (result.plan === null || result.questions.length > 0) return giveUp(goal, result);
  adoptPlan(goal, result.plan, { taints: [], stays: () => false });
  return goal.input.policy.planApproval ? approvePlan(goal, result.plan) : 'planned';
}

/**
 * Asks for a revised plan. Finished steps stay as they are, and so do those of which nobody knows what
 * came of them: they are never done again. False when the planner adds nothing, when the goal has been
 * revised as often as it may, or when the person does not want the plan.
 */
export async function revisePlan(goal: Goal, reason: string): Promise<boolean> {
  if (goal.plan === null || goal.planRevision > limits.planRevisionsMax) return false;
  goal.revising = reason;
  const { plan, taints } = await proposeRevision(goal, goal.plan, reason);
  goal.revising = null;
  const stays = ({ status }: Step) =>
    status === 'completed' || (goal.isPrompt && status === 'unknown');
  const settled = new Set(goal.steps.filter(stays).map((step) => step.plan.id));
  if (plan === null || plan.steps.every(({ id }) => settled.has(id))) return false;
  adoptPlan(goal, plan, { taints, stays });
  return approveRevision(goal, plan);
}

/** Asks for a revised plan where policy says so. Without a yes nothing of it starts. */
async function approveRevision(goal: Goal, plan: Plan): Promise<boolean> {
  const pending = goal.steps.filter(({ status }) => status === 'pending');
  if (!goal.input.policy.planApproval || pending.length === 0) return true;
  if ((await approvePlan(goal, plan)) === 'planned') return true;
  for (const step of goal.isPrompt ? pending : []) {
    skipStep(goal, step, 'the plan was not approved');
  }
  return false;
}

/** Asks again about the plan that an earlier run of the workflow asked about. */
async function approveCarriedPlan(goal: Goal, plan: Plan): Promise<Planning> {
  if (goal.planRevision === 1 || !goal.isPrompt) return approvePlan(goal, plan);
  // What had begun under the plan before goes on, whatever the answer is.
  await approveRevision(goal, plan);
  return 'planned';
}

/** Goes on asking about a revised plan that an earlier run of the workflow asked about. */
export async function approveCarriedRevision(goal: Goal): Promise<void> {
  if (goal.plan !== null) await approveRevision(goal, goal.plan);
  goal.enter('executing');
  goal.publishRequested = true;
}

/**
 * Plans anew by what the person said while the goal ran. Whatever has begun stays; without a usable
 * plan everything stays as it was. Nothing starts meanwhile. What has begun goes on beside it, and what
 * was approved once the plan is made and still holds it.
 */
export async function steerPlan(goal: Goal): Promise<void> {
  const { instructions, plan: previous, planRevision } = goal;
  if (previous === null || instructions.length === 0) return;
  const said = instructions.map((instruction) => `“${instruction}”`).join(' and then ');
  const reason = `The person gave a further instruction, which comes before everything else: ${said}`;
  const { plan, taints } = await proposeRevision(goal, previous, reason);
  const isOvertaken = await inTurn(goal, () => {
    // A plan that the person wrote meanwhile stands, and the instruction applies to that one.
    if (goal.planRevision !== planRevision) return true;
    if (plan !== null) adoptPlan(goal, plan, { taints, stays: hasBegun });
    // An instruction that came while the planner was asked is next.
    goal.instructions = goal.instructions.slice(instructions.length);
    return false;
  });
  if (isOvertaken) return steerPlan(goal);
  if (plan !== null) await approveRevision(goal, plan);
  goal.enter('executing');
  goal.publishRequested = true;
}

async function proposeRevision(
  goal: Goal,
  previous: Plan,
  reason: string,
): Promise<{ plan: Plan | null; taints: Taint[] }> {
  let labels: StepOutput[] = [];
  const result = await proposeAndAsk(goal, () => {
    const finished = goal.steps.filter(hasBegun);
    labels = finished.flatMap((step) => (step.output === null ? [] : [step.output]));
    return {
      number: goal.planRevision,
      reason,
      previous,
      finished: finished.map((step: Step) => ({
        id: step.plan.id,
        status: step.status,
        output: (step.output?.value ?? null) as Json,
      })),
    };
  });
  if (result === null || result.questions.length > 0) {
    const problem = result === null ? notAnswered : 'The planner kept asking.';
    goal.journal.append('plan_invalid', { problems: [problem], repairs: result?.repairs ?? 0 });
    return { plan: null, taints: [] };
  }
  const isTrusted = combineTrust(labels.map(({ trust }) => trust)) === 'trusted';
  const origins = combineOrigins(labels.map((label) => label.origins));
  return { plan: result.plan, taints: isTrusted ? [] : [{ path: '', origins }] };
}

/**
 * Asks the planner, and the person whatever the planner needs to know, a few times at most. Null when
 * the person does not answer. @throws Parked
 */
async function proposeAndAsk(
  goal: Goal,
  revision: () => PlanRequest['revision'],
): Promise<Proposal | null> {
  let isAnswered = goal.questions.length === 0 || (await awaitAnswers(goal));
  while (isAnswered) {
    const result = await propose(goal, revision());
    if (result.questions.length === 0 || !mayAsk(goal)) {
      goal.questionRounds = 0;
      return result;
    }
    goal.questionRounds += 1;
    isAnswered = await askQuestions(goal, result.questions);
  }
  goal.questionRounds = 0;
  return null;
}

function mayAsk(goal: Goal): boolean {
  if (goal.questionRounds >= limits.questionRoundsMax) return false;
  return goal.plan === null || patched('asks-about-revisions');
}

async function propose(goal: Goal, revision: PlanRequest['revision']): Promise<Proposal> {
  const result = await askPlanner(goal, revision);
  goal.addUsage(result.usage);
  if (result.plan === null && result.questions.length === 0) {
    goal.journal.append('plan_invalid', {
      problems: result.problems.slice(0, 10),
      repairs: result.repairs,
    });
  } else if (result.questions.length === 0) {
    goal.journal.append('plan_proposed', {
      revision: goal.planRevision + 1,
      steps: result.plan?.steps.map(({ id, tool }) => `${id}: ${tool}`) ?? [],
      promptVersion: result.promptVersion,
      repairs: result.repairs,
      responseIds: result.usage.map(({ responseId }) => responseId),
    });
  }
  return result;
}

/** A planner that cannot be had is a plan that cannot be had: the goal ends with the reason. */
async function askPlanner(goal: Goal, revision: PlanRequest['revision']): Promise<Proposal> {
  try {
    const waiter = { id: 'plan', tool: null, step: null };
    const result = await withModelBudget(goal, () =>
      untilAvailable(goal, waiter, () => callPlanner(goal, revision)),
    );
    return { ...result, failure: null };
  } catch (error) {
    if (error instanceof BudgetRefused) {
      return noProposal({ type: 'BudgetExceededError', message: error.message });
    }
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    return noProposal(failureOf(error));
  }
}

function noProposal(failure: Failure): Proposal {
  const problems = [failure.message];
  return { plan: null, questions: [], problems, repairs: 0, usage: [], promptVersion: '', failure };
}

async function callPlanner(goal: Goal, revision: PlanRequest['revision']): Promise<PlanResult> {
  const { goalId, owner, zone, context, constraints } = goal.input;
  const summary = revision === null ? 'Plan the goal' : `Revise the plan (${revision.number})`;
  return modelActivities().proposePlan.executeWithOptions(withSummary('model', summary), [
    {
      goalId,
      owner,
      zone,
      now: new Date().toISOString(),
      goal: goal.input.goal,
      context,
      constraints,
      answers: goal.answered,
      revision,
    },
  ]);
}

function giveUp(goal: Goal, { problems, failure }: Proposal): Planning {
  // Other words help against a bad plan, not against a model that cannot be had.
  goal.failure = failure ?? {
    type: 'InvalidPlanError',
    message:
      problems.length === 0
        ? 'The planner kept asking. Say the goal again with the people, the time and the duration.'
        : `The planner gave no usable plan: ${problems.slice(0, 3).join(' ')} Say the goal in other words, or in smaller parts.`,
  };
  return 'failed';
}

async function approvePlan(goal: Goal, plan: Plan): Promise<Planning> {
  goal.enter('plan_approval');
  const { approval } = await askPerson(goal, {
    kind: 'plan',
    stepId: 'plan',
    revision: goal.planRevision,
    reasons: ['Your policy asks to see the plan first.'],
    title: `Plan with ${plan.steps.length} steps`,
    lines: plan.steps.map(({ id, tool, rationale }) => ({
      label: `${id}: ${tool}`,
      value: rationale,
    })),
    about: { goalId: goal.input.goalId, plan },
  });
  // A further instruction or another plan took the request back: what it led to is asked again.
  return approval.state === 'approved' || approval.state === 'superseded' ? 'planned' : 'stopped';
}
