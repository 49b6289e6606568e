/**
 * The connected accounts: refresh and access tokens in the `accounts` table, sealed under a key that is
 * handed in. It never logs or returns a token to anyone but the client that uses it.
 */
import type { Pool } from 'pg';
import { type AccessToken, type AccessTokenRequest, createRenewal } from './token-renewal.ts';
import { openToken, type Provider, sealToken } from './token-seal.ts';

/** A connected account with its refresh token opened. */
export type Account = {
  readonly email: string;
  readonly refreshToken: string;
  readonly state: 'connected' | 'reconnect_required';
};

/** Keeps the tokens of owners. */
export type CredentialStore = {
  /** The owner's account at a provider; undefined when never connected. */
  get(owner: string, provider: Provider): Promise<Account | undefined>;
  /** Stores a newly connected account, or connects it again. */
  save(
    owner: string,
    provider: Provider,
    account: { email: string; refreshToken: string; scopes: readonly string[] },
  ): Promise<void>;
  /**
   * A token that is good for a while: the stored one, or else a new one that one worker gets while the
   * others wait for it. A replaced refresh token is stored before the new token is given to anybody.
   * @throws ReconnectRequiredError, and what `renew` throws
   */
  accessToken(owner: string, provider: Provider, request: AccessTokenRequest): Promise<AccessToken>;
};

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
           sealed_access_token = null, access_expires_at = null,
           state = 'connected', connected_at = now()`,
        [owner, provider, email, sealToken(key, refreshToken, owner, provider), scopes],
      );
    },
    accessToken: createRenewal(pool, key),
  };
}
