/** Refresh tokens in Postgres: sealed, bound to their owner, and never wiped by a failed sign-in. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCredentialStore, type CredentialStore } from '#activities/credentials.ts';
import { failure } from '#activities/failures.ts';
import { openToken, sealToken } from '#activities/token-seal.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts';

const owner = 'alex@office.example.com';
const key = randomBytes(32);
let database: TestDatabase;
let store: CredentialStore;

beforeAll(async () => {
  database = await createTestDatabase();
  store = createCredentialStore(database.pool, key);
});
afterAll(async () => database[Symbol.asyncDispose]());

describe('the store of refresh tokens', () => {
  it('gives back what was saved, and stores no token in clear', async () => {
    expect(await store.get(owner, owner)).toBeUndefined();
    await store.save(owner, {
      provider: 'google',
      email: owner,
      refreshToken: 'secret-token',
      scopes: ['a'],
    });
    expect(await store.get(owner, owner)).toMatchObject({
      email: owner,
      provider: 'google',
      isDefault: true,
      label: null,
      refreshToken: 'secret-token',
      state: 'connected',
    });
    const { rows } = await database.pool.query('select * from accounts');
    expect(JSON.stringify(rows)).not.toContain('secret-token');
  });

  it('keeps the token when the account must be connected again, and connects it by saving', async () => {
    await expect(
      store.accessToken(owner, owner, {
        renew: () => Promise.reject(failure('ReconnectRequiredError', 'The grant is gone.')),
      }),
    ).rejects.toMatchObject({ type: 'ReconnectRequiredError', message: 'The grant is gone.' });
    expect(await store.get(owner, owner)).toMatchObject({
      refreshToken: 'secret-token',
      state: 'reconnect_required',
    });
    await store.save(owner, {
      provider: 'google',
      email: owner,
      refreshToken: 'third',
      scopes: [],
    });
    expect(await store.get(owner, owner)).toMatchObject({
      refreshToken: 'third',
      state: 'connected',
    });
  });

  it('opens a token only with its key, for its account, unaltered', () => {
    const of = { owner, provider: 'google', account: owner } as const;
    const sealed = sealToken(key, 'token', of);
    expect(openToken(key, sealed, of)).toBe('token');
    expect(sealToken(key, 'token', of)).not.toBe(sealed);
    const flipped = sealed.replace(/.(?=.{3}$)/, (c) => (c === 'A' ? 'B' : 'A'));
    for (const open of [
      () => openToken(randomBytes(32), sealed, of),
      () => openToken(key, sealed, { ...of, owner: 'bob@office.example.com' }),
      () => openToken(key, sealed, { ...of, account: 'alex@home.example.org' }),
      () => openToken(key, sealed, of, 'access'),
      () => openToken(key, flipped, of),
      () => openToken(key, 'nonsense', of),
    ]) {
      expect(open).toThrow(/npx adjutant connect google/);
    }
    expect(() => createCredentialStore(database.pool, randomBytes(16))).toThrow(RangeError);
  });
});
