/**
 * Access tokens for Google, renewed before a call so that a failed renewal never looks like a failed
 * write. All workers share one token per account; the store lets one of them renew it at a time.
 */
import { auth as google } from 'googleapis/build/src/apis/calendar/index.js';
import { failure } from '../failures.ts';
import type { RenewedTokens } from '../token-renewal.ts';
import { createTokenSource, type TokenSource } from '../token-source.ts';
import type { GoogleOptions } from './client.ts';
import { googleTokenFailure } from './failures.ts';

/** From googleapis itself, so that there is one copy of the library and of its types. */
export type OAuth2Client = InstanceType<typeof google.OAuth2>;

/** Google's OAuth client on the guarded fetch. `redirectUri` is for connecting an account only. */
export function createGoogleAuth(
  options: Omit<GoogleOptions, 'credentials' | 'health'>,
  redirectUri?: string,
): OAuth2Client {
  const { tokenUrl, authUrl, revokeUrl } = options;
  return new google.OAuth2({
    ...(redirectUri === undefined ? {} : { redirectUri }),
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    endpoints: {
      ...(tokenUrl === undefined ? {} : { oauth2TokenUrl: tokenUrl }),
      ...(authUrl === undefined ? {} : { oauth2AuthBaseUrl: authUrl }),
      ...(revokeUrl === undefined ? {} : { oauth2RevokeUrl: revokeUrl }),
    },
    // The library tries a silent token endpoint three times; together they stay within one timeout.
    transporterOptions: {
      fetchImplementation: options.fetch,
      timeout: Math.ceil(options.timeoutMs / 3),
    },
  });
}

/** The tokens of one account in this process. */
export function createGoogleTokens(
  options: GoogleOptions,
  owner: string,
  account: string,
): TokenSource {
  return createTokenSource((unusable) =>
    options.credentials.accessToken(owner, account, {
      unusable,
      renew: (refreshToken) => renew(options, account, refreshToken),
    }),
  );
}

async function renew(
  options: GoogleOptions,
  account: string,
  refreshToken: string,
): Promise<RenewedTokens> {
  const auth = createGoogleAuth(options);
  auth.setCredentials({ refresh_token: refreshToken });
  let rotated: string | undefined;
  // What the library returns holds the old one whatever came (google-auth-library 10.9.1).
  auth.on('tokens', (tokens) => (rotated = tokens.refresh_token ?? undefined));
  try {
    const { credentials } = await auth.refreshAccessToken();
    const { access_token: token, expiry_date: expiresAtMs } = credentials;
    if (typeof token !== 'string' || typeof expiresAtMs !== 'number') {
      throw failure('ProviderUnavailableError', 'Google answered a renewal without a token.');
    }
    return { token, expiresAt: new Date(expiresAtMs), refreshToken: rotated };
  } catch (error) {
    throw googleTokenFailure(error, account);
  }
}
