/** What is known of an endpoint and a delivery, in Postgres. It sends nothing and opens no secret. */
import type { Pool } from 'pg';
import type { WebhookOutcome, WebhookRequest } from '#contracts/webhooks.ts';
import { inTransaction } from '../effects/ledger.ts';

/** Where one delivery stands before an attempt. */
export type Target = {
  readonly url: string;
  readonly enabled: boolean;
  readonly sealedSecrets: readonly string[];
  readonly attempts: number;
  /** What it came to, when nothing is left to do. */
  readonly outcome: WebhookOutcome | null;
};

/** What an attempt came to. */
export type Attempt = {
  readonly state: 'retrying' | 'delivered' | 'failed' | 'skipped';
  readonly attempts: number;
  readonly status: number | null;
  readonly problem: string | null;
  readonly nextAttemptAt: Date | null;
};

/** Reads an endpoint and how its delivery stands; null when the endpoint is gone. */
export async function readTarget(
  pool: Pool,
  { endpointId, event }: WebhookRequest,
): Promise<Target | null> {
  const { rows } = await pool.query<Target>(
    `select url, e.state <> 'disabled' as enabled, coalesce(d.attempts, 0) as attempts,
            nullif(d.state, 'retrying') as outcome,
            array_remove(array[sealed_secret, case when previous_secret_expires_at > now()
              then sealed_previous_secret end], null) as "sealedSecrets"
     from webhook_endpoints e left join webhook_deliveries d
       on d.endpoint_id = e.endpoint_id and d.goal_id = $2 and d.number = $3
     where e.endpoint_id = $1`,
    [endpointId, event.goalId, event.number],
  );
  return rows[0] ?? null;
}

/** Records an attempt and what it says about the endpoint. Nothing, when the endpoint is gone. */
export async function recordAttempt(
  pool: Pool,
  { endpointId, event, disableAfterMs }: WebhookRequest,
  attempt: Attempt,
): Promise<void> {
  const { state, attempts, status, problem, nextAttemptAt } = attempt;
  await inTransaction(pool, async (client) => {
    await client.query(
      `insert into webhook_deliveries (endpoint_id, goal_id, number, type, state, attempts,
         last_status, detail, last_attempt_at, next_attempt_at)
       select endpoint_id, $2, $3, $4, $5, $6, $7, $8, now(), $9
       from webhook_endpoints where endpoint_id = $1
       on conflict (endpoint_id, goal_id, number) do update set state = excluded.state,
         attempts = excluded.attempts, last_status = excluded.last_status,
         detail = excluded.detail, last_attempt_at = excluded.last_attempt_at,
         next_attempt_at = excluded.next_attempt_at`,
      [
        endpointId,
        event.goalId,
        event.number,
        event.type,
        state,
        attempts,
        status,
        problem,
        nextAttemptAt,
      ],
    );
    if (state === 'delivered') await client.query(nowWell, [endpointId]);
    if (state === 'retrying') await client.query(nowFailing, [endpointId]);
    if (state === 'failed') {
      await client.query(gaveUp, [endpointId, status === 410, problem, disableAfterMs]);
    }
  });
}

const nowWell = `
  update webhook_endpoints set failing_since = null, state = 'enabled', reason = null,
    state_changed_at = case when state = 'failing' then now() else state_changed_at end
  where endpoint_id = $1 and state <> 'disabled' and failing_since is not null`;

const nowFailing = `
  update webhook_endpoints set failing_since = now()
  where endpoint_id = $1 and failing_since is null`;

/** 410 is the receiver's own word; otherwise an endpoint is disabled after days without a success. */
const gaveUp = `
  update webhook_endpoints set failing_since = coalesce(failing_since, now()),
    state = case when $2 or failing_since < now() - $4 * interval '1 millisecond'
      then 'disabled' else 'failing' end,
    reason = case when $2 then 'The receiver answered 410: it wants nothing more.'
      else 'A delivery was given up. The last attempt: ' || $3::text end,
    state_changed_at = now()
  where endpoint_id = $1 and state <> 'disabled'`;
