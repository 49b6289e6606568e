/**
 * Tells goals that an account they wait for works again. Connecting is done by a program of its own,
 * so the api looks: nobody has to decide the request to reconnect by hand.
 */
import type { Pool } from 'pg';
import { limits } from '#contracts/limits.ts';
import type { GoalId } from '#contracts/names.ts';
import type { GoalClient } from '../goal-client.ts';

/** What telling needs. */
export type ReconnectDeps = {
  readonly pool: Pick<Pool, 'query'>;
  readonly goalClient: Pick<GoalClient, 'accountReconnected'>;
};

/** Requests to reconnect whose account was connected after they were made. */
const reconnectedSql = `select a.approval_id as "approvalId", a.goal_id as "goalId", c.provider
  from approvals a
  join accounts c on c.owner = a.owner and c.provider = a.approval->'input'->>'provider'
  where a.state = 'pending' and a.approval->>'kind' = 'intervention'
    and right(a.approval->>'stepId', 10) = '_reconnect'
    and c.state = 'connected' and c.connected_at > a.requested_at
  order by a.requested_at limit 100`;

/** Makes the function that the api calls from time to time. It returns how many goals it told. */
export function createReconnector({ pool, goalClient }: ReconnectDeps): () => Promise<number> {
  /** When each request was told; one that does not settle is told again, but rarely. */
  const told = new Map<string, number>();
  return async () => {
    type Row = { approvalId: string; goalId: GoalId; provider: string };
    const { rows } = await pool.query<Row>(reconnectedSql);
    const now = Date.now();
    for (const [id, at] of told) if (now - at > limits.reconnectSignalAgainMs) told.delete(id);
    const due = rows.filter(({ approvalId }) => !told.has(approvalId));
    for (const { approvalId, goalId, provider } of due) {
      await goalClient.accountReconnected(goalId, provider);
      told.set(approvalId, now);
    }
    return due.length;
  };
}
