/**
 * Connecting a Google account: the consent page's address, redeeming the code it comes back with, and
 * taking the grant back. Authorization code with PKCE; stores nothing.
 */
import { gmail } from 'googleapis/build/src/apis/gmail/index.js';
import { failure } from '../failures.ts';
import type { GoogleOptions } from './client.ts';
import type { Consent, ConsentCode, ConsentRequest, Grant, SignInFlow } from '../sign-in.ts';
import { googleTokenFailure, readVendorError } from './failures.ts';
import { createGoogleAuth } from './tokens.ts';

/** What is asked for, and no more. @see https://developers.google.com/identity/protocols/oauth2/scopes */
export const googleScopes = [
  'calendar.events',
  'calendar.freebusy',
  'calendar.settings.readonly',
  'gmail.readonly',
  'gmail.compose',
  // Labels and places of messages; deleting for good is not part of it.
  'gmail.modify',
].map((name) => `https://www.googleapis.com/auth/${name}`);

type ConnectOptions = Omit<GoogleOptions, 'credentials' | 'health'>;

/** Google's sign-in as the parts that connect accounts use it. */
export function googleSignIn(options: ConnectOptions): SignInFlow {
  return {
    consent: (request) => googleConsent(options, request),
    redeem: (request) => redeemGoogleCode(options, request),
    revoke: (refreshToken) => revokeGoogleGrant(options, refreshToken),
    grantsPage: 'https://myaccount.google.com/permissions',
  };
}

/** The address at which the person consents, and the verifier its code is redeemed with. */
async function googleConsent(options: ConnectOptions, request: ConsentRequest): Promise<Consent> {
  const auth = createGoogleAuth(options, request.redirectUri);
  const { codeVerifier, codeChallenge } = await auth.generateCodeVerifierAsync();
  const url = auth.generateAuthUrl({
    // Without these two Google gives no refresh token to somebody who consented before.
    access_type: 'offline',
    prompt: 'consent',
    scope: googleScopes,
    state: request.state,
    code_challenge_method: 'S256' as never,
    ...(codeChallenge === undefined ? {} : { code_challenge: codeChallenge }),
    ...(request.loginHint === undefined ? {} : { login_hint: request.loginHint }),
  });
  return { url, verifier: codeVerifier };
}

/**
 * Redeems a code for a refresh token and asks whose account it is.
 * @throws ReconnectRequiredError when the code is used, wrong or too old, or brings no refresh token
 */
async function redeemGoogleCode(options: ConnectOptions, request: ConsentCode): Promise<Grant> {
  const auth = createGoogleAuth(options, request.redirectUri);
  const { code, verifier: codeVerifier } = request;
  const { tokens } = await auth.getToken({ code, codeVerifier }).catch((error: unknown) => {
    throw googleTokenFailure(error);
  });
  auth.setCredentials(tokens);
  const { rootUrl, fetch: fetchImplementation, timeoutMs: timeout } = options;
  const mailbox = gmail({
    version: 'v1',
    auth,
    ...(rootUrl === undefined ? {} : { rootUrl }),
    retry: false,
    timeout,
    fetchImplementation,
  });
  const { data } = await mailbox.users.getProfile({ userId: 'me' });
  const refreshToken = tokens.refresh_token;
  if (typeof refreshToken !== 'string' || typeof data.emailAddress !== 'string') {
    throw failure('ReconnectRequiredError', 'Google gave no lasting access. Connect once more.');
  }
  const scopes = tokens.scope?.split(' ') ?? [];
  return { refreshToken, email: data.emailAddress.toLowerCase(), scopes };
}

/** Takes back the grant a refresh token belongs to. One that is gone already is no error. */
async function revokeGoogleGrant(options: ConnectOptions, refreshToken: string): Promise<void> {
  try {
    await createGoogleAuth(options).revokeToken(refreshToken);
  } catch (error) {
    if (readVendorError(error).code !== 'invalid_token') throw googleTokenFailure(error);
  }
}
