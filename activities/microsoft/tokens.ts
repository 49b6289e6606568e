/**
 * Access tokens for Microsoft, renewed before a call so that a failed renewal never looks like a failed
 * write. Microsoft gives a new refresh token with every renewal; the store keeps the newest before
 * anybody is given the access token.
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
 */
import {
  allowInsecureRequests,
  ClientSecretPost,
  Configuration,
  customFetch,
  refreshTokenGrant,
} from 'openid-client';
import { failure } from '../failures.ts';
import type { RenewedTokens } from '../token-renewal.ts';
import type { MicrosoftOptions } from './client.ts';
import { microsoftTokenFailure } from './failures.ts';

/** What signing in needs; it knows no mailbox. */
export type SignInOptions = Pick<
  MicrosoftOptions,
  'authorityUrl' | 'clientId' | 'clientSecret' | 'fetch' | 'timeoutMs'
>;

const publicAuthority = 'https://login.microsoftonline.com/common';

/** The sign-in's endpoints, without a discovery request: they stand still. */
export function signInConfiguration(options: SignInOptions): Configuration {
  const authority = (options.authorityUrl ?? publicAuthority).replace(/\/+$/, '');
  const configuration = new Configuration(
    {
      issuer: `${authority}/v2.0`,
      authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
      token_endpoint: `${authority}/oauth2/v2.0/token`,
    },
    options.clientId,
    {},
    ClientSecretPost(options.clientSecret),
  );
  configuration[customFetch] = (url, init) => options.fetch(url, init as RequestInit);
  configuration.timeout = options.timeoutMs / 1_000;
  if (isLoopback(authority)) allowInsecureRequests(configuration);
  return configuration;
}

/** Exchanges a refresh token. @throws ReconnectRequiredError, RateLimitedError, ProviderUnavailableError */
export async function renewTokens(
  options: SignInOptions,
  account: string,
  refreshToken: string,
): Promise<RenewedTokens> {
  try {
    const answer = await refreshTokenGrant(signInConfiguration(options), refreshToken);
    return { ...lastingToken(answer), refreshToken: answer.refresh_token };
  } catch (error) {
    throw microsoftTokenFailure(error, account);
  }
}

/** The access token of an answer with its end. @throws ProviderUnavailableError without an end */
function lastingToken(answer: { access_token: string; expires_in?: number | undefined }): {
  token: string;
  expiresAt: Date;
} {
  if (answer.expires_in === undefined) {
    throw failure('ProviderUnavailableError', 'Microsoft gave a token without saying until when.');
  }
  const expiresAt = new Date(Date.now() + answer.expires_in * 1_000);
  return { token: answer.access_token, expiresAt };
}

/** True for an unencrypted address on this machine: the sandbox. */
export function isLoopback(url: string): boolean {
  return /^http:\/\/(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d+)?(\/|$)/.test(url);
}
