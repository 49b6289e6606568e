/**
 * The decisions stored for an approval, and what each is worth: whether it is genuine, which never
 * changes, and whether whoever made it may still decide, which does. Reads; judges by itself.
 */
import type { KeyObject } from 'node:crypto';
import type { Pool } from 'pg';
import { canonicalJson } from '#contracts/canonical.ts';
import { ownerRole } from '#contracts/deciders.ts';
import type { JsonObject } from '#contracts/json.ts';
import { ruleActor, targetOf, whyNoRule } from '#contracts/standing-rule.ts';
import { isSigned } from '../approvals/signature.ts';
import type { StoredPayload } from './payloads.ts';

/** What decides whether a signature counts. */
export type SignatureDeps = {
  readonly decisionPublicKey: KeyObject;
  readonly unsignedDecisions: 'allow' | 'refuse';
};

/** One decision with whoever made it as they stand now. */
export type DecisionRow = {
  readonly approvalId: string;
  readonly digest: string;
  readonly verdict: string;
  readonly inputDigest: string | null;
  readonly actor: string;
  readonly signed: JsonObject;
  readonly decidedAt: Date;
  readonly expiresAt: Date;
  readonly settles: boolean;
  readonly required: number;
  readonly capacity: string;
  /** Roles of the member now; null when they are none any more, or have another token since. */
  readonly memberRoles: readonly string[] | null;
  /** The rule, when this approval was its use. */
  readonly ruleId: string | null;
  readonly ruleTool: string | null;
  readonly ruleTarget: JsonObject | null;
  /** True when it was live at the decision and is not revoked. */
  readonly ruleHolds: boolean | null;
};

/** All decisions of an approval of a goal, in the order they were made. */
export async function readDecisions(
  pool: Pool,
  { approvalId, goalId, owner }: { approvalId: string; goalId: string; owner: string },
): Promise<DecisionRow[]> {
  const { rows } = await pool.query<DecisionRow>(
    `select d.approval_id as "approvalId", d.digest, d.verdict, d.input_digest as "inputDigest",
       d.actor, d.signed, d.decided_at as "decidedAt", d.expires_at as "expiresAt", d.settles,
       d.required, d.capacity, m.roles as "memberRoles", r.id as "ruleId", r.tool as "ruleTool",
       r.target as "ruleTarget",
       r.revoked_at is null and r.expires_at > d.decided_at as "ruleHolds"
     from decisions d
     left join members m on m.owner = $3 and m.email = d.actor and m.token_hash = d.token_hash
     left join rule_uses u on u.approval_id = d.approval_id
     left join standing_rules r on r.id = u.rule_id and r.owner = $3
     where d.approval_id = $1 and d.goal_id = $2 order by d.decided_at`,
    [approvalId, goalId, owner],
  );
  return rows;
}

/** True when a decision was made as it says, by somebody of that capacity. */
export function isGenuine(
  deps: SignatureDeps,
  row: DecisionRow,
  rows: readonly DecisionRow[],
  owner: string,
  payload: StoredPayload,
): boolean {
  if (row.capacity === 'rule') return isCoveredByRule(row, payload);
  if (!isAttested(deps, row)) return false;
  if (isOwners(row, owner)) return row.capacity === ownerRole;
  if (row.capacity === 'delegate') return rows.some((other) => delegates(deps, other, row));
  return row.capacity !== ownerRole;
}

/** True when whoever made a genuine decision may still make it. */
export function isEntitled(row: DecisionRow, rows: readonly DecisionRow[], owner: string): boolean {
  if (row.capacity === 'rule') return row.ruleHolds === true;
  if (isOwners(row, owner)) return true;
  if (row.memberRoles === null) return false;
  if (row.capacity !== 'delegate') return row.memberRoles.includes(row.capacity.slice(5));
  return rows.some(
    (other) =>
      isDelegationTo(other, row.actor) && (isOwners(other, owner) || other.memberRoles !== null),
  );
}

/** Unsigned ones count as the owner's, where they are admitted at all. */
function isOwners({ actor, signed }: DecisionRow, owner: string): boolean {
  return actor === owner || signed['signature'] === undefined;
}

function isDelegationTo({ verdict, signed }: DecisionRow, actor: string): boolean {
  const { to } = signed;
  return verdict === 'delegate' && typeof to === 'string' && to.toLowerCase() === actor;
}

function delegates(deps: SignatureDeps, other: DecisionRow, row: DecisionRow): boolean {
  return isDelegationTo(other, row.actor) && isAttested(deps, other);
}

/** True when a row says what its signature is over; unsigned ones only where that is admitted. */
function isAttested(deps: SignatureDeps, row: DecisionRow): boolean {
  const { signed } = row;
  if (typeof signed['signature'] !== 'string') return deps.unsignedDecisions === 'allow';
  return (
    signed['approvalId'] === row.approvalId &&
    signed['actor'] === row.actor &&
    signed['digest'] === row.digest &&
    signed['verdict'] === row.verdict &&
    isSigned(signed, deps.decisionPublicKey)
  );
}

/** The checks of the rule's use once more, on the content about to be sent. */
function isCoveredByRule(row: DecisionRow, { content, tainted }: StoredPayload): boolean {
  const { ruleId, ruleTool, ruleTarget } = row;
  if (ruleId === null || ruleTarget === null || row.actor !== ruleActor(ruleId)) return false;
  const target = targetOf(content.payload);
  return (
    ruleTool === content.tool &&
    canonicalJson(ruleTarget) === canonicalJson(target) &&
    whyNoRule({ tool: content.tool, target, tainted }) === null
  );
}
