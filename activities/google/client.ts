/**
 * Google's client libraries, one set for each owner, on the guarded fetch and with retries off:
 * Temporal owns retries. Tokens are refreshed before a call, so that a failed refresh never looks
 * like a failed write.
 */
import {
  auth as google,
  calendar,
  type calendar_v3,
} from 'googleapis/build/src/apis/calendar/index.js';
import { gmail, type gmail_v1 } from 'googleapis/build/src/apis/gmail/index.js';
import { type CredentialStore, reconnectHint } from '../credentials.ts';
import { failure, failureTypeOf } from '../failures.ts';
import {
  googleReadFailure,
  googleTokenFailure,
  googleWriteFailure,
  readVendorError,
} from './failures.ts';

/** How to reach Google. The addresses are set in sandbox mode and in tests only. */
export type GoogleOptions = {
  readonly rootUrl?: string | undefined;
  readonly tokenUrl?: string | undefined;
  readonly authUrl?: string | undefined;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Guarded: see egress.ts. */
  readonly fetch: typeof fetch;
  readonly credentials: CredentialStore;
  readonly timeoutMs: number;
};

/** One owner's way to Google. `what` completes "Google could not …" for people. */
export type GoogleSession = {
  readonly calendar: calendar_v3.Calendar;
  readonly gmail: gmail_v1.Gmail;
  /** Calls and maps failures as for a read. */
  read<Data>(what: string, call: () => Promise<{ data: Data }>): Promise<Data>;
  /** Calls once and tells "surely nothing happened" from UnknownOutcomeError. */
  write<Data>(what: string, call: () => Promise<{ data: Data }>): Promise<Data>;
};

/** Gives the session of an owner. @throws ReconnectRequiredError */
export type GoogleClients = (owner: string) => Promise<GoogleSession>;

/** From googleapis itself, so that there is one copy of the library and of its types. */
type OAuth2Client = InstanceType<typeof google.OAuth2>;

type Entry = {
  readonly refreshToken: () => string;
  readonly session: GoogleSession;
  /** Stores a rotated token that could not be stored when it came. */
  settle(): Promise<void>;
};

/** Builds the clients; one set is kept for each owner until the stored token changes. */
export function createGoogleClients(options: GoogleOptions): GoogleClients {
  const entries = new Map<string, Entry>();
  return async (owner) => {
    await entries.get(owner)?.settle();
    const account = await options.credentials.get(owner, 'google');
    if (account === undefined || account.state === 'reconnect_required') {
      entries.delete(owner);
      const state = account === undefined ? 'is not connected' : 'must be connected again';
      throw failure('ReconnectRequiredError', `Google ${state}. ${reconnectHint('google')}`);
    }
    const known = entries.get(owner);
    if (known?.refreshToken() === account.refreshToken) return known.session;
    const entry = createEntry(options, owner, account.refreshToken);
    entries.set(owner, entry);
    return entry.session;
  };
}

function createEntry(options: GoogleOptions, owner: string, refreshToken: string): Entry {
  const auth = createGoogleAuth(options);
  auth.setCredentials({ refresh_token: refreshToken });
  let unsaved: string | undefined;
  const settle = async (): Promise<void> => {
    const rotated = unsaved;
    if (rotated === undefined) return;
    await options.credentials.rotate(owner, 'google', rotated);
    if (unsaved === rotated) unsaved = undefined;
  };
  auth.on('tokens', (tokens) => {
    const rotated = tokens.refresh_token;
    if (typeof rotated !== 'string') return;
    // The library keeps using the old token by itself (google-auth-library 10.9.1).
    auth.credentials.refresh_token = rotated;
    unsaved = rotated;
  });
  const session = createSession(options, owner, auth, settle);
  return { session, settle, refreshToken: () => auth.credentials.refresh_token ?? refreshToken };
}

/** Google's OAuth client on the guarded fetch. `redirectUri` is for connecting an account only. */
export function createGoogleAuth(
  options: Omit<GoogleOptions, 'credentials'>,
  redirectUri?: string,
): OAuth2Client {
  const { tokenUrl, authUrl } = options;
  return new google.OAuth2({
    ...(redirectUri === undefined ? {} : { redirectUri }),
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    endpoints: {
      ...(tokenUrl === undefined ? {} : { oauth2TokenUrl: tokenUrl }),
      ...(authUrl === undefined ? {} : { oauth2AuthBaseUrl: authUrl }),
    },
    // The library tries a silent token endpoint three times; together they stay within one timeout.
    transporterOptions: {
      fetchImplementation: options.fetch,
      timeout: Math.ceil(options.timeoutMs / 3),
    },
  });
}

function createSession(
  options: GoogleOptions,
  owner: string,
  auth: OAuth2Client,
  settle: () => Promise<void>,
): GoogleSession {
  const common = {
    auth,
    ...(options.rootUrl === undefined ? {} : { rootUrl: withSlash(options.rootUrl) }),
    retry: false,
    timeout: options.timeoutMs,
    fetchImplementation: options.fetch,
  };
  const token = async (refresh: () => Promise<unknown>): Promise<void> => {
    try {
      await refresh();
    } catch (error) {
      const mapped = googleTokenFailure(error);
      if (failureTypeOf(mapped) === 'ReconnectRequiredError') {
        await options.credentials.markReconnect(owner, 'google');
      }
      throw mapped;
    }
    // A token that cannot be stored now is stored before the next session is handed out.
    await settle().catch(() => undefined);
  };
  /** Calls with a valid token; a 401 (nothing was done) is refreshed and tried once more. */
  const withToken = async <Data>(call: () => Promise<{ data: Data }>): Promise<Data> => {
    await token(() => auth.getAccessToken());
    try {
      return (await call()).data;
    } catch (error) {
      if (readVendorError(error).status !== 401) throw error;
    }
    await token(() => auth.refreshAccessToken());
    return (await call()).data;
  };
  return {
    calendar: calendar({ version: 'v3', ...common }),
    gmail: gmail({ version: 'v1', ...common }),
    async read(what, call) {
      try {
        return readable(await withToken(call));
      } catch (error) {
        throw googleReadFailure(error, what);
      }
    },
    async write(what, call) {
      try {
        return readable(await withToken(call));
      } catch (error) {
        throw googleWriteFailure(error, what);
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
