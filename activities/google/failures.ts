/**
 * Reads what Google's client throws: by status, reason and, where Gmail says nowhere else how long to
 * wait, by the message. It decides nothing about retries.
 * @see the vendor's error guides; rate limits come as 403 as well as 429.
 */
import { z } from 'zod';
import {
  firstWords,
  judgeVendorError,
  ownFailureIn,
  ownVerdict,
  parseRetryAfter,
  readFailureOf,
  signInFailureOf,
  type VendorCall,
  type VendorError,
  wasNeverSent,
  writeFailureOf,
} from '../providers/vendor-failures.ts';
import type { Verdict } from '../providers/verdict.ts';

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
/** OAuth errors that only the person, or whoever registered the application, can end. */
const needsPerson = new Set(['invalid_grant', 'unauthorized_client', 'invalid_client']);

/** Reads an error of the client library; tolerant, as it may be anything. */
export function readVendorError(error: unknown, nowMs = Date.now()): VendorError {
  const parsed = errorSchema.safeParse(error).data;
  const response = parsed?.response;
  const api = apiBodySchema.safeParse(response?.data).data?.error;
  const oauth = oauthBodySchema.safeParse(response?.data).data;
  const message = api?.message ?? oauth?.error_description ?? firstWords(parsed?.message ?? '');
  const status = response?.status ?? parsed?.status;
  const code = api?.errors?.[0]?.reason ?? oauth?.error;
  const told = /retry after (\d{4}-\d\d-\d\dT[\d:.]+Z)/i.exec(message)?.[1];
  return {
    status,
    code,
    message,
    retryAfterMs: parseRetryAfter(response?.headers?.get('retry-after') ?? told, nowMs),
    neverSent: wasNeverSent(error),
    limited: status === 429 || (status === 403 && rateReasons.has(code ?? '')),
  };
}

/** The failure of a read. `what` completes the sentence "Google could not …". */
export function googleReadFailure(error: unknown, what: string, account: string): Error {
  return ownFailureIn(error) ?? readFailureOf(readVendorError(error), call(account, what), error);
}

/**
 * The failure of a write: one of the closed list when Google surely did nothing, UnknownOutcomeError
 * when it may have happened.
 */
export function googleWriteFailure(error: unknown, what: string, account: string): Error {
  return ownFailureIn(error) ?? writeFailureOf(readVendorError(error), call(account, what), error);
}

/**
 * The failure of getting an access token: nothing was asked of the API yet. `account` is undefined
 * while an account is being connected.
 */
export function googleTokenFailure(error: unknown, account?: string): Error {
  const own = ownFailureIn(error);
  if (own !== undefined) return own;
  const vendor = readVendorError(error);
  return signInFailureOf(vendor, call(account, 'sign in'), needsPerson, error);
}

/** What a call's error says about Google itself. A write without an answer may have happened. */
export function judgeGoogleError(error: unknown, kind: 'read' | 'write'): Verdict {
  return ownVerdict(error) ?? judgeVendorError(readVendorError(error), kind);
}

function call(account: string | undefined, what: string): VendorCall {
  return { provider: 'google', account, what };
}
