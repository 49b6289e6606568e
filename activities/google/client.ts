/**
 * Google's client libraries, one set for each account, on the guarded fetch and with retries off:
 * Temporal owns retries. Every call goes through the provider's health and with a valid token.
 */
import { calendar, type calendar_v3 } from 'googleapis/build/src/apis/calendar/index.js';
import { gmail, type gmail_v1 } from 'googleapis/build/src/apis/gmail/index.js';
import type { CredentialStore } from '../credentials.ts';
import type { ProviderHealth } from '../providers/health.ts';
import { mustReconnect, notConnected } from '../reconnect.ts';
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
export type GoogleClients = (owner: string, account: string) => Promise<GoogleSession>;

type Entry = { readonly refreshToken: string; readonly session: GoogleSession };

/** Builds the clients; one set is kept for each account until the stored token changes. */
export function createGoogleClients(options: GoogleOptions): GoogleClients {
  const entries = new Map<string, Entry>();
  return async (owner, account) => {
    const key = `${owner}\u0000${account}`;
    const stored = await options.credentials.get(owner, account);
    if (stored?.state !== 'connected' || stored.provider !== 'google') {
      entries.delete(key);
      throw stored?.provider === 'google'
        ? mustReconnect('google', account)
        : notConnected(account);
    }
    const { refreshToken } = stored;
    const known = entries.get(key);
    if (known?.refreshToken === refreshToken) return known.session;
    const session = createSession(options, owner, account);
    entries.set(key, { refreshToken, session });
    return session;
  };
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
  /** Calls with a valid token; a 401 (nothing was done) gets another one and is tried once more. */
  const withToken = async <Data>(call: () => Promise<{ data: Data }>): Promise<Data> => {
    // Without a refresh token and an expiry the library uses what it is given and renews nothing.
    const token = await tokenSource();
    auth.setCredentials({ access_token: token });
    try {
      return readable((await call()).data);
    } catch (error) {
      if (readVendorError(error).status !== 401) throw error;
    }
    auth.setCredentials({ access_token: await tokenSource(token) });
    return readable((await call()).data);
  };
  return {
    calendar: calendar({ version: 'v3', ...common }),
    gmail: gmail({ version: 'v1', ...common }),
    async read(what, call) {
      const judge = (error: unknown) => judgeGoogleError(error, 'read');
      try {
        return await options.health.call(who, () => withToken(call), judge);
      } catch (error) {
        throw googleReadFailure(error, what, account);
      }
    },
    async write(what, call) {
      const judge = (error: unknown) => judgeGoogleError(error, 'write');
      try {
        return await options.health.call(who, () => withToken(call), judge);
      } catch (error) {
        throw googleWriteFailure(error, what, account);
      }
    },
  };
}

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
