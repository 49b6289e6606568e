/**
 * The SDK's own payload converter, except that a message to a workflow which cannot be decoded becomes
 * `{ undecodable: true }`: an exception there would fail the workflow task again and again. Results of
 * activities are not forgiven. Values marked `Inline` keep their mark for the payload storage. Bundled
 * with the workflows, so it uses nothing of Node.
 */
import {
  DefaultPayloadConverter,
  type Payload,
  type PayloadConverter,
  type SerializationContext,
} from '@temporalio/common';
import { Inline, markInline } from '#contracts/inline.ts';

/** What a handler sees in place of an argument that cannot be decoded. */
export const undecodable = { undecodable: true } as const;

const standard = new DefaultPayloadConverter();

/** The converter that workers load by path; the SDK looks for this name. */
export const payloadConverter: PayloadConverter = {
  toPayload<T>(value: T, context?: SerializationContext): Payload {
    if (!(value instanceof Inline)) return standard.toPayload(value, context);
    return markInline(standard.toPayload(value.value, context), value.reach);
  },
  fromPayload<T>(payload: Payload, context?: SerializationContext): T {
    if (context?.type !== 'workflow') return standard.fromPayload<T>(payload, context);
    try {
      return standard.fromPayload<T>(payload, context);
    } catch {
      return undecodable as T;
    }
  },
};
