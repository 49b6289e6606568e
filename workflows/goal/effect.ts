/**
 * An effect step: prepare, approve, perform. What is performed is the payload whose digest was
 * approved; a change of anything means preparing and asking again under a new revision.
 */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { effectActivityOf, type PreparedEffect } from '#contracts/activities.ts';
import type { Failure } from '#contracts/failures.ts';
import { gate, type GateVerdict } from '#contracts/gate.ts';
import type { EffectReceipt } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { Resolved } from '#contracts/references.ts';
import { type EffectToolName, type Tier, tools } from '#contracts/tools.ts';
import type { Taint } from '#contracts/trust.ts';
import { connectorActivities, effectActivities, withSummary } from '../proxies.ts';
import { askForApproval } from './approval.ts';
import { digestOf } from './digest.ts';
import type { Goal, Step } from './goal.ts';
import { failStep, failureOf, rejectStep } from './outcome.ts';

/** How often a step is prepared anew because the world changed after the approval. */
const maxSuperseded = 3;

/** One attempt to get a step's content approved. */
type Draft = {
  readonly input: JsonObject;
  readonly taints: readonly Taint[];
  /** The approval whose admitted edit brought this input, with its tier. */
  readonly editedUnder: { readonly approvalId: string; readonly tier: Tier } | null;
  /** Said on the card: why the person is asked again. */
  readonly notes: readonly string[];
};

/** Runs an effect step to its end. @throws CancelledFailure, and failures of preparing. */
export async function runEffect(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  resolved: Resolved,
): Promise<void> {
  let draft: Draft = {
    input: resolved.value as JsonObject,
    taints: resolved.taints,
    editedUnder: null,
    notes: [],
  };
  let before = draft;
  for (let superseded = 0; superseded <= maxSuperseded;) {
    step.revision += 1;
    step.status = 'running';
    const attempt = await prepare(goal, step, tool, draft, resolved);
    if (!attempt.ok) {
      if (draft.editedUnder === null) return failStep(goal, step, attempt.failure);
      draft = { ...before, notes: [`Your edit could not be used: ${attempt.failure.message}`] };
      continue;
    }
    const verdict = judge(goal, step, tool, draft, attempt.prepared);
    if (verdict.verdict === 'refuse') return refuseStep(goal, step, verdict.reasons);
    step.tier = verdict.tier;
    const decision = await decide(goal, step, tool, draft, attempt.prepared, verdict, resolved);
    if (decision.next === 'stop') return;
    if (decision.next === 'edit') {
      before = draft;
      draft = { input: decision.input, taints: [], editedUnder: decision.under, notes: [] };
      continue;
    }
    const performed = await perform(goal, step, tool, attempt.prepared, decision.approvalId);
    if (performed.ok) return finish(goal, step, tool, performed.receipt);
    if (performed.failure.type !== 'PreconditionFailedError') {
      return failStep(goal, step, performed.failure);
    }
    superseded += 1;
    draft = {
      ...draft,
      editedUnder: null,
      notes: [`It changed meanwhile: ${performed.failure.message}`],
    };
  }
  failStep(goal, step, {
    type: 'PreconditionFailedError',
    message: 'It kept changing while it waited for approval. Try again when it is quiet.',
  });
}

async function prepare(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  draft: Draft,
  resolved: Resolved,
): Promise<{ ok: true; prepared: PreparedEffect } | { ok: false; failure: Failure }> {
  try {
    const prepared = await connectorActivities().prepareEffect.executeWithOptions(
      withSummary('connectors', `${step.plan.id}: prepare ${tool}`),
      [
        {
          context: goal.contextOf(step.plan.id),
          tool,
          revision: step.revision,
          input: draft.input,
          taints: draft.taints,
          origins: resolved.origins,
          goalText: goal.input.goal,
          policyVersion: goal.input.policy.version,
        },
      ],
    );
    return { ok: true, prepared };
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { ok: false, failure: failureOf(error) };
  }
}

function judge(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  draft: Draft,
  { facts }: PreparedEffect,
): GateVerdict {
  const { requiresConfirmation } = step.plan;
  const { policy } = goal.input;
  return gate({ tool, facts, taints: draft.taints, requiresConfirmation, policy });
}

function refuseStep(goal: Goal, step: Step, reasons: readonly string[]): void {
  goal.journal.append('step_refused', { reasons: [...reasons] }, step.plan.id);
  failStep(goal, step, { type: 'PermissionDeniedError', message: reasons.join(' ') });
}

type Decided =
  | { readonly next: 'perform'; readonly approvalId: string | null }
  | { readonly next: 'edit'; readonly input: JsonObject; readonly under: Draft['editedUnder'] }
  | { readonly next: 'stop' };

async function decide(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  draft: Draft,
  prepared: PreparedEffect,
  verdict: Exclude<GateVerdict, { verdict: 'refuse' }>,
  resolved: Resolved,
): Promise<Decided> {
  if (verdict.verdict === 'run') return { next: 'perform', approvalId: null };
  const { editedUnder } = draft;
  if (editedUnder !== null && verdict.tier <= editedUnder.tier) {
    return { next: 'perform', approvalId: editedUnder.approvalId };
  }
  const raised =
    editedUnder === null
      ? []
      : [`Your edit raises the tier from ${editedUnder.tier} to ${verdict.tier}.`];
  step.status = 'awaiting_approval';
  const { approval, editedInput } = await askForApproval(goal, {
    kind: 'action',
    stepId: step.plan.id,
    revision: step.revision,
    tier: verdict.tier,
    tool,
    reasons: [...draft.notes, ...raised, ...verdict.reasons],
    card: prepared.card,
    input: draft.input,
    context: resolved.origins,
    digest: prepared.digest,
  });
  step.status = 'running';
  const { approvalId, tier } = approval;
  if (approval.state === 'approved') return { next: 'perform', approvalId };
  if (approval.state === 'edited' && editedInput !== null) {
    return { next: 'edit', input: editedInput, under: { approvalId, tier } };
  }
  rejectStep(goal, step, approval.decision?.comment ?? null, approval.state === 'expired');
  return { next: 'stop' };
}

type Performed =
  | { readonly ok: true; readonly receipt: EffectReceipt }
  | { readonly ok: false; readonly failure: Failure };

async function perform(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  prepared: PreparedEffect,
  approvalId: string | null,
): Promise<Performed> {
  if (tools[tool].undo !== null && !goal.undoStack.includes(step)) goal.undoStack.push(step);
  const { mode, timers } = goal.input;
  const request = {
    context: goal.contextOf(step.plan.id),
    tool,
    revision: step.revision,
    digest: prepared.digest,
    mode,
    approvalId,
    reconcileForMs: timers.reconcileForMs,
  };
  const call = (reconcileOnly: boolean) =>
    effectActivities()[effectActivityOf[tool]].executeWithOptions(
      withSummary('effects', `${step.plan.id}: ${prepared.summary}`.slice(0, 190)),
      [{ ...request, reconcileOnly }],
    );
  try {
    return { ok: true, receipt: await call(false) };
  } catch (error) {
    const failure = failureOf(error);
    if (!isCancellation(error) && failure.type !== 'UnexpectedError') return { ok: false, failure };
    // Stopped or timed out with an attempt under way: find out what it did, start nothing.
    const receipt = await CancellationScope.nonCancellable(() => call(true));
    if (receipt.outcome !== 'not_done') return { ok: true, receipt };
    if (isCancellation(error)) throw error;
    return { ok: false, failure };
  }
}

async function finish(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  receipt: EffectReceipt,
): Promise<void> {
  step.effect = receipt;
  if (receipt.outcome === 'unknown') {
    step.status = 'unknown';
    goal.journal.append('effect_unknown', { effectKey: receipt.effectKey }, step.plan.id);
    step.effect = await askWhatHappened(goal, step, tool, receipt);
  }
  if (step.effect.outcome === 'unknown') return;
  if (step.effect.outcome === 'not_done') {
    return failStep(goal, step, {
      type: 'ProviderUnavailableError',
      message:
        'It did not happen, and it was not tried again. Ask for it again if you still want it.',
    });
  }
  const { effectKey, outcome, reconciled } = step.effect;
  goal.journal.append('effect_confirmed', { effectKey, outcome, reconciled }, step.plan.id);
  step.output = { value: step.effect.receipt ?? {}, trust: 'trusted', origins: [] };
  step.status = 'completed';
  goal.journal.append('step_completed', { trust: 'trusted' }, step.plan.id);
}

/** An effect nobody can look up: a person says what happened. It is never sent again. */
async function askWhatHappened(
  goal: Goal,
  step: Step,
  tool: EffectToolName,
  receipt: EffectReceipt,
): Promise<EffectReceipt> {
  const { approval } = await askForApproval(goal, {
    kind: 'intervention',
    stepId: `${step.plan.id}_outcome`,
    revision: step.revision,
    tier: 3,
    tool,
    reasons: ['The provider did not answer, and looking it up did not tell.'],
    card: {
      title: `Did this happen? (${step.plan.id}: ${tool})`,
      lines: [
        { label: 'What', value: tools[tool].summary },
        { label: 'Approve', value: 'It happened. It is recorded as done.' },
        {
          label: 'Reject',
          value: 'It did not happen. It is recorded as not done, and not sent again.',
        },
      ],
      warnings: ['Look at your calendar or sent mail before you answer.'],
      undo: null,
    },
    input: {},
    context: [],
    digest: digestOf({ effectKey: receipt.effectKey, question: 'outcome' }),
  });
  if (approval.state !== 'approved' && approval.state !== 'rejected') return receipt;
  const as = approval.state === 'approved' ? 'confirmed' : 'not_done';
  const actor = approval.decision?.actor ?? 'unknown';
  goal.journal.append('effect_settled', { effectKey: receipt.effectKey, as, actor }, step.plan.id);
  return effectActivities().settleEffect({ effectKey: receipt.effectKey, as, actor });
}
