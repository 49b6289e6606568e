/**
 * Releases holds whose time is over. The ledger says which: a group that was put into the calendar,
 * has expired, and was neither undone nor settled by choosing. Each gets one goal that undoes exactly
 * the step that made it (ADR 0016). It touches no calendar itself.
 */
import type { Pool } from 'pg';
import { limits } from '#contracts/limits.ts';
import type { GoalId } from '#contracts/names.ts';
import type { Logger } from '#infra/logger.ts';
import { startChore } from '../chore.ts';
import { startGoal, type StartDeps } from './start-goal.ts';

/** What releasing needs. */
export type HoldExpiryDeps = StartDeps & { readonly pool: Pool };

type ExpiredGroup = {
  readonly effectKey: string;
  readonly goalId: GoalId;
  readonly stepId: string;
  readonly owner: string;
  readonly zone: string;
  readonly title: string;
};

/** Groups that are looked at in one round; the next round takes more. */
const groupsPerRound = 100;

/**
 * Starts a goal for every group of holds that has expired.
 * @returns how many it started
 */
export async function releaseExpiredHolds(deps: HoldExpiryDeps): Promise<number> {
  const groups = await expiredGroups(deps.pool);
  let count = 0;
  for (const { effectKey, goalId, stepId, owner, zone, title } of groups) {
    const { replayed } = await startGoal(deps, {
      owner,
      zone,
      // A client's key has no space. Many apis, or one again and again, start it once.
      key: `expiry ${effectKey}`,
      body: { goal: `Release the holds for “${title}” that were not chosen in time` },
      aftercare: { kind: 'undo', of: goalId, stepIds: [stepId], actor: 'adjutant' },
    });
    if (!replayed) count += 1;
  }
  return count;
}

/** Looks for expired holds again and again, one round at a time. Returns what stops it. */
export function startHoldExpiry(deps: HoldExpiryDeps & { readonly logger: Logger }): () => void {
  return startChore({
    everyMs: limits.holdSweepMs,
    work: () => releaseExpiredHolds(deps),
    done: 'expired holds are released',
    failed: 'expired holds are still held',
    logger: deps.logger,
  }).stop;
}

async function expiredGroups(pool: Pool): Promise<ExpiredGroup[]> {
  const { rows } = await pool.query<ExpiredGroup>(
    `select held.effect_key as "effectKey", held.goal_id as "goalId", held.step_id as "stepId",
            held.owner, goals.view->>'zone' as zone, held.receipt->>'title' as title
     from effects held join goals on goals.goal_id = held.goal_id
     where held.tool = 'holdSlots' and held.purpose = 'do' and held.state = 'confirmed'
       and (held.receipt->>'expiresAt')::timestamptz < now()
       and not exists (
         select 1 from effects undone
         where undone.goal_id = held.goal_id and undone.step_id = held.step_id
           and undone.purpose = 'undo')
       and not exists (
         select 1 from effects settled
         where settled.owner = held.owner and settled.tool = 'releaseHolds'
           and settled.purpose = 'do' and settled.state = 'confirmed'
           and settled.receipt->'holdIds' ? (held.receipt->'holds'->0->>'eventId'))
     order by held.settled_at limit $1`,
    [groupsPerRound],
  );
  return rows;
}
