/**
 * One session for each connected account, kept until its stored sign-in changes. What a session is,
 * the vendors' clients say.
 */
import type { CredentialStore } from './credentials.ts';
import { mustReconnect, notConnected } from './reconnect.ts';
import type { Provider } from './token-seal.ts';

/** Gives the session of an owner's account, an e-mail address. @throws ReconnectRequiredError */
export type Sessions<Session> = (owner: string, account: string) => Promise<Session>;

/** Builds the cache. `begin` makes the session of an account that is connected. */
export function createSessionCache<Session>(
  credentials: Pick<CredentialStore, 'get'>,
  provider: Provider,
  begin: (owner: string, account: string) => Session,
): Sessions<Session> {
  const entries = new Map<string, { refreshToken: string; session: Session }>();
  return async (owner, account) => {
    const key = `${owner}\u0000${account}`;
    const stored = await credentials.get(owner, account);
    if (stored?.state !== 'connected' || stored.provider !== provider) {
      entries.delete(key);
      throw stored?.provider === provider
        ? mustReconnect(provider, account)
        : notConnected(account);
    }
    const { refreshToken } = stored;
    const known = entries.get(key);
    if (known?.refreshToken === refreshToken) return known.session;
    const session = begin(owner, account);
    entries.set(key, { refreshToken, session });
    return session;
  };
}
