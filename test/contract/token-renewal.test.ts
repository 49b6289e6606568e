/** One renewal of an account's token at a time over all workers, at the sandbox's real token endpoint. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCredentialStore, type CredentialStore } from '#activities/credentials.ts';
import { failure } from '#activities/failures.ts';
import type { RenewedTokens } from '#activities/token-renewal.ts';
import { createPool } from '#infra/postgres/pool.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts';
import { connectGoogle } from './google-setup.ts';
import { connectMicrosoft } from './microsoft-setup.ts';
import { setFault } from './sandbox-clients.ts';

const workers = 50;
const key = randomBytes(32);
const zone = 'Europe/Berlin';
let clockMs = Date.now();
let sandbox: Sandbox;
let database: TestDatabase;
let stores: CredentialStore[];
let owner: string;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date(clockMs) });
  owner = sandbox.office.main.email;
  database = await createTestDatabase();
  stores = Array.from({ length: workers }, () => {
    const pool = createPool({ url: database.url, applicationName: 'token-test', size: 2 });
    closers.push(() => pool.end());
    return createCredentialStore(pool, key);
  });
});
afterAll(async () => {
  for (const close of closers) await close();
  await database[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
  const refreshToken = `sandbox-refresh-${owner}`;
  await stores[0]!.save(owner, { provider: 'google', email: owner, refreshToken, scopes: [] });
});

const client = (credentials: CredentialStore) => connectGoogle(sandbox, { credentials });
const readWith = async (google: ReturnType<typeof client>) =>
  (await google.calendar(owner)).getEvent('nothing', zone);
async function tokenRequests(path = '/token'): Promise<number> {
  const answer = await fetch(`${sandbox.oracleUrl}/__oracle/requests`);
  const seen = (await answer.json()) as { path: string }[];
  return seen.filter((request) => request.path === path).length;
}
const stored = async () => {
  const { rows } = await database.pool.query<{ state: string; sealed: string | null }>(
    'select state, sealed_access_token as sealed from accounts where owner = $1',
    [owner],
  );
  return rows[0]!;
};

describe('an access token', () => {
  it('is got once for fifty workers that need it at the same moment', async () => {
    await setFault(sandbox, { match: { pathRegex: '/token' }, action: 'delay', delayMs: 300 });
    const before = await tokenRequests();
    await Promise.all(stores.map((store) => readWith(client(store))));
    expect((await tokenRequests()) - before).toBe(1);
    expect((await stored()).sealed).not.toContain('sandbox-access');
  });

  it('is got once more when Google refuses it early to all of them', async () => {
    const clients = stores.map(client);
    await Promise.all(clients.map(readWith));
    clockMs += 2 * 3_600_000;
    const before = await tokenRequests();
    await Promise.all(clients.map(readWith));
    expect((await tokenRequests()) - before).toBe(1);
  });

  it('is not used before the refresh token that came with it is stored', async () => {
    const rotated = `sandbox-refresh-${owner}#2`;
    const body = { access_token: 'stale', expires_in: 3_599, refresh_token: rotated };
    await setFault(sandbox, {
      match: { pathRegex: '/token' },
      action: 'status',
      status: 200,
      body,
    });
    const seen: string[] = [];
    const google = connectGoogle(sandbox, {
      credentials: stores[0]!,
      fetch: async (input, init) => {
        const url = new URL(input instanceof Request ? input.url : input);
        if (url.pathname !== '/token') {
          seen.push((await stores[1]!.get(owner, owner))!.refreshToken);
        }
        return fetch(input, init);
      },
    });
    await readWith(google).catch(() => undefined); // The sandbox knows neither token.
    expect(seen[0]).toBe(rotated);
  });

  it('keeps a replaced refresh token that could not be stored, and stores it at the next try', async () => {
    let renewals = 0;
    const renew = () => {
      renewals += 1;
      const expiresAt = new Date(Date.now() + 3_600_000);
      return Promise.resolve({ token: 'access', expiresAt, refreshToken: 'second' });
    };
    await database.pool.query(
      `alter table accounts add constraint full_disk check (access_expires_at is null)`,
    );
    const store = stores[0]!;
    await expect(store.accessToken(owner, owner, { renew })).rejects.toThrow(/full_disk/);
    await database.pool.query('alter table accounts drop constraint full_disk');
    expect((await store.accessToken(owner, owner, { renew })).token).toBe('access');
    expect(renewals).toBe(1);
    expect((await store.get(owner, owner))!.refreshToken).toBe('second');
  });

  it('marks the account once when the grant is gone, and asks no more', async () => {
    let renewals = 0;
    const renew = () => {
      renewals += 1;
      return Promise.reject(failure('ReconnectRequiredError', 'The grant is gone.'));
    };
    const ends = await Promise.allSettled(
      stores.map((store) => store.accessToken(owner, owner, { renew })),
    );
    for (const end of ends) {
      expect(end).toMatchObject({ status: 'rejected', reason: { type: 'ReconnectRequiredError' } });
    }
    expect(renewals).toBe(1);
    expect(await stored()).toEqual({ state: 'reconnect_required', sealed: null });
  });

  it('is got once for fifty workers at Microsoft too, and the replaced refresh token is kept', async () => {
    const carla = 'carla.rossi@office.example.com';
    const first = `sandbox-microsoft-refresh-${carla}`;
    const signIn = { email: carla, refreshToken: first, scopes: [] };
    await stores[0]!.save(carla, { provider: 'microsoft', ...signIn });
    const path = '/microsoft/oauth2/v2.0/token';
    await setFault(sandbox, { match: { pathRegex: path }, action: 'delay', delayMs: 300 });
    const before = await tokenRequests(path);
    await Promise.all(
      stores.map(async (credentials) => {
        const { calendar } = connectMicrosoft(sandbox, { credentials });
        expect(await (await calendar(carla)).getEvent('nothing', zone)).toBeNull();
      }),
    );
    expect((await tokenRequests(path)) - before).toBe(1);
    const { refreshToken } = (await stores[1]!.get(carla, carla))!;
    expect(refreshToken).not.toBe(first);
    expect(refreshToken).toMatch(first);
  });

  it('that is refused for one account leaves the person’s other accounts alone', async () => {
    const other = 'other@home.example.org';
    const store = stores[0]!;
    await store.save(owner, { provider: 'google', email: other, refreshToken: 'b', scopes: [] });
    const gone = () => Promise.reject(failure('ReconnectRequiredError', 'The grant is gone.'));
    await expect(store.accessToken(owner, other, { renew: gone })).rejects.toThrow(/gone/);
    const states = (await store.list(owner)).map(({ email, state }) => `${email} ${state}`);
    expect(states).toEqual([`${owner} connected`, `${other} reconnect_required`]);
    const expiresAt = new Date(Date.now() + 3_600_000);
    const renew = () => Promise.resolve({ token: 'fine', expiresAt, refreshToken: undefined });
    expect((await store.accessToken(owner, owner, { renew })).token).toBe('fine');
    await store.remove(owner, other);
  });

  it('of another sign-in is not given after the account was connected again', async () => {
    const store = stores[0]!;
    const expiresAt = new Date(Date.now() + 3_600_000);
    const renew = (token: string) => () =>
      Promise.resolve({ token, expiresAt, refreshToken: undefined });
    await store.accessToken(owner, owner, { renew: renew('first') });
    await store.save(owner, {
      provider: 'google',
      email: owner,
      refreshToken: 'other',
      scopes: [],
    });
    const now = await store.accessToken(owner, owner, { renew: renew('second') });
    expect(now.token).toBe('second');
  });

  it('is renewed by somebody else when the worker that renews it is stopped', async () => {
    const [stuck, next] = stores;
    const expiresAt = new Date(Date.now() + 3_600_000);
    let answer: (tokens: RenewedTokens) => void = () => undefined;
    const late = new Promise<RenewedTokens>((resolve) => (answer = resolve));
    const hanging = stuck!.accessToken(owner, owner, { renew: () => late });
    const ended = expect(hanging).rejects.toThrow(/connection/i);
    await database.pool.query('select pg_sleep(0.2)');
    // What Postgres does by itself after `limits.tokenRenewalMaxMs`.
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'token-test' and state = 'idle in transaction'`,
    );
    const renew = () => Promise.resolve({ token: 'new', expiresAt, refreshToken: undefined });
    expect((await next!.accessToken(owner, owner, { renew })).token).toBe('new');
    answer({ token: 'late', expiresAt, refreshToken: undefined });
    await ended;
    expect((await next!.accessToken(owner, owner, { renew })).token).toBe('new');
  });
});
