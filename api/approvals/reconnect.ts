/**
 * Tells goals that an account they wait for works again. Connecting is done by a program of its own,
 * so the api looks: nobody has to decide the request to reconnect by hand.
 */
import type { Pool } from 'pg';
import type { AccountDetails } from '#contracts/failures.ts';
import { limits } from '#contracts/limits.ts';
import type { GoalId } from '#contracts/names.ts';
import type { GoalClient } from '../goal-client.ts';

/** What telling needs. */
export type ReconnectDeps = {
  readonly pool: Pick<Pool, 'query'>;
  readonly goalClient: Pick<GoalClient, 'accountReconnected'>;
};

/**
 * Requests to reconnect whose account was connected after they were made. One without a provider asked
 * for an account that was not connected at all: any that was connected since will do. One without an
 * account is of a release that knew one account for each provider.
 */
const reconnectedSql = `select a.approval_id as "approvalId", a.goal_id as "goalId",
    a.approval->'input' as input
  from approvals a
  where a.state = 'pending' and a.approval->>'kind' = 'intervention'
    and right(a.approval->>'stepId', 10) = '_reconnect'
    and exists (
      select 1 from accounts c
      where c.owner = lower(a.owner) and c.state = 'connected' and c.connected_at > a.requested_at
        and (c.email = a.approval->'input'->>'account'
          or a.approval->'input'->>'provider' is null
          or (a.approval->'input'->>'account' is null
            and c.provider = a.approval->'input'->>'provider')))
  order by a.requested_at limit 100`;

/** Makes the function that the api calls from time to time. It returns how many goals it told. */
export function createReconnector({ pool, goalClient }: ReconnectDeps): () => Promise<number> {
  /** When each request was told; one that does not settle is told again, but rarely. */
  const told = new Map<string, number>();
  return async () => {
    type Row = { approvalId: string; goalId: GoalId; input: Partial<AccountDetails> };
    const { rows } = await pool.query<Row>(reconnectedSql);
    const now = Date.now();
    for (const [id, at] of told) if (now - at > limits.reconnectSignalAgainMs) told.delete(id);
    const due = rows.filter(({ approvalId }) => !told.has(approvalId));
    for (const { approvalId, goalId, input } of due) {
      await goalClient.accountReconnected(goalId, input);
      told.set(approvalId, now);
    }
    return due.length;
  };
}
