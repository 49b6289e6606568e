/**
 * Admission of decisions: who, for what exactly, in time. Whatever does not pass changes nothing and
 * is answered with the reason. The admitted decision is stored for the effect gateway to check again.
 */
import type { Admission, AdmitRequest } from '#contracts/activities.ts';
import type { Approval } from '#contracts/approval.ts';
import { ownerRole, ownersFieldsChanged } from '#contracts/deciders.ts';
import { isJsonObject, type JsonObject } from '#contracts/json.ts';
import { type DecisionSignal, decisionSignalSchema } from '#contracts/schemas/approval.ts';
import { newestAnchor } from '../effects/audit.ts';
import { digestOf } from '../effects/digest.ts';
import { normalizeInput } from '../effects/prepare.ts';
import { reached } from '../points.ts';
import { alreadyDecided, applied, refuse } from './admission.ts';
import { type Decider, type DeciderDeps, deciderOf, findMember } from './deciders.ts';
import {
  type AdmittedDecision,
  decisionsOf,
  queuedApproval,
  storeDecision,
  type StoredDecision,
} from './decision-store.ts';

export type AdmitDeps = DeciderDeps;

/**
 * Effect: stores the decision and updates the approval's row. Idempotency: by decision id; a repeated
 * one finds itself. Heartbeats: no (local activity). Failures: none on purpose, refusals are values.
 */
export async function admitDecision(deps: AdmitDeps, request: AdmitRequest): Promise<Admission> {
  reached('C6');
  const parsed = decisionSignalSchema.safeParse(request.decision);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.join('.') || 'it';
    return refuse(request, 'malformed', `The decision is malformed: ${where} ${issue?.message}.`);
  }
  const decision = parsed.data;
  const { approval, goalId } = request;
  if (approval === null) {
    const shown = await queuedApproval(deps.pool, goalId, decision.approvalId);
    return { ...(await lookBack(deps, request, decision, shown)), isQueued: shown !== undefined };
  }
  const raw = request.decision as JsonObject;
  const decider = await deciderOf(deps, { owner: request.owner, raw, approval }, decision);
  if (decider === null) {
    return refuse(
      request,
      'not_allowed',
      'The decision is not signed for somebody who may decide.',
    );
  }
  if (approval.state !== 'pending') return alreadyDecided(request, approval.decision);
  if (decision.digest !== approval.digest) {
    return refuse(request, 'stale_digest', 'The content has changed since. Look at it again.');
  }
  const isLate = Date.parse(request.now) >= Date.parse(approval.expiresAt);
  if (isLate && !(await isStored(deps, request, decision))) {
    return refuse(request, 'expired', 'The approval has expired. No answer meant no.');
  }
  const checked = await checkVerdict(deps, request.owner, approval, decision, decider);
  if ('code' in checked) return refuse(request, checked.code, checked.message);
  const admitted: AdmittedDecision = {
    owner: request.owner,
    goalId,
    approval,
    standing: {
      decisionId: decision.decisionId ?? request.fallbackId,
      verdict: decision.verdict,
      actor: decider.actor,
      decidedAt: request.now,
      comment: decision.comment ?? null,
      ...(checked.assignedTo === null ? {} : { to: checked.assignedTo }),
    },
    verdict: decision.verdict,
    digest: decision.digest,
    inputDigest: checked.input === null ? null : digestOf(checked.input),
    decider,
    signed: raw,
    assignedTo: checked.assignedTo,
  };
  const stored = isLate ? undefined : await storeDecision(deps.pool, admitted);
  if (stored !== undefined) {
    return { ...applied(admitted, checked.input, stored.settles), audit: stored.audit };
  }
  const found = await decisionsOf(deps.pool, goalId, approval.approvalId);
  // An attempt that was given up may have stored it, and its anchor has not reached the history.
  const audit = await newestAnchor(deps.pool, goalId);
  return { ...explain(request, admitted, found), audit };
}

/** True when a workflow task that was given up has stored it in time, or another decision stands. */
async function isStored(
  { pool }: AdmitDeps,
  { goalId, fallbackId }: AdmitRequest,
  { approvalId, decisionId = fallbackId }: DecisionSignal,
): Promise<boolean> {
  const stored = await decisionsOf(pool, goalId, approvalId);
  return stored.some(({ settles, standing }) => settles || standing.decisionId === decisionId);
}

type Checked =
  | { readonly input: JsonObject | null; readonly assignedTo: string | null }
  | { readonly code: 'invalid_edit' | 'malformed' | 'not_allowed'; readonly message: string };

async function checkVerdict(
  deps: AdmitDeps,
  owner: string,
  approval: Approval,
  decision: DecisionSignal,
  decider: Decider,
): Promise<Checked> {
  switch (decision.verdict) {
    case 'reject':
      return { input: null, assignedTo: null };
    case 'approve':
      if (approval.requiredDecisions > 1 && !decider.signed) {
        return {
          code: 'not_allowed',
          message:
            'Two people must approve this, so the decision must say who it is from: sign in.',
        };
      }
      return { input: null, assignedTo: null };
    case 'edit':
      return checkEdit(approval, decision, owner, decider);
    case 'delegate':
      return checkDelegate(deps, owner, decision.to);
    default:
      return decision.verdict satisfies never;
  }
}

function checkEdit(
  approval: Approval,
  decision: DecisionSignal,
  owner: string,
  { capacity }: Decider,
): Checked {
  const invalid = (message: string) => ({ code: 'invalid_edit', message }) as const;
  if (approval.kind !== 'action' || approval.tool === null) {
    return invalid('Only the input of a step can be edited.');
  }
  if (decision.input === undefined) {
    return invalid('Give the whole edited input with the verdict "edit".');
  }
  try {
    const input = normalizeInput(approval.tool, decision.input as JsonObject);
    const fields = capacity === ownerRole ? [] : ownersFieldsChanged(approval.input, input);
    if (fields.length > 0) return invalid(`Only ${owner} may change ${fields.join(', ')}.`);
    return { input, assignedTo: null };
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error));
  }
}

/** A delegate may hand it on, or back to the owner. */
async function checkDelegate(
  deps: AdmitDeps,
  owner: string,
  to: string | undefined,
): Promise<Checked> {
  if (to === undefined) {
    return { code: 'malformed', message: 'Name a member in `to` with the verdict "delegate".' };
  }
  const email = to.toLowerCase();
  if (email === owner.toLowerCase()) return { input: null, assignedTo: null };
  if ((await findMember(deps.pool, owner, email)) !== undefined) {
    return { input: null, assignedTo: email };
  }
  return { code: 'malformed', message: `${email} is not a member, so nothing was handed on.` };
}

/** Why a decision could not be stored: it is there already, or another one stands. */
function explain(
  request: AdmitRequest,
  admitted: AdmittedDecision,
  stored: readonly StoredDecision[],
): Admission {
  const { approval, assignedTo, standing } = admitted;
  const isSame = (row: StoredDecision) =>
    row.standing.verdict === admitted.verdict &&
    row.digest === admitted.digest &&
    row.inputDigest === admitted.inputDigest;
  const same = stored.find((row) => row.standing.decisionId === standing.decisionId);
  if (same !== undefined) {
    if (!isSame(same)) {
      const message = 'This decision id was used for another decision.';
      return refuse(request, 'repeated', message, same.standing);
    }
    const to = assignedTo === null ? {} : { to: assignedTo };
    const again = { ...admitted, standing: { ...same.standing, ...to } };
    return applied(again, editedInputOf(approval, same), same.settles);
  }
  const settled = stored.find(({ settles }) => settles);
  if (settled === undefined) {
    return refuse(request, 'not_allowed', 'You have approved it. A second person must approve.');
  }
  // The workflow was reset past the decision that stands, so it is told which one that is.
  const input = editedInputOf(approval, settled);
  if (isSame(settled)) return applied({ ...admitted, standing: settled.standing }, input, true);
  return { ...alreadyDecided(request, settled.standing), standing: settled.standing, input };
}

function editedInputOf({ tool }: Approval, { standing, signed }: StoredDecision) {
  const { input } = signed;
  if (standing.verdict !== 'edit' || tool === null || !isJsonObject(input)) return null;
  return normalizeInput(tool, input);
}

/** A decision about an approval that only an earlier run of the workflow knew, or none. */
async function lookBack(
  { pool }: AdmitDeps,
  request: AdmitRequest,
  { approvalId, decisionId, verdict, digest }: DecisionSignal,
  shown: Approval | undefined,
): Promise<Admission> {
  const { goalId, fallbackId } = request;
  const stored = await decisionsOf(pool, goalId, approvalId);
  const same = stored.find(
    (row) =>
      row.standing.decisionId === (decisionId ?? fallbackId) &&
      row.standing.verdict === verdict &&
      row.digest === digest,
  );
  if (same !== undefined)
    return { ...told(approvalId, same.standing), standing: null, input: null };
  const settled = stored.find(({ settles }) => settles)?.standing ?? shown?.decision ?? null;
  if (settled !== null) return alreadyDecided(request, settled);
  if (shown !== undefined && shown.state !== 'pending') {
    if (shown.state === 'expired') {
      return refuse(request, 'expired', 'The approval has expired. No answer meant no.');
    }
    return alreadyDecided(request, null);
  }
  return refuse(request, 'unknown_approval', 'This goal has no such approval.');
}

/** The outcome an earlier run of the workflow gave; nothing is left to do. */
function told(
  approvalId: string,
  standing: StoredDecision['standing'],
): Pick<Admission, 'outcome'> {
  const { decisionId } = standing;
  const message = 'Applied.';
  return { outcome: { decisionId, approvalId, outcome: 'applied', code: null, message, standing } };
}
