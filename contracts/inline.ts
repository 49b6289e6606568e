/**
 * Marks values that never enter a history: answers to queries and arguments of local activities. The
 * payload converter turns the mark into metadata, and payload storage leaves what carries it in place.
 */

/** A value to be sent as it is, however large. Only workflow interceptors make one. */
export class Inline {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

type WithMetadata = { readonly metadata?: { readonly [key: string]: Uint8Array } | null };

const key = 'adjutant-inline';

/** The same payload with the mark in its metadata. */
export function markInline<Payload extends WithMetadata>(payload: Payload): Payload {
  return { ...payload, metadata: { ...payload.metadata, [key]: Uint8Array.of(1) } };
}

/** True when a payload carries the mark. */
export function isInline({ metadata }: WithMetadata): boolean {
  return metadata != null && Object.hasOwn(metadata, key);
}
