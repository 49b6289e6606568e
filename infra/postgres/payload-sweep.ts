/**
 * Deletes stored payloads that no workflow can refer to any more. It never asks Postgres what is open,
 * only Temporal, and keeps whatever Temporal cannot be asked about.
 */
import type { Pool } from 'pg';
import { workflowsReferringTo } from '#contracts/names.ts';

/** What a sweep needs. */
export type SweepOptions = {
  readonly pool: Pool;
  /** Whether Temporal has a workflow of this id, open or closed. @throws when it does not answer */
  readonly exists: (workflowId: string) => Promise<boolean>;
  /** Younger payloads are left alone, and older ones until they have had no workflow for as long. */
  readonly graceMs: number;
};

/** Workflows asked for at once. */
const batchSize = 20;

/**
 * Looks at every stored payload once and returns how many it deleted. Payloads of a workflow that is not
 * found are marked first; a sweep that finds it again, or storing the payload again, takes the mark off.
 * @throws whatever `exists` throws; what was not reached is left to the next sweep
 */
export async function sweepPayloads(options: SweepOptions): Promise<number> {
  let deleted = 0;
  for (let last = ''; ;) {
    const workflowIds = await nextWorkflows(options, last);
    const end = workflowIds.at(-1);
    if (end === undefined) return deleted;
    deleted += await sweepWorkflows(options, workflowIds);
    last = end;
  }
}

async function nextWorkflows({ pool, graceMs }: SweepOptions, last: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select distinct workflow_id as id from stored_payloads
      where workflow_id > $1 and created_at <= now() - $2 * interval '1 millisecond'
      order by workflow_id limit $3`,
    [last, graceMs, batchSize],
  );
  return rows.map(({ id }) => id);
}

async function sweepWorkflows(options: SweepOptions, workflowIds: string[]): Promise<number> {
  const { pool, graceMs } = options;
  const needed = await Promise.all(workflowIds.map((id) => isNeeded(options, id)));
  await pool.query(
    `update stored_payloads set orphaned_at = null
      where workflow_id = any($1) and orphaned_at is not null`,
    [workflowIds.filter((_, i) => needed[i])],
  );
  const orphans = workflowIds.filter((_, i) => !needed[i]);
  await pool.query(
    `update stored_payloads set orphaned_at = now()
      where workflow_id = any($1) and orphaned_at is null`,
    [orphans],
  );
  const { rowCount } = await pool.query(
    `delete from stored_payloads
      where workflow_id = any($1) and orphaned_at <= now() - $2 * interval '1 millisecond'`,
    [orphans, graceMs],
  );
  return rowCount ?? 0;
}

async function isNeeded({ exists }: SweepOptions, workflowId: string): Promise<boolean> {
  for (const id of workflowsReferringTo(workflowId)) {
    if (await exists(id)) return true;
  }
  return false;
}
