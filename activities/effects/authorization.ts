/**
 * The effect gateway's own check of the approval, just before acting. It believes stored decisions
 * that the api has signed, the members and rules as they are now, and the digest of what is about to
 * be sent; never the workflow's word.
 */
import type { KeyObject } from 'node:crypto';
import type { Pool } from 'pg';
import { canonicalJson } from '#contracts/canonical.ts';
import { ownerRole } from '#contracts/deciders.ts';
import type { JsonObject } from '#contracts/json.ts';
import { ruleActor, targetOf, whyNoRule } from '#contracts/standing-rule.ts';
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
  /** Everyone whose approval counted, joined by commas; `rule:<id>` for a standing rule. */
  readonly approver: string | null;
  readonly decidedAt: string | null;
  readonly shown: StoredPayload;
};

/** What is to be performed, and on whose behalf. */
export type AuthorizationRequest = {
  readonly goalId: string;
  readonly owner: string;
  readonly tool: EffectToolName;
  readonly digest: string;
  readonly approvalId: string | null;
};

type DecisionRow = {
  readonly approval_id: string;
  readonly digest: string;
  readonly verdict: string;
  readonly input_digest: string | null;
  readonly actor: string;
  readonly signed: JsonObject;
  readonly decided_at: Date;
  readonly expires_at: Date;
  readonly settles: boolean;
  readonly required: number;
  readonly capacity: string;
  /** The member as they are now, with the token they decided with; null when they are none any more. */
  readonly member_roles: readonly string[] | null;
  /** The rule as it is now, when this is its use; null otherwise, and when it was revoked. */
  readonly rule_id: string | null;
  readonly rule_tool: string | null;
  readonly rule_target: JsonObject | null;
};

/** All decisions of an approval, each with whoever made it as they stand at this moment. */
const decisionsSql = `select d.approval_id, d.digest, d.verdict, d.input_digest, d.actor, d.signed,
    d.decided_at, d.expires_at, d.settles, d.required, d.capacity, m.roles as member_roles,
    r.id as rule_id, r.tool as rule_tool, r.target as rule_target
  from decisions d
  left join members m on m.owner = $3 and m.email = d.actor and m.token_hash = d.token_hash
  left join rule_uses u on u.approval_id = d.approval_id
  left join standing_rules r on r.id = u.rule_id and r.owner = $3 and r.revoked_at is null
    and r.expires_at > d.decided_at
  where d.approval_id = $1 and d.goal_id = $2 order by d.decided_at`;

/** Checks that exactly this payload was approved. @throws NotApprovedError */
export async function authorize(
  deps: AuthorizationDeps,
  request: AuthorizationRequest,
  payload: StoredPayload,
): Promise<Authorization> {
  const { goalId, owner, approvalId } = request;
  if (payload.content.tool !== request.tool) throw notApproved('It was approved for another tool.');
  if (approvalId === null) {
    if (!mayRunUnapproved(payload.content)) throw notApproved('It needs an approval and has none.');
    return { approver: null, decidedAt: null, shown: payload };
  }
  const { rows } = await deps.pool.query<DecisionRow>(decisionsSql, [approvalId, goalId, owner]);
  const settling = rows.find(({ settles }) => settles);
  if (settling === undefined) throw notApproved('No decision is stored for it.');
  if (rows.some((row) => row.decided_at >= row.expires_at)) {
    throw notApproved('It was decided too late.');
  }
  const approvals = settling.verdict === 'edit' ? [settling] : rows.filter(isApproval);
  const covering = approvals.filter((row) => covers(row, request.digest, payload));
  if (!covering.includes(settling)) throw notApproved('The approval is for other content.');
  const approvers = covering.filter((row) => isEntitled(deps, row, rows, owner, payload));
  const actors = [...new Set(approvers.map(({ actor }) => actor))];
  const required = Math.max(...rows.map((row) => row.required));
  if (!approvers.includes(settling) || actors.length < required) {
    throw notApproved(
      required > 1
        ? `It needs ${required} people who may decide; ${actors.length} count now.`
        : 'Its decision is not signed by somebody who may decide.',
    );
  }
  const shown =
    settling.digest === request.digest ? payload : await loadPayload(deps.pool, settling.digest);
  return { approver: actors.join(', '), decidedAt: settling.decided_at.toISOString(), shown };
}

const isApproval = ({ verdict }: DecisionRow) => verdict === 'approve';

/** An approval covers its digest; an edit whatever was prepared from exactly its input. */
function covers(row: DecisionRow, digest: string, { content }: StoredPayload): boolean {
  if (row.verdict === 'approve') return row.digest === digest;
  return row.verdict === 'edit' && row.input_digest === digestOf(content.input);
}

/** True when a decision is genuine and whoever made it may still decide. */
function isEntitled(
  deps: AuthorizationDeps,
  row: DecisionRow,
  rows: readonly DecisionRow[],
  owner: string,
  payload: StoredPayload,
): boolean {
  if (row.capacity === 'rule') return isCoveredByRule(row, payload);
  if (!isGenuine(deps, row)) return false;
  const unsigned = row.signed['signature'] === undefined;
  if (unsigned || row.actor === owner) return row.capacity === 'owner';
  if (row.member_roles === null) return false;
  if (row.capacity !== 'delegate') {
    const role = row.capacity.replace(/^role:/, '');
    return role !== ownerRole && row.member_roles.includes(role);
  }
  return rows.some(
    (other) =>
      other.verdict === 'delegate' &&
      isGenuine(deps, other) &&
      sameText(other.signed['to'], row.actor) &&
      (other.signed['signature'] === undefined ||
        other.actor === owner ||
        other.member_roles !== null),
  );
}

/** True when a row says what its signature is over; unsigned ones only where that is admitted. */
function isGenuine(deps: AuthorizationDeps, row: DecisionRow): boolean {
  const { signed } = row;
  if (typeof signed['signature'] !== 'string') return deps.unsignedDecisions === 'allow';
  return (
    signed['approvalId'] === row.approval_id &&
    signed['actor'] === row.actor &&
    signed['digest'] === row.digest &&
    signed['verdict'] === row.verdict &&
    isSigned(signed, deps.decisionPublicKey)
  );
}

/** The checks of the rule's use once more, on the content about to be sent. */
function isCoveredByRule(row: DecisionRow, { content, tainted }: StoredPayload): boolean {
  const { rule_id, rule_tool, rule_target } = row;
  if (rule_id === null || rule_target === null || row.actor !== ruleActor(rule_id)) return false;
  const target = targetOf(content.payload);
  return (
    rule_tool === content.tool &&
    canonicalJson(rule_target) === canonicalJson(target) &&
    whyNoRule({ tool: content.tool, target, tainted }) === null
  );
}

function sameText(value: unknown, text: string): boolean {
  return typeof value === 'string' && value.toLowerCase() === text;
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
