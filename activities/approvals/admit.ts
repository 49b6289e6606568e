/**
 * Admission of decisions: who, for what exactly, in time. Whatever does not pass changes nothing and
 * is answered with the reason. The admitted decision is stored for the effect gateway to check again.
 */
import type { KeyObject } from 'node:crypto';
import type { Pool } from 'pg';
import type { Admission, AdmitRequest } from '#contracts/activities.ts';
import type { Approval, RefusalCode, StandingDecision } from '#contracts/approval.ts';
import type { JsonObject } from '#contracts/json.ts';
import { type DecisionSignal, decisionSignalSchema } from '#contracts/schemas/approval.ts';
import { digestOf } from '../effects/digest.ts';
import { normalizeInput } from '../effects/prepare.ts';
import { reached } from '../points.ts';
import { isSigned } from './signature.ts';

export type AdmitDeps = {
  readonly pool: Pool;
  readonly decisionPublicKey: KeyObject;
  /** `allow` admits unsigned signals from the Temporal CLI and Web UI. */
  readonly unsignedDecisions: 'allow' | 'refuse';
  /** Who sent the newest `decideApproval` signal, for unsigned ones. */
  readonly signalIdentity: () => Promise<string>;
};

/**
 * Effect: stores the decision and updates the approval's row. Idempotency: by approval; a retry finds
 * its own decision. Heartbeats: no (local activity). Failures: none on purpose, refusals are values.
 */
export async function admitDecision(deps: AdmitDeps, request: AdmitRequest): Promise<Admission> {
  reached('C6');
  const parsed = decisionSignalSchema.safeParse(request.decision);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return refuse(
      request,
      'malformed',
      `The decision is malformed: ${issue?.path.join('.') || 'it'} ${issue?.message ?? ''}.`,
    );
  }
  const decision = parsed.data;
  const { approval } = request;
  if (approval === null) {
    return refuse(request, 'unknown_approval', 'This goal has no such approval.');
  }
  const actor = await actorOf(deps, request, decision);
  if (actor === null) {
    return refuse(request, 'not_allowed', 'The decision is not signed by the api for this owner.');
  }
  if (approval.state !== 'pending') return alreadyDecided(request, approval.decision);
  if (decision.digest !== approval.digest) {
    return refuse(request, 'stale_digest', 'The content has changed since. Look at it again.');
  }
  if (Date.parse(request.now) >= Date.parse(approval.expiresAt)) {
    return refuse(request, 'expired', 'The approval has expired. No answer meant no.');
  }
  const edit = checkEdit(approval, decision);
  if (edit.problem !== null) return refuse(request, 'invalid_edit', edit.problem);
  const standing: StandingDecision = {
    decisionId: decision.decisionId ?? request.fallbackId,
    verdict: decision.verdict,
    actor,
    decidedAt: request.now,
    comment: decision.comment ?? null,
  };
  return store(deps, request, approval, decision, standing, edit.input);
}

async function actorOf(
  deps: AdmitDeps,
  request: AdmitRequest,
  decision: DecisionSignal,
): Promise<string | null> {
  if (decision.signature !== undefined) {
    const valid = isSigned(request.decision as JsonObject, deps.decisionPublicKey);
    return valid && decision.actor === request.owner ? decision.actor : null;
  }
  if (deps.unsignedDecisions === 'refuse') return null;
  return `temporal:${await deps.signalIdentity()}`;
}

function checkEdit(
  approval: Approval,
  decision: DecisionSignal,
): { input: JsonObject | null; problem: string | null } {
  if (decision.verdict !== 'edit') return { input: null, problem: null };
  if (approval.kind !== 'action' || approval.tool === null) {
    return { input: null, problem: 'Only the input of a step can be edited.' };
  }
  if (decision.input === undefined) {
    return { input: null, problem: 'Give the whole edited input with the verdict "edit".' };
  }
  try {
    return { input: normalizeInput(approval.tool, decision.input as JsonObject), problem: null };
  } catch (error) {
    return { input: null, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The decision and the approval's row in one round trip; nothing when one is stored already. */
const storeSql = `with stored as (
    insert into decisions (approval_id, decision_id, goal_id, digest, verdict, input_digest,
                           actor, comment, signed, decided_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    on conflict (approval_id) do nothing returning 1),
  shown as (
    update approvals set state = $12, approval = $13
    where approval_id = $1 and exists (select 1 from stored))
  select count(*)::int as stored from stored`;

async function standingOf(pool: Pool, approvalId: string): Promise<StandingDecision | undefined> {
  const { rows } = await pool.query<StandingDecision>(
    `select decision_id as "decisionId", verdict, actor, decided_at as "decidedAt", comment
     from decisions where approval_id = $1`,
    [approvalId],
  );
  return rows[0];
}

const stateOf: Readonly<Record<string, Approval['state']>> = {
  approve: 'approved',
  edit: 'edited',
  reject: 'rejected',
};

async function store(
  deps: AdmitDeps,
  request: AdmitRequest,
  approval: Approval,
  decision: DecisionSignal,
  standing: StandingDecision,
  input: JsonObject | null,
): Promise<Admission> {
  const { approvalId } = approval;
  const settled = {
    ...approval,
    state: stateOf[decision.verdict] ?? 'rejected',
    decision: standing,
  };
  const { rows } = await deps.pool.query<{ stored: number }>(storeSql, [
    approvalId,
    standing.decisionId,
    request.goalId,
    decision.digest,
    decision.verdict,
    input === null ? null : digestOf(input),
    standing.actor,
    standing.comment,
    JSON.stringify(request.decision),
    standing.decidedAt,
    approval.expiresAt,
    settled.state,
    JSON.stringify(settled),
  ]);
  const stands = rows[0]?.stored === 1 ? standing : await standingOf(deps.pool, approvalId);
  if (stands !== undefined && stands.decisionId !== standing.decisionId) {
    const decidedAt = new Date(stands.decidedAt).toISOString();
    return alreadyDecided(request, { ...stands, decidedAt });
  }
  const outcome = {
    decisionId: standing.decisionId,
    approvalId,
    outcome: 'applied',
    code: null,
    message: 'Applied.',
    standing,
  } as const;
  return { outcome, standing, input };
}

function alreadyDecided(request: AdmitRequest, standing: StandingDecision | null): Admission {
  if (standing?.verdict === 'expire') {
    return refuse(request, 'expired', 'The approval has expired. No answer meant no.', standing);
  }
  const by = standing === null ? '' : ` by ${standing.actor}: ${standing.verdict}`;
  return refuse(request, 'already_decided', `It was decided already${by}.`, standing);
}

function refuse(
  request: AdmitRequest,
  code: RefusalCode,
  message: string,
  standing: StandingDecision | null = null,
): Admission {
  const fields = request.decision;
  const text = (key: string): string | undefined => {
    const value =
      typeof fields === 'object' && fields !== null && !Array.isArray(fields)
        ? (fields as JsonObject)[key]
        : undefined;
    return typeof value === 'string' ? value.slice(0, 120) : undefined;
  };
  return {
    outcome: {
      decisionId: text('decisionId') ?? request.fallbackId,
      approvalId: text('approvalId') ?? '',
      outcome: 'refused',
      code,
      message,
      standing,
    },
    standing: null,
    input: null,
  };
}
