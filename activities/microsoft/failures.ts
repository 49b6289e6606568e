/**
 * Reads what Microsoft's clients throw: Graph's error envelope and the sign-in's OAuth errors. It goes
 * by status and code, never by a message, and decides nothing about retries.
 * @see https://learn.microsoft.com/en-us/graph/errors
 */
import { z } from 'zod';
import { UnknownOutcomeError } from '../effects/handler.ts';
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
  wordsOf,
  writeFailureOf,
} from '../providers/vendor-failures.ts';
import type { Verdict } from '../providers/verdict.ts';

/** A call to Graph for one account. `what` completes "Microsoft could not …". */
export function microsoftCall(account: string | undefined, what: string): VendorCall {
  return { provider: 'microsoft', account, what };
}

const headersSchema = z.instanceof(Headers).optional().catch(undefined);
const graphSchema = z.object({
  // -1 stands for "no answer" in the client library.
  statusCode: z.number(),
  code: z.string().nullish().catch(undefined),
  message: z.string().catch(''),
  headers: headersSchema,
});
const oauthSchema = z.object({
  status: z.number().optional().catch(undefined),
  error: z.string().optional().catch(undefined),
  message: z.string().catch(''),
  response: z.object({ headers: headersSchema }).optional().catch(undefined),
  // What is no OAuth error (a gateway's page) has the response as its cause.
  cause: z.object({ status: z.number(), headers: headersSchema }).optional().catch(undefined),
});

/** Reads an error of the Graph client; tolerant, as it may be anything. */
export function readGraphError(error: unknown, nowMs = Date.now()): VendorError {
  const graph = graphSchema.safeParse(error).data;
  const text = graph?.message ?? wordsOf(error);
  const status = graph === undefined || graph.statusCode < 0 ? undefined : graph.statusCode;
  return {
    status,
    code: graph?.code ?? undefined,
    message: firstWords(text),
    retryAfterMs: parseRetryAfter(graph?.headers?.get('retry-after'), nowMs),
    neverSent: wasNeverSent(error),
    limited: status === 429,
  };
}

/** The failure of a read. An id of another vendor is malformed here, and so of nothing here. */
export function microsoftReadFailure(error: unknown, call: VendorCall): Error {
  const own = ownFailureIn(error);
  if (own !== undefined) return own;
  const vendor = readGraphError(error);
  const isForeignId = vendor.code === 'ErrorInvalidIdMalformed';
  return readFailureOf(isForeignId ? { ...vendor, status: 404 } : vendor, call, error);
}

/**
 * The failure of a write: one of the closed list when Microsoft surely did nothing,
 * UnknownOutcomeError when it may have happened.
 */
export function microsoftWriteFailure(error: unknown, call: VendorCall): Error {
  const own = ownFailureIn(error);
  if (own !== undefined) return own;
  const vendor = readGraphError(error);
  // Seen as 400 and as 409: there is an event of this key, so looking comes next.
  if (vendor.code === 'ErrorDuplicateTransactionId') {
    return new UnknownOutcomeError(`Tried to ${call.what}; it was done before.`, { cause: error });
  }
  return writeFailureOf(vendor, call, error);
}

/** What a call's error says about Graph itself. */
export function judgeGraphError(error: unknown, kind: 'read' | 'write'): Verdict {
  return ownVerdict(error) ?? judgeVendorError(readGraphError(error), kind);
}

/**
 * The failure of getting tokens: nothing was asked of Graph yet. `account` is undefined while an
 * account is being connected.
 */
export function microsoftTokenFailure(error: unknown, account?: string): Error {
  const own = ownFailureIn(error);
  if (own !== undefined) return own;
  const oauth = oauthSchema.safeParse(error).data;
  const status = oauth?.status ?? oauth?.cause?.status;
  const headers = oauth?.response?.headers ?? oauth?.cause?.headers;
  const vendor: VendorError = {
    status,
    code: oauth?.error,
    message: firstWords(oauth?.message ?? wordsOf(error)),
    retryAfterMs: parseRetryAfter(headers?.get('retry-after'), Date.now()),
    neverSent: true,
    limited: status === 429,
  };
  return signInFailureOf(vendor, microsoftCall(account, 'sign in'), needsPerson, error);
}

/** OAuth errors that only the person, or whoever registered the app, can end. */
const needsPerson = new Set([
  'invalid_grant',
  'interaction_required',
  'consent_required',
  'unauthorized_client',
  'invalid_client',
]);
