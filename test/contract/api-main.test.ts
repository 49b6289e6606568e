/** The api as a process: it gets ready, serves while others are away, and stops cleanly. */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const main = fileURLToPath(new URL('../../api/main.ts', import.meta.url));
const token = 'token-of-the-owner-1';
let dir: string;
let database: TestDatabase;
const children: ChildProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  dir = await mkdtemp(join(tmpdir(), 'adjutant-api-'));
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await writeFile(join(dir, 'decision-signing.key'), pem);
  await writeFile(join(dir, 'webhooks.key'), randomBytes(32).toString('hex'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

function start(env: Record<string, string>) {
  const child = spawn(process.execPath, ['--import', 'tsx', main], {
    env: {
      PATH: process.env['PATH'] ?? '',
      ADJUTANT_STATE_DIR: dir,
      ADJUTANT_API_PORT: '0',
      ADJUTANT_API_TOKEN: token,
      ADJUTANT_OWNER: 'alice@example.com',
      ADJUTANT_LOG_LEVEL: 'silent',
      ADJUTANT_TASK_QUEUE: `test-api-main-${process.pid}`,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let error = '';
  child.stderr.on('data', (data: Buffer) => (error += data.toString()));
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  const ready = new Promise<string>((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString();
      if (out.includes('\n')) resolve((JSON.parse(out) as { url: string }).url);
    });
    child.on('close', () => reject(new Error(error)));
  });
  ready.catch(() => undefined);
  return { child, ready, exited, error: () => error };
}

const call = (url: string, init: RequestInit = {}) =>
  fetch(url, {
    ...init,
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(init.headers as Record<string, string> | undefined),
    },
  });

describe('the api process', () => {
  it('prints its address, starts goals on the real server, and stops on SIGTERM', async () => {
    const api = start({
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
    });
    const url = await api.ready;
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
      status: 'ready',
      temporal: 'ok',
      postgres: 'ok',
    });
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^process_cpu/m);
    const body = JSON.stringify({ goal: 'Invite Bob next week' });
    const answer = await call(`${url}/v1/goals`, { method: 'POST', body });
    expect(answer.status).toBe(202);
    const { rows } = await database.pool.query('select started_at from idempotency_keys');
    expect(rows[0].started_at).toBeInstanceOf(Date);
    api.child.kill('SIGTERM');
    expect(await api.exited).toBe(0);
  });

  it('serves what it can and says 503 while Temporal and Postgres are away', async () => {
    const api = start({
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    });
    const url = await api.ready;
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const readiness = await fetch(`${url}/readyz`);
    expect([readiness.status, await readiness.json()]).toMatchObject([
      503,
      { temporal: 'down', postgres: 'down' },
    ]);
    const goals = await call(`${url}/v1/goals`);
    expect([goals.status, goals.headers.get('retry-after')]).toEqual([503, '5']);
  });

  it('refuses to start without what it needs, in one line', async () => {
    const noDatabase = start({ TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect(await noDatabase.exited).toBe(1);
    expect(noDatabase.error()).toMatch(/^DATABASE_URL is not set: .*\n$/);
    const noKey = start({
      DATABASE_URL: database.url,
      ADJUTANT_DECISION_PRIVATE_KEY_FILE: join(dir, 'none.key'),
    });
    expect(await noKey.exited).toBe(1);
    expect(noKey.error()).toMatch(/^\S+none\.key cannot be read .*\n$/);
  });
});
