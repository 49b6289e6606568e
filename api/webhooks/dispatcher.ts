/**
 * Turns journal events into deliveries: reads what lies behind each endpoint's cursor, starts one
 * workflow an event, then saves the cursor. A crash between the two repeats starts, which their ids
 * make harmless. One api process at a time does this.
 */
import type { Pool } from 'pg';
import type { GoalEvent } from '#contracts/journal.ts';
import { limits, webhookScheduleMs } from '#contracts/limits.ts';
import { webhookEventType } from '#contracts/schemas/webhook.ts';
import { type Cursor, formatCursor, parseCursor } from '../events/cursor.ts';
import type { JournalFeed } from '../events/journal-feed.ts';
import type { StartDelivery } from './start-delivery.ts';

/** What dispatching needs. */
export type DispatchDeps = {
  readonly pool: Pool;
  readonly feed: JournalFeed;
  readonly startDelivery: StartDelivery;
  readonly scheduleMs?: readonly number[];
  readonly disableAfterMs?: number;
};

type Endpoint = {
  readonly id: string;
  readonly owner: string;
  readonly eventTypes: readonly string[];
  readonly cursor: string;
  /** Older events come from a rebuild of the journal, and were never meant for it. */
  readonly sendingSince: Date;
  /** What happened before has its workflow, wherever the cursor is. */
  readonly dispatchedUntil: Date;
  readonly stale: boolean;
};

/** Any number that no other program locks on the same server. */
const lockKey = 72_617_004;
const refreshCursorMs = 60_000;
/** Events carry Temporal's time, endpoints that of Postgres. */
const clockDifferenceMs = 60_000;
/** Events are published a moment after they happened. */
const publishingDelayMs = 10 * 60_000;

/**
 * Dispatches what is due.
 * @returns how many events it dispatched; null when another process is at it
 * @throws AggregateError when some endpoints could not be served; the others were
 */
export async function dispatchWebhooks(deps: DispatchDeps): Promise<number | null> {
  return withLock(deps.pool, async () => {
    const { rows } = await deps.pool.query<Endpoint>(
      `select endpoint_id as id, owner, event_types as "eventTypes", cursor,
              sending_since - $3 * interval '1 millisecond' as "sendingSince",
              cursor_at - $1 * interval '1 millisecond' as "dispatchedUntil",
              cursor_at < now() - $2 * interval '1 millisecond' as stale
       from webhook_endpoints where state <> 'disabled' order by created_at`,
      [publishingDelayMs, refreshCursorMs, clockDifferenceMs],
    );
    const errors: unknown[] = [];
    let count = 0;
    for (const endpoint of rows) {
      try {
        count += await dispatchTo(deps, endpoint);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) {
      throw new AggregateError(errors, `${errors.length} webhooks could not be served`);
    }
    return count;
  });
}

async function dispatchTo(deps: DispatchDeps, endpoint: Endpoint): Promise<number> {
  const { id, owner } = endpoint;
  let cursor = parseCursor(endpoint.cursor) ?? (await deps.feed.end());
  let since = endpoint.sendingSince;
  let rebuilt = false;
  let count = 0;
  for (;;) {
    const page = await deps.feed.inbox(owner, cursor, limits.eventPageSize);
    if (!page.known) {
      cursor = { epoch: page.next.epoch, transactionId: '0', goalId: '', number: 0 };
      rebuilt = true;
      if (endpoint.dispatchedUntil > since) since = endpoint.dispatchedUntil;
      continue;
    }
    const due = page.events
      .map(({ event }) => event)
      .filter((event) => wants(endpoint, event))
      .filter(({ at }) => Date.parse(at) >= since.getTime());
    await Promise.all(due.map((event) => deps.startDelivery(requestOf(deps, id, event))));
    count += due.length;
    cursor = page.next;
    if (page.events.length === limits.eventPageSize) continue;
    if (count > 0 || rebuilt || endpoint.stale) await saveCursor(deps.pool, endpoint, cursor);
    return count;
  }
}

function wants({ eventTypes }: Endpoint, { type }: GoalEvent): boolean {
  return eventTypes.length === 0 || eventTypes.includes(webhookEventType(type));
}

function requestOf(deps: DispatchDeps, endpointId: string, event: GoalEvent) {
  const { scheduleMs = webhookScheduleMs, disableAfterMs = limits.webhookDisableAfterMs } = deps;
  return { endpointId, event, scheduleMs, disableAfterMs };
}

/** Unless the endpoint was enabled anew meanwhile, which moves the cursor too. */
async function saveCursor(pool: Pool, { id, cursor }: Endpoint, next: Cursor): Promise<void> {
  await pool.query(
    `update webhook_endpoints set cursor = $3, cursor_at = now()
     where endpoint_id = $1 and cursor = $2`,
    [id, cursor, formatCursor(next)],
  );
}

/** Forgets deliveries that ended long ago. */
export async function pruneDeliveries(pool: Pool): Promise<void> {
  await pool.query(
    `delete from webhook_deliveries where state <> 'retrying'
       and last_attempt_at < now() - $1 * interval '1 millisecond'`,
    [limits.webhookDeliveriesKeptMs],
  );
}

/** The lock belongs to a connection: a process that dies gives it back. */
async function withLock<T>(pool: Pool, work: () => Promise<T>): Promise<T | null> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const { rows } = await client.query<{ mine: boolean }>(
      'select pg_try_advisory_lock($1) as mine',
      [lockKey],
    );
    if (rows[0]?.mine !== true) return null;
    try {
      return await work();
    } finally {
      await client.query('select pg_advisory_unlock($1)', [lockKey]).catch((error: Error) => {
        broken = error; // Closing the connection gives the lock back too.
      });
    }
  } finally {
    client.release(broken);
  }
}
