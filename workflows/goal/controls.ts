/**
 * Control by the person while a goal runs: pause, resume, a further instruction, a plan of their own,
 * stopping a mail that has not left. Each tells what became of it, and a bad one changes nothing.
 */
import { CancellationScope } from '@temporalio/workflow';
import { type ControlOutcome, isTerminal } from '#contracts/goal.ts';
import { isJsonObject, type Json, type JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { adoptPlan, hasBegun } from './adopt.ts';
import { takeBack } from './approval.ts';
import { bookkeep, inTurn } from './bookkeeping.ts';
import { keep } from './decisions.ts';
import type { Goal } from './goal.ts';

type Control = { readonly fields: JsonObject; readonly id: string | null; readonly actor: string };

function read(message: Json): Control {
  const fields = isJsonObject(message) ? message : {};
  const { controlId, actor } = fields;
  return {
    fields,
    id: typeof controlId === 'string' ? controlId.slice(0, 100) : null,
    actor: typeof actor === 'string' ? actor.slice(0, 200) : 'temporal',
  };
}

/** True when this control was taken before: it is not taken again. */
function isRepeated(goal: Goal, { id }: Control): boolean {
  return id !== null && goal.controls.has(id);
}

function tell(
  goal: Goal,
  { id }: Control,
  code: ControlOutcome['code'],
  message: string,
  problems: readonly string[] = [],
): void {
  goal.publishRequested = true;
  goal.notify();
  if (id === null) return;
  const outcome = { applied: code === 'applied', code, message, problems };
  keep(goal.controls, id, outcome, limits.controlsKept);
}

function refuse(
  goal: Goal,
  signal: string,
  control: Control,
  code: Exclude<ControlOutcome['code'], 'applied'>,
  message: string,
  problems: readonly string[] = [],
): void {
  goal.journal.append('signal_refused', { signal, code, reason: message, actor: control.actor });
  tell(goal, control, code, message, problems);
}

/** True when the goal can no longer be steered; the refusal is told then. */
function isTooLate(goal: Goal, signal: string, control: Control): boolean {
  if (!isTerminal(goal.state) && goal.phase !== 'compensating') return false;
  refuse(goal, signal, control, 'ended', 'The goal is ending or has ended.');
  return true;
}

/** Takes `pauseGoal`. */
export function takePause(goal: Goal, message: Json): void {
  const control = read(message);
  if (isRepeated(goal, control) || isTooLate(goal, 'pauseGoal', control)) return;
  if (!goal.paused) {
    goal.paused = true;
    goal.journal.append('goal_paused', { actor: control.actor });
    goal.settle();
  }
  tell(goal, control, 'applied', 'Paused. What is under way is finished; nothing new starts.');
}

/** Takes `resumeGoal`. */
export function takeResume(goal: Goal, message: Json): void {
  const control = read(message);
  if (isRepeated(goal, control) || isTooLate(goal, 'resumeGoal', control)) return;
  if (goal.paused) {
    goal.paused = false;
    goal.journal.append('goal_resumed', { actor: control.actor });
    goal.settle();
  }
  tell(goal, control, 'applied', 'Resumed.');
}

/** Takes `steerGoal`. The plan is revised before anything else starts. */
export async function takeSteering(goal: Goal, message: Json): Promise<void> {
  const control = read(message);
  if (isRepeated(goal, control) || isTooLate(goal, 'steerGoal', control)) return;
  const { instruction } = control.fields;
  const text = typeof instruction === 'string' ? instruction.trim() : '';
  if (text.length < 3 || text.length > limits.instructionMaxChars) {
    const bound = `3 to ${limits.instructionMaxChars} characters`;
    return refuse(goal, 'steerGoal', control, 'malformed', `Send an instruction of ${bound}.`);
  }
  goal.instructions.push(text);
  goal.journal.append('goal_steered', { actor: control.actor });
  if (goal.phase === 'plan_approval') await inTurn(goal, () => takePlanApprovalBack(goal));
  goal.settle();
  tell(goal, control, 'applied', 'Taken. The plan is revised by it; finished steps stay.');
}

/** Takes `amendPlan`: checks the plan like every plan, and puts it into force at once. */
export async function takeAmendment(goal: Goal, message: Json): Promise<void> {
  const control = read(message);
  if (isRepeated(goal, control) || isTooLate(goal, 'amendPlan', control)) return;
  const { expectedRevision, plan } = control.fields;
  const fail = (
    code: Exclude<ControlOutcome['code'], 'applied'>,
    text: string,
    problems: readonly string[] = [],
  ) => {
    goal.journal.append('plan_amendment_refused', { code, actor: control.actor });
    tell(goal, control, code, text, problems);
  };
  if (typeof expectedRevision !== 'number' || plan === undefined) {
    return fail('malformed', 'Send { expectedRevision, plan }.');
  }
  const stale = () =>
    goal.plan === null
      ? fail('stale', 'There is no plan yet.')
      : fail('stale', `The plan is at revision ${goal.planRevision}. Look at it again.`);
  const previous = goal.plan;
  if (previous === null || expectedRevision !== goal.planRevision) return stale();
  const { goalId, owner } = goal.input;
  await CancellationScope.nonCancellable(() =>
    bookkeep(goal, async (books) => {
      const begun = goal.steps.filter(hasBegun).map((step) => step.plan.id);
      const checked = await books.checkAmendment({ goalId, owner, plan, previous, begun });
      if (isTooLate(goal, 'amendPlan', control)) return;
      // Steps may have begun, or another plan may have come, while it was checked.
      if (expectedRevision !== goal.planRevision) return stale();
      if (checked.plan === null) {
        return fail('invalid', 'The plan cannot be used.', checked.problems);
      }
      takePlanApprovalBack(goal);
      adoptPlan(goal, checked.plan, { taints: [], stays: hasBegun });
      goal.journal.append('plan_amended', { revision: goal.planRevision, actor: control.actor });
      goal.settle();
      tell(goal, control, 'applied', `The plan is at revision ${goal.planRevision} now.`);
    }),
  );
}

/** Takes `stopEffect`: within its delay an approved effect can still be stopped. */
export function takeStop(goal: Goal, message: Json): void {
  const control = read(message);
  if (isRepeated(goal, control) || isTooLate(goal, 'stopEffect', control)) return;
  const { approvalId } = control.fields;
  const step = goal.steps.find(({ phase }) => phase?.approvalId === approvalId);
  if (typeof approvalId !== 'string' || !goal.approvals.has(approvalId)) {
    return refuse(goal, 'stopEffect', control, 'not_found', 'The goal has no such approval.');
  }
  if (step?.status !== 'delayed') {
    return refuse(goal, 'stopEffect', control, 'too_late', 'It is not waiting to leave.');
  }
  takeBack(goal, approvalId, 'stopped', null, control.actor);
  tell(goal, control, 'applied', 'Stopped. It was not sent.');
}

/** A plan that waits for approval is about to be another one. */
function takePlanApprovalBack(goal: Goal): void {
  if (goal.phase !== 'plan_approval') return;
  for (const { approvalId, kind } of goal.pendingApprovals()) {
    if (kind === 'plan') takeBack(goal, approvalId, 'superseded', 'The plan changed.');
  }
}
