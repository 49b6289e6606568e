/** From words to a checked plan: asking the planner, asking the person, revising. */
import { ActivityFailure, condition, isCancellation } from '@temporalio/workflow';
import type { PlanRequest, PlanResult } from '#contracts/activities.ts';
import type { Failure } from '#contracts/failures.ts';
import type { Json } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { combineOrigins, combineTrust, type Taint } from '#contracts/trust.ts';
import type { Plan, Question } from '#contracts/schemas/plan.ts';
import { modelActivities, withSummary } from '../proxies.ts';
import { askForApproval } from './approval.ts';
import { digestOf } from './digest.ts';
import { type Goal, newStep } from './goal.ts';
import { failureOf } from './outcome.ts';

/** What the planner answered; `failure` is why it could not be asked. */
type Proposal = PlanResult & { readonly failure: Failure | null };

/** How planning ended. `stopped`: the person said no, or did not answer. */
export type Planning = 'planned' | 'stopped' | 'failed';

/** Gets a plan, asking the person first whatever the planner needs to know. */
export async function planGoal(goal: Goal): Promise<Planning> {
  for (let round = 0; ; round += 1) {
    const result = await propose(goal, null);
    if (result.questions.length > 0 && round < limits.questionRoundsMax) {
      if (!(await askQuestions(goal, result.questions))) return 'stopped';
      continue;
    }
    if (result.plan === null || result.questions.length > 0) return giveUp(goal, result);
    adoptPlan(goal, result.plan, []);
    return goal.input.policy.planApproval ? approvePlan(goal, result.plan) : 'planned';
  }
}

/**
 * Asks for a revised plan. Finished steps stay as they are. False when the planner adds nothing,
 * or when the goal has been revised as often as it may.
 */
export async function revisePlan(goal: Goal, reason: string): Promise<boolean> {
  if (goal.plan === null || goal.planRevision > limits.planRevisionsMax) return false;
  const finished = goal.steps.filter((step) => step.status !== 'pending');
  const labels = finished.flatMap((step) => (step.output === null ? [] : [step.output]));
  const result = await propose(goal, {
    number: goal.planRevision,
    reason,
    previous: goal.plan,
    finished: finished.map((step) => ({
      id: step.plan.id,
      status: step.status,
      output: (step.output?.value ?? null) as Json,
    })),
  });
  if (result.plan === null || !addsSteps(goal, result.plan)) return false;
  const taints: Taint[] =
    combineTrust(labels.map(({ trust }) => trust)) === 'trusted'
      ? []
      : [{ path: '', origins: combineOrigins(labels.map(({ origins }) => origins)) }];
  adoptPlan(goal, result.plan, taints);
  if (!goal.input.policy.planApproval) return true;
  return (await approvePlan(goal, result.plan)) === 'planned';
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
    return { ...(await callPlanner(goal, revision)), failure: null };
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    const failure = failureOf(error);
    const problems = [failure.message];
    return {
      plan: null,
      questions: [],
      problems,
      repairs: 0,
      usage: [],
      promptVersion: '',
      failure,
    };
  }
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

async function askQuestions(goal: Goal, questions: readonly Question[]): Promise<boolean> {
  goal.questions = questions.map((question) => ({ ...question, answer: null }));
  for (const { id, question } of questions) goal.journal.append('question_asked', { id, question });
  goal.moveTo('awaiting_answer');
  goal.publishRequested = true;
  const answered = await condition(
    () => goal.questions.every(({ answer }) => answer !== null),
    goal.input.timers.answerExpiresMs,
    { summary: 'The question expires: without an answer the goal ends' },
  );
  for (const { question, answer } of goal.questions) {
    if (answer !== null) goal.answered.push({ question, answer });
  }
  if (answered) {
    goal.questions = [];
    goal.moveTo('planning');
  } else {
    goal.failure = { type: 'InvalidInputError', message: 'The question was not answered in time.' };
  }
  return answered;
}

function adoptPlan(goal: Goal, plan: Plan, taints: readonly Taint[]): void {
  const kept = new Map(
    goal.steps.filter((step) => step.status === 'completed').map((step) => [step.plan.id, step]),
  );
  const revisions = new Map(goal.steps.map((step) => [step.plan.id, step.revision]));
  const finished = [...kept.values()].filter(
    (step) => !plan.steps.some(({ id }) => id === step.plan.id),
  );
  goal.plan = plan;
  goal.planRevision += 1;
  goal.steps = [
    ...finished,
    ...plan.steps.map(
      (step) => kept.get(step.id) ?? newStep(step, taints, revisions.get(step.id) ?? 0),
    ),
  ];
}

function addsSteps(goal: Goal, plan: Plan): boolean {
  const done = new Set(
    goal.steps.filter((step) => step.status === 'completed').map((step) => step.plan.id),
  );
  return plan.steps.some(({ id }) => !done.has(id));
}

async function approvePlan(goal: Goal, plan: Plan): Promise<Planning> {
  goal.moveTo('awaiting_plan_approval');
  const digest = digestOf({ goalId: goal.input.goalId, plan });
  const { approval } = await askForApproval(goal, {
    kind: 'plan',
    stepId: 'plan',
    revision: goal.planRevision,
    tier: 1,
    tool: null,
    reasons: ['Your policy asks to see the plan first.'],
    card: {
      title: `Plan with ${plan.steps.length} steps`,
      lines: plan.steps.map(({ id, tool, rationale }) => ({
        label: `${id}: ${tool}`,
        value: rationale,
      })),
      warnings: [],
      undo: null,
    },
    input: {},
    context: [],
    digest,
  });
  return approval.state === 'approved' ? 'planned' : 'stopped';
}
