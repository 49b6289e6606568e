/** Tools that change what is in a calendar already: edits, answers to invitations, and holds. */
import { z } from 'zod';
import {
  conflictSchema,
  eventIdSchema,
  eventReceiptSchema,
  eventTimeSchema,
  existingEventShape,
  guestsSchema,
  minutesSchema,
  momentPhraseSchema,
  reminderSchema,
  roomsSchema,
  showAsSchema,
  titleSchema,
  unreadSchema,
} from './calendar.ts';
import {
  accountNameSchema,
  addressSchema,
  instantSchema,
  lineSchema,
  zoneSchema,
} from './common.ts';
import { recurrenceSchema, repeatInputSchema, scopeSchema } from './repeat.ts';

/** What is said about an event; what is absent stays as it is. */
export const updateEventInputSchema = z.strictObject({
  eventId: eventIdSchema,
  /** Of a series; "this" when nothing is said. */
  scope: scopeSchema.nullish(),
  title: titleSchema.nullish(),
  /** A time of day alone keeps the day: "9:30". */
  start: momentPhraseSchema.nullish(),
  durationMinutes: minutesSchema.nullish(),
  /** Empty text takes it away. */
  location: lineSchema(500).nullish(),
  description: z.string().max(8_000).nullish(),
  addGuests: guestsSchema.nullish(),
  addOptionalGuests: guestsSchema.nullish(),
  removeGuests: guestsSchema.nullish(),
  addRooms: roomsSchema.nullish(),
  repeat: repeatInputSchema.nullish(),
  reminderMinutes: reminderSchema.nullish(),
  conference: z.boolean().nullish(),
  private: z.boolean().nullish(),
  showAs: showAsSchema.nullish(),
  account: accountNameSchema.nullish(),
});

/** A whole event, as the second half of a series that is cut in two. */
const wholeEventSchema = z.strictObject({
  title: z.string(),
  start: eventTimeSchema,
  end: eventTimeSchema,
  zone: zoneSchema,
  location: z.string().nullable(),
  description: z.string().nullable(),
  guests: guestsSchema,
  optionalGuests: guestsSchema,
  rooms: roomsSchema,
  recurrence: recurrenceSchema.nullable(),
  reminderMinutes: reminderSchema.nullable(),
  conference: z.boolean(),
  private: z.boolean(),
  showAs: showAsSchema,
});
type WholeEvent = z.infer<typeof wholeEventSchema>;
/** Fields of an event that a change sets, with their values after it or before it. */
export type EventFields = Partial<WholeEvent>;
const eventFieldsSchema = wholeEventSchema.partial() as unknown as z.ZodType<EventFields>;

export const updateEventPayloadSchema = z.strictObject({
  kind: z.literal('updateEvent'),
  ...existingEventShape,
  /** `eventId` is what is written: the event, the one occurrence, or the series. */
  scope: scopeSchema,
  zone: zoneSchema,
  start: eventTimeSchema,
  end: eventTimeSchema,
  /** The fields that were asked for, as they are and as they are to be. */
  before: eventFieldsSchema,
  after: eventFieldsSchema,
  /** This and following: the series `eventId` ends before, and a second one goes on. */
  split: z
    .strictObject({
      previous: recurrenceSchema,
      kept: recurrenceSchema,
      /** Null where nothing goes on. */
      continuation: wholeEventSchema.nullable(),
      /** Later occurrences that were changed on their own; what was changed is lost. */
      lost: z.int(),
    })
    .nullable(),
  /** Occurrences that change; null without an end. */
  instances: z.int().nullable(),
  conflicts: z.array(conflictSchema).nullable(),
  unread: unreadSchema,
});
export type UpdateEventPayload = z.infer<typeof updateEventPayloadSchema>;

export const respondInputSchema = z.strictObject({
  eventId: eventIdSchema,
  response: z.enum(['accepted', 'declined', 'tentative']),
  comment: lineSchema(500).nullish(),
  /** Of a series: this occurrence or all of them. */
  scope: z.enum(['this', 'all']).nullish(),
  account: accountNameSchema.nullish(),
});
export const respondPayloadSchema = z.strictObject({
  kind: z.literal('respondToInvitation'),
  account: addressSchema,
  eventId: z.string(),
  title: z.string(),
  start: eventTimeSchema,
  end: eventTimeSchema,
  zone: zoneSchema,
  /** The organizer, who is told. */
  to: z.array(addressSchema),
  response: z.enum(['accepted', 'declined', 'tentative']),
  previous: z.enum(['accepted', 'declined', 'tentative', 'none']),
  comment: z.string().nullable(),
  /** Other events of the person then; null where they decline. */
  conflicts: z.array(conflictSchema).nullable(),
});
export type RespondPayload = z.infer<typeof respondPayloadSchema>;
export const respondReceiptSchema = z.object({
  eventId: z.string(),
  title: z.string(),
  startLocal: z.string(),
  response: z.string(),
  to: z.array(z.string()),
});

export const holdSlotsInputSchema = z.strictObject({
  title: titleSchema,
  /** Moments, or the slots that findTime found. */
  slots: z
    .array(z.object({ start: momentPhraseSchema }))
    .min(1)
    .max(10),
  durationMinutes: minutesSchema,
  /** How many of the slots to hold, from the front. All when nothing is said. */
  count: z.int().min(1).max(10).nullish(),
  /** When those not chosen are released; three days from now when nothing is said. */
  expires: momentPhraseSchema.nullish(),
  account: accountNameSchema.nullish(),
});
const slotTimesSchema = z.strictObject({ start: instantSchema, end: instantSchema });
export const holdSlotsPayloadSchema = z.strictObject({
  kind: z.literal('holdSlots'),
  account: addressSchema,
  title: z.string(),
  slots: z.array(slotTimesSchema),
  zone: zoneSchema,
  expiresAt: instantSchema,
  conflicts: z.array(conflictSchema),
  unread: unreadSchema,
});
export type HoldSlotsPayload = z.infer<typeof holdSlotsPayloadSchema>;
export const holdSlotsReceiptSchema = z.object({
  title: z.string(),
  holds: z.array(
    z.object({
      eventId: z.string(),
      start: z.string(),
      end: z.string(),
      startLocal: z.string(),
    }),
  ),
  expiresAt: z.string(),
});

export const releaseHoldsInputSchema = z.strictObject({
  /** One of the holds; with `keep` the chosen one. */
  eventId: eventIdSchema.nullish(),
  /** What they are held for, where no hold is named. */
  title: titleSchema.nullish(),
  /** Makes this one the event and releases the others. */
  keep: z.boolean().nullish(),
  guests: guestsSchema.nullish(),
  location: lineSchema(500).nullish(),
  description: z.string().max(8_000).nullish(),
  conference: z.boolean().nullish(),
  account: accountNameSchema.nullish(),
});
const heldSchema = z.strictObject({
  eventId: z.string(),
  etag: z.string(),
  ...slotTimesSchema.shape,
});
export const releaseHoldsPayloadSchema = z.strictObject({
  kind: z.literal('releaseHolds'),
  account: addressSchema,
  /** Of the event that is kept; the title of the holds where none is. */
  title: z.string(),
  holdTitle: z.string(),
  zone: zoneSchema,
  kept: heldSchema.nullable(),
  released: z.array(heldSchema),
  guests: guestsSchema,
  location: z.string().nullable(),
  description: z.string().nullable(),
  conference: z.boolean(),
});
export type ReleaseHoldsPayload = z.infer<typeof releaseHoldsPayloadSchema>;
export const releaseHoldsReceiptSchema = z.object({
  title: z.string(),
  /** The event that one hold became. */
  event: eventReceiptSchema.nullable(),
  /** Every hold this is about, kept and released. */
  holdIds: z.array(z.string()),
});
