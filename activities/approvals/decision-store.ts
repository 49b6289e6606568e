/**
 * Decisions in Postgres. One statement stores a decision, finds out whether it settles the approval
 * and shows it in the queue; a decision that is there already is never stored a second time. Its audit
 * entry is written in the same transaction.
 */
import type { Pool } from 'pg';
import type { Approval, StandingDecision, Verdict } from '#contracts/approval.ts';
import { type AuditAnchor, type DecisionEntry, decisionEntryId } from '#contracts/audit.ts';
import type { Json, JsonObject } from '#contracts/json.ts';
import { appendAudit } from '../effects/audit.ts';
import { inTransaction } from '../effects/ledger.ts';
import type { Decider } from './deciders.ts';

/** A decision that has passed every check. */
export type AdmittedDecision = {
  readonly owner: string;
  readonly goalId: string;
  readonly approval: Approval;
  readonly standing: StandingDecision;
  readonly verdict: Verdict;
  readonly digest: string;
  readonly inputDigest: string | null;
  readonly decider: Decider;
  /** The signal as it came, with its signature. */
  readonly signed: JsonObject;
  /** The member it is handed on to; only with `delegate`. Null gives it back to the owner. */
  readonly assignedTo: string | null;
};

/** A decision as it is stored. */
export type StoredDecision = {
  readonly standing: StandingDecision;
  readonly digest: string;
  readonly inputDigest: string | null;
  readonly settles: boolean;
  readonly signed: JsonObject;
};

/**
 * $1 approval, $2 decision, $3 goal, $4 digest, $5 verdict, $6 input digest, $7 actor, $8 comment,
 * $9 signed, $10 decided, $11 expires, $12 required, $13 capacity, $14 token hash; then the approval
 * as the queue shows it when this settles ($15 state, $16) and when it does not ($17).
 */
const storeSql = `with stored as (
    insert into decisions (approval_id, decision_id, goal_id, digest, verdict, input_digest, actor,
                           comment, signed, decided_at, expires_at, required, capacity, token_hash,
                           settles)
    select $1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::timestamptz, $11::timestamptz,
      $12::integer, $13, $14, $5 in ('edit', 'reject') or ($5 = 'approve' and $12::integer <= 1 +
        (select count(*) from decisions
         where approval_id = $1 and verdict = 'approve' and digest = $4 and actor <> $7))
    where not exists (select 1 from decisions where approval_id = $1 and settles)
    on conflict do nothing returning settles),
  shown as (
    update approvals set state = case when s.settles then $15::text else state end,
                         approval = case when s.settles then $16::jsonb else $17::jsonb end
    from stored s where approval_id = $1)
  select settles from stored`;

/** Stores a decision. Undefined when another decision, or this one, stands in its way. */
export async function storeDecision(
  pool: Pool,
  decision: AdmittedDecision,
): Promise<{ settles: boolean; audit: AuditAnchor } | undefined> {
  const { owner, goalId, approval, standing, decider, verdict } = decision;
  const approvedBy = verdict === 'approve' ? [...approval.approvedBy, standing] : [];
  const state = stateOf[verdict] ?? 'rejected';
  const settled: Approval = { ...approval, approvedBy, state, decision: standing };
  const open: Approval =
    verdict === 'delegate'
      ? { ...approval, assignedTo: decision.assignedTo }
      : { ...approval, approvedBy };
  const values = [
    approval.approvalId,
    standing.decisionId,
    goalId,
    decision.digest,
    verdict,
    decision.inputDigest,
    standing.actor,
    standing.comment,
    JSON.stringify(decision.signed),
    standing.decidedAt,
    approval.expiresAt,
    approval.requiredDecisions,
    decider.capacity,
    decider.tokenHash,
    state,
    JSON.stringify(settled),
    JSON.stringify(open),
  ];
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ settles: boolean }>(storeSql, values);
    if (rows[0] === undefined) return undefined;
    const entry = decisionEntry(approval, standing, decision.signed);
    const audit = await appendAudit(client, { owner, goalId, at: standing.decidedAt, entry });
    return { settles: rows[0].settles, audit };
  });
}

/** The audit entry of a decision about a request that a person was shown. */
export function decisionEntry(
  { approvalId, digest, kind, tier, reasons, card, context, contentAsOf }: Approval,
  decision: StandingDecision,
  signed: JsonObject | null,
): DecisionEntry {
  const shown = { kind, tier, reasons, card, origins: context, contentAsOf };
  return {
    kind: 'decision',
    id: decisionEntryId(approvalId, decision.decisionId),
    approvalId,
    decision,
    digest,
    contextShown: shown as unknown as Json,
    signed,
  };
}

const stateOf: Readonly<Record<string, Approval['state']>> = {
  approve: 'approved',
  edit: 'edited',
  reject: 'rejected',
};

/** Every decision that is stored for an approval of a goal. */
export async function decisionsOf(
  pool: Pool,
  goalId: string,
  approvalId: string,
): Promise<StoredDecision[]> {
  const { rows } = await pool.query<
    Omit<StandingDecision, 'decidedAt'> & Omit<StoredDecision, 'standing'> & { decidedAt: Date }
  >(
    `select decision_id as "decisionId", verdict, actor, decided_at as "decidedAt", comment, digest,
            input_digest as "inputDigest", settles, signed
     from decisions where approval_id = $1 and goal_id = $2 order by decided_at, decision_id`,
    [approvalId, goalId],
  );
  return rows.map(({ decisionId, verdict, actor, decidedAt, comment, ...row }) => ({
    ...row,
    standing: { decisionId, verdict, actor, decidedAt: decidedAt.toISOString(), comment },
  }));
}

/** An approval as the queue holds it: for one that the workflow does not know any more. */
export async function queuedApproval(
  pool: Pool,
  goalId: string,
  approvalId: string,
): Promise<Approval | undefined> {
  const { rows } = await pool.query<{ approval: Approval }>(
    'select approval from approvals where approval_id = $1 and goal_id = $2',
    [approvalId, goalId],
  );
  return rows[0]?.approval;
}
