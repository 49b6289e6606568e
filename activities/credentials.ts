/**
 * Refresh tokens at rest: sealed with AES-256-GCM in the `accounts` table, under a key that is handed
 * in. It never logs or returns a token to anyone but the client that uses it.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { failure } from './failures.ts';

/** Vendors an account can be connected at. */
export type Provider = 'google';

/** A connected account with its refresh token opened. */
export type Account = {
  readonly email: string;
  readonly refreshToken: string;
  readonly state: 'connected' | 'reconnect_required';
};

/** Keeps refresh tokens of owners. */
export type CredentialStore = {
  /** The owner's account at a provider; undefined when never connected. */
  get(owner: string, provider: Provider): Promise<Account | undefined>;
  /** Stores a newly connected account, or connects it again. */
  save(
    owner: string,
    provider: Provider,
    account: { email: string; refreshToken: string; scopes: readonly string[] },
  ): Promise<void>;
  /** Replaces the refresh token after the provider rotated it. */
  rotate(owner: string, provider: Provider, refreshToken: string): Promise<void>;
  /** Notes that only the person can help: the provider refuses the token. */
  markReconnect(owner: string, provider: Provider): Promise<void>;
};

const keyId = 'k1';

/** A CredentialStore on the `accounts` table. `key` is 32 bytes. @throws RangeError for another size */
export function createCredentialStore(pool: Pool, key: Buffer): CredentialStore {
  if (key.length !== 32) throw new RangeError('The key that seals tokens must have 32 bytes.');
  return {
    async get(owner, provider) {
      const { rows } = await pool.query<{ email: string; sealed: string; state: Account['state'] }>(
        `select email, sealed_refresh_token as sealed, state from accounts
         where owner = $1 and provider = $2`,
        [owner, provider],
      );
      const row = rows[0];
      if (row === undefined) return undefined;
      const refreshToken = openToken(key, row.sealed, owner, provider);
      return { email: row.email, refreshToken, state: row.state };
    },
    async save(owner, provider, { email, refreshToken, scopes }) {
      await pool.query(
        `insert into accounts (owner, provider, email, sealed_refresh_token, scopes)
         values ($1, $2, $3, $4, $5)
         on conflict (owner, provider) do update set email = excluded.email,
           sealed_refresh_token = excluded.sealed_refresh_token, scopes = excluded.scopes,
           state = 'connected', connected_at = now()`,
        [owner, provider, email, sealToken(key, refreshToken, owner, provider), scopes],
      );
    },
    async rotate(owner, provider, refreshToken) {
      await pool.query(
        'update accounts set sealed_refresh_token = $3 where owner = $1 and provider = $2',
        [owner, provider, sealToken(key, refreshToken, owner, provider)],
      );
    },
    async markReconnect(owner, provider) {
      await pool.query(
        `update accounts set state = 'reconnect_required' where owner = $1 and provider = $2`,
        [owner, provider],
      );
    },
  };
}

/** Seals a token: key id, nonce, ciphertext and tag, joined by dots. Bound to owner and provider. */
export function sealToken(key: Buffer, token: string, owner: string, provider: Provider): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bindingOf(owner, provider));
  const sealed = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()]);
  return [keyId, ...[nonce, sealed, cipher.getAuthTag()].map((b) => b.toString('base64'))].join(
    '.',
  );
}

/** Opens a sealed token. @throws ReconnectRequiredError when it was sealed otherwise or altered */
export function openToken(key: Buffer, sealed: string, owner: string, provider: Provider): string {
  const [id, nonce, text, tag] = sealed.split('.');
  try {
    if (id !== keyId || nonce === undefined || text === undefined || tag === undefined) {
      throw new TypeError('not a sealed token');
    }
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'), {
      authTagLength: 16,
    });
    decipher.setAAD(bindingOf(owner, provider)).setAuthTag(Buffer.from(tag, 'base64'));
    const opened = Buffer.concat([decipher.update(Buffer.from(text, 'base64')), decipher.final()]);
    return opened.toString('utf8');
  } catch (cause) {
    throw failure(
      'ReconnectRequiredError',
      `The stored sign-in for ${provider} cannot be opened with this key. ${reconnectHint(provider)}`,
      { cause },
    );
  }
}

/** What the person has to do, in one sentence. */
export function reconnectHint(provider: Provider): string {
  return `Connect the account again: npx adjutant connect ${provider}`;
}

function bindingOf(owner: string, provider: Provider): Buffer {
  return Buffer.from(`${owner}\u0000${provider}`);
}
