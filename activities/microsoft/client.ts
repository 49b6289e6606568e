/**
 * Microsoft's Graph client, one session for each connected account, on the guarded fetch and with the
 * client's retries left out: Temporal owns retries. Every call goes through the provider's health, with
 * a valid token, and at most three at once: Outlook refuses a fifth per mailbox.
 */
import {
  AuthenticationHandler,
  Client,
  type GraphRequest,
} from '@microsoft/microsoft-graph-client';
import { bulkhead, type BulkheadPolicy } from 'cockatiel';
import { limits } from '#contracts/limits.ts';
import type { CredentialStore } from '../credentials.ts';
import { failure } from '../failures.ts';
import type { ProviderHealth } from '../providers/health.ts';
import { createSessionCache, type Sessions } from '../session-cache.ts';
import { callWithToken, createTokenSource } from '../token-source.ts';
import {
  judgeGraphError,
  microsoftCall,
  microsoftReadFailure,
  microsoftWriteFailure,
  readGraphError,
} from './failures.ts';
import { isLoopback, renewTokens } from './tokens.ts';
import { createTransport } from './transport.ts';

/** How to reach Microsoft. The addresses are set in sandbox mode and in tests only. */
export type MicrosoftOptions = {
  /** Graph without a version: https://graph.microsoft.com when absent. */
  readonly rootUrl?: string | undefined;
  /** The sign-in's authority, above `/oauth2/v2.0`. */
  readonly authorityUrl?: string | undefined;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Guarded: see egress.ts. */
  readonly fetch: typeof fetch;
  readonly credentials: Pick<CredentialStore, 'get' | 'accessToken'>;
  readonly health: ProviderHealth;
  readonly timeoutMs: number;
};

/** One account's way to Graph. `what` completes "Microsoft could not …" for people. */
export type MicrosoftSession = {
  /** The address of the account. */
  readonly account: string;
  /**
   * A request on the stock client with immutable ids. `path` is `/me/…`, its values encoded by `query`,
   * or a page's nextLink. Another `Prefer` header is written with `prefer`.
   * @throws EgressBlockedError for a link to a foreign host
   */
  api(path: string): GraphRequest;
  /** A request to the address of an upload session. The address is the permission: no token goes there. */
  upload(url: string): GraphRequest;
  /** Calls and maps failures as for a read. The signal ends the call at the time limit. */
  read<Data>(what: string, call: (signal: AbortSignal) => Promise<Data>): Promise<Data>;
  /** Calls once and tells "surely nothing happened" from UnknownOutcomeError. */
  write<Data>(what: string, call: (signal: AbortSignal) => Promise<Data>): Promise<Data>;
};

/** Gives the session of one of the owner's accounts. @throws ReconnectRequiredError */
export type MicrosoftClients = Sessions<MicrosoftSession>;

/** Builds the clients; one session is kept for each account until its stored token changes. */
export function createMicrosoftClients(options: MicrosoftOptions): MicrosoftClients {
  // Outlives the session, which ends with each refresh token: Microsoft replaces them all the time.
  const mailboxes = new Map<string, BulkheadPolicy>();
  return createSessionCache(options.credentials, 'microsoft', (owner, account) => {
    const mailbox = mailboxes.get(account) ?? bulkhead(limits.graphConcurrentMax, Infinity);
    mailboxes.set(account, mailbox);
    return createSession(options, owner, account, mailbox);
  });
}

/** One `Prefer` header: a second one would replace the first, and with it the immutable ids. */
export function prefer(...preferences: readonly string[]): string {
  return [...preferences, 'IdType="ImmutableId"'].join(', ');
}

/** A query string with its values encoded, which the client leaves to its caller. */
export function query(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}

function createSession(
  options: MicrosoftOptions,
  owner: string,
  account: string,
  mailbox: BulkheadPolicy,
): MicrosoftSession {
  const who = { provider: 'microsoft', account };
  const tokenSource = createTokenSource((unusable) =>
    options.credentials.accessToken(owner, account, {
      unusable,
      renew: (refreshToken) => renewTokens(options, account, refreshToken),
    }),
  );
  let token = '';
  const { client, uploads, baseUrl } = createGraphClient(options, async () => token);

  const calling = <Data>(
    kind: 'read' | 'write',
    call: (signal: AbortSignal) => Promise<Data>,
  ): Promise<Data> => {
    const attempt = async (used: string) => {
      token = used;
      return readable(await call(AbortSignal.timeout(options.timeoutMs)));
    };
    return mailbox.execute(() =>
      options.health.call(
        who,
        () => callWithToken(tokenSource, attempt, isRefused),
        (error) => judgeGraphError(error, kind),
      ),
    );
  };
  return {
    account,
    api: (path) => client.api(ownPath(path, baseUrl)).header('Prefer', prefer()),
    upload: (url) => uploads.api(url),
    read: (what, call) =>
      calling('read', call).catch((error: unknown) => {
        throw microsoftReadFailure(error, microsoftCall(account, what));
      }),
    write: (what, call) =>
      calling('write', call).catch((error: unknown) => {
        throw microsoftWriteFailure(error, microsoftCall(account, what));
      }),
  };
}

const isRefused = (error: unknown): boolean => readGraphError(error).status === 401;

/**
 * The stock client on a chain of two: its own token handler and our transport. Its retry handler is
 * left out (it repeats writes on 503), as are its redirect and telemetry handlers. `uploads` is one
 * without the token handler.
 */
export function createGraphClient(
  options: Pick<MicrosoftOptions, 'rootUrl' | 'fetch'>,
  getAccessToken: () => Promise<string>,
): { client: Client; uploads: Client; baseUrl: string } {
  const root = (options.rootUrl ?? 'https://graph.microsoft.com').replace(/\/+$/, '');
  const plainOrigin = isLoopback(root) ? new URL(root).origin : undefined;
  const baseUrl = plainOrigin === undefined ? root : root.replace(/^http:/, 'https:');
  const transport = createTransport(options.fetch, plainOrigin);
  const middleware = new AuthenticationHandler({ getAccessToken });
  middleware.setNext(transport);
  const customHosts = new Set([new URL(baseUrl).hostname]);
  return {
    client: Client.initWithMiddleware({ baseUrl, customHosts, middleware }),
    uploads: Client.initWithMiddleware({ baseUrl, middleware: transport }),
    baseUrl,
  };
}

/** A page's link is followed at our own server only: the token goes where the request goes. */
function ownPath(path: string, baseUrl: string): string {
  if (!/^[a-z][a-z\d+.-]*:/i.test(path)) return path;
  const { origin } = new URL(path);
  if (origin === new URL(baseUrl).origin) return path;
  throw failure('EgressBlockedError', `Blocked a link of Microsoft's answer to ${origin}.`);
}

/**
 * The client hands on a stream or text when a body is not JSON (an HTML page with status 200, for
 * example). Bytes that were asked for come as an ArrayBuffer or a Response.
 */
function readable<Data>(data: Data): Data {
  if (typeof data === 'string' || data instanceof ReadableStream || data instanceof Blob) {
    throw new TypeError('The answer could not be read: it is not JSON.');
  }
  return data;
}
