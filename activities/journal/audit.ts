/**
 * Brings the audit up to date with what a goal's journal and requests tell: refused decisions, refused
 * steps, requests that nobody answered and go-aheads that were taken back. What is stored elsewhere
 * (effects, admitted decisions) has its entry from there.
 */
import type { Pool, PoolClient } from 'pg';
import type { Approval } from '#contracts/approval.ts';
import { type AuditAnchor, type AuditRecord, type RefusalEntry } from '#contracts/audit.ts';
import type { GoalView } from '#contracts/goal.ts';
import { decisionEntry } from '../approvals/decision-store.ts';
import { appendAudits, lockChain } from '../effects/audit.ts';
import { inTransaction } from '../effects/ledger.ts';

type GoalOf = Pick<GoalView, 'id' | 'owner'>;

/**
 * Appends the entries that are missing and returns the anchor of the goal's newest one. Idempotency:
 * an entry is named after what it is about, and is not written again.
 */
export async function auditGoal(
  pool: Pool,
  goal: GoalOf,
  approvals: readonly Approval[],
): Promise<AuditAnchor | null> {
  const known = await readAudit(pool, goal, approvals);
  if (known.missing.length === 0) return known.newest;
  return inTransaction(pool, async (client) => {
    await lockChain(client, goal.owner);
    // Another attempt may have written them meanwhile.
    const { missing, newest } = await readAudit(client, goal, approvals);
    const [first, ...rest] = missing;
    return first === undefined ? newest : appendAudits(client, [first, ...rest]);
  });
}

/** Refusals entered with one publication, which has little time; more are entered with the next. */
const atOnce = 500;

/**
 * $1 goal, $2 names of entries about requests. The condition on events is that of the index
 * `journal_events_audited`. A refusal is named by what was refused, not by its number: a workflow task
 * that was given up may have told it under another one. A signal that names no approval decides
 * nothing, and has no entry.
 */
const readSql = `with told as (
    select number, at, step_id as "stepId", data,
      case when type = 'step_failed' then 'step_refused' else type end as kind,
      case when type = 'decision_refused'
        then concat_ws(' ', type, left(data->>'approvalId', 120), left(data->>'decisionId', 120),
                       data->>'code')
        else concat_ws(' ', 'step_refused', step_id, data->>'revision') end as id
    from journal_events
    where goal_id = $1 and (type in ('decision_refused', 'step_refused')
      or (type = 'step_failed' and data->>'type' = 'NotApprovedError'))
      and (type <> 'decision_refused' or data->>'approvalId' <> ''))
  select
    (select jsonb_build_object('seq', seq, 'hash', hash) from audit_entries
     where goal_id = $1 order by seq desc limit 1) as newest,
    array(select entry->>'id' from audit_entries
          where goal_id = $1 and entry->>'id' = any ($2)) as known,
    coalesce((select jsonb_agg(t order by number) from (
      select distinct on (id) * from told
      where not exists (select 1 from audit_entries
                        where goal_id = $1 and entry->>'id' = told.id)
      order by id, number limit ${atOnce}) t), '[]') as refusals`;

type Row = {
  readonly newest: AuditAnchor | null;
  readonly known: readonly string[];
  readonly refusals: readonly (RefusalEntry & { readonly at: string })[];
};

async function readAudit(
  db: Pool | PoolClient,
  { id: goalId, owner }: GoalOf,
  approvals: readonly Approval[],
): Promise<{ newest: AuditAnchor | null; missing: AuditRecord[] }> {
  const settled = approvals.flatMap(({ decision, ...approval }) =>
    decision?.verdict === 'expire' || decision?.verdict === 'stop'
      ? [{ decision, entry: decisionEntry({ ...approval, decision }, decision, null) }]
      : [],
  );
  const { rows } = await db.query<Row>(readSql, [goalId, settled.map(({ entry }) => entry.id)]);
  const { newest = null, known = [], refusals = [] } = rows[0] ?? {};
  const decisions = settled.filter(({ entry }) => !known.includes(entry.id));
  return {
    newest,
    missing: [
      ...refusals.map(({ kind, id, stepId, data, at }) => ({
        owner,
        goalId,
        at: new Date(at).toISOString(),
        entry: { kind, id, stepId, data },
      })),
      ...decisions.map(({ decision, entry }) => ({
        owner,
        goalId,
        at: decision.decidedAt,
        entry,
      })),
    ],
  };
}
