/**
 * The effect gateway's own check of the approval, just before acting. It believes the stored, signed
 * decision and the digest of what is about to be sent; never the workflow's word.
 */
import type { KeyObject } from 'node:crypto';
import type { Pool } from 'pg';
import type { JsonObject } from '#contracts/json.ts';
import { type EffectToolName, tools } from '#contracts/tools.ts';
import { isSigned } from '../approvals/signature.ts';
import { failure } from '../failures.ts';
import { digestOf } from './digest.ts';
import { loadPayload, type PayloadContent, type StoredPayload } from './payloads.ts';

export type AuthorizationDeps = {
  readonly pool: Pool;
  readonly decisionPublicKey: KeyObject;
  readonly unsignedDecisions: 'allow' | 'refuse';
};

/** The decision an effect runs under, and what was shown when it was made. */
export type Authorization = {
  readonly approver: string | null;
  readonly decidedAt: string | null;
  readonly shown: StoredPayload;
};

type DecisionRow = {
  readonly digest: string;
  readonly verdict: string;
  readonly input_digest: string | null;
  readonly actor: string;
  readonly signed: JsonObject;
  readonly decided_at: Date;
  readonly expires_at: Date;
};

/** Checks that exactly this payload was approved. @throws NotApprovedError */
export async function authorize(
  deps: AuthorizationDeps,
  request: {
    goalId: string;
    owner: string;
    tool: EffectToolName;
    digest: string;
    approvalId: string | null;
  },
  payload: StoredPayload,
): Promise<Authorization> {
  if (payload.content.tool !== request.tool) throw notApproved('It was approved for another tool.');
  if (request.approvalId === null) {
    if (!mayRunUnapproved(payload.content)) throw notApproved('It needs an approval and has none.');
    return { approver: null, decidedAt: null, shown: payload };
  }
  const { rows } = await deps.pool.query<DecisionRow>(
    `select digest, verdict, input_digest, actor, signed, decided_at, expires_at
     from decisions where approval_id = $1 and goal_id = $2`,
    [request.approvalId, request.goalId],
  );
  const decision = rows[0];
  if (decision === undefined) throw notApproved('No decision is stored for it.');
  if (decision.decided_at >= decision.expires_at) throw notApproved('It was decided too late.');
  if (!isGenuine(deps, decision, request.owner)) throw notApproved('Its decision is not signed.');
  const covers =
    (decision.verdict === 'approve' && decision.digest === request.digest) ||
    (decision.verdict === 'edit' && decision.input_digest === digestOf(payload.content.input));
  if (!covers) throw notApproved('The approval is for other content.');
  const shown =
    decision.digest === request.digest ? payload : await loadPayload(deps.pool, decision.digest);
  return { approver: decision.actor, decidedAt: decision.decided_at.toISOString(), shown };
}

function isGenuine(deps: AuthorizationDeps, decision: DecisionRow, owner: string): boolean {
  const { signed } = decision;
  if (typeof signed['signature'] !== 'string') return deps.unsignedDecisions === 'allow';
  return (
    signed['actor'] === owner &&
    signed['digest'] === decision.digest &&
    signed['verdict'] === decision.verdict &&
    isSigned(signed, deps.decisionPublicKey)
  );
}

/** Private preparation, or a change of one's own things that nobody else is told of. */
function mayRunUnapproved({ tool, payload }: PayloadContent): boolean {
  const entry = tools[tool as EffectToolName];
  if (entry.effectClass === 'prepare') return true;
  const guests = payload['guests'];
  return entry.effectClass === 'reversible' && Array.isArray(guests) && guests.length === 0;
}

function notApproved(reason: string): Error {
  return failure('NotApprovedError', `Not approved, so nothing was done. ${reason}`);
}
