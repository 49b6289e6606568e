/**
 * What the end of one call says about the provider. Pure; vendors with more to tell than our failures
 * do judge their own errors (google/failures.ts).
 */
import { ApplicationFailure } from '@temporalio/common';
import { failureTypeOf } from '../failures.ts';

/** The provider is away or wants to be left alone. */
export type Trouble = {
  readonly kind: 'down' | 'limited';
  /** For people and operators, without private text: "status 503". */
  readonly reason: string;
  /** How long the provider asks to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** The request may have been acted on, so its caller must look before it does anything else. */
  readonly mayHaveActed: boolean;
};

/** `answers`: it is there, whatever it said. `says_nothing`: the call never got as far as that. */
export type Verdict = Trouble | 'answers' | 'says_nothing';

/** Judges what a call threw. */
export type Judge = (error: unknown) => Verdict;

/** Judges one of our own failures, for clients that map their vendor's errors first. */
export function judgeFailure(error: unknown): Verdict {
  const type = failureTypeOf(error);
  switch (type) {
    case 'RateLimitedError':
      return troubleOf('limited', 'it asks to slow down', error);
    case 'ProviderUnavailableError':
    case 'ModelUnavailableError':
      return troubleOf('down', 'it does not answer', error);
    case undefined:
    case 'StorageUnavailableError':
    case 'ProviderWaitError':
    case 'EgressBlockedError':
    case 'CancelledByPersonError':
      return 'says_nothing';
    default:
      return 'answers';
  }
}

/** True when the breaker counts it: a limit that says until when is an answer, not an outage. */
export function countsAgainst(verdict: Verdict): boolean {
  if (typeof verdict === 'string') return false;
  return verdict.kind === 'down' || verdict.retryAfterMs === undefined;
}

function troubleOf(kind: Trouble['kind'], reason: string, error: unknown): Trouble {
  const delay = error instanceof ApplicationFailure ? error.nextRetryDelay : undefined;
  const retryAfterMs = typeof delay === 'number' ? delay : undefined;
  return { kind, reason, retryAfterMs, mayHaveActed: false };
}
