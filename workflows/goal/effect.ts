/**
 * An effect step: prepare, approve, perform. What is performed is the payload whose digest was
 * approved; a change of anything means preparing and asking again under a new revision. Where it
 * stands is data (`step.phase`), so that another run of the workflow can go on from there.
 */
import { isCancellation, patched } from '@temporalio/workflow';
import type { PreparedEffect } from '#contracts/activities.ts';
import type { Failure } from '#contracts/failures.ts';
import { gate } from '#contracts/gate.ts';
import { type ApprovalId, approvalIdOf } from '#contracts/names.ts';
import type { Resolved } from '#contracts/references.ts';
import type { EffectToolName } from '#contracts/tools.ts';
import type { EffectPhase } from '#contracts/workflows.ts';
import { type ApprovalRequest, askForApproval, awaitDecision, recordDecided } from './approval.ts';
import { bookkeep } from './bookkeeping.ts';
import type { Goal, Step } from './goal.ts';
import { endUnperformed, mayLeave } from './leave.ts';
import { failStep, failureOf, refuseStep, rejectStep } from './outcome.ts';
import { finishEffect, performEffect } from './perform.ts';
import { firstPhase, prepareStep } from './prepare.ts';
import { Parked } from './waiting.ts';

/** How often a step is prepared anew because the world changed after the approval. */
const maxSuperseded = 3;

/** Runs an effect step to its end. @throws CancelledFailure, Parked, and failures of preparing */
export async function runEffect(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  resolved: Resolved,
): Promise<void> {
  if (step.status === 'unknown' && step.effect !== null) {
    return finishEffect(goal, step, tool, step.effect);
  }
  let phase = step.phase ?? firstPhase(resolved);
  while (phase.superseded <= maxSuperseded) {
    step.phase = phase;
    const asked = await getGoAhead(goal, step, tool, phase);
    if (asked.next === 'stop') return;
    phase = asked.phase;
    if (asked.next === 'again') continue;
    step.phase = phase;
    if (!(await mayLeave(goal, step, tool, phase))) return;
    const performed = await performEffect(goal, step, tool);
    if (performed.ok) return finishEffect(goal, step, tool, performed.receipt);
    if (performed.failure.type !== 'PreconditionFailedError') {
      return endUnperformed(goal, step, phase, performed.failure);
    }
    phase = supersededPhase(goal, phase, performed.failure);
  }
  failStep(goal, step, {
    type: 'PreconditionFailedError',
    message: 'It kept changing while it waited for approval. Try again when it is quiet.',
  });
}

type GoAhead =
  | { readonly next: 'perform'; readonly phase: EffectPhase }
  | { readonly next: 'again'; readonly phase: EffectPhase }
  | { readonly next: 'stop' };

/** Prepares the content and gets the word for it, or finds that it has it. */
async function getGoAhead(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  phase: EffectPhase,
): Promise<GoAhead> {
  if (phase.prepared !== null) return awaitGoAhead(goal, step, phase);
  step.revision += 1;
  step.status = 'running';
  const attempt = await prepare(goal, step, tool, phase);
  if (!attempt.ok) {
    if (phase.beforeEdit === null) {
      failStep(goal, step, attempt.failure);
      return { next: 'stop' };
    }
    const notes = [`Your edit could not be used: ${attempt.failure.message}`];
    const { beforeEdit } = phase;
    const back = { ...phase, ...beforeEdit, editedUnder: null, beforeEdit: null, notes };
    return { next: 'again', phase: back };
  }
  const { prepared } = attempt;
  if (prepared.settled != null) {
    await finishEffect(goal, step, tool, prepared.settled);
    return { next: 'stop' };
  }
  if (prepared.taken === true) return { next: 'again', phase };
  return judge(goal, step, tool, phase, prepared);
}

async function prepare(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  phase: EffectPhase,
): Promise<{ ok: true; prepared: PreparedEffect } | { ok: false; failure: Failure }> {
  try {
    const summary = `${step.plan.id}: prepare ${tool}`;
    const prepared = await prepareStep(goal, step, tool, phase, summary);
    return { ok: true, prepared };
  } catch (error) {
    if (isCancellation(error)) throw error;
    if (error instanceof Parked && patched('parks-while-preparing')) throw error;
    return { ok: false, failure: failureOf(error) };
  }
}

/** Lets the gate decide over the prepared content, and asks whom it says. */
async function judge(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  phase: EffectPhase,
  { digest, summary, facts, card, ruleId, difference }: PreparedEffect,
): Promise<GoAhead> {
  const { requiresConfirmation } = step.plan;
  const { taints, editedUnder, notes } = phase;
  const verdict = gate({ tool, facts, taints, requiresConfirmation, policy: goal.input.policy });
  if (verdict.verdict === 'refuse') {
    refuseStep(goal, step, verdict.reasons);
    return { next: 'stop' };
  }
  const { tier } = verdict;
  step.tier = tier;
  const prepared = { ...phase, prepared: { digest, summary } };
  if (verdict.verdict === 'run') return { next: 'perform', phase: prepared };
  // Two people approve the same content, so an edit by one of them is asked again.
  const needsTwo = goal.input.policy.secondPerson === true && tier === 4;
  if (editedUnder !== null && tier <= editedUnder.tier && !needsTwo) {
    recordReasons(goal, editedUnder.approvalId, verdict.reasons);
    return { next: 'perform', phase: { ...prepared, approvalId: editedUnder.approvalId } };
  }
  const raised =
    editedUnder === null ? [] : [`Your edit raises the tier from ${editedUnder.tier} to ${tier}.`];
  const request: ApprovalRequest = {
    kind: 'action',
    stepId: step.plan.id,
    revision: step.revision,
    tier,
    tool,
    reasons: [...notes, ...raised, ...verdict.reasons],
    card,
    input: phase.input,
    context: phase.origins,
    digest,
    contentAsOf: step.asOf ?? null,
    supersedes: (phase.supersedes?.approvalId ?? null) as ApprovalId | null,
    difference: difference ?? [],
  };
  const isPlain = taints.length === 0 && !requiresConfirmation && tier < 4 && notes.length === 0;
  if (ruleId != null && isPlain) {
    const approvalId = await applyRule(goal, request, ruleId);
    if (approvalId !== null) return { next: 'perform', phase: { ...prepared, approvalId } };
  }
  step.status = 'awaiting_approval';
  const decision = askForApproval(goal, request);
  const approvalId = approvalIdOf(goal.input.goalId, step.plan.id, step.revision);
  step.phase = { ...prepared, approvalId };
  return concludeDecision(goal, step, step.phase, await decision);
}

/** What the gate says of edited content stands in the record of the approval that it was edited under. */
function recordReasons(goal: Goal, approvalId: string, reasons: readonly string[]): void {
  const approval = goal.approvals.get(approvalId);
  if (approval === undefined) return;
  const added = reasons
    .filter((reason) => !approval.reasons.includes(reason))
    .map((reason) => `As edited: ${reason}`);
  // Published with what comes next: no publication of its own.
  goal.approvals.set(approvalId, { ...approval, reasons: [...approval.reasons, ...added] });
}

/** Takes a standing rule for this content; null when it does not hold (any more). */
async function applyRule(
  goal: Goal,
  request: ApprovalRequest,
  ruleId: string,
): Promise<string | null> {
  const { goalId, owner, timers } = goal.input;
  const decision = await bookkeep(goal, (books) =>
    books.useStandingRule({
      goalId,
      owner,
      ruleId,
      approvalId: approvalIdOf(goalId, request.stepId, request.revision),
      digest: request.digest,
      now: new Date().toISOString(),
      expiresAt: new Date(Date.now() + timers.approvalExpiresMs).toISOString(),
    }),
  );
  if (decision === null) return null;
  const { audit: _, ...standing } = decision;
  const approvalId = recordDecided(goal, request, standing);
  goal.journal.append('rule_used', { ruleId, approvalId }, request.stepId);
  return approvalId;
}

/** Goes on where an earlier run of the workflow stood. */
async function awaitGoAhead(goal: Goal, step: Step, phase: EffectPhase): Promise<GoAhead> {
  if (phase.approvalId === null || step.status !== 'awaiting_approval') {
    return { next: 'perform', phase };
  }
  return concludeDecision(goal, step, phase, await awaitDecision(goal, phase.approvalId));
}

function concludeDecision(
  goal: Goal,
  step: Step,
  phase: EffectPhase,
  { approval, editedInput }: Awaited<ReturnType<typeof awaitDecision>>,
): GoAhead {
  const { approvalId, tier, state, decision } = approval;
  if (state === 'superseded') return { next: 'stop' };
  step.status = 'running';
  if (state === 'approved') return { next: 'perform', phase };
  if (state === 'edited' && editedInput !== null) {
    const edited = {
      ...phase,
      beforeEdit: { input: phase.input, taints: phase.taints },
      input: editedInput,
      taints: [],
      editedUnder: { approvalId, tier },
      notes: [],
      prepared: null,
      approvalId: null,
    };
    return { next: 'again', phase: edited };
  }
  rejectStep(goal, step, decision?.comment ?? null, state === 'expired');
  return { next: 'stop' };
}

/** What is asked next when the world changed between the approval and the act. */
function supersededPhase(goal: Goal, phase: EffectPhase, failure: Failure): EffectPhase {
  const { approvalId, prepared } = phase;
  if (approvalId !== null && goal.isPrompt) {
    goal.changeApproval(approvalId, { state: 'superseded' });
    goal.journal.append('approval_superseded', { approvalId, reason: failure.message });
  }
  return {
    ...phase,
    editedUnder: null,
    notes: [`It changed meanwhile: ${failure.message}`],
    supersedes:
      approvalId === null || prepared === null ? null : { approvalId, digest: prepared.digest },
    superseded: phase.superseded + 1,
    prepared: null,
    approvalId: null,
    leavesAt: null,
  };
}
