/**
 * Marks values that never enter a history: answers to queries and arguments of local activities. The
 * payload converter turns the mark into metadata, and payload storage leaves what carries it in place.
 */

/** How far an inline value goes: within its worker, or in a message, which has a bound. */
export type InlineReach = 'worker' | 'message';

/** A value to be sent as it is. Only workflow interceptors make one. */
export class Inline {
  readonly value: unknown;
  readonly reach: InlineReach;

  constructor(value: unknown, reach: InlineReach) {
    this.value = value;
    this.reach = reach;
  }
}

type WithMetadata = { readonly metadata?: { readonly [key: string]: Uint8Array } | null };

const key = 'adjutant-inline';
const codes = { worker: 1, message: 2 } as const satisfies Record<InlineReach, number>;

/** The same payload with the mark in its metadata. */
export function markInline<Payload extends WithMetadata>(
  payload: Payload,
  reach: InlineReach,
): Payload {
  return { ...payload, metadata: { ...payload.metadata, [key]: Uint8Array.of(codes[reach]) } };
}

/** The mark a payload carries; undefined for values that enter a history. */
export function inlineReach({ metadata }: WithMetadata): InlineReach | undefined {
  const code = metadata?.[key]?.[0];
  if (code === codes.worker) return 'worker';
  return code === codes.message ? 'message' : undefined;
}
