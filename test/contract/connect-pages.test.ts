/** Connecting in the browser and disconnecting over HTTP: the pages, real workflows, the sandbox's Google. */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAccountActivities } from '#activities/account-activities.ts';
import { createCredentialStore, type CredentialStore } from '#activities/credentials.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import { googleSignIn } from '#activities/google/connect.ts';
import { createAccountRequests } from '#api/accounts/account-requests.ts';
import { accountWorkflowId, queueName } from '#contracts/names.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { workflowBundle } from '#workers/bundle.ts';
import { connectTestClient, connectTestWorker, uniqueQueue } from '../support/temporal.ts';
import { alice, bob, createFixture, type Fixture, tokens } from './api-fixture.ts';
import '../support/quiet-runtime.ts';
import { googleAt } from './google-setup.ts';

const key = randomBytes(32);
const bobs = 'bob.keller@office.example.com';
let api: Fixture;
let sandbox: Sandbox;
let credentials: CredentialStore;
let client: Awaited<ReturnType<typeof connectTestClient>>;
let connection: NativeConnection;
let workers: Worker[];
let runs: Promise<void>[];

beforeAll(async () => {
  [api, sandbox, client, connection] = await Promise.all([
    createFixture(),
    startSandbox(),
    connectTestClient(),
    connectTestWorker(),
  ]);
  const { pool } = api.database;
  credentials = createCredentialStore(pool, key);
  const google = googleSignIn({
    ...googleAt(sandbox),
    fetch: createGuardedFetch('sandbox'),
    timeoutMs: 5_000,
  });
  const prefix = uniqueQueue('accounts');
  workers = await Promise.all([
    Worker.create({
      connection,
      taskQueue: queueName(prefix, 'goals'),
      workflowBundle: await workflowBundle(join(tmpdir(), 'adjutant-test-bundles')),
    }),
    Worker.create({
      connection,
      taskQueue: queueName(prefix, 'connectors'),
      activities: createAccountActivities({
        pool,
        key,
        credentials,
        flows: { google, microsoft: google },
      }),
    }),
  ]);
  runs = workers.map((worker) => worker.run());
  api.temporal.accountRequest = createAccountRequests(client.client, prefix);
});
afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await Promise.all(runs);
  await connection.close();
  await client[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});
beforeEach(() => api.database.pool.query('truncate accounts, sign_ins'));

/** Sends the form as a browser does. */
const post = (form: Record<string, string>, headers: Record<string, string> = {}) =>
  api.app.inject({
    method: 'POST',
    url: '/connect',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(form).toString(),
  });
const get = (url: string, cookie?: string) =>
  api.app.inject({ url, headers: cookie === undefined ? {} : { cookie } });

/** Begins as Alice, and consents at the sandbox as somebody. */
async function consent(form: Record<string, string> = {}, as = bobs) {
  const page = await post({ token: tokens[alice], provider: 'google', label: '', ...form });
  expect(page.statusCode).toBe(200);
  const cookie = String(page.headers['set-cookie']);
  const address = /content="0;url=([^"]+)"/.exec(page.body)![1]!.replaceAll('&amp;', '&');
  const url = new URL(address);
  url.searchParams.set('login_hint', as);
  const answer = await fetch(url, { redirect: 'manual' });
  const back = new URL(answer.headers.get('location')!);
  const { rows } = await api.database.pool.query<{ id: string }>('select id from sign_ins');
  return { back, path: `${back.pathname}${back.search}`, cookie, url, signInId: rows[0]!.id };
}
const count = async (table: string) =>
  Number((await api.database.pool.query(`select count(*) from ${table}`)).rows[0].count);

describe('the connect page', () => {
  it('shows nothing of anybody and begins nothing without a token', async () => {
    const page = await get('/connect');
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'/);
    expect(page.body).not.toMatch(/@/);
    for (const [form, status] of [
      [{ token: 'made-up-token-123', provider: 'google' }, 401],
      [{ token: tokens[alice], provider: 'elsewhere' }, 422],
      [{ token: tokens[alice], provider: 'google', label: 'me@here.example' }, 422],
    ] as const) {
      expect((await post(form)).statusCode).toBe(status);
    }
    expect(await count('sign_ins')).toBe(0);
  });

  it('goes to the vendor and back, and stores the account for whoever showed the token', async () => {
    const { path, cookie, url, signInId } = await consent({ label: 'second', default: 'yes' });
    expect(cookie).toMatch(/; HttpOnly; SameSite=Lax; Path=\/connect; Max-Age=600$/);
    expect(url.searchParams.get('code_challenge_method')).toBe('S256');
    const done = await get(path, cookie);
    expect(done.statusCode).toBe(200);
    expect(done.body).toContain(`${bobs} (Google, second, default)`);
    expect(await credentials.get(alice, bobs)).toMatchObject({
      refreshToken: `sandbox-refresh-${bobs}`,
      label: 'second',
      isDefault: true,
    });
    expect(await count('sign_ins')).toBe(0);
    expect((await get(path, cookie)).statusCode).toBe(400);
    expect(await credentials.list(bob)).toEqual([]);

    const { events } = await client.client.workflow
      .getHandle(accountWorkflowId('completeSignIn', signInId))
      .fetchHistory();
    const payloads = JSON.stringify(events, (_key, value) =>
      value?.type === 'Buffer' ? Buffer.from(value.data).toString() : value,
    );
    expect(payloads).toContain(signInId);
    expect(payloads).not.toMatch(/sandbox-(?:code|refresh|access)/);
  });

  it('takes an answer only from the browser that asked, and only once', async () => {
    const { path, cookie, back } = await consent();
    const other = await consent();
    expect((await get(path)).statusCode).toBe(400);
    expect((await get(path, other.cookie)).statusCode).toBe(400);
    back.searchParams.set('state', 'guessed');
    expect((await get(`${back.pathname}${back.search}`, cookie)).statusCode).toBe(400);
    expect((await get(path.replace('/google', '/microsoft'), cookie)).statusCode).toBe(400);
    expect(await count('accounts')).toBe(0);
    const both = await Promise.all([get(path, cookie), get(path, cookie)]);
    expect(both.map(({ statusCode }) => statusCode).toSorted((a, b) => a - b)).toEqual([200, 400]);
  });

  it('says why when the person declines, and when the code does not fit', async () => {
    const declined = await consent();
    declined.back.search = `?state=${declined.back.searchParams.get('state')}&error=access_denied`;
    const page = await get(`${declined.back.pathname}${declined.back.search}`, declined.cookie);
    expect(page.body).toContain('Google did not connect the account: access_denied.');
    expect((await get(declined.path, declined.cookie)).statusCode).toBe(400);
    await api.database.pool.query('truncate sign_ins');
    const forged = await consent();
    forged.back.searchParams.set('code', 'made-up');
    const refused = await get(`${forged.back.pathname}${forged.back.search}`, forged.cookie);
    expect(refused.statusCode).toBe(409);
    expect(refused.body).toContain('Connect once more.');
    expect(await count('accounts')).toBe(0);
  });

  it('shows what others wrote as text', async () => {
    const { back, cookie } = await consent();
    back.search = `?state=${back.searchParams.get('state')}&error=<script>alert(1)</script>`;
    const { body } = await get(`${back.pathname}${back.search}`, cookie);
    expect(body).toContain('&lt;script&gt;');
    expect(body).not.toContain('<script');
  });

  it('has the vendor send nobody to a server that only a header names', async () => {
    const form = { token: tokens[alice], provider: 'google' };
    const page = await post(form, { host: 'elsewhere.example.org' });
    expect(page.statusCode).toBe(409);
    expect(page.body).toContain('ADJUTANT_PUBLIC_URL');
    expect(await count('sign_ins')).toBe(0);
  });
});

describe('an account that is disconnected', () => {
  it('is gone here and at Google', async () => {
    const { path, cookie } = await consent();
    await get(path, cookie);
    const gone = await api.request(alice, { method: 'DELETE', url: `/v1/accounts/${bobs}` });
    expect([gone.statusCode, gone.json()]).toEqual([200, { email: bobs, leftToDo: null }]);
    expect((await api.request(alice, { url: '/v1/accounts' })).json()).toEqual({ accounts: [] });
    const renewal = await fetch(`${sandbox.url}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: `sandbox-refresh-${bobs}`,
      }),
    });
    expect(await renewal.json()).toMatchObject({ error: 'invalid_grant' });
    const again = await api.request(alice, { method: 'DELETE', url: `/v1/accounts/${bobs}` });
    expect(again.statusCode).toBe(404);
  });
});
