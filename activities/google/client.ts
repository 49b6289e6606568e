/**
 * Google's client libraries, one set for each account, on the guarded fetch and with retries off:
 * Temporal owns retries. Every call goes through the provider's health and with a valid token.
 */
import { calendar, type calendar_v3 } from 'googleapis/build/src/apis/calendar/index.js';
import { gmail, type gmail_v1 } from 'googleapis/build/src/apis/gmail/index.js';
import type { CredentialStore } from '../credentials.ts';
import type { ProviderHealth } from '../providers/health.ts';
import { createSessionCache, type Sessions } from '../session-cache.ts';
import { callWithToken } from '../token-source.ts';
import {
  googleReadFailure,
  googleWriteFailure,
  judgeGoogleError,
  readVendorError,
} from './failures.ts';
import { createGoogleAuth, createGoogleTokens } from './tokens.ts';

/** How to reach Google. The addresses are set in sandbox mode and in tests only. */
export type GoogleOptions = {
  readonly rootUrl?: string | undefined;
  readonly tokenUrl?: string | undefined;
  readonly authUrl?: string | undefined;
  readonly revokeUrl?: string | undefined;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Guarded: see egress.ts. */
  readonly fetch: typeof fetch;
  readonly credentials: Pick<CredentialStore, 'get' | 'accessToken'>;
  readonly health: ProviderHealth;
  readonly timeoutMs: number;
};

/** One account's way to Google. `what` completes "Google could not …" for people. */
export type GoogleSession = {
  readonly calendar: calendar_v3.Calendar;
  readonly gmail: gmail_v1.Gmail;
  /** Calls and maps failures as for a read. */
  read<Data>(what: string, call: () => Promise<{ data: Data }>): Promise<Data>;
  /** Calls once and tells "surely nothing happened" from UnknownOutcomeError. */
  write<Data>(what: string, call: () => Promise<{ data: Data }>): Promise<Data>;
};

/** Gives the session of an owner's account, an e-mail address. @throws ReconnectRequiredError */
export type GoogleClients = Sessions<GoogleSession>;

/** Builds the clients; one set is kept for each account until its stored token changes. */
export function createGoogleClients(options: GoogleOptions): GoogleClients {
  return createSessionCache(options.credentials, 'google', (owner, account) =>
    createSession(options, owner, account),
  );
}

function createSession(options: GoogleOptions, owner: string, account: string): GoogleSession {
  const who = { provider: 'google', account };
  const auth = createGoogleAuth(options);
  const tokenSource = createGoogleTokens(options, owner, account);
  const common = {
    auth,
    ...(options.rootUrl === undefined ? {} : { rootUrl: withSlash(options.rootUrl) }),
    retry: false,
    timeout: options.timeoutMs,
    fetchImplementation: options.fetch,
  };
  const calling = <Data>(
    kind: 'read' | 'write',
    call: () => Promise<{ data: Data }>,
  ): Promise<Data> => {
    const attempt = async (token: string) => {
      // Without a refresh token and an expiry the library uses what it is given and renews nothing.
      auth.setCredentials({ access_token: token });
      return readable((await call()).data);
    };
    return options.health.call(
      who,
      () => callWithToken(tokenSource, attempt, isRefused),
      (error) => judgeGoogleError(error, kind),
    );
  };
  return {
    calendar: calendar({ version: 'v3', ...common }),
    gmail: gmail({ version: 'v1', ...common }),
    read: (what, call) =>
      calling('read', call).catch((error: unknown) => {
        throw googleReadFailure(error, what, account);
      }),
    write: (what, call) =>
      calling('write', call).catch((error: unknown) => {
        throw googleWriteFailure(error, what, account);
      }),
  };
}

const isRefused = (error: unknown): boolean => readVendorError(error).status === 401;

/**
 * The library hands text on when a body is not JSON (an HTML page with status 200, a body cut
 * short). Only an empty body stands for "done, nothing to say".
 */
function readable<Data>(data: Data): Data {
  if (typeof data === 'string' && data !== '') {
    throw new Error('The answer could not be read: it is not JSON.');
  }
  return data;
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
