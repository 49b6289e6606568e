/** Connecting a Google account against the sandbox's OAuth endpoints. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCredentialStore, type CredentialStore } from '#activities/credentials.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import { googleScopes } from '#activities/google/connect.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectGoogle } from '#workers/connect.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let sandbox: Sandbox;
let database: TestDatabase;
let credentials: CredentialStore;
beforeAll(async () => {
  [sandbox, database] = await Promise.all([startSandbox(), createTestDatabase()]);
  credentials = createCredentialStore(database.pool, randomBytes(32));
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** Starts a connection and hands its consent address to `visit`. */
async function connect(visit: (url: URL) => Promise<unknown>, owner?: string): Promise<string> {
  const addresses: URL[] = [];
  const run = connectGoogle({
    google: {
      rootUrl: `${sandbox.url}/`,
      tokenUrl: `${sandbox.url}/token`,
      authUrl: `${sandbox.url}/auth`,
      clientId: 'client',
      clientSecret: 'secret',
      fetch: createGuardedFetch('sandbox'),
      timeoutMs: 5_000,
    },
    credentials,
    owner,
    port: 0,
    print: (line) => {
      if (URL.canParse(line)) addresses.push(new URL(line));
    },
  });
  run.catch(() => undefined);
  await expect.poll(() => addresses.length).toBe(1);
  await visit(addresses[0]!);
  return run;
}
const main = () => sandbox.office.main.email;

it('stores a sealed token for whoever consents, with which the account can be used', async () => {
  const email = await connect(async (url) => {
    expect(url.searchParams.get('scope')?.split(' ')).toEqual(googleScopes);
    expect(url.searchParams.get('access_type')).toBe('offline');
    expect(url.searchParams.get('code_challenge_method')).toBe('S256');
    const page = await fetch(url);
    expect(page.status).toBe(200);
  });
  expect(email).toBe(main());
  expect(await credentials.get(email, 'google')).toMatchObject({ state: 'connected', email });
  const { rows } = await database.pool.query('select sealed_refresh_token as sealed from accounts');
  expect(rows[0].sealed).not.toContain('sandbox-refresh');
});

it('refuses an answer with another state, and goes on waiting for the right one', async () => {
  const email = await connect(async (url) => {
    const callback = new URL(url.searchParams.get('redirect_uri')!);
    callback.search = '?code=stolen&state=forged';
    expect((await fetch(callback)).status).toBe(400);
    await fetch(url);
  });
  expect(email).toBe(main());
});

it('says why when the person declines', async () => {
  const run = connect(async (url) => {
    const callback = new URL(url.searchParams.get('redirect_uri')!);
    callback.searchParams.set('state', url.searchParams.get('state')!);
    callback.searchParams.set('error', 'access_denied');
    await fetch(callback);
  });
  await expect(run).rejects.toThrow('Google did not connect the account: access_denied.');
});

it('refuses a code that does not fit, and an account that is not the owner’s', async () => {
  const wrongCode = connect(async (url) => {
    const callback = new URL(url.searchParams.get('redirect_uri')!);
    callback.searchParams.set('state', url.searchParams.get('state')!);
    callback.searchParams.set('code', 'made-up');
    await fetch(callback);
  });
  await expect(wrongCode).rejects.toMatchObject({ type: 'ReconnectRequiredError' });
  const stranger = connect((url) => fetch(url), 'somebody@else.example.com');
  await expect(stranger).rejects.toThrow('ADJUTANT_OWNER is somebody@else.example.com');
});
