/**
 * Builds the failures activities throw. Vendor errors are mapped to these types beside each vendor's
 * client; nothing here knows a vendor.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { AuditAnchor } from '#contracts/audit.ts';
import { type FailureType, failures } from '#contracts/failures.ts';

/** What a failure may carry besides its type and message. */
export type FailureOptions = {
  /** The provider's Retry-After in milliseconds: becomes Temporal's next retry delay. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
  /** Small facts for callers, without private text. */
  readonly details?: Record<string, string | number | boolean | null>;
};

/**
 * Builds an ApplicationFailure of one of the closed list's types. Transient types are retryable, the
 * others are not. The message is for people: what happened and what to do.
 */
export function failure(
  type: FailureType,
  message: string,
  options: FailureOptions = {},
): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: failures[type].category !== 'transient',
    ...(options.retryAfterMs === undefined ? {} : { nextRetryDelay: options.retryAfterMs }),
    ...(options.details === undefined ? {} : { details: [options.details] }),
    ...(options.cause instanceof Error ? { cause: options.cause } : {}),
  });
}

/** The contract failure type of an error, or undefined when it is none of ours. */
export function failureTypeOf(error: unknown): FailureType | undefined {
  if (!(error instanceof ApplicationFailure)) return undefined;
  const type = error.type ?? '';
  return Object.hasOwn(failures, type) ? (type as FailureType) : undefined;
}

/**
 * A failure that ends an effect carries the anchor of its audit entry in its last detail, as a receipt
 * would: without it the history could not vouch for the entry of an effect that was refused.
 */
export function withAnchor(error: unknown, audit: AuditAnchor | null | undefined): unknown {
  if (!(error instanceof ApplicationFailure) || !audit) return error;
  return ApplicationFailure.create({
    message: error.message,
    nonRetryable: error.nonRetryable ?? false,
    details: [...(error.details ?? []), { audit }],
    ...(error.type == null ? {} : { type: error.type }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
  });
}
