/**
 * Deletes files that nobody has kept or attached for some days. It never deletes one that an open goal
 * speaks of: in what it was asked, in its plan, or in content it has prepared.
 */
import type { Pool } from 'pg';
import { terminalStates } from '#contracts/goal.ts';
import { limits } from '#contracts/limits.ts';
import type { Logger } from '#infra/logger.ts';
import { startChore } from '../chore.ts';

/** What sweeping needs. `keepDays` 0 keeps every file until the person removes it. */
export type FileSweepOptions = { readonly pool: Pool; readonly keepDays: number };

/** Deletes what may go and counts it. */
export async function sweepFiles({ pool, keepDays }: FileSweepOptions): Promise<number> {
  if (keepDays === 0) return 0;
  const { rowCount } = await pool.query(
    `delete from files f where created_at < now() - $1 * interval '1 day'
     and not exists (
       select 1 from goals g where g.owner = f.owner and g.state <> all ($2) and (
         strpos(g.view::text, f.id) > 0
         or exists (select 1 from idempotency_keys k
                    where k.goal_id = g.goal_id and strpos(k.workflow_input::text, f.id) > 0)
         or exists (select 1 from payloads p
                    where p.goal_id = g.goal_id and strpos(p.content::text, f.id) > 0)))`,
    [keepDays, terminalStates],
  );
  return rowCount ?? 0;
}

/** Sweeps every `limits.fileSweepMs`, one sweep at a time. Returns what stops it. */
export function startFileSweep(
  options: FileSweepOptions & { readonly logger: Logger },
): () => void {
  return startChore({
    everyMs: limits.fileSweepMs,
    work: () => sweepFiles(options),
    done: 'deleted files that were kept long enough',
    failed: 'files could not be swept',
    logger: options.logger,
  }).stop;
}
