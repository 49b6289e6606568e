/**
 * What the api reads and writes of goals in Postgres. Every query names the owner; nothing here can
 * return or change another person's goal.
 */
import type { Pool, PoolClient } from 'pg';
import type { ChainedEntry } from '#contracts/audit.ts';
import { type GoalState, type GoalView, isTerminal } from '#contracts/goal.ts';
import type { JournalEvent, JournalType } from '#contracts/journal.ts';
import type { GoalId } from '#contracts/names.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import { completeView } from '../stored.ts';

/** A start as it is kept until Temporal has it. */
export type GoalStart = {
  readonly goalId: GoalId;
  readonly bodyDigest: string;
  readonly input: GoalWorkflowInput;
  readonly started: boolean;
};

/** Goals in Postgres. */
export type GoalStore = {
  /** Keeps a start under a key, or returns the one kept there before. Waits for a parallel twin. */
  keepStart(
    owner: string,
    key: string,
    start: Omit<GoalStart, 'started'>,
    view: GoalView,
  ): Promise<{ start: GoalStart; created: boolean }>;
  markStarted(goalId: GoalId): Promise<void>;
  /** Forgets a start that Temporal did not take, with its read model. */
  dropStart(owner: string, goalId: GoalId): Promise<void>;
  /** Starts that Temporal may not have, older than the grace time; cancelled ones excepted. */
  unstarted(graceMs: number): Promise<GoalWorkflowInput[]>;
  find(owner: string, goalId: GoalId): Promise<GoalView | null>;
  list(
    owner: string,
    filter: { states: readonly GoalState[]; cursor: string | null; limit: number },
  ): Promise<GoalView[]>;
  journal(goalId: GoalId, after: number, limit: number): Promise<JournalEvent[]>;
  /** Audit entries of one goal, or of all goals of the owner. */
  audit(
    owner: string,
    goalId: GoalId | null,
    after: number,
    limit: number,
  ): Promise<ChainedEntry[]>;
  /** Records a wish to cancel: from here on no effect of this goal starts. False when it has ended. */
  recordCancellation(goalId: GoalId, actor: string): Promise<boolean>;
  /** Ends a goal that never reached Temporal; false when it did. */
  cancelUnstarted(owner: string, goalId: GoalId): Promise<boolean>;
};

/** A GoalStore on the tables of migrations 0001 and 0002. */
export function createGoalStore(pool: Pool): GoalStore {
  return { ...startsIn(pool), ...readsFrom(pool), ...cancellationsIn(pool) };
}

type Starts = Pick<GoalStore, 'keepStart' | 'markStarted' | 'dropStart' | 'unstarted'>;

function startsIn(pool: Pool): Starts {
  return {
    keepStart: (owner, key, start, view) =>
      inTransaction(pool, async (client) => {
        const { rowCount } = await client.query(
          `insert into idempotency_keys
             (owner, key, body_digest, goal_id, workflow_input, created_at)
           values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
          [owner, key, start.bodyDigest, start.goalId, JSON.stringify(start.input), view.createdAt],
        );
        if (rowCount === 0) return { start: await keptStart(client, owner, key), created: false };
        await client.query(
          `insert into goals (goal_id, owner, state, view, journal_number, created_at, updated_at)
           values ($1, $2, $3, $4, 0, $5, $5) on conflict do nothing`,
          [start.goalId, owner, view.state, JSON.stringify(view), view.createdAt],
        );
        return { start: { ...start, started: false }, created: true };
      }),
    async markStarted(goalId) {
      await pool.query(
        'update idempotency_keys set started_at = now() where goal_id = $1 and started_at is null',
        [goalId],
      );
    },
    dropStart: (owner, goalId) =>
      inTransaction(pool, async (client) => {
        await client.query(
          'delete from idempotency_keys where owner = $1 and goal_id = $2 and started_at is null',
          [owner, goalId],
        );
        await client.query(
          'delete from goals where owner = $1 and goal_id = $2 and journal_number = 0',
          [owner, goalId],
        );
      }),
    async unstarted(graceMs) {
      const { rows } = await pool.query<{ input: GoalWorkflowInput }>(
        `select workflow_input as input from idempotency_keys
         where started_at is null and workflow_input is not null
           and created_at < now() - $1 * interval '1 millisecond'
           and goal_id not in (select goal_id from cancellations)
         order by created_at limit 100`,
        [graceMs],
      );
      return rows.map((row) => row.input);
    },
  };
}

async function keptStart(client: PoolClient, owner: string, key: string): Promise<GoalStart> {
  const { rows } = await client.query<GoalStart>(
    `select goal_id as "goalId", body_digest as "bodyDigest", workflow_input as input,
            started_at is not null as started
     from idempotency_keys where owner = $1 and key = $2`,
    [owner, key],
  );
  const row = rows[0];
  if (row === undefined) throw new Error('The idempotency key vanished while it was read.');
  return row;
}

/** Events that travel ahead of a publication move the state alone, so the column is the newer one. */
const viewNow = `view || jsonb_build_object('state', state) as view`;

type Reads = Pick<GoalStore, 'find' | 'list' | 'journal' | 'audit'>;

function readsFrom(pool: Pool): Reads {
  return {
    async find(owner, goalId) {
      const { rows } = await pool.query<{ view: GoalView }>(
        `select ${viewNow} from goals where owner = $1 and goal_id = $2`,
        [owner, goalId],
      );
      return rows[0] === undefined ? null : completeView(rows[0].view);
    },
    async list(owner, { states, cursor, limit }) {
      const { rows } = await pool.query<{ view: GoalView }>(
        `select ${viewNow} from goals
         where owner = $1 and (cardinality($2::text[]) = 0 or state = any($2))
           and ($3::text is null or (created_at, goal_id) <
             (select created_at, goal_id from goals where owner = $1 and goal_id = $3))
         order by created_at desc, goal_id desc limit $4`,
        [owner, states, cursor, limit],
      );
      return rows.map((row) => completeView(row.view));
    },
    async journal(goalId, after, limit) {
      const { rows } = await pool.query<Row<JournalEvent> & { type: JournalType }>(
        `select number, at, type, step_id as "stepId", data from journal_events
         where goal_id = $1 and number > $2 order by number limit $3`,
        [goalId, after, limit],
      );
      return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
    },
    async audit(owner, goalId, after, limit) {
      const { rows } = await pool.query<Row<ChainedEntry>>(
        `select seq, goal_id as "goalId", at, entry, previous_hash as "previousHash", hash
         from audit_entries
         where owner = $1 and ($2::text is null or goal_id = $2) and seq > $3
         order by seq limit $4`,
        [owner, goalId, after, limit],
      );
      return rows.map((row) => ({ ...row, seq: Number(row.seq), at: row.at.toISOString() }));
    },
  };
}

/** A row as node-postgres returns it: instants are dates. */
type Row<T extends { at: string }> = Omit<T, 'at'> & { at: Date };

function cancellationsIn(pool: Pool): Pick<GoalStore, 'recordCancellation' | 'cancelUnstarted'> {
  return {
    recordCancellation: (goalId, actor) =>
      inTransaction(pool, async (client) => {
        await client.query(holdEffects);
        const { rows } = await client.query<{ state: GoalState }>(
          'select state from goals where goal_id = $1 for update',
          [goalId],
        );
        if (rows[0] !== undefined && isTerminal(rows[0].state)) return false;
        await client.query(
          'insert into cancellations (goal_id, actor) values ($1, $2) on conflict do nothing',
          [goalId, actor],
        );
        return true;
      }),
    async cancelUnstarted(owner, goalId) {
      const { rowCount } = await pool.query(
        `update goals g set state = 'cancelled', updated_at = c.requested_at,
                view = view || '{"state": "cancelled"}'::jsonb
         from cancellations c, idempotency_keys k
         where g.owner = $1 and g.goal_id = $2 and g.journal_number = 0
           and c.goal_id = g.goal_id and k.goal_id = g.goal_id and k.started_at is null`,
        [owner, goalId],
      );
      return rowCount === 1;
    },
  };
}

/**
 * Waits for intents that are being written and holds new ones back until the end of the transaction,
 * so that either a wish to stop or the effect is first, and both know which.
 */
export const holdEffects = 'lock table effects in share row exclusive mode';

/** Runs work in one transaction; a connection that broke is not used again. */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
