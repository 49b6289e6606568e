/**
 * Turns what is known of a vendor's error into the closed list of failures. It reads no vendor's own
 * form (each vendor's failures.ts does) and never guesses that a write did nothing.
 */
import { providerNames } from '#contracts/accounts.ts';
import { UnknownOutcomeError } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { mustReconnect } from '../reconnect.ts';
import { type Provider, reconnectHint } from '../token-seal.ts';
import { judgeFailure, type Verdict } from './verdict.ts';

/** What is known of an error of a vendor's client library. */
export type VendorError = {
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** The vendor's machine-readable code, or the OAuth error. */
  readonly code: string | undefined;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
  /** The connection was never made, so nothing was sent. */
  readonly neverSent: boolean;
  /** The vendor asks to slow down, whatever the status. */
  readonly limited: boolean;
};

/** The call that failed. `what` completes "Microsoft could not …"; no account while one is connected. */
export type VendorCall = {
  readonly provider: Provider;
  readonly account: string | undefined;
  readonly what: string;
};

/** The failure of a read. */
export function readFailureOf(vendor: VendorError, call: VendorCall, cause: unknown): Error {
  const could = `${providerNames[call.provider]} could not ${call.what}`;
  const refused = refusalOf(vendor, call, cause);
  if (refused !== undefined) return refused;
  switch (vendor.status) {
    case 404:
    case 410:
      return failure('NotFoundError', `${could}: it is not there.`, { cause });
    case 409:
      return failure('ConflictError', `${could}: ${vendor.message}`, { cause });
    default:
      return unavailableFailure(vendor, call, cause);
  }
}

/** The failure of a write: UnknownOutcomeError unless the vendor surely did nothing. */
export function writeFailureOf(vendor: VendorError, call: VendorCall, cause: unknown): Error {
  const refused = refusalOf(vendor, call, cause);
  if (refused !== undefined) return refused;
  if (vendor.neverSent) return unavailableFailure(vendor, call, cause);
  const answer = vendor.status === undefined ? 'no answer' : `status ${vendor.status}`;
  return new UnknownOutcomeError(`Tried to ${call.what}; ${answer}: ${vendor.message}`, { cause });
}

/** What a call's error says about the vendor. A write without an answer may have happened. */
export function judgeVendorError(vendor: VendorError, kind: 'read' | 'write'): Verdict {
  const { status, neverSent, retryAfterMs } = vendor;
  if (vendor.limited) {
    return { kind: 'limited', reason: `status ${status}`, retryAfterMs, mayHaveActed: false };
  }
  if (status !== undefined && status !== 408 && status >= 400 && status < 500) return 'answers';
  const reason = status === undefined ? 'no answer' : `status ${status}`;
  return { kind: 'down', reason, retryAfterMs, mayHaveActed: kind === 'write' && !neverSent };
}

/**
 * The failure of signing in: nothing was asked of the vendor's API yet. `needsPerson` holds the OAuth
 * errors that do not pass by themselves.
 */
export function signInFailureOf(
  vendor: VendorError,
  call: VendorCall,
  needsPerson: ReadonlySet<string>,
  cause: unknown,
): Error {
  if (needsPerson.has(vendor.code ?? '') || vendor.status === 401) {
    return reconnectFailure(call, cause);
  }
  if (vendor.limited) return rateLimitFailure(vendor, call, cause);
  return unavailableFailure(vendor, call, cause);
}

/** A failure of ours, possibly wrapped by a client library: the egress guard's, for example. */
export function ownFailureIn(error: unknown): Error | undefined {
  return causesOf(error).find(
    (cause): cause is Error & Record<string, unknown> =>
      failureTypeOf(cause) !== undefined || cause instanceof UnknownOutcomeError,
  );
}

/** The verdict of one of our own failures in an error's causes, if there is one. */
export function ownVerdict(error: unknown): Verdict | undefined {
  const own = ownFailureIn(error);
  return own === undefined ? undefined : judgeFailure(own);
}

/** True when the connection was never made. */
export function wasNeverSent(error: unknown): boolean {
  return causesOf(error).some((cause) => neverSentCodes.has(String(cause['code'])));
}

/** Retry-After in seconds or as a date; at least one second. */
export function parseRetryAfter(
  written: string | null | undefined,
  nowMs: number,
): number | undefined {
  if (written === undefined || written === null) return undefined;
  const ms = /^\d+$/.test(written) ? Number(written) * 1_000 : Date.parse(written) - nowMs;
  return Number.isFinite(ms) ? Math.max(ms, 1_000) : undefined;
}

/** What was thrown, in words; it may be anything, and not everything can be made a text. */
export function wordsOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === 'string' ? thrown : 'something that says nothing';
}

/** An HTML error page or a stack is of no use to anyone; its first words are. */
export function firstWords(text: string): string {
  const line = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

const neverSentCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH']);

/** Answers that mean the same for reads and writes: refused, nothing done. */
function refusalOf(vendor: VendorError, call: VendorCall, cause: unknown): Error | undefined {
  const refused = `${providerNames[call.provider]} refused to ${call.what}`;
  if (vendor.limited) return rateLimitFailure(vendor, call, cause);
  switch (vendor.status) {
    case 400:
    case 422:
      return failure('InvalidInputError', `${refused}: ${vendor.message}`, { cause });
    case 401:
      return reconnectFailure(call, cause);
    case 403: {
      // The account was connected for less than this asks for.
      const isForLess = /insufficient .*(?:scope|privilege|permission)/i.test(vendor.message);
      const hint = isForLess ? ` ${reconnectHint(call.provider)}` : '';
      return failure('PermissionDeniedError', `${refused}: ${vendor.message}${hint}`, { cause });
    }
    case 412: {
      const message = `${refused}: it has changed since it was looked at.`;
      return failure('PreconditionFailedError', message, { cause });
    }
    default:
      return undefined;
  }
}

function causesOf(error: unknown): (object & Record<string, unknown>)[] {
  const found: (object & Record<string, unknown>)[] = [];
  let current: unknown = error;
  while (typeof current === 'object' && current !== null && found.length < 8) {
    const link = current as object & Record<string, unknown>;
    found.push(link);
    current = link['cause'];
  }
  return found;
}

/** The person has to connect the account again, or for the first time. */
function reconnectFailure({ provider, account }: VendorCall, cause: unknown): Error {
  if (account !== undefined) return mustReconnect(provider, account, cause);
  const message = `${providerNames[provider]} did not accept the sign-in. Connect once more.`;
  return failure('ReconnectRequiredError', message, { cause });
}

/** The vendor asks to slow down. */
function rateLimitFailure(vendor: VendorError, call: VendorCall, cause: unknown): Error {
  const { retryAfterMs } = vendor;
  const next =
    retryAfterMs === undefined ? '' : ` Next try in ${Math.ceil(retryAfterMs / 1_000)} s.`;
  const message = `${providerNames[call.provider]} asks to slow down (${call.what}).${next}`;
  return failure('RateLimitedError', message, { retryAfterMs, cause });
}

/** The vendor is away, or its answer could not be read. */
function unavailableFailure(vendor: VendorError, call: VendorCall, cause: unknown): Error {
  const status = vendor.status === undefined ? 'no answer' : `status ${vendor.status}`;
  const message = `${providerNames[call.provider]} could not ${call.what} just now (${status}: ${vendor.message}).`;
  return failure('ProviderUnavailableError', message, { retryAfterMs: vendor.retryAfterMs, cause });
}
