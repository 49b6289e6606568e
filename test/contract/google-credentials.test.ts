/** Refresh tokens in Postgres: sealed, bound to their owner, and never wiped by a failed sign-in. */
import { createCipheriv, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createCredentialStore,
  type CredentialStore,
  type SignIn,
} from '#activities/credentials.ts';
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

/** As the first release sealed: bound to owner and provider only. */
function sealedWithoutAccount(token: string, binding: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(binding));
  const text = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()]);
  return ['k1', ...[nonce, text, cipher.getAuthTag()].map((part) => part.toString('base64'))].join(
    '.',
  );
}

describe('the accounts of one owner', () => {
  const person = 'many@office.example.com';
  const home = 'many@home.example.org';
  const add = (email: string, more: Partial<SignIn> = {}) =>
    store.save(person, { provider: 'google', email, refreshToken: email, scopes: [], ...more });
  const shown = async () =>
    (await store.list(person)).map(({ email, isDefault }) => `${email}${isDefault ? ' *' : ''}`);

  it('have one default: the first connected, the one asked for, the longest connected left', async () => {
    await add(person);
    await add(home, { provider: 'microsoft' });
    await add('third@home.example.org');
    expect(await shown()).toEqual([`${person} *`, home, 'third@home.example.org']);
    await add(home, { provider: 'microsoft', isDefault: true });
    expect((await shown())[0]).toBe(`${home} *`);
    expect(await store.remove(person, home)).toBe(true);
    expect(await shown()).toEqual([`${person} *`, 'third@home.example.org']);
    expect(await store.remove(person, home)).toBe(false);
    await store.remove(person, 'third@home.example.org');
    await store.remove(person, person);
    expect(await shown()).toEqual([]);
  });

  it('stay at their vendor: an account of the same address elsewhere does not replace one', async () => {
    const email = 'both@home.example.org';
    await add(email, { refreshToken: 'of google' });
    await expect(
      add(email, { provider: 'microsoft', refreshToken: 'of microsoft', isDefault: true }),
    ).rejects.toThrow(/connected at another vendor/);
    expect(await store.get(person, email)).toMatchObject({
      provider: 'google',
      refreshToken: 'of google',
    });
    await store.remove(person, email);
  });

  it('have one default however many are connected at the same moment', async () => {
    const emails = Array.from({ length: 8 }, (_, i) => `at-once-${i}@home.example.org`);
    await Promise.all(emails.map((email, i) => add(email, { isDefault: i % 2 === 0 })));
    expect((await shown()).filter((line) => line.endsWith('*'))).toHaveLength(1);
    await Promise.all(emails.map((email) => store.remove(person, email)));
  });

  it('are called by different names; a name stays when the account is connected again', async () => {
    await add(person, { label: 'work' });
    await expect(add(home, { label: 'Work' })).rejects.toMatchObject({
      type: 'InvalidInputError',
      message: 'Another of your accounts is called "Work".',
    });
    await add(person);
    expect(await store.get(person, person)).toMatchObject({ label: 'work' });
  });

  it('are nobody else’s', async () => {
    expect(await store.get(owner, person)).toBeUndefined();
    expect(await store.remove(owner, person)).toBe(false);
    const renew = () => Promise.reject(new Error('never asked'));
    await expect(store.accessToken(owner, person, { renew })).rejects.toMatchObject({
      type: 'ReconnectRequiredError',
    });
  });
});

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

  it('opens what was sealed before accounts were part of it, and seals it anew when it is saved', async () => {
    const person = 'old@office.example.com';
    const of = { owner: person, provider: 'google', account: person } as const;
    await store.save(person, { ...of, email: person, refreshToken: 'x', scopes: [] });
    await database.pool.query(
      'update accounts set sealed_refresh_token = $2 where owner = $1 and email = $1',
      [person, sealedWithoutAccount('from before', `${person}\u0000google`)],
    );
    expect((await store.get(person, person))!.refreshToken).toBe('from before');
    const expiresAt = new Date(Date.now() + 3_600_000);
    const seen: string[] = [];
    await store.accessToken(person, person, {
      renew: (refreshToken) => {
        seen.push(refreshToken);
        return Promise.resolve({ token: 'access', expiresAt, refreshToken: undefined });
      },
    });
    expect(seen).toEqual(['from before']);
    const { rows } = await database.pool.query(
      'select sealed_refresh_token as sealed from accounts where owner = $1',
      [person],
    );
    expect(rows[0].sealed).toMatch(/^k2\./);
    expect((await store.get(person, person))!.refreshToken).toBe('from before');
  });
});
