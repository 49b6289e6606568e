/** Connecting a Google account against the sandbox's OAuth endpoints. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCredentialStore, type CredentialStore } from '#activities/credentials.ts';
import { disconnect } from '#activities/sign-in.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import { googleScopes, googleSignIn } from '#activities/google/connect.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectAccount, type ConnectOptions } from '#workers/connect.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { googleAt } from './google-setup.ts';

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
async function connect(
  visit: (url: URL) => Promise<unknown>,
  options: Partial<ConnectOptions> = {},
): Promise<string> {
  const addresses: URL[] = [];
  const run = connectAccount({
    provider: 'google',
    flow: googleSignIn(google()),
    credentials,
    owner: main(),
    port: 0,
    print: (line) => {
      if (URL.canParse(line)) addresses.push(new URL(line));
    },
    ...options,
  });
  run.catch(() => undefined);
  await expect.poll(() => addresses.length).toBe(1);
  await visit(addresses[0]!);
  return run;
}
const google = () => ({
  ...googleAt(sandbox),
  fetch: createGuardedFetch('sandbox'),
  timeoutMs: 5_000,
});
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
  expect(await credentials.get(main(), email)).toMatchObject({ state: 'connected', email });
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

it('refuses a code that does not fit', async () => {
  const wrongCode = connect(async (url) => {
    const callback = new URL(url.searchParams.get('redirect_uri')!);
    callback.searchParams.set('state', url.searchParams.get('state')!);
    callback.searchParams.set('code', 'made-up');
    await fetch(callback);
  });
  await expect(wrongCode).rejects.toMatchObject({ type: 'ReconnectRequiredError' });
});

it('connects a second account for the same person, under the name they give it', async () => {
  const bob = 'bob.keller@office.example.com';
  const email = await connect(
    async (url) => {
      url.searchParams.set('login_hint', bob);
      await fetch(url);
    },
    { label: 'second' },
  );
  expect(email).toBe(bob);
  expect(await credentials.list(main())).toMatchObject([
    { email: main(), isDefault: true, label: null },
    { email: bob, isDefault: false, label: 'second', provider: 'google' },
  ]);
});

it('takes the grant back at Google and forgets the account; the other becomes the default', async () => {
  const bob = 'bob.keller@office.example.com';
  const flows = { google: googleSignIn(google()), microsoft: googleSignIn(google()) };
  const { refreshToken } = (await credentials.get(main(), main()))!;
  expect(await disconnect(credentials, flows, main(), main())).toBeNull();
  expect(await credentials.list(main())).toMatchObject([{ email: bob, isDefault: true }]);
  const renewal = await fetch(`${sandbox.url}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  });
  expect(await renewal.json()).toMatchObject({ error: 'invalid_grant' });
  expect(await disconnect(credentials, flows, main(), main())).toBeUndefined();
});

it('forgets an account whose vendor cannot be told, and says what is left to do', async () => {
  const bob = 'bob.keller@office.example.com';
  const away = googleSignIn({ ...google(), revokeUrl: 'http://127.0.0.1:9/revoke' });
  const left = await disconnect(credentials, { google: away, microsoft: away }, main(), bob);
  expect(left).toMatch(/^Google could not be told; .*myaccount\.google\.com/);
  expect(await credentials.list(main())).toEqual([]);
});
