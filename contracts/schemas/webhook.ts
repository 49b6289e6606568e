/** Webhooks over HTTP: what a person registers. */
import { z } from 'zod';
import { type JournalType, journalTypes } from '../journal.ts';
import { limits } from '../limits.ts';

/** A kind of event as receivers see it, such as `goal.step_completed`. */
export type WebhookEventType = `goal.${JournalType}`;

/** The kind of event a journal type becomes. */
export function webhookEventType(type: JournalType): WebhookEventType {
  return `goal.${type}`;
}

/** Body of `POST /v1/webhooks`. */
export const webhookInputSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .max(limits.urlMaxChars)
    .refine((url) => !URL.canParse(url) || new URL(url).username === '', {
      message: 'must not hold a user or password: deliveries are signed instead',
    }),
  /** Kinds of events to send; all when absent. */
  eventTypes: z
    .array(z.enum(journalTypes.map(webhookEventType)))
    .min(1)
    .max(100)
    .optional(),
});
export type WebhookInput = z.infer<typeof webhookInputSchema>;
