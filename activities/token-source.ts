/**
 * The access token of one account in one process: kept while it lasts, and one question to the store at
 * a time. It renews nothing itself (token-renewal.ts).
 */
import { type AccessToken, isLasting } from './token-renewal.ts';

/**
 * Gives a token that is good for a while; never `unusable`, which the provider has just refused.
 * @throws ReconnectRequiredError, RateLimitedError, ProviderUnavailableError
 */
export type TokenSource = (unusable?: string) => Promise<string>;

/** Builds the source. `fetchToken` asks the store, which may renew. */
export function createTokenSource(
  fetchToken: (unusable: string | undefined) => Promise<AccessToken>,
): TokenSource {
  let current: AccessToken | undefined;
  let asking: Promise<AccessToken> | undefined;
  const source: TokenSource = async (unusable) => {
    if (current !== undefined && isLasting(current.expiresAt) && current.token !== unusable) {
      return current.token;
    }
    asking ??= fetchToken(unusable).finally(() => (asking = undefined));
    current = await asking;
    // It joined a question that did not know yet that this token is refused.
    return current.token === unusable ? source(unusable) : current.token;
  };
  return source;
}

/**
 * Calls with a valid token; when the provider refuses it (nothing was done), once more with another.
 * @param isRefused whether an error says so
 */
export async function callWithToken<Data>(
  source: TokenSource,
  call: (token: string) => Promise<Data>,
  isRefused: (error: unknown) => boolean,
): Promise<Data> {
  const token = await source();
  try {
    return await call(token);
  } catch (error) {
    if (!isRefused(error)) throw error;
  }
  return call(await source(token));
}
