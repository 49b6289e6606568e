/**
 * Renewing access tokens: one renewal of an account at a time over all workers, under the lock of its
 * row. Whoever waited for the lock finds the new token there and asks the provider nothing.
 */
import { bulkhead } from 'cockatiel';
import type { Pool, PoolClient } from 'pg';
import { limits } from '#contracts/limits.ts';
import { inTransaction } from './effects/ledger.ts';
import { failureTypeOf } from './failures.ts';
import { mustReconnect, notConnected } from './reconnect.ts';
import { openToken, type Provider, sealToken, type TokenOwner } from './token-seal.ts';

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
  account: string,
  request: AccessTokenRequest,
) => Promise<AccessToken>;

/** A token, or why the account has to be connected again. */
type Renewed = { readonly token: AccessToken } | { readonly refused: unknown };

type AccountRow = {
  readonly provider: Provider;
  readonly refresh: string;
  readonly access: string | null;
  readonly expiresAt: Date | null;
  readonly state: 'connected' | 'reconnect_required';
};

const selectAccount = `select provider, sealed_refresh_token as refresh,
  sealed_access_token as access, access_expires_at as "expiresAt", state
  from accounts where owner = $1 and email = $2`;

/** Builds `accessToken` of the credential store. */
export function createRenewal(pool: Pool, key: Buffer): Renewal {
  // Each renewal holds a connection while the provider answers; the ledger needs some as well.
  const renewals = bulkhead(limits.tokenRenewalsMax, Number.MAX_SAFE_INTEGER);
  /** Replaced refresh tokens that could not be stored, by the sealed token they replace. */
  const unsaved = new Map<string, RenewedTokens>();

  async function renewLocked(
    client: PoolClient,
    owner: string,
    account: string,
    { unusable, renew }: AccessTokenRequest,
  ): Promise<Renewed> {
    // A worker that is stopped here loses its session and with it the lock.
    await client.query(
      `set local idle_in_transaction_session_timeout = ${limits.tokenRenewalMaxMs}`,
    );
    const { rows } = await client.query<AccountRow>(`${selectAccount} for update`, [
      owner,
      account,
    ]);
    const row = connected(rows[0], account);
    const of: TokenOwner = { owner, provider: row.provider, account };
    const token = storedToken(key, row, of);
    if (token !== undefined && token.token !== unusable) return { token };
    const refreshToken = openToken(key, row.refresh, of);
    try {
      const tokens = unsaved.get(row.refresh) ?? (await renew(refreshToken));
      if (tokens.refreshToken !== undefined) unsaved.set(row.refresh, tokens);
      await saveTokens(client, key, of, {
        ...tokens,
        refreshToken: tokens.refreshToken ?? refreshToken,
      });
      return { token: tokens };
    } catch (error) {
      if (failureTypeOf(error) !== 'ReconnectRequiredError') throw error;
      await client.query(
        `update accounts set state = 'reconnect_required', sealed_access_token = null
         where owner = $1 and email = $2`,
        [owner, account],
      );
      return { refused: error };
    }
  }

  return async (owner, account, request) => {
    const { rows } = await pool.query<AccountRow>(selectAccount, [owner, account]);
    const row = connected(rows[0], account);
    const token = storedToken(key, row, { owner, provider: row.provider, account });
    if (token !== undefined && token.token !== request.unusable) return token;
    const renewed = await renewals.execute(() =>
      inTransaction(pool, (client) => renewLocked(client, owner, account, request)),
    );
    if ('refused' in renewed) throw renewed.refused;
    unsaved.delete(row.refresh);
    return renewed.token;
  };
}

/** @throws ReconnectRequiredError */
function connected(row: AccountRow | undefined, account: string): AccountRow {
  if (row === undefined) throw notConnected(account);
  if (row.state === 'connected') return row;
  throw mustReconnect(row.provider, account);
}

/** The stored token, unless it is about to end. */
function storedToken(
  key: Buffer,
  { access, expiresAt }: AccountRow,
  of: TokenOwner,
): AccessToken | undefined {
  if (access === null || expiresAt === null || !isLasting(expiresAt)) return undefined;
  return { token: openToken(key, access, of, 'access'), expiresAt };
}

/** True when a token that ends then is good for a while. */
export function isLasting(expiresAt: Date): boolean {
  return expiresAt.getTime() - limits.accessTokenSpareMs > Date.now();
}

/** Stores the tokens; the refresh token also when it is the same, so that it is sealed as others are. */
async function saveTokens(
  client: PoolClient,
  key: Buffer,
  of: TokenOwner,
  { token, expiresAt, refreshToken }: AccessToken & { readonly refreshToken: string },
): Promise<void> {
  await client.query(
    `update accounts set sealed_access_token = $3, access_expires_at = $4,
       sealed_refresh_token = $5
     where owner = $1 and email = $2`,
    [
      of.owner,
      of.account,
      sealToken(key, token, of, 'access'),
      expiresAt,
      sealToken(key, refreshToken, of),
    ],
  );
}
