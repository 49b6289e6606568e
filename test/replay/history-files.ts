/** Where histories of releases are kept, and how one becomes a file without traces of a machine. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Payload } from '@temporalio/common';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Pool } from 'pg';
import { isJsonObject, type Json, type JsonObject } from '#contracts/json.ts';
import { dataConverter, resolvePayload } from '#infra/postgres/payload-storage.ts';

type History = Parameters<typeof historyToJSON>[0];

const folder = join(import.meta.dirname, 'histories');

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
  const { externalStorage } = dataConverter(pool);
  async function complete(value: Json): Promise<Json> {
    if (Array.isArray(value)) return Promise.all((value as readonly Json[]).map(complete));
    if (!isJsonObject(value)) return value;
    const payload = payloadIn(value);
    if (payload !== undefined) return asJson(await resolvePayload(payload, externalStorage));
    const entries = Object.entries(value).map(
      async ([key, item]) => [key, await complete(item)] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }
  return historyFromJSON(await complete(JSON.parse(historyToJSON(history)) as Json));
}

/** The payload that an object of a history's JSON is, if it may be a reference. */
function payloadIn({ metadata, data }: JsonObject): Payload | undefined {
  if (!isJsonObject(metadata) || typeof data !== 'string') return undefined;
  if (!('messageType' in metadata)) return undefined;
  const bytes = (value: Json) => Buffer.from(typeof value === 'string' ? value : '', 'base64');
  const entries = Object.entries(metadata).map(([key, value]) => [key, bytes(value)] as const);
  return { metadata: Object.fromEntries(entries), data: bytes(data) };
}

function asJson({ metadata, data }: Payload): JsonObject {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const entries = Object.entries(metadata ?? {}).map(([key, value]) => [key, text(value)] as const);
  return { metadata: Object.fromEntries(entries), data: text(data ?? new Uint8Array()) };
}

/** The names of what a release has on record; of a chain of runs also the name of the chain. */
export function namesKept(release: string): ReadonlySet<string> {
  const files = existsSync(join(folder, release)) ? readdirSync(join(folder, release)) : [];
  const names = files.map((file) => file.replace(/\.json$/, ''));
  return new Set([...names, ...names.map((name) => name.replace(/-run-\d+$/, ''))]);
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
