/**
 * Clears up after goals whose workflow was ended from outside: terminated, timed out or failed. Each
 * gets a goal of its own that looks up what was under way and shows the person what became of it. It
 * decides nothing itself, and a goal that runs is never touched.
 */
import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { defaultPolicy } from '#contracts/gate.ts';
import { type GoalView, terminalStates } from '#contracts/goal.ts';
import { defaultTimers, limits } from '#contracts/limits.ts';
import type { GoalId } from '#contracts/names.ts';
import { initialView } from '#contracts/initial-view.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import type { GoalClient } from '../goal-client.ts';
import { type GoalStore, inTransaction } from './goal-store.ts';

/** What sweeping needs. */
export type SweepDeps = {
  readonly pool: Pool;
  readonly goals: GoalStore;
  readonly goalClient: GoalClient;
};

/** One api of several sweeps at a time: whoever holds this lock. */
const lockKey = 7_301_944;
/** How far back the first sweep looks. Temporal keeps closed workflows for as long as it is told. */
const firstLookMs = 30 * 24 * 3_600_000;
/** Visibility is written a moment after a workflow closes. */
const overlapMs = 60_000;

/**
 * Returns a function that sweeps once, to be called again and again. It answers how many goals it has
 * cleared up after; 0 when another api is sweeping. One that fails is tried again by the next call.
 */
export function createSweeper(deps: SweepDeps): () => Promise<number> {
  let since = new Date(Date.now() - firstLookMs);
  return () =>
    inTransaction(deps.pool, async (client) => {
      const { rows } = await client.query<{ free: boolean }>(
        'select pg_try_advisory_xact_lock($1) as free',
        [lockKey],
      );
      if (rows[0]?.free !== true) return 0;
      const startedAt = Date.now();
      const count = await sweep(deps, since);
      since = new Date(startedAt - overlapMs);
      return count;
    });
}

async function sweep({ pool, goals, goalClient }: SweepDeps, since: Date): Promise<number> {
  const closed = await goalClient.listEndedFromOutside(since);
  const unended = await unendedOf(pool, closed);
  let count = 0;
  for (const view of unended) {
    // One that was reset has closed once and runs again.
    if (await goalClient.isOpen(view.id)) continue;
    const input = recoveryOf(view);
    const key = `recovery ${view.id}`; // A client's key has no space, so it can never be one of these.
    const start = { goalId: input.goalId, bodyDigest: 'recovery', input };
    const at = new Date().toISOString();
    const kept = await goals.keepStart(view.owner, key, start, initialView(input, at));
    if (kept.start.started) continue;
    await goalClient.start(kept.start.input);
    await goals.markStarted(input.goalId);
    count += 1;
  }
  return count;
}

/** Goals that have not ended as far as anybody was told, and have had time to tell. */
async function unendedOf(pool: Pool, goalIds: readonly GoalId[]): Promise<GoalView[]> {
  if (goalIds.length === 0) return [];
  const { rows } = await pool.query<{ view: GoalView }>(
    `select view from goals where goal_id = any ($1) and state <> all ($2)
       and updated_at < now() - $3 * interval '1 millisecond'`,
    [goalIds, terminalStates, limits.sweepGraceMs],
  );
  return rows.map(({ view }) => view);
}

/** The goal that clears up after another one. Its id follows from that one, so there is one of it. */
function recoveryOf({ id, owner, zone, goal, aftercareOf }: GoalView): GoalWorkflowInput {
  return {
    goalId: recoveryIdOf(id),
    owner,
    zone,
    goal,
    context: '',
    constraints: [],
    mode: 'live',
    policy: defaultPolicy,
    timers: defaultTimers,
    protocol: 2,
    aftercare: {
      kind: 'recovery',
      of: id,
      stepIds: null,
      actor: 'adjutant',
      ...(aftercareOf === null ? {} : { origin: aftercareOf }),
    },
  };
}

/** 26 characters that nobody else's goal has. */
export function recoveryIdOf(goalId: GoalId): GoalId {
  return createHash('sha256').update(`recovery:${goalId}`).digest('hex').slice(0, 26) as GoalId;
}
