/**
 * Webhook endpoints in Postgres. Every query of a person names the owner. Secrets leave this file once,
 * when they are made; afterwards only the worker that signs can open them.
 */
import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { limits } from '#contracts/limits.ts';
import type { JournalType } from '#contracts/journal.ts';
import type { WebhookInput } from '#contracts/schemas/webhook.ts';
import type { Sealer } from '#infra/sealing.ts';
import { type Cursor, formatCursor } from '../events/cursor.ts';

/** An endpoint as its owner sees it. */
export type Webhook = {
  readonly id: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  /** `failing`: a delivery was given up; others are still tried. `disabled`: nothing is sent. */
  readonly state: 'enabled' | 'failing' | 'disabled';
  readonly reason: string | null;
  readonly stateChangedAt: string;
  readonly previousSecretExpiresAt: string | null;
  readonly createdAt: string;
};

/** What became of one event at one endpoint so far. */
export type Delivery = {
  readonly goalId: string;
  readonly number: number;
  readonly type: JournalType;
  readonly state: 'retrying' | 'delivered' | 'failed' | 'skipped';
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly detail: string | null;
  readonly lastAttemptAt: string;
  readonly nextAttemptAt: string | null;
};

/** Endpoints of people. */
export type WebhookStore = {
  /** Registers an endpoint that gets everything behind a cursor; null when the owner has too many. */
  create(
    owner: string,
    input: WebhookInput,
    cursor: Cursor,
  ): Promise<{ webhook: Webhook; secret: string } | null>;
  list(owner: string): Promise<Webhook[]>;
  find(owner: string, id: string): Promise<Webhook | null>;
  /** The newest deliveries first. */
  deliveries(id: string): Promise<Delivery[]>;
  remove(owner: string, id: string): Promise<boolean>;
  /** Makes another secret; the one before signs too for a day. Null when there is no such endpoint. */
  rotate(owner: string, id: string): Promise<{ webhook: Webhook; secret: string } | null>;
  /** Sends to an endpoint again. One that was disabled gets what is behind the cursor. */
  enable(owner: string, id: string, cursor: Cursor): Promise<Webhook | null>;
};

const columns = `endpoint_id as id, url, event_types as "eventTypes", state, reason,
  state_changed_at as "stateChangedAt", created_at as "createdAt",
  case when previous_secret_expires_at > now() then previous_secret_expires_at end
    as "previousSecretExpiresAt"`;

/** A WebhookStore on the tables of migration 0004. */
export function createWebhookStore(pool: Pool, sealer: Pick<Sealer, 'seal'>): WebhookStore {
  const one = async (sql: string, values: readonly unknown[]) => {
    const { rows } = await pool.query<WebhookRow>(sql, [...values]);
    return rows[0] === undefined ? null : webhookOf(rows[0]);
  };
  return {
    async create(owner, { url, eventTypes = [] }, cursor) {
      const id = `we_${randomBytes(12).toString('hex')}`;
      const secret = newSecret();
      const webhook = await one(
        `insert into webhook_endpoints (endpoint_id, owner, url, event_types, sealed_secret, cursor)
         select $1, $2, $3, $4, $5, $6
         where (select count(*) from webhook_endpoints where owner = $2) < $7
         returning ${columns}`,
        [
          id,
          owner,
          url,
          eventTypes,
          sealer.seal(secret, id),
          formatCursor(cursor),
          limits.webhooksPerOwner,
        ],
      );
      return webhook === null ? null : { webhook, secret };
    },
    async list(owner) {
      const { rows } = await pool.query<WebhookRow>(
        `select ${columns} from webhook_endpoints where owner = $1 order by created_at`,
        [owner],
      );
      return rows.map(webhookOf);
    },
    find: (owner, id) =>
      one(`select ${columns} from webhook_endpoints where owner = $1 and endpoint_id = $2`, [
        owner,
        id,
      ]),
    deliveries: (id) => deliveriesOf(pool, id),
    async remove(owner, id) {
      const { rowCount } = await pool.query(
        'delete from webhook_endpoints where owner = $1 and endpoint_id = $2',
        [owner, id],
      );
      return rowCount === 1;
    },
    async rotate(owner, id) {
      const secret = newSecret();
      const webhook = await one(
        `update webhook_endpoints set sealed_previous_secret = sealed_secret, sealed_secret = $3,
           previous_secret_expires_at = now() + $4 * interval '1 millisecond'
         where owner = $1 and endpoint_id = $2 returning ${columns}`,
        [owner, id, sealer.seal(secret, id), limits.webhookRotationMs],
      );
      return webhook === null ? null : { webhook, secret };
    },
    enable: (owner, id, cursor) =>
      one(
        `update webhook_endpoints set state = 'enabled', reason = null, failing_since = null,
           state_changed_at = case when state = 'enabled' then state_changed_at else now() end,
           cursor = case when state = 'disabled' then $3 else cursor end,
           cursor_at = case when state = 'disabled' then now() else cursor_at end,
           sending_since = case when state = 'disabled' then now() else sending_since end
         where owner = $1 and endpoint_id = $2 returning ${columns}`,
        [owner, id, formatCursor(cursor)],
      ),
  };
}

/** 256 random bits in the form of Standard Webhooks. */
function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

async function deliveriesOf(pool: Pool, id: string): Promise<Delivery[]> {
  type Row = Omit<Delivery, 'lastAttemptAt' | 'nextAttemptAt'> & {
    readonly lastAttemptAt: Date;
    readonly nextAttemptAt: Date | null;
  };
  const { rows } = await pool.query<Row>(
    `select goal_id as "goalId", number, type, state, attempts, last_status as "lastStatus", detail,
            last_attempt_at as "lastAttemptAt", next_attempt_at as "nextAttemptAt"
     from webhook_deliveries where endpoint_id = $1
     order by last_attempt_at desc, goal_id, number desc limit $2`,
    [id, limits.webhookDeliveriesShown],
  );
  return rows.map((row) => ({
    ...row,
    lastAttemptAt: row.lastAttemptAt.toISOString(),
    nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
  }));
}

type WebhookRow = Omit<Webhook, 'stateChangedAt' | 'createdAt' | 'previousSecretExpiresAt'> & {
  readonly stateChangedAt: Date;
  readonly createdAt: Date;
  readonly previousSecretExpiresAt: Date | null;
};

function webhookOf(row: WebhookRow): Webhook {
  return {
    ...row,
    stateChangedAt: row.stateChangedAt.toISOString(),
    createdAt: row.createdAt.toISOString(),
    previousSecretExpiresAt: row.previousSecretExpiresAt?.toISOString() ?? null,
  };
}
