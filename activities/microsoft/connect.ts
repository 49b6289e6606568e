/**
 * Connecting a Microsoft account: the consent page's address, and redeeming the code it comes back with.
 * Authorization code with PKCE; stores nothing.
 */
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  randomPKCECodeVerifier,
} from 'openid-client';
import { z } from 'zod';
import { failure } from '../failures.ts';
import type { Consent, ConsentCode, ConsentRequest, Grant, SignInFlow } from '../sign-in.ts';
import { createGraphClient, type MicrosoftOptions, query } from './client.ts';
import { microsoftCall, microsoftReadFailure, microsoftTokenFailure } from './failures.ts';
import { type SignInOptions, signInConfiguration } from './tokens.ts';

/**
 * What is asked for, and no more. Without `openid` there is no id token, whose issuer differs with the
 * tenant; whose account it is comes from `User.Read`.
 * @see https://learn.microsoft.com/en-us/graph/permissions-reference
 */
export const microsoftScopes = [
  'Calendars.ReadWrite',
  'Mail.ReadWrite',
  'Mail.Send',
  'MailboxSettings.Read',
  'User.Read',
  'offline_access',
];

const profileSchema = z.object({
  mail: z.string().nullish(),
  userPrincipalName: z.string().nullish(),
});

type ConnectOptions = SignInOptions & Pick<MicrosoftOptions, 'rootUrl'>;

/** Microsoft's sign-in as the parts that connect accounts use it. */
export function microsoftSignIn(options: ConnectOptions): SignInFlow {
  return {
    consent: (request) => microsoftConsent(options, request),
    redeem: (request) => redeemMicrosoftCode(options, request),
    // Microsoft can end all sign-ins of a person, which is not ours to do, and no single one.
    revoke: null,
    grantsPage: 'https://myaccount.microsoft.com',
  };
}

/** The address at which the person consents, and the verifier its code is redeemed with. */
async function microsoftConsent(options: SignInOptions, request: ConsentRequest): Promise<Consent> {
  const verifier = randomPKCECodeVerifier();
  const url = buildAuthorizationUrl(signInConfiguration(options), {
    redirect_uri: request.redirectUri,
    scope: microsoftScopes.join(' '),
    state: request.state,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    // A person with several accounts is asked which one.
    ...(request.loginHint === undefined
      ? { prompt: 'select_account' }
      : { login_hint: request.loginHint }),
  });
  return { url: url.href, verifier };
}

/**
 * Redeems a code for a refresh token and asks whose account it is. The caller has checked the state.
 * @throws ReconnectRequiredError when the code is used, wrong or too old, or brings no refresh token
 */
async function redeemMicrosoftCode(options: ConnectOptions, request: ConsentCode): Promise<Grant> {
  const redirected = new URL(request.redirectUri);
  redirected.searchParams.set('code', request.code);
  const tokens = await authorizationCodeGrant(signInConfiguration(options), redirected, {
    pkceCodeVerifier: request.verifier,
  }).catch((error: unknown) => {
    throw microsoftTokenFailure(error);
  });
  const email = await addressOf(options, tokens.access_token);
  if (tokens.refresh_token === undefined || email === undefined) {
    throw failure('ReconnectRequiredError', 'Microsoft gave no lasting access. Connect once more.');
  }
  return { refreshToken: tokens.refresh_token, email, scopes: tokens.scope?.split(' ') ?? [] };
}

/** The mailbox's address, in lower case. */
async function addressOf(options: ConnectOptions, token: string): Promise<string | undefined> {
  const { client } = createGraphClient(options, async () => token);
  const path = `/me?${query({ $select: 'mail,userPrincipalName' })}`;
  try {
    const signal = AbortSignal.timeout(options.timeoutMs);
    const profile = profileSchema.parse(await client.api(path).options({ signal }).get());
    return (profile.mail ?? profile.userPrincipalName)?.toLowerCase();
  } catch (error) {
    throw microsoftReadFailure(error, microsoftCall(undefined, 'say whose account it is'));
  }
}
