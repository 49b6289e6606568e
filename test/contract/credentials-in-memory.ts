/** A store of accounts that forgets them with its test: one for each address, which is its owner's. */
import type { Account, CredentialStore } from '#activities/credentials.ts';
import { failureTypeOf } from '#activities/failures.ts';
import { type AccessToken, isLasting } from '#activities/token-renewal.ts';
import type { Provider } from '#contracts/accounts.ts';

/** What is kept of each account, by address. */
export type StoredAccounts = Map<string, { refreshToken: string; state: Account['state'] }>;

/** The store over `stored`, which tests may read and change. */
export function credentialsInMemory(provider: Provider, stored: StoredAccounts): CredentialStore {
  const tokens = new Map<string, AccessToken>();
  const connected = (owner: string, email: string): Account | undefined => {
    const found = owner === email ? stored.get(email) : undefined;
    if (found === undefined) return undefined;
    const fixed = { isDefault: true, label: null, scopes: [], connectedAt: new Date(0) };
    return { email, provider, ...found, ...fixed };
  };
  return {
    get: async (owner, account) => connected(owner, account),
    list: async (owner) => [connected(owner, owner)].filter((found) => found !== undefined),
    save: async (_owner, { email, refreshToken }) =>
      void stored.set(email, { refreshToken, state: 'connected' }),
    accessToken: async (_owner, email, { unusable, renew }) => {
      const kept = tokens.get(email);
      if (kept && kept.token !== unusable && isLasting(kept.expiresAt)) return kept;
      const account = stored.get(email)!;
      try {
        const renewed = await renew(account.refreshToken);
        account.refreshToken = renewed.refreshToken ?? account.refreshToken;
        tokens.set(email, renewed);
        return renewed;
      } catch (error) {
        if (failureTypeOf(error) === 'ReconnectRequiredError') account.state = 'reconnect_required';
        throw error;
      }
    },
    remove: async (_owner, email) => stored.delete(email),
  };
}
