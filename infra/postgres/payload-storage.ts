/**
 * Keeps large payloads of workflows in Postgres, so that a history holds a short reference instead. The
 * SDK calls it outside of the workflow sandbox, in workers and clients. It deletes nothing; see
 * payload-sweep.ts.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApplicationFailure,
  type DataConverter,
  ExternalStorage,
  type Payload,
  type StorageDriver,
  StorageDriverClaim,
  type StorageDriverTargetInfo,
} from '@temporalio/common';
import type { Pool, QueryConfig, QueryResultRow } from 'pg';
import type { FailureType } from '#contracts/failures.ts';
import { inlineReach } from '#contracts/inline.ts';
import { limits } from '#contracts/limits.ts';

/** Written into every reference, so it never changes. */
const driverName = 'adjutant-postgres';
/** How the SDK marks a reference; see temporal/api/sdk/v1/external_storage.proto. */
const referenceType = 'temporal.api.sdk.v1.ExternalStorageReference';
/** Between two attempts to reach Postgres. */
const pauseMs = 200;
const unavailable: FailureType = 'StorageUnavailableError';

/** What a reference in a history says: under which workflow a payload lies, and its digest in hex. */
type Claim = { readonly workflowId: string; readonly digest: string };

/** A row of `stored_payloads`. */
type StoredPayload = {
  readonly workflow_id: string;
  readonly digest: Buffer;
  /** Values in base64. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly data: Buffer;
};

/**
 * What workers and clients convert values with: payloads over `limits.historyPayloadMaxBytes` go to
 * Postgres. A value for or from a workflow can only be read where this is given.
 */
export function dataConverter(pool: Pool): DataConverter {
  const driver = createPayloadStorage(pool);
  return {
    externalStorage: new ExternalStorage({
      drivers: [driver],
      payloadSizeThreshold: limits.historyPayloadMaxBytes,
      driverSelector: ({ target }, payload) =>
        workflowIdOf(target) === undefined || staysInMessage(payload) ? null : driver,
    }),
  };
}

/**
 * The storage driver. A payload is stored once for each workflow, under its digest, so storing again
 * changes nothing. Every failure of Postgres is a StorageUnavailableError, which Temporal retries.
 */
export function createPayloadStorage(pool: Pool): StorageDriver {
  return {
    name: driverName,
    type: 'adjutant.postgres',
    async store({ target }, payloads) {
      const workflowId = workflowIdOf(target);
      if (workflowId === undefined) throw new TypeError('Only payloads of workflows are stored.');
      const rows = payloads.map((payload) => rowOf(workflowId, payload));
      await insert(pool, workflowId, rows);
      return rows.map(
        ({ digest }) => new StorageDriverClaim({ workflowId, digest: digest.toString('hex') }),
      );
    },
    async retrieve(_context, claims) {
      const wanted = claims.map(({ claimData }) => claimOf(claimData));
      const rows = await select(pool, wanted);
      const found = new Map(rows.map((row) => [keyOf(row.workflow_id, row.digest), row]));
      return wanted.map(({ workflowId, digest }) =>
        payloadOf(found.get(keyOf(workflowId, Buffer.from(digest, 'hex')))),
      );
    },
  };
}

/**
 * What a payload of a raw history holds: `fetchHistory` resolves no reference. Any other payload comes
 * back as it is. @throws StorageUnavailableError
 */
export async function resolvePayload(
  payload: Payload,
  storage: ExternalStorage | undefined,
): Promise<Payload> {
  const messageType = payload.metadata?.['messageType'];
  if (messageType === undefined || payload.data == null) return payload;
  if (Buffer.from(messageType).toString() !== referenceType) return payload;
  const { driverName: name, claimData } = JSON.parse(Buffer.from(payload.data).toString()) as {
    driverName: string;
    claimData: Record<string, string>;
  };
  const claims = [new StorageDriverClaim(claimData)];
  const [resolved] = (await storage?.getDriver(name)?.retrieve({}, claims)) ?? [];
  return resolved ?? payload;
}

function workflowIdOf(target: StorageDriverTargetInfo | undefined): string | undefined {
  return target?.kind === 'workflow' ? target.id : undefined;
}

/** What enters no history would be stored in vain, unless it is too large for a message. */
function staysInMessage(payload: Payload): boolean {
  const reach = inlineReach(payload);
  if (reach === 'worker') return true;
  if ((payload.data?.length ?? 0) > limits.messagePayloadMaxBytes) return false;
  return reach === 'message' || isWorkflowMetadata(payload);
}

/**
 * What the Web UI asks every workflow for, with the current details. The SDK answers past interceptors
 * and converter (1.24.0), so that no mark can be put on it, and the Web UI reads no reference.
 */
function isWorkflowMetadata({ data }: Payload): boolean {
  const start = '{"definition":{"type":';
  return data != null && Buffer.from(data.subarray(0, start.length)).toString() === start;
}

function rowOf(workflowId: string, { metadata, data }: Payload): StoredPayload {
  const texts = Object.entries(metadata ?? {}).map(
    ([key, value]) => [key, Buffer.from(value).toString('base64')] as const,
  );
  const content = { metadata: Object.fromEntries(texts), data: Buffer.from(data ?? []) };
  return { workflow_id: workflowId, digest: digestOf(content), ...content };
}

function digestOf({ metadata, data }: Pick<StoredPayload, 'metadata' | 'data'>): Buffer {
  const entries = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(`${JSON.stringify(entries)}\n`)
    .update(data)
    .digest();
}

/**
 * A payload nobody can decode stands for one that is lost or was altered. What becomes of it is the
 * payload converter's decision: a message to a workflow is refused, a result is waited for.
 */
function payloadOf(row: StoredPayload | undefined): Payload {
  if (row === undefined) return { metadata: { encoding: Buffer.from('adjutant/lost') } };
  if (!digestOf(row).equals(row.digest)) {
    return { metadata: { encoding: Buffer.from('adjutant/altered') } };
  }
  const values = Object.entries(row.metadata).map(
    ([key, value]) => [key, new Uint8Array(Buffer.from(value, 'base64'))] as const,
  );
  return { metadata: Object.fromEntries(values), data: new Uint8Array(row.data) };
}

function claimOf({ workflowId = '', digest = '' }: Record<string, string>): Claim {
  return { workflowId, digest };
}

function keyOf(workflowId: string, digest: Buffer): string {
  return `${digest.toString('hex')} ${workflowId}`;
}

async function insert(pool: Pool, workflowId: string, all: StoredPayload[]): Promise<void> {
  // One statement may touch a row once; a fixed order keeps two statements from waiting for each other.
  const rows = [...new Map(all.map((row) => [row.digest.toString('hex'), row])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row);
  await run(pool, {
    text: `insert into stored_payloads (workflow_id, digest, metadata, data)
      select $1, digest, metadata, data
        from unnest($2::bytea[], $3::jsonb[], $4::bytea[]) as new (digest, metadata, data)
      on conflict (workflow_id, digest) do update set orphaned_at = null
        where stored_payloads.orphaned_at is not null`,
    values: [
      workflowId,
      rows.map(({ digest }) => digest),
      rows.map(({ metadata }) => JSON.stringify(metadata)),
      rows.map(({ data }) => data),
    ],
  });
}

function select(pool: Pool, wanted: readonly Claim[]): Promise<StoredPayload[]> {
  return run<StoredPayload>(pool, {
    text: `select workflow_id, digest, metadata, data
      from unnest($1::text[], $2::bytea[]) as wanted (workflow_id, digest)
      join stored_payloads using (workflow_id, digest)`,
    values: [
      wanted.map(({ workflowId }) => workflowId),
      wanted.map(({ digest }) => Buffer.from(digest, 'hex')),
    ],
  });
}

/**
 * Runs a statement, again and again while Postgres restarts. Server 1.29.2 repeats a failed workflow
 * task only after its 10 s, and later and later, so that waiting here is what lets goals go on at once.
 */
async function run<Row extends QueryResultRow>(pool: Pool, query: QueryConfig): Promise<Row[]> {
  const until = Date.now() + limits.payloadStorageTimeoutMs;
  for (;;) {
    try {
      const timed = { ...query, query_timeout: Math.max(until - Date.now(), 1) };
      return (await pool.query<Row>(timed)).rows;
    } catch (error) {
      if (Date.now() + pauseMs >= until) throw storageFailure(error);
      await sleep(pauseMs);
    }
  }
}

function storageFailure(error: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    type: unavailable,
    message: 'Postgres did not answer for a stored payload.',
    nonRetryable: false,
    ...(error instanceof Error ? { cause: error } : {}),
  });
}
