/**
 * The connected accounts: refresh and access tokens in the `accounts` table, sealed under a key that is
 * handed in. It never logs or returns a token to anyone but the client that uses it.
 */
import type { Pool } from 'pg';
import { inTransaction } from './effects/ledger.ts';
import { failure } from './failures.ts';
import { type AccessToken, type AccessTokenRequest, createRenewal } from './token-renewal.ts';
import { openToken, type Provider, sealToken } from './token-seal.ts';

/** A connected account, without its tokens. */
export type ConnectedAccount = {
  /** In lower case; with its owner it names the account. */
  readonly email: string;
  readonly provider: Provider;
  /** True for the one that new things go to. */
  readonly isDefault: boolean;
  /** What the person calls it, like "work". */
  readonly label: string | null;
  readonly state: 'connected' | 'reconnect_required';
  readonly scopes: readonly string[];
  readonly connectedAt: Date;
};

/** A connected account with its refresh token opened. */
export type Account = ConnectedAccount & { readonly refreshToken: string };

/** What a sign-in brings. A label or default that is absent stays as it is. */
export type SignIn = {
  readonly provider: Provider;
  readonly email: string;
  readonly refreshToken: string;
  readonly scopes: readonly string[];
  readonly label?: string | undefined;
  readonly isDefault?: boolean | undefined;
};

/** Keeps the accounts of owners. `account` is an e-mail address in lower case. */
export type CredentialStore = {
  /** An account of the owner's; undefined when it is not connected. @throws ReconnectRequiredError */
  get(owner: string, account: string): Promise<Account | undefined>;
  /** The owner's accounts: the default first, then by the time they were connected. */
  list(owner: string): Promise<readonly ConnectedAccount[]>;
  /**
   * Stores a newly connected account, or connects it again. The first one becomes the default.
   * @throws InvalidInputError when its address or label belongs to another one
   */
  save(owner: string, signIn: SignIn): Promise<void>;
  /**
   * A token that is good for a while: the stored one, or else a new one that one worker gets while the
   * others wait for it. A replaced refresh token is stored before the new token is given to anybody.
   * @throws ReconnectRequiredError, and what `renew` throws
   */
  accessToken(owner: string, account: string, request: AccessTokenRequest): Promise<AccessToken>;
  /** Forgets an account and its tokens; false when it is not connected. The oldest becomes the default. */
  remove(owner: string, account: string): Promise<boolean>;
};

/** One change; `refusal` is for the person when no row takes it. */
type Statement = {
  readonly sql: string;
  readonly values: readonly unknown[];
  readonly refusal?: string;
};

type Row = ConnectedAccount & { readonly sealed: string };

const columns = `email, provider, is_default as "isDefault", label, state, scopes,
  connected_at as "connectedAt"`;

/** The owner's longest connected account becomes the default where there is none. */
const fillDefaultSql = `update accounts set is_default = true
  where owner = $1 and not exists (select 1 from accounts where owner = $1 and is_default)
    and email = (select email from accounts where owner = $1
                 order by connected_at, email limit 1)`;

/** A CredentialStore on the `accounts` table. `key` is 32 bytes. @throws RangeError for another size */
export function createCredentialStore(pool: Pool, key: Buffer): CredentialStore {
  if (key.length !== 32) throw new RangeError('The key that seals tokens must have 32 bytes.');

  /** Changes an owner's accounts, one change at a time, and leaves exactly one default. */
  const change = async (owner: string, statements: readonly Statement[]): Promise<boolean> =>
    inTransaction(pool, async (client) => {
      await client.query(`select pg_advisory_xact_lock(hashtextextended('accounts:' || $1, 0))`, [
        owner,
      ]);
      let changed = 0;
      for (const { sql, values, refusal } of statements) {
        changed = (await client.query(sql, [...values])).rowCount ?? 0;
        if (changed === 0 && refusal !== undefined) throw failure('InvalidInputError', refusal);
      }
      await client.query(fillDefaultSql, [owner]);
      return changed > 0;
    });

  const dropDefault = (owner: string, account: string) => ({
    sql: `update accounts set is_default = false where owner = $1 and is_default
          and exists (select 1 from accounts where owner = $1 and email = $2)`,
    values: [owner, account],
  });
  const makeDefault = (owner: string, account: string) => ({
    sql: 'update accounts set is_default = true where owner = $1 and email = $2',
    values: [owner, account],
  });

  return {
    async get(owner, account) {
      const { rows } = await pool.query<Row>(
        `select ${columns}, sealed_refresh_token as sealed from accounts
         where owner = $1 and email = $2`,
        [owner, account],
      );
      const row = rows[0];
      if (row === undefined) return undefined;
      const { sealed, ...connected } = row;
      const { provider } = row;
      return { ...connected, refreshToken: openToken(key, sealed, { owner, provider, account }) };
    },
    async list(owner) {
      const { rows } = await pool.query<ConnectedAccount>(
        `select ${columns} from accounts where owner = $1
         order by is_default desc, connected_at, email`,
        [owner],
      );
      return rows;
    },
    async save(owner, { provider, email, refreshToken, scopes, label, isDefault }) {
      const sealed = sealToken(key, refreshToken, { owner, provider, account: email });
      const insert = {
        sql: `insert into accounts (owner, provider, email, sealed_refresh_token, scopes, label)
              values ($1, $2, $3, $4, $5, $6)
              on conflict (owner, email) do update set provider = excluded.provider,
                sealed_refresh_token = excluded.sealed_refresh_token, scopes = excluded.scopes,
                label = coalesce(excluded.label, accounts.label),
                sealed_access_token = null, access_expires_at = null,
                state = 'connected', connected_at = now()
                where accounts.provider = excluded.provider`,
        values: [owner, provider, email, sealed, scopes, label ?? null],
        // One vendor's account may be called by an address at another. What was approved for the one
        // must not leave from the other.
        refusal: `${email} is connected at another vendor already. Disconnect it first.`,
      };
      const asDefault = isDefault ? [dropDefault(owner, email), makeDefault(owner, email)] : [];
      try {
        await change(owner, [insert, ...asDefault]);
      } catch (error) {
        if (constraintOf(error) !== 'accounts_label') throw error;
        throw failure('InvalidInputError', `Another of your accounts is called "${label}".`);
      }
    },
    accessToken: createRenewal(pool, key),
    remove: (owner, account) =>
      change(owner, [
        { sql: 'delete from accounts where owner = $1 and email = $2', values: [owner, account] },
      ]),
  };
}

/** The constraint that Postgres refused a row for. */
function constraintOf(error: unknown): unknown {
  return error instanceof Error && 'constraint' in error ? error.constraint : undefined;
}
