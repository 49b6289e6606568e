/**
 * Renewing access tokens: one renewal of an account at a time over all workers, under the lock of its
 * row. Whoever waited for the lock finds the new token there and asks the provider nothing.
 */
import { bulkhead } from 'cockatiel';
import type { Pool, PoolClient } from 'pg';
import { limits } from '#contracts/limits.ts';
import { inTransaction } from './effects/ledger.ts';
import { failure, failureTypeOf } from './failures.ts';
import { openToken, type Provider, reconnectHint, sealToken } from './token-seal.ts';

/** A token that a provider's API takes. */
export type AccessToken = { readonly token: string; readonly expiresAt: Date };

/** What a renewal brings; `refreshToken` only when the provider replaced it. */
export type RenewedTokens = AccessToken & { readonly refreshToken: string | undefined };

/** How to get an access token. */
export type AccessTokenRequest = {
  /** A token that the provider has just refused: it is not given again. */
  readonly unusable?: string | undefined;
  /** Asks the provider for a new one. ReconnectRequiredError marks the account. */
  readonly renew: (refreshToken: string) => Promise<RenewedTokens>;
};

type Renewal = (
  owner: string,
  provider: Provider,
  request: AccessTokenRequest,
) => Promise<AccessToken>;

/** A token, or why the account has to be connected again. */
type Renewed = { readonly token: AccessToken } | { readonly refused: unknown };

type AccountRow = {
  readonly refresh: string;
  readonly access: string | null;
  readonly expiresAt: Date | null;
  readonly state: 'connected' | 'reconnect_required';
};

const selectAccount = `select sealed_refresh_token as refresh, sealed_access_token as access,
  access_expires_at as "expiresAt", state from accounts where owner = $1 and provider = $2`;

/** Builds `accessToken` of the credential store. */
export function createRenewal(pool: Pool, key: Buffer): Renewal {
  // Each renewal holds a connection while the provider answers; the ledger needs some as well.
  const renewals = bulkhead(limits.tokenRenewalsMax, Number.MAX_SAFE_INTEGER);
  /** Replaced refresh tokens that could not be stored, by the sealed token they replace. */
  const unsaved = new Map<string, RenewedTokens>();

  async function renewLocked(
    client: PoolClient,
    owner: string,
    provider: Provider,
    { unusable, renew }: AccessTokenRequest,
  ): Promise<Renewed> {
    // A worker that is stopped here loses its session and with it the lock.
    await client.query(
      `set local idle_in_transaction_session_timeout = ${limits.tokenRenewalMaxMs}`,
    );
    const { rows } = await client.query<AccountRow>(`${selectAccount} for update`, [
      owner,
      provider,
    ]);
    const row = connected(rows[0], owner, provider);
    const token = storedToken(key, row, owner, provider);
    if (token !== undefined && token.token !== unusable) return { token };
    const refreshToken = openToken(key, row.refresh, owner, provider);
    try {
      const tokens = unsaved.get(row.refresh) ?? (await renew(refreshToken));
      if (tokens.refreshToken !== undefined) unsaved.set(row.refresh, tokens);
      await saveTokens(client, key, owner, provider, tokens);
      return { token: tokens };
    } catch (error) {
      if (failureTypeOf(error) !== 'ReconnectRequiredError') throw error;
      await client.query(
        `update accounts set state = 'reconnect_required', sealed_access_token = null
         where owner = $1 and provider = $2`,
        [owner, provider],
      );
      return { refused: error };
    }
  }

  return async (owner, provider, request) => {
    const { rows } = await pool.query<AccountRow>(selectAccount, [owner, provider]);
    const row = connected(rows[0], owner, provider);
    const token = storedToken(key, row, owner, provider);
    if (token !== undefined && token.token !== request.unusable) return token;
    const renewed = await renewals.execute(() =>
      inTransaction(pool, (client) => renewLocked(client, owner, provider, request)),
    );
    if ('refused' in renewed) throw renewed.refused;
    unsaved.delete(row.refresh);
    return renewed.token;
  };
}

/** @throws ReconnectRequiredError */
function connected(row: AccountRow | undefined, owner: string, provider: Provider): AccountRow {
  if (row !== undefined && row.state === 'connected') return row;
  const message = `The account must be connected again. ${reconnectHint(provider)}`;
  const details = { provider, account: owner };
  throw failure('ReconnectRequiredError', message, { details });
}

/** The stored token, unless it is about to end. */
function storedToken(
  key: Buffer,
  { access, expiresAt }: AccountRow,
  owner: string,
  provider: Provider,
): AccessToken | undefined {
  if (access === null || expiresAt === null || !isLasting(expiresAt)) return undefined;
  return { token: openToken(key, access, owner, provider, 'access'), expiresAt };
}

/** True when a token that ends then is good for a while. */
export function isLasting(expiresAt: Date): boolean {
  return expiresAt.getTime() - limits.accessTokenSpareMs > Date.now();
}

async function saveTokens(
  client: PoolClient,
  key: Buffer,
  owner: string,
  provider: Provider,
  { token, expiresAt, refreshToken }: RenewedTokens,
): Promise<void> {
  await client.query(
    `update accounts set sealed_access_token = $3, access_expires_at = $4,
       sealed_refresh_token = coalesce($5, sealed_refresh_token)
     where owner = $1 and provider = $2`,
    [
      owner,
      provider,
      sealToken(key, token, owner, provider, 'access'),
      expiresAt,
      refreshToken === undefined ? null : sealToken(key, refreshToken, owner, provider),
    ],
  );
}
