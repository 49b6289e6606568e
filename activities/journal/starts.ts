/** Goals as they were accepted: what read models are rebuilt from before a workflow has spoken. */
import type { Pool } from 'pg';
import type { GoalView } from '#contracts/goal.ts';
import { initialView } from '#contracts/initial-view.ts';
import type { GoalId } from '#contracts/names.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';

/** An accepted goal. `started` is true once Temporal was known to have it. */
export type AcceptedGoal = { readonly goalId: GoalId; readonly started: boolean };

/** Every goal that was ever accepted and whose start is kept, oldest first. */
export async function acceptedGoals(pool: Pool): Promise<AcceptedGoal[]> {
  const { rows } = await pool.query<AcceptedGoal>(
    `select goal_id as "goalId", started_at is not null as started from idempotency_keys
     where workflow_input is not null order by created_at, goal_id`,
  );
  return rows;
}

/**
 * Puts the first row of a goal's read model back, as the api wrote it; a goal that was cancelled before
 * it started is cancelled. Idempotency: a row that is there stays as it is.
 */
export async function restoreStart(pool: Pool, goalId: GoalId): Promise<void> {
  const { rows } = await pool.query<{ input: GoalWorkflowInput; at: Date; cancelled: boolean }>(
    `select k.workflow_input as input, k.created_at as at,
            k.started_at is null and c.goal_id is not null as cancelled
     from idempotency_keys k left join cancellations c using (goal_id)
     where k.goal_id = $1 and k.workflow_input is not null`,
    [goalId],
  );
  const start = rows[0];
  if (start === undefined) return;
  const state: GoalView['state'] = start.cancelled ? 'cancelled' : 'planning';
  const view = { ...initialView(start.input, start.at.toISOString()), state };
  // The instants are copied by Postgres, whose microseconds a Date would lose.
  await pool.query(
    `insert into goals (goal_id, owner, state, view, journal_number, created_at, updated_at)
     select k.goal_id, k.owner, $2, $3, 0, k.created_at,
            case when $2 = 'cancelled' then c.requested_at else k.created_at end
     from idempotency_keys k left join cancellations c using (goal_id)
     where k.goal_id = $1 on conflict do nothing`,
    [goalId, state, JSON.stringify(view)],
  );
}
