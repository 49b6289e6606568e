/**
 * What tests may turn about the office's vendors: behaviour that live services show in more than
 * one way. Set through the oracle; a restart brings the defaults back.
 */
import { z } from 'zod';

/** What `POST /__knobs` takes; a knob that is not named stays as it is. */
export const knobsSchema = z.strictObject({
  /** How late new mail shows in searches (0 to 60 s, as seen live). */
  searchLagMs: z.number().int().min(0).max(60_000).optional(),
  /** How Graph answers a `transactionId` that was used before; both are documented. */
  duplicateTransactionStatus: z.literal([400, 409]).optional(),
  /** Whether Exchange keeps the Message-ID of a draft when it is sent. */
  messageIds: z.enum(['kept', 'replaced']).optional(),
  /** How late the copy in Sent Items appears. */
  sentCopyLagMs: z.number().int().min(0).max(60_000).optional(),
  /** Whether an invitation stays on an Outlook calendar after it was declined. */
  keepsDeclined: z.boolean().optional(),
  /** Whether colleagues at one vendor can read free/busy of those at the other. */
  calendarInterop: z.boolean().optional(),
  /** How many requests one Outlook mailbox serves at a time; live: 4. Null: any number. */
  mailboxConcurrency: z.number().int().min(1).nullable().optional(),
});

/** Every knob with its setting. */
export type Knobs = Required<{
  [Name in keyof z.infer<typeof knobsSchema>]: Exclude<
    z.infer<typeof knobsSchema>[Name],
    undefined
  >;
}>;

/** How a sandbox behaves when nobody turned anything. */
export const defaultKnobs: Knobs = {
  searchLagMs: 0,
  duplicateTransactionStatus: 409,
  messageIds: 'kept',
  sentCopyLagMs: 0,
  keepsDeclined: false,
  calendarInterop: true,
  mailboxConcurrency: null,
};
