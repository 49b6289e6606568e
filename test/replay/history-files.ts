/** Where histories of releases are kept, and how one becomes a file without traces of a machine. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Payload, StorageDriverClaim } from '@temporalio/common';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Pool } from 'pg';
import { isJsonObject, type Json, type JsonObject } from '#contracts/json.ts';
import { createPayloadStorage } from '#infra/postgres/payload-storage.ts';

type History = Parameters<typeof historyToJSON>[0];

const folder = join(import.meta.dirname, 'histories');
const referenceType = Buffer.from('temporal.api.sdk.v1.ExternalStorageReference');

/** Writes a history of the current release. Who ran it, and where code lay, is left out. */
export async function keepHistory(
  release: string,
  name: string,
  history: History,
  pool: Pool,
): Promise<void> {
  const complete = historyToJSON(await withStoredPayloads(history, pool));
  const text = JSON.stringify(JSON.parse(complete), (key, value: unknown) =>
    key === 'identity' || key === 'stackTrace' ? '' : value,
  );
  mkdirSync(join(folder, release), { recursive: true });
  writeFileSync(join(folder, release, `${name}.json`), `${text}\n`);
}

/** The same history with stored payloads put back in place, so that it replays without Postgres. */
export async function withStoredPayloads(history: History, pool: Pool): Promise<History> {
  const storage = createPayloadStorage(pool);
  async function complete(value: Json): Promise<Json> {
    if (Array.isArray(value)) return Promise.all((value as readonly Json[]).map(complete));
    if (!isJsonObject(value)) return value;
    const claim = claimOf(value);
    if (claim !== undefined) return asJson((await storage.retrieve({}, [claim]))[0]!);
    const entries = Object.entries(value).map(
      async ([key, item]) => [key, await complete(item)] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }
  return historyFromJSON(await complete(JSON.parse(historyToJSON(history)) as Json));
}

/** What a payload in a history's JSON refers to; undefined when it holds a value itself. */
function claimOf({ metadata, data }: JsonObject): StorageDriverClaim | undefined {
  const isReference =
    isJsonObject(metadata) && metadata['messageType'] === referenceType.toString('base64');
  if (!isReference || typeof data !== 'string') return undefined;
  const { claimData } = JSON.parse(Buffer.from(data, 'base64').toString()) as {
    claimData: Record<string, string>;
  };
  return new StorageDriverClaim(claimData);
}

function asJson({ metadata, data }: Payload): JsonObject {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const entries = Object.entries(metadata ?? {}).map(([key, value]) => [key, text(value)] as const);
  return { metadata: Object.fromEntries(entries), data: text(data ?? new Uint8Array()) };
}

/** All kept histories, as `<release>/<name>`. */
export function keptHistories(): { workflowId: string; history: History }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      workflowId: file.replace(/\.json$/, ''),
      history: historyFromJSON(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
    }));
}
