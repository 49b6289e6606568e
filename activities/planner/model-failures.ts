/**
 * What the model's client throws, as contract failures with words about what to do. Knows the
 * vendor's error classes and nothing about what was asked.
 */
import { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import type { ModelUsage } from '#contracts/activities.ts';
import type { AccountDetails } from '#contracts/failures.ts';
import { ApplicationFailure } from '@temporalio/common';
import { failure, failureTypeOf } from '../failures.ts';

/** Maps one error. An abort by `signal` stays what the signal says, so that cancelling works. */
export function modelFailure(error: unknown, who: AccountDetails, signal?: AbortSignal): unknown {
  if (signal?.aborted === true) return signal.reason ?? error;
  const ours = ownFailure(error);
  if (ours !== undefined) return ours;
  if (error instanceof APIUserAbortError || error instanceof APIConnectionError) {
    return failure('ModelUnavailableError', `The model does not answer: ${error.message}`, {
      cause: error,
    });
  }
  if (error instanceof APIError && typeof error.status === 'number') return ofStatus(error, who);
  if (error instanceof SyntaxError || error instanceof TypeError) {
    // A body cut in the middle, or a proxy's page instead of the model's reply.
    return failure('ModelUnavailableError', 'What the model server answers cannot be read.', {
      cause: error,
    });
  }
  return error;
}

function ofStatus(error: APIError, who: AccountDetails): ApplicationFailure {
  const status = Number(error.status);
  const options = { cause: error, retryAfterMs: retryAfterMs(error) };
  if (status === 429 && error.code === 'insufficient_quota') {
    return failure(
      'PermissionDeniedError',
      'The model account has no credit left: add credit there, or set another OPENAI_API_KEY.',
      { cause: error },
    );
  }
  if (status === 429) {
    return failure('RateLimitedError', 'The model server asks to slow down.', options);
  }
  if (status === 401) {
    return failure(
      'ReconnectRequiredError',
      'The model server does not accept the key: check OPENAI_API_KEY.',
      { cause: error, details: { ...who } },
    );
  }
  if (status === 403) {
    return failure(
      'PermissionDeniedError',
      'This key may not use the model: check OPENAI_API_KEY and the models it allows.',
      { cause: error },
    );
  }
  if (status === 408 || status === 409 || status >= 500) {
    return failure('ModelUnavailableError', `The model server answers ${status}.`, options);
  }
  if (status === 404) {
    return failure(
      'InvalidInputError',
      'The model server does not know this model or address: check OPENAI_BASE_URL and the model names.',
      { cause: error },
    );
  }
  return failure('InvalidInputError', `The model server refuses the request: ${error.message}`, {
    cause: error,
  });
}

/** A failure of ours that the client wrapped, such as a blocked request. */
function ownFailure(error: unknown): ApplicationFailure | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; depth += 1) {
    if (at instanceof ApplicationFailure && failureTypeOf(at) !== undefined) return at;
    at = at.cause;
  }
  return undefined;
}

/** `retry-after-ms`, or `retry-after` in seconds or as a date. */
function retryAfterMs(error: APIError): number | undefined {
  const ms = Number(error.headers?.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const text = error.headers?.get('retry-after');
  if (text === null || text === undefined || text.trim() === '') return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, Math.round(seconds * 1_000));
  const until = Date.parse(text) - Date.now();
  return Number.isFinite(until) ? Math.max(0, until) : undefined;
}

/** The usage an InvalidModelReplyError or ModelRefusedError carries: the call was paid for. */
export function usageOfFailure(error: unknown): ModelUsage | undefined {
  if (!(error instanceof ApplicationFailure)) return undefined;
  const [details] = (error.details ?? []) as readonly unknown[];
  if (typeof details !== 'object' || details === null || !('responseId' in details)) {
    return undefined;
  }
  return details as ModelUsage;
}
