/** Publishes what a goal's workflow tells: its journal events and, at waits, its read models. */
import type { Pool, PoolClient } from 'pg';
import type { GoalPublication } from '#contracts/activities.ts';
import type { Approval } from '#contracts/approval.ts';
import { type GoalState, isTerminal, terminalStates } from '#contracts/goal.ts';
import type { JournalEvent } from '#contracts/journal.ts';
import { inTransaction } from '../effects/ledger.ts';
import { reached } from '../points.ts';

/**
 * Publishes journal events alone and lets the goal's state follow them. A goal that was told as ended
 * stays so: the repetition of its last workflow task comes by its earlier states once more, and where it
 * goes another way `publishGoal` tells it. Idempotency: by goal and number.
 */
export async function publishEvents(
  pool: Pool,
  goalId: string,
  events: readonly JournalEvent[],
): Promise<void> {
  const newest = events.at(-1);
  const state = events.findLast(({ type }) => type === 'state_changed')?.data['to'];
  await pool.query(
    `with ${insertedEvents}
     update goals set state = $3, journal_number = $4, updated_at = $5
     where goal_id = $1 and $3::text is not null and (state <> all ($6) or $3 = any ($6))
       and (journal_number = 0 or (updated_at, journal_number) < ($5, $4))`,
    [
      goalId,
      JSON.stringify(events),
      state ?? null,
      newest?.number ?? 0,
      newest?.at ?? null,
      terminalStates,
    ],
  );
}

/**
 * Publishes events and overwrites the goal's and its approvals' read models, unless they are newer.
 * Effect: rows in Postgres. Idempotency: by goal and number. Heartbeats: no (local activity).
 */
export async function publishGoal(
  pool: Pool,
  publication: GoalPublication,
): Promise<'published' | 'cancelled'> {
  const { goal, approvals, events, journalNumber } = publication;
  const asks = goal.pendingApprovals.length > 0;
  if (asks) reached('C4');
  const yields = publication.yieldsToCancellation === true && completedStates.includes(goal.state);
  const outcome = await inTransaction(pool, async (client) => {
    if (yields && (await isCancelledFirst(client, goal.id))) return 'cancelled' as const;
    await client.query(`with ${insertedEvents} select 1`, [goal.id, JSON.stringify(events)]);
    const { rowCount } = await client.query(
      `insert into goals (goal_id, owner, state, view, journal_number, created_at, updated_at)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (goal_id) do update set state = excluded.state, view = excluded.view,
         journal_number = excluded.journal_number, updated_at = excluded.updated_at
       where goals.journal_number = 0 or (goals.updated_at, goals.journal_number)
         <= (excluded.updated_at, excluded.journal_number)`,
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
    const isNewest = rowCount === 1;
    await upsertApprovals(client, goal.owner, approvals, isNewest);
    if (isNewest) await forgetUntold(client, publication);
    return 'published' as const;
  });
  if (asks) reached('C5');
  if (events.some(({ type }) => type === 'run_continued')) reached('C12');
  return outcome;
}

const completedStates: readonly GoalState[] = ['completed', 'completed_with_issues'];

/** The goal's row decides between an end and a wish to cancel: both lock it, and each sees the other. */
async function isCancelledFirst(client: PoolClient, goalId: string): Promise<boolean> {
  await client.query('select 1 from goals where goal_id = $1 for update', [goalId]);
  const { rowCount } = await client.query('select 1 from cancellations where goal_id = $1', [
    goalId,
  ]);
  return rowCount === 1;
}

/**
 * Ends the read models of a goal whose workflow was ended from outside: nothing waits any more.
 * Idempotency: a goal that has ended stays as it is.
 */
export async function closeGoal(
  pool: Pool,
  { goalId, owner, reason }: { goalId: string; owner: string; reason: string },
): Promise<void> {
  await pool.query(
    `with closed as (
       update goals set state = 'failed', updated_at = now(),
         view = view || jsonb_build_object('state', 'failed', 'pendingApprovals', '[]'::jsonb,
           'failure', jsonb_build_object('type', 'UnexpectedError', 'message', $3::text))
       where goal_id = $1 and owner = $2 and state <> all ($4) returning 1)
     update approvals set state = 'cancelled',
       approval = approval || jsonb_build_object('state', 'cancelled')
     where goal_id = $1 and owner = $2 and state = 'pending'`,
    [goalId, owner, reason, terminalStates],
  );
}

/**
 * Inserts events, in one round trip: this runs beside every activity that carries some. A workflow task
 * that is given up may have published what its repetition, in which more signals came, tells otherwise:
 * the later one is right. Workflow time says which that is.
 */
const insertedEvents = `inserted as (
  insert into journal_events (goal_id, number, at, type, step_id, data)
  select $1, number, at, type, "stepId", data
  from jsonb_to_recordset($2::jsonb)
    as e (number integer, at timestamptz, type text, "stepId" text, data jsonb)
  on conflict (goal_id, number) do update
    set at = excluded.at, type = excluded.type, step_id = excluded.step_id, data = excluded.data
    where journal_events.at < excluded.at)`;

/**
 * Takes back what a workflow task published that was given up, and whose repetition went another way: an
 * approval that is still shown as waiting, and, once the goal has ended, events beyond its last.
 */
async function forgetUntold(client: PoolClient, publication: GoalPublication): Promise<void> {
  const { goal, approvals, journalNumber } = publication;
  await client.query(
    `delete from approvals
     where goal_id = $1 and state = 'pending' and approval_id <> all ($2::text[])`,
    [goal.id, approvals.map(({ approvalId }) => approvalId)],
  );
  if (!isTerminal(goal.state)) return;
  const beyond = 'from journal_events where goal_id = $1 and number > $2 and at <= $3';
  const told = [goal.id, journalNumber, goal.updatedAt];
  // Events that leave the journal void every position in it: not without need.
  const { rowCount } = await client.query(`select 1 ${beyond} limit 1`, told);
  if (rowCount === 1) await client.query(`delete ${beyond}`, told);
}

/**
 * What was decided stands, so it is published whether or not the goal's row is newer; after that a
 * go-ahead can only be taken back, and what a fact has answered is not what a task that was given up took in. A mail on its way also says when it leaves.
 */
async function upsertApprovals(
  client: PoolClient,
  owner: string,
  approvals: readonly Approval[],
  newest: boolean,
): Promise<void> {
  if (approvals.length === 0) return;
  await client.query(
    `insert into approvals
       (approval_id, goal_id, owner, state, tier, approval, requested_at, expires_at)
     select a->>'approvalId', a->>'goalId', $1, a->>'state', (a->>'tier')::integer, a,
            (a->>'requestedAt')::timestamptz, (a->>'expiresAt')::timestamptz
     from jsonb_array_elements($2::jsonb) as a
     on conflict (approval_id) do update
       set state = excluded.state, approval = excluded.approval, tier = excluded.tier,
         requested_at = excluded.requested_at, expires_at = excluded.expires_at
     where ($3 and excluded.state in (approvals.state, 'answered'))
        or (approvals.state = 'pending' and excluded.state <> 'pending')
        or (approvals.state in ('approved', 'edited')
            and excluded.state in ('stopped', 'superseded'))`,
    [owner, JSON.stringify(approvals), newest],
  );
}
