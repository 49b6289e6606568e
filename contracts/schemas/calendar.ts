/** Calendar tools: their inputs as a plan writes them, their outputs, and the payloads that are approved. */
import { z } from 'zod';
import { limits } from '../limits.ts';
import {
  accountNameSchema,
  addressSchema,
  instantSchema,
  lineSchema,
  unreachableSchema,
  zoneSchema,
} from './common.ts';

/** A window as said: "next week", "Thursday afternoon", "2026-11-24/2026-11-28". Code resolves it. */
const windowPhraseSchema = lineSchema(200).min(1);
/** A moment as said or local ("next Tuesday 15:00", "2026-11-24T15:00"), or an instant with offset. */
const momentPhraseSchema = lineSchema(200).min(1);
const titleSchema = lineSchema(300).min(1);
const minutesSchema = z.int().min(5).max(limits.meetingMinutesMax);
const guestsSchema = z.array(addressSchema).max(limits.recipientsMax);

export const listEventsInputSchema = z.strictObject({
  window: windowPhraseSchema,
  query: lineSchema(200).nullish(),
  account: accountNameSchema.nullish(),
});
export const findEventInputSchema = z.strictObject({
  window: windowPhraseSchema,
  /** Words of the title, or a time of day like "14:00". */
  words: lineSchema(200).nullish(),
  withPeople: z.array(addressSchema).max(20).nullish(),
  account: accountNameSchema.nullish(),
});
export const findTimeInputSchema = z.strictObject({
  people: z.array(addressSchema).min(1).max(50),
  optionalPeople: z.array(addressSchema).max(50).nullish(),
  durationMinutes: minutesSchema,
  window: windowPhraseSchema,
  partOfDay: z.enum(['morning', 'midday', 'afternoon', 'evening']).nullish(),
  bufferMinutes: z.int().min(0).max(240).nullish(),
});
export const createEventInputSchema = z.strictObject({
  title: titleSchema,
  start: momentPhraseSchema,
  durationMinutes: minutesSchema,
  guests: guestsSchema,
  location: lineSchema(500).nullish(),
  description: z.string().max(8_000).nullish(),
  account: accountNameSchema.nullish(),
});
export const moveEventInputSchema = z.strictObject({
  eventId: lineSchema(1_024).min(1),
  start: momentPhraseSchema,
  durationMinutes: minutesSchema.nullish(),
  account: accountNameSchema.nullish(),
});
export const cancelEventInputSchema = z.strictObject({
  eventId: lineSchema(1_024).min(1),
  account: accountNameSchema.nullish(),
});

/** An event as steps pass it on. Instants with offset; `startLocal` is for people. */
export const eventSummarySchema = z.object({
  id: z.string(),
  /** The account whose calendar has it. */
  account: z.string(),
  etag: z.string(),
  title: z.string(),
  start: z.string(),
  end: z.string(),
  startLocal: z.string(),
  allDay: z.boolean(),
  zone: z.string(),
  location: z.string().nullable(),
  organizer: z.string().nullable(),
  guests: z.array(
    z.object({ email: z.string(), name: z.string().nullable(), response: z.string() }),
  ),
  recurringEventId: z.string().nullable(),
  busy: z.boolean(),
});
export type EventSummary = z.infer<typeof eventSummarySchema>;

export const listEventsOutputSchema = z.object({
  window: z.object({ from: z.string(), to: z.string(), zone: z.string(), label: z.string() }),
  events: z.array(eventSummarySchema),
  truncated: z.boolean(),
  unreachable: unreachableSchema,
});
export const findEventOutputSchema = z.object({
  event: eventSummarySchema,
  unreachable: unreachableSchema,
});

export const slotSchema = z.object({
  start: z.string(),
  end: z.string(),
  startLocal: z.string(),
  score: z.number(),
  reasons: z.array(z.string()),
  perPerson: z.array(z.object({ email: z.string(), localStart: z.string() })),
});
export const findTimeOutputSchema = z.object({
  /** The first of `slots`. The step fails when there is none, so this is always there. */
  best: slotSchema,
  slots: z.array(slotSchema),
  /** People whose calendar could not be read: never offered as free. */
  unknown: z.array(z.string()),
  window: z.object({ from: z.string(), to: z.string(), zone: z.string(), label: z.string() }),
});
export type FindTimeOutput = z.infer<typeof findTimeOutputSchema>;

/** Precondition of a change: what the provider must still hold. */
const existingEventShape = {
  account: addressSchema,
  eventId: z.string(),
  etag: z.string(),
  title: z.string(),
  guests: guestsSchema,
};
/** What else the person has at the time, as it was when the event was prepared. */
const conflictSchema = z.strictObject({
  eventId: z.string(),
  title: z.string(),
  /** Instants, or dates of an all-day event. */
  start: z.string(),
  end: z.string(),
});
export type EventConflict = z.infer<typeof conflictSchema>;

export const createEventPayloadSchema = z.strictObject({
  kind: z.literal('createEvent'),
  account: addressSchema,
  title: titleSchema,
  start: instantSchema,
  end: instantSchema,
  zone: zoneSchema,
  guests: guestsSchema,
  location: z.string().nullable(),
  description: z.string().nullable(),
  /** Precondition: nothing else was in the way. Null where it was not looked at. */
  conflicts: z.array(conflictSchema).nullable().default(null),
});
export const moveEventPayloadSchema = z.strictObject({
  kind: z.literal('moveEvent'),
  ...existingEventShape,
  previous: z.strictObject({ start: instantSchema, end: instantSchema }),
  start: instantSchema,
  end: instantSchema,
  zone: zoneSchema,
});
export const cancelEventPayloadSchema = z.strictObject({
  kind: z.literal('cancelEvent'),
  ...existingEventShape,
  start: z.string(),
  end: z.string(),
  zone: zoneSchema,
  location: z.string().nullable(),
  description: z.string().nullable(),
});
export type CreateEventPayload = z.infer<typeof createEventPayloadSchema>;
export type MoveEventPayload = z.infer<typeof moveEventPayloadSchema>;
export type CancelEventPayload = z.infer<typeof cancelEventPayloadSchema>;

/** What every calendar effect gives back. */
export const eventReceiptSchema = z.object({
  account: z.string(),
  eventId: z.string(),
  etag: z.string().nullable(),
  link: z.string().nullable(),
  title: z.string(),
  start: z.string(),
  /** The start for people, in the event's zone. */
  startLocal: z.string(),
  end: z.string(),
  guests: z.array(z.string()),
});
export type EventReceipt = z.infer<typeof eventReceiptSchema>;
