/** Publishes what a goal's workflow tells: its journal events and, at waits, its read models. */
import type { Pool, PoolClient } from 'pg';
import type { GoalPublication } from '#contracts/activities.ts';
import type { Approval } from '#contracts/approval.ts';
import type { JournalEvent } from '#contracts/journal.ts';
import { inTransaction } from '../effects/ledger.ts';

/**
 * Publishes journal events alone and lets the goal's state follow them.
 * Idempotency: by goal and number; an event that is there already stays as it is.
 */
export async function publishEvents(
  pool: Pool,
  goalId: string,
  events: readonly JournalEvent[],
): Promise<void> {
  await inTransaction(pool, async (client) => {
    await insertEvents(client, goalId, events);
    const newest = events.at(-1);
    const state = events.findLast(({ type }) => type === 'state_changed')?.data['to'];
    if (newest === undefined || typeof state !== 'string') return;
    await client.query(
      `update goals set state = $2, journal_number = $3, updated_at = $4
       where goal_id = $1 and journal_number < $3`,
      [goalId, state, newest.number, newest.at],
    );
  });
}

/**
 * Publishes events and overwrites the goal's and its approvals' read models, unless they are newer.
 * Effect: rows in Postgres. Idempotency: by goal and number. Heartbeats: no (local activity).
 */
export async function publishGoal(pool: Pool, publication: GoalPublication): Promise<void> {
  const { goal, approvals, events, journalNumber } = publication;
  await inTransaction(pool, async (client) => {
    await insertEvents(client, goal.id, events);
    const { rowCount } = await client.query(
      `insert into goals (goal_id, owner, state, view, journal_number, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (goal_id) do update set state = excluded.state, view = excluded.view,
         journal_number = excluded.journal_number, updated_at = excluded.updated_at
       where goals.journal_number <= excluded.journal_number`,
      [
        goal.id,
        goal.owner,
        goal.state,
        JSON.stringify(goal),
        journalNumber,
        goal.createdAt,
        goal.updatedAt,
      ],
    );
    if (rowCount === 1) await upsertApprovals(client, goal.owner, approvals);
  });
}

async function insertEvents(
  client: PoolClient,
  goalId: string,
  events: readonly JournalEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await client.query(
    `insert into journal_events (goal_id, number, at, type, step_id, data)
     select $1, number, at, type, "stepId", data
     from jsonb_to_recordset($2::jsonb)
       as e (number integer, at timestamptz, type text, "stepId" text, data jsonb)
     on conflict (goal_id, number) do nothing`,
    [goalId, JSON.stringify(events)],
  );
}

async function upsertApprovals(
  client: PoolClient,
  owner: string,
  approvals: readonly Approval[],
): Promise<void> {
  if (approvals.length === 0) return;
  await client.query(
    `insert into approvals
       (approval_id, goal_id, owner, state, tier, approval, requested_at, expires_at)
     select a->>'approvalId', a->>'goalId', $1, a->>'state', (a->>'tier')::integer, a,
            (a->>'requestedAt')::timestamptz, (a->>'expiresAt')::timestamptz
     from jsonb_array_elements($2::jsonb) as a
     on conflict (approval_id) do update set state = excluded.state, approval = excluded.approval
     where approvals.state = 'pending'`,
    [owner, JSON.stringify(approvals)],
  );
}
