/**
 * Writes the audit: entries chained by hash for each owner, in the same transaction as what they are
 * about. Where the chain stands goes back to the workflow, so that its history anchors it.
 */
import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { type AuditAnchor, type AuditRecord, auditText, genesisHash } from '#contracts/audit.ts';
import { canonicalJson } from '#contracts/canonical.ts';
import type { Json, JsonObject } from '#contracts/json.ts';

/** The hash of an entry on top of the one before. */
export function chainHash(previous: string, seq: number, record: AuditRecord): string {
  return createHash('sha256')
    .update(auditText(previous, seq, record))
    .digest('hex');
}

/** Holds an owner's chain until the transaction ends. Nothing else may be locked behind it. */
export async function lockChain(client: PoolClient, owner: string): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 7))', [owner]);
}

/**
 * Appends an entry to its owner's chain and returns its anchor. Must run inside the transaction that
 * stores what it is about.
 */
export function appendAudit(client: PoolClient, record: AuditRecord): Promise<AuditAnchor> {
  return appendAudits(client, [record]);
}

/** Appends entries of one owner in their order, as one write. Returns the anchor of the last. */
export async function appendAudits(
  client: PoolClient,
  records: readonly [AuditRecord, ...AuditRecord[]],
): Promise<AuditAnchor> {
  const [{ owner }] = records;
  await lockChain(client, owner);
  const { rows } = await client.query<{ seq: string; hash: string }>(
    'select seq, hash from audit_entries where owner = $1 order by seq desc limit 1',
    [owner],
  );
  let anchor = { seq: Number(rows[0]?.seq ?? 0), hash: rows[0]?.hash ?? genesisHash };
  const entries = records.map((record) => {
    const { seq: last, hash: previousHash } = anchor;
    anchor = { seq: last + 1, hash: chainHash(previousHash, last + 1, record) };
    return { ...record, ...anchor, previousHash };
  });
  await client.query(
    `insert into audit_entries (owner, seq, goal_id, at, entry, previous_hash, hash)
     select owner, seq, "goalId", at, entry, "previousHash", hash
     from jsonb_to_recordset($1::jsonb) as e (owner text, seq bigint, "goalId" text,
       at timestamptz, entry jsonb, "previousHash" text, hash text)`,
    [JSON.stringify(entries)],
  );
  return anchor;
}

/** The anchor of a goal's newest entry: it stands for all before it. Null while there is none. */
export async function newestAnchor(pool: Pool, goalId: string): Promise<AuditAnchor | null> {
  const { rows } = await pool.query<{ seq: string; hash: string }>(
    'select seq, hash from audit_entries where goal_id = $1 order by seq desc limit 1',
    [goalId],
  );
  return rows[0] === undefined ? null : { seq: Number(rows[0].seq), hash: rows[0].hash };
}

/** Paths at which two JSON values differ, with both values. */
export function differenceOf(
  proposed: Json | undefined,
  executed: Json | undefined,
  path = '',
): { path: string; proposed: Json; executed: Json }[] {
  if (proposed !== undefined && executed !== undefined) {
    if (canonicalJson(proposed) === canonicalJson(executed)) return [];
    if (isPlain(proposed) && isPlain(executed)) {
      const keys = new Set([...Object.keys(proposed), ...Object.keys(executed)]);
      return [...keys].flatMap((key) =>
        differenceOf(proposed[key], executed[key], path === '' ? key : `${path}.${key}`),
      );
    }
  }
  return [{ path, proposed: proposed ?? null, executed: executed ?? null }];
}

function isPlain(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
