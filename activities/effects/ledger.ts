/**
 * The ledger of effects in Postgres: an intent before bytes leave, a receipt before anybody is told.
 * A fence that rises with every attempt keeps a worker that woke up late from writing.
 */
import type { Pool, PoolClient } from 'pg';
import type { LedgerEffect } from '#contracts/activities.ts';
import type { AuditAnchor, AuditRecord } from '#contracts/audit.ts';
import type { EffectReceipt } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { EffectToolName } from '#contracts/tools.ts';
import { failure } from '../failures.ts';
import { appendAudit } from './audit.ts';

export type LedgerState = 'intent' | 'confirmed' | 'unknown' | 'not_done' | 'shadow';

/** One row of the ledger. */
export type LedgerRow = {
  readonly effectKey: string;
  readonly goalId: string;
  readonly stepId: string;
  readonly revision: number;
  readonly purpose: 'do' | 'undo';
  readonly tool: EffectToolName;
  readonly owner: string;
  readonly digest: string;
  readonly approvalId: string | null;
  readonly state: LedgerState;
  readonly attempts: number;
  readonly fence: number;
  readonly providerRef: string | null;
  readonly receipt: JsonObject | null;
  readonly reconciled: boolean;
  readonly intentAt: Date;
  /** When the newest attempt was about to act. */
  readonly actedAt: Date;
  readonly settledAt: Date | null;
  /** The effect's newest audit entry; null before it is settled. */
  readonly audit: AuditAnchor | null;
};

/** What is known of an effect before its first attempt. */
export type NewEffect = Pick<
  LedgerRow,
  | 'effectKey'
  | 'goalId'
  | 'stepId'
  | 'revision'
  | 'purpose'
  | 'tool'
  | 'owner'
  | 'digest'
  | 'approvalId'
>;

const columns = `effect_key as "effectKey", goal_id as "goalId", step_id as "stepId", revision,
  purpose, tool, owner, digest, approval_id as "approvalId", state, attempts,
  fence::int as fence, provider_ref as "providerRef", receipt, reconciled,
  intent_at as "intentAt", acted_at as "actedAt", settled_at as "settledAt",
  case when audit_seq is not null
    then jsonb_build_object('seq', audit_seq, 'hash', audit_hash) end as audit`;

/** Reads one row, or undefined when the effect was never begun. */
export async function readEffect(pool: Pool, effectKey: string): Promise<LedgerRow | undefined> {
  const { rows } = await pool.query<LedgerRow>(
    `select ${columns} from effects where effect_key = $1`,
    [effectKey],
  );
  return rows[0];
}

/**
 * Records the intent to act, once. Undefined when the goal was cancelled or the approved effect was
 * stopped (nothing starts after either is acknowledged), or when another attempt was first.
 */
export async function beginEffect(pool: Pool, effect: NewEffect): Promise<LedgerRow | undefined> {
  const { rows } = await pool.query<LedgerRow>(
    `insert into effects (effect_key, goal_id, step_id, revision, purpose, tool, owner, digest,
                          approval_id, state, attempts, fence)
     select $1, $2, $3, $4, $5, $6, $7, $8, $9, 'intent', 1, 1
     where $5 = 'undo' or not exists (
       select 1 from cancellations where goal_id = $2
       union all select 1 from stopped_approvals where approval_id = $9)
     on conflict (effect_key) do nothing
     returning ${columns}`,
    [
      effect.effectKey,
      effect.goalId,
      effect.stepId,
      effect.revision,
      effect.purpose,
      effect.tool,
      effect.owner,
      effect.digest,
      effect.approvalId,
    ],
  );
  return rows[0];
}

/** Takes an unsettled effect over from an earlier attempt: raises its fence. */
export async function takeOver(pool: Pool, effectKey: string): Promise<LedgerRow> {
  const { rows } = await pool.query<LedgerRow>(
    `update effects set attempts = attempts + 1, fence = fence + 1
     where effect_key = $1 and state in ('intent', 'unknown') returning ${columns}`,
    [effectKey],
  );
  if (rows[0] === undefined) throw superseded();
  return rows[0];
}

/** True when the owner has cancelled the goal. */
export async function isCancelled(pool: Pool, goalId: string): Promise<boolean> {
  const { rowCount } = await pool.query('select 1 from cancellations where goal_id = $1', [goalId]);
  return rowCount === 1;
}

/** True when an approved effect was stopped before it began. */
export async function isStopped(pool: Pool, approvalId: string | null): Promise<boolean> {
  const { rowCount } = await pool.query('select 1 from stopped_approvals where approval_id = $1', [
    approvalId,
  ]);
  return rowCount === 1;
}

/**
 * The effect that a step's confirmed content left, at whatever revision, unless it was undone since.
 * After an operator's reset a step finds here that there is nothing left to do.
 */
export async function confirmedEffectOf(
  pool: Pool,
  goalId: string,
  stepId: string,
): Promise<LedgerRow | undefined> {
  const { rows } = await pool.query<LedgerRow>(
    `select ${columns} from effects e
     where goal_id = $1 and step_id = $2 and purpose = 'do' and state = 'confirmed'
       and not exists (select 1 from effects u
         where u.goal_id = $1 and u.step_id = $2 and u.revision = e.revision
           and u.purpose = 'undo' and u.state = 'confirmed')
     order by revision desc limit 1`,
    [goalId, stepId],
  );
  return rows[0];
}

/** Fails unless this attempt is still the newest one, and notes the time. Called just before bytes leave. */
export async function checkFence(
  pool: Pool,
  { effectKey, fence, attempts }: LedgerRow,
): Promise<void> {
  const isThisOne = "effect_key = $1 and fence = $2 and state = 'intent'";
  const { rowCount } = await pool.query(
    // The time of the first attempt is that of the intent.
    attempts === 1
      ? `select 1 from effects where ${isThisOne}`
      : `update effects set acted_at = now() where ${isThisOne}`,
    [effectKey, fence],
  );
  if (rowCount !== 1) throw superseded();
}

/** Saves what the provider called it before the act that uses it. @throws when another attempt took over */
export async function saveProviderRef(
  pool: Pool,
  { effectKey, fence }: LedgerRow,
  ref: string,
): Promise<void> {
  const { rowCount } = await pool.query(
    'update effects set provider_ref = $3 where effect_key = $1 and fence = $2',
    [effectKey, fence, ref],
  );
  if (rowCount !== 1) throw superseded();
}

/** How an attempt ended. */
export type Settlement = {
  readonly state: Exclude<LedgerState, 'intent'>;
  readonly receipt: JsonObject | null;
  readonly reconciled: boolean;
  readonly detail: string | null;
};

/** Writes the receipt and its audit entry in one transaction. A confirmed row never changes again. */
export async function settleEffect(
  pool: Pool,
  { effectKey, fence }: Pick<LedgerRow, 'effectKey' | 'fence'>,
  settlement: Settlement,
  audit: AuditRecord,
): Promise<LedgerRow> {
  return inTransaction(pool, async (client) => {
    const anchor = await appendAudit(client, audit);
    const { rows } = await client.query<LedgerRow>(
      `update effects set state = $3, receipt = $4, reconciled = $5, detail = $6, settled_at = now(),
              audit_seq = $7, audit_hash = $8
       where effect_key = $1 and fence = $2 and state in ('intent', 'unknown')
       returning ${columns}`,
      [
        effectKey,
        fence,
        settlement.state,
        settlement.receipt,
        settlement.reconciled,
        settlement.detail,
        anchor.seq,
        anchor.hash,
      ],
    );
    const row = rows[0];
    if (row === undefined) throw superseded(); // Rolls the audit entry back, too.
    return row;
  });
}

/** What a workflow gets to know of a row. */
export function receiptOf(row: LedgerRow): EffectReceipt {
  if (row.state === 'intent') throw new Error(`Effect ${row.effectKey} is not settled.`);
  return {
    effectKey: row.effectKey,
    tool: row.tool,
    outcome: row.state,
    receipt: row.receipt,
    digest: row.digest,
    at: (row.settledAt ?? row.intentAt).toISOString(),
    reconciled: row.reconciled,
    audit: row.audit,
  };
}

/** Effects of a goal that are open, or were confirmed and not undone since, oldest first. */
export async function listEffects(
  pool: Pool,
  { goalId, owner }: { goalId: string; owner: string },
): Promise<LedgerEffect[]> {
  const { rows } = await pool.query<LedgerEffect>(
    `select e.step_id as "stepId", e.revision, e.tool, e.effect_key as "effectKey", e.state,
            e.digest, e.approval_id as "approvalId", e.receipt,
            coalesce(p.content->'input', '{}'::jsonb) as input
     from effects e left join payloads p on p.digest = e.digest
     where e.goal_id = $1 and e.owner = $2 and e.purpose = 'do'
       and e.state in ('intent', 'confirmed', 'unknown')
       and not exists (select 1 from effects u
         where u.goal_id = e.goal_id and u.step_id = e.step_id and u.revision = e.revision
           and u.purpose = 'undo' and u.state = 'confirmed')
     order by e.intent_at, e.effect_key`,
    [goalId, owner],
  );
  return rows;
}

/** Runs work in one transaction and gives the connection back whatever happens. */
export async function inTransaction<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  // A connection lost between two statements is an event; without a listener it ends the process.
  let lost: Error | undefined;
  const onError = (error: Error) => void (lost = error);
  client.on('error', onError);
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.off('error', onError);
    client.release(lost);
  }
}

function superseded(): Error {
  return failure('StorageUnavailableError', 'A newer attempt has taken this effect over.');
}
