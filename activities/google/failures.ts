/**
 * Turns what Google's client throws into the closed list of failures. Reads map to a failure that
 * says whether to wait; writes tell "surely did nothing" from "may have happened". It never guesses
 * that a write did nothing.
 * @see the vendor's error guides; rate limits come as 403 as well as 429, and Gmail puts the time to
 * wait into the message.
 */
import { z } from 'zod';
import { UnknownOutcomeError } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { judgeFailure, type Verdict } from '../providers/verdict.ts';
import { mustReconnect } from '../reconnect.ts';

/** What is known of an error of the client library. */
export type VendorError = {
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** Google's machine-readable reason, or the OAuth error. */
  readonly reason: string | undefined;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
  /** The connection was never made, so nothing was sent. */
  readonly neverSent: boolean;
};

const errorSchema = z.object({
  message: z.string().catch(''),
  status: z.number().optional().catch(undefined),
  response: z
    .object({
      status: z.number(),
      headers: z.instanceof(Headers).optional().catch(undefined),
      data: z.unknown(),
    })
    .optional()
    .catch(undefined),
});
const apiBodySchema = z.object({
  error: z.object({
    message: z.string().catch(''),
    errors: z
      .array(z.object({ reason: z.string() }))
      .optional()
      .catch(undefined),
  }),
});
const oauthBodySchema = z.object({
  error: z.string(),
  error_description: z.string().catch(''),
});

const rateReasons = new Set(['rateLimitExceeded', 'userRateLimitExceeded', 'quotaExceeded']);
const neverSentCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH']);

/** Reads an error of the client library; tolerant, as it may be anything. */
export function readVendorError(error: unknown, nowMs = Date.now()): VendorError {
  const parsed = errorSchema.safeParse(error).data;
  const response = parsed?.response;
  const api = apiBodySchema.safeParse(response?.data).data?.error;
  const oauth = oauthBodySchema.safeParse(response?.data).data;
  const message = api?.message ?? oauth?.error_description ?? firstLine(parsed?.message ?? '');
  return {
    status: response?.status ?? parsed?.status,
    reason: api?.errors?.[0]?.reason ?? oauth?.error,
    message,
    retryAfterMs: retryAfterMs(response?.headers?.get('retry-after'), message, nowMs),
    neverSent: causesOf(error).some((cause) => neverSentCodes.has(String(cause['code']))),
  };
}

/** The failure of a read. `what` completes the sentence "Google could not …". */
export function googleReadFailure(error: unknown, what: string, account: string): Error {
  const own = ownFailure(error);
  if (own !== undefined) return own;
  const vendor = readVendorError(error);
  const refused = refusalOf(vendor, what, account, error);
  if (refused !== undefined) return refused;
  switch (vendor.status) {
    case 404:
    case 410:
      return failure('NotFoundError', `Google could not ${what}: it is not there.`, {
        cause: error,
      });
    case 409:
      return failure('ConflictError', `Google could not ${what}: ${vendor.message}`, {
        cause: error,
      });
    default:
      return unavailable(vendor, what, error);
  }
}

/**
 * The failure of a write: one of the closed list when Google surely did nothing, UnknownOutcomeError
 * when it may have happened.
 */
export function googleWriteFailure(error: unknown, what: string, account: string): Error {
  const own = ownFailure(error);
  if (own !== undefined) return own;
  const vendor = readVendorError(error);
  const refused = refusalOf(vendor, what, account, error);
  if (refused !== undefined) return refused;
  if (vendor.neverSent) return unavailable(vendor, what, error);
  const answer = vendor.status === undefined ? 'no answer' : `status ${vendor.status}`;
  return new UnknownOutcomeError(`Tried to ${what}; ${answer}: ${vendor.message}`, {
    cause: error,
  });
}

/**
 * The failure of getting an access token: nothing was asked of the API yet. `account` is undefined while
 * an account is being connected.
 */
export function googleTokenFailure(error: unknown, account?: string): Error {
  const own = ownFailure(error);
  if (own !== undefined) return own;
  const vendor = readVendorError(error);
  const needsPerson = ['invalid_grant', 'unauthorized_client', 'invalid_client'];
  if (needsPerson.includes(vendor.reason ?? '') || vendor.status === 401) {
    return reconnect(account, error);
  }
  if (vendor.status === 429) return rateLimited(vendor, 'sign in', error);
  return unavailable(vendor, 'sign in', error);
}

/** What a call's error says about Google itself. A write without an answer may have happened. */
export function judgeGoogleError(error: unknown, kind: 'read' | 'write'): Verdict {
  const own = ownFailure(error);
  if (own !== undefined) return judgeFailure(own);
  const { status, neverSent, retryAfterMs, ...vendor } = readVendorError(error);
  if (isRateLimit(status, vendor.reason)) {
    return { kind: 'limited', reason: `status ${status}`, retryAfterMs, mayHaveActed: false };
  }
  if (status !== undefined && status !== 408 && status >= 400 && status < 500) return 'answers';
  const reason = status === undefined ? 'no answer' : `status ${status}`;
  return { kind: 'down', reason, retryAfterMs, mayHaveActed: kind === 'write' && !neverSent };
}

function isRateLimit(status: number | undefined, reason: string | undefined): boolean {
  return status === 429 || (status === 403 && rateReasons.has(reason ?? ''));
}

function reconnect(account: string | undefined, cause: unknown): Error {
  if (account !== undefined) return mustReconnect('google', account, cause);
  const message = 'Google did not accept the sign-in. Connect once more.';
  return failure('ReconnectRequiredError', message, { cause });
}

/** Statuses that mean the same for reads and writes: refused, nothing done. */
function refusalOf(
  vendor: VendorError,
  what: string,
  account: string,
  cause: unknown,
): Error | undefined {
  const sentence = `Google refused to ${what}: ${vendor.message}`;
  if (isRateLimit(vendor.status, vendor.reason)) return rateLimited(vendor, what, cause);
  switch (vendor.status) {
    case 400:
    case 422:
      return failure('InvalidInputError', sentence, { cause });
    case 401:
      return reconnect(account, cause);
    case 403:
      return failure('PermissionDeniedError', sentence, { cause });
    case 412:
      return failure(
        'PreconditionFailedError',
        `Google refused to ${what}: it has changed since it was looked at.`,
        { cause },
      );
    default:
      return undefined;
  }
}

function rateLimited(vendor: VendorError, what: string, cause: unknown): Error {
  const { retryAfterMs: waitMs } = vendor;
  const wait = waitMs === undefined ? '' : ` Next try in ${Math.ceil(waitMs / 1_000)} s.`;
  return failure('RateLimitedError', `Google asks to slow down (${what}).${wait}`, {
    retryAfterMs: waitMs,
    cause,
  });
}

function unavailable(vendor: VendorError, what: string, cause: unknown): Error {
  const status = vendor.status === undefined ? 'no answer' : `status ${vendor.status}`;
  return failure(
    'ProviderUnavailableError',
    `Google could not ${what} just now (${status}: ${vendor.message}).`,
    { retryAfterMs: vendor.retryAfterMs, cause },
  );
}

/** A failure of ours, possibly wrapped by the client library: the egress guard's, for example. */
function ownFailure(error: unknown): Error | undefined {
  return causesOf(error).find(
    (cause): cause is Error & Record<string, unknown> =>
      failureTypeOf(cause) !== undefined || cause instanceof UnknownOutcomeError,
  );
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

/** Retry-After in seconds or as a date, or Gmail's "Retry after 2026-…Z"; at least one second. */
function retryAfterMs(
  header: string | null | undefined,
  message: string,
  nowMs: number,
): number | undefined {
  const written = header ?? /retry after (\d{4}-\d\d-\d\dT[\d:.]+Z)/i.exec(message)?.[1];
  if (written === undefined) return undefined;
  const ms = /^\d+$/.test(written) ? Number(written) * 1_000 : Date.parse(written) - nowMs;
  return Number.isFinite(ms) ? Math.max(ms, 1_000) : undefined;
}

/** An HTML error page or a stack is of no use to anyone; its first words are. */
function firstLine(text: string): string {
  const line = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
