/**
 * Goals that look after another one: undoing a finished goal's effects on request, and clearing up
 * after one whose workflow was ended from outside. The plan is made by code from the ledger.
 */
import { effectActivityOf, type LedgerEffect } from '#contracts/activities.ts';
import type { EffectReceipt, GoalState } from '#contracts/goal.ts';
import type { Json } from '#contracts/json.ts';
import type { PlanStep } from '#contracts/schemas/plan.ts';
import { tools } from '#contracts/tools.ts';
import type { Aftercare } from '#contracts/workflows.ts';
import { effectActivities, withSummary } from '../proxies.ts';
import { askPerson } from './approval.ts';
import { bookkeep } from './bookkeeping.ts';
import { undoStep } from './compensation.ts';
import { type Goal, newStep, type Step } from './goal.ts';
import { failStep, failureOf } from './outcome.ts';
import { askWhatHappened } from './perform.ts';
import { untilAvailable, waiterOf } from './provider.ts';
import { runStep } from './step.ts';
import { Parked } from './waiting.ts';

/** Carries out what an aftercare goal is for. @throws Parked, CancelledFailure */
export async function takeCare(goal: Goal, aftercare: Aftercare): Promise<GoalState> {
  if (goal.plan === null) {
    const { of, origin, stepIds } = aftercare;
    const { owner } = goal.input;
    if (aftercare.kind === 'recovery') {
      const reason = 'Its workflow was ended from outside. What was under way is looked up.';
      await bookkeep(goal, (books) => books.closeGoal({ goalId: of, owner, reason }));
    }
    const effects = await bookkeep(goal, (books) =>
      books.listEffects({ goalId: origin ?? of, owner }),
    );
    const wanted = stepIds === null ? effects : effects.filter((e) => stepIds.includes(e.stepId));
    adoptEffects(goal, aftercare, wanted);
  }
  goal.enter('executing');
  if (aftercare.kind === 'recovery') await recover(goal, aftercare);
  else await undoAll(goal);
  return goal.steps.every(({ status }) => status === 'completed')
    ? 'completed'
    : 'completed_with_issues';
}

/** One step for each effect, newest first: the order in which they are looked after. */
function adoptEffects(goal: Goal, { kind, of }: Aftercare, effects: readonly LedgerEffect[]): void {
  goal.steps = effects.toReversed().map((effect) => stepOf(effect));
  if (kind === 'undo') goal.steps.push(...goal.steps.flatMap(correctionOf));
  goal.plan = {
    reasoning:
      kind === 'undo'
        ? `What goal ${of} did is undone, the last thing first.`
        : `The workflow of goal ${of} was ended from outside; what it left open is looked up.`,
    estimatedComplexity: 'low',
    steps: goal.steps.map(({ plan }) => plan),
  };
  goal.planRevision = 1;
}

function stepOf(effect: LedgerEffect): Step {
  const step = newStep(
    planStep(effect.stepId, effect.tool, effect.input as PlanStep['input']),
    [],
    effect.revision,
  );
  step.status = 'running';
  step.effect = receiptOf(effect);
  step.approvalId = effect.approvalId;
  return step;
}

function receiptOf(effect: LedgerEffect): EffectReceipt {
  const { effectKey, tool, receipt, digest, state } = effect;
  const outcome = state === 'confirmed' ? 'confirmed' : 'unknown';
  const at = new Date().toISOString();
  return { effectKey, tool, outcome, receipt, digest, at, reconciled: false };
}

function planStep(id: string, tool: PlanStep['tool'], input: PlanStep['input']): PlanStep {
  return {
    id,
    tool,
    input,
    rationale: tools[tool].summary,
    critical: false,
    requiresConfirmation: false,
    dependsOn: [],
    checkpoint: false,
  };
}

/** A mail cannot be taken back; a draft of a correction is offered, and made only when approved. */
function correctionOf({ plan, effect }: Step): Step[] {
  if (plan.tool !== 'sendEmail') return [];
  const { to, cc, subject } = plan.input;
  const sent = subject ?? effect?.receipt?.['subject'];
  const about = typeof sent === 'string' ? sent : '';
  const input = {
    // A reply's recipients were found by code; the receipt names them.
    to: to ?? [...listOf(effect?.receipt?.['to'])],
    ...(cc === undefined ? {} : { cc }),
    subject: `Correction: ${about}`.slice(0, 300),
    body: `Please disregard my earlier message${about === '' ? '' : ` “${about}”`}. It was sent by mistake.`,
  };
  const id = `correct_${plan.id}`.slice(0, 32);
  return [newStep({ ...planStep(id, 'createDraft', input), requiresConfirmation: true }, [], 0)];
}

function listOf(value: Json | undefined): string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).filter((item) => typeof item === 'string');
}

async function undoAll(goal: Goal): Promise<void> {
  for (const step of goal.steps.filter(({ effect }) => effect !== null)) {
    if (step.status !== 'running' && step.status !== 'waiting_on_provider') continue;
    if (goal.parking) throw new Parked();
    await undoOne(goal, step);
  }
  for (const step of goal.steps.filter(({ effect }) => effect === null)) {
    if (goal.parking) throw new Parked();
    await runStep(goal, step);
  }
}

async function undoOne(goal: Goal, step: Step): Promise<void> {
  const { tool } = step.plan;
  if (tools[tool].undo === null || step.effect?.outcome !== 'confirmed') {
    const isSent = tool === 'sendEmail';
    return failStep(goal, step, {
      type: 'ConflictError',
      message: isSent
        ? 'A mail that was sent cannot be taken back. A draft of a correction is offered.'
        : 'It cannot be undone.',
    });
  }
  await undoStep(goal, step);
  if (step.undone) step.status = 'completed';
  else failStep(goal, step, { type: 'ConflictError', message: 'It could not be undone.' });
}

/** Looks up what was under way, and shows the person what became of the goal. */
async function recover(goal: Goal, { of }: Aftercare): Promise<void> {
  for (const step of goal.steps) {
    if (step.effect?.outcome === 'unknown') await lookUp(goal, step);
    if (step.effect?.outcome !== 'unknown') step.status = 'completed';
  }
  const stepId = 'review';
  await askPerson(goal, {
    kind: 'intervention',
    stepId,
    revision: 1,
    reasons: ['The workflow of a goal was ended from outside, before the goal had come to an end.'],
    title: 'A goal was ended from outside',
    lines: [
      { label: 'Goal', value: goal.input.goal },
      ...goal.steps.map(({ plan, effect }) => ({
        label: `${plan.id}: ${plan.tool}`,
        value: outcomeText(effect),
      })),
      {
        label: 'Approve',
        value: 'You have seen it. Nothing else is done; ask again for what you still want.',
      },
    ],
    about: { goalId: of, question: stepId },
  });
}

async function lookUp(goal: Goal, step: Step): Promise<void> {
  const { tool } = step.plan;
  const { effect } = step;
  if (effect === null) return;
  const name = effectActivityOf[effect.tool];
  const request = {
    context: goal.effectContextOf(step.plan.id),
    tool: effect.tool,
    revision: step.revision,
    digest: effect.digest,
    mode: 'live',
    approvalId: step.approvalId,
    reconcileForMs: goal.input.timers.reconcileForMs,
    reconcileOnly: true,
  } as const;
  try {
    step.effect = await untilAvailable(goal, waiterOf(step), () =>
      effectActivities()[name].executeWithOptions(
        withSummary('effects', `${step.plan.id}: look up ${tool}`),
        [request],
      ),
    );
  } catch (error) {
    if (error instanceof Parked) throw error;
    step.failure = failureOf(error);
  }
  if (step.effect?.outcome !== 'unknown') return;
  step.status = 'unknown';
  step.effect = await askWhatHappened(goal, step, effect.tool, step.effect);
}

function outcomeText(effect: EffectReceipt | null): string {
  switch (effect?.outcome) {
    case 'confirmed':
      return 'It was done.';
    case 'not_done':
      return 'It was not done.';
    case 'shadow':
      return 'Shadow mode: nothing was sent.';
    default:
      return 'It is not known whether it was done. Please check.';
  }
}
