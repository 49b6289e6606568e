/**
 * The audit: for each effect the six elements, chained by hash for each owner so that an edited,
 * deleted or reordered entry is found. Written in the same transaction as the receipt.
 */
import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';
import { canonicalJson } from '#contracts/canonical.ts';
import type { Json, JsonObject } from '#contracts/json.ts';

/** One entry before it is chained. The six elements of an effect are in `entry`. */
export type AuditRecord = {
  readonly owner: string;
  readonly goalId: string;
  readonly at: string;
  readonly entry: AuditEntry;
};

/** What is kept of one effect. */
export type AuditEntry = {
  readonly stepId: string;
  readonly effectKey: string;
  readonly tool: string;
  readonly purpose: 'do' | 'undo';
  /** 1. what was proposed first: input and payload. */
  readonly proposedAction: JsonObject | null;
  /** 2. what the person was shown. */
  readonly contextShown: Json;
  /** 3. who decided; null where the gate let it run. */
  readonly approver: string | null;
  readonly approvalId: string | null;
  /** 4. when it was decided and when it was done. */
  readonly decidedAt: string | null;
  readonly doneAt: string;
  /** 5. the payload that was sent, and its digest. */
  readonly executedContent: JsonObject;
  readonly digest: string;
  /** 6. what came of it. */
  readonly result: JsonObject;
  /** The difference proposed → executed: paths with both values. Empty when nothing was edited. */
  readonly difference: readonly { path: string; proposed: Json; executed: Json }[];
};

/** The hash before the first entry. */
export const genesisHash = '0'.repeat(64);

/** The hash of an entry on top of the one before. */
export function chainHash(previous: string, seq: number, record: AuditRecord): string {
  const text = canonicalJson({ seq, ...record } as unknown as Json);
  return createHash('sha256').update(`${previous}\n${text}`).digest('hex');
}

/** Appends an entry to its owner's chain. Must run inside the transaction that settles the effect. */
export async function appendAudit(client: PoolClient, record: AuditRecord): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 7))', [record.owner]);
  const { rows } = await client.query<{ seq: string; hash: string }>(
    'select seq, hash from audit_entries where owner = $1 order by seq desc limit 1',
    [record.owner],
  );
  const seq = Number(rows[0]?.seq ?? 0) + 1;
  const previous = rows[0]?.hash ?? genesisHash;
  await client.query(
    `insert into audit_entries (owner, seq, goal_id, at, entry, previous_hash, hash)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      record.owner,
      seq,
      record.goalId,
      record.at,
      JSON.stringify(record.entry),
      previous,
      chainHash(previous, seq, record),
    ],
  );
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
