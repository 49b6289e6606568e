/** Calendar tools: their inputs as a plan writes them, their outputs, and the payloads that are approved. */
import { z } from 'zod';
import { limits } from '../limits.ts';
import { addressSchema, instantSchema, lineSchema, zoneSchema } from './common.ts';

/** A window as said: "next week", "Thursday afternoon", "2026-11-24/2026-11-28". Code resolves it. */
const windowPhraseSchema = lineSchema(200).min(1);
/** A moment as said or local ("next Tuesday 15:00", "2026-11-24T15:00"), or an instant with offset. */
const momentPhraseSchema = lineSchema(200).min(1);
const titleSchema = lineSchema(300).min(1);
/** In the order of ISO weekdays: the first is 1. */
export const weekdayNames = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;
const minutesSchema = z.int().min(5).max(limits.meetingMinutesMax);
const guestsSchema = z.array(addressSchema).max(limits.recipientsMax);

export const listEventsInputSchema = z.strictObject({
  window: windowPhraseSchema,
  query: lineSchema(200).nullish(),
});
export const findEventInputSchema = z.strictObject({
  window: windowPhraseSchema,
  /** Words of the title, or a time of day like "14:00". */
  words: lineSchema(200).nullish(),
  withPeople: z.array(addressSchema).max(20).nullish(),
});
const partOfDaySchema = z.enum(['morning', 'midday', 'afternoon', 'evening']);
const weekdaysSchema = z.array(z.enum(weekdayNames)).min(1).max(7);
const localTimeSchema = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time like 09:30');
/** Wishes about a time: of the meeting on the person's clock, of somebody else on theirs. */
const timeWishesSchema = z.strictObject({
  partOfDay: partOfDaySchema.nullish(),
  weekdays: weekdaysSchema.nullish(),
  notWeekdays: weekdaysSchema.nullish(),
  notBefore: localTimeSchema.nullish(),
  notAfter: localTimeSchema.nullish(),
  keepLunchFree: z.boolean().nullish(),
  avoidBackToBack: z.boolean().nullish(),
});
export type TimeWishes = z.infer<typeof timeWishesSchema>;
export const findTimeInputSchema = z.strictObject({
  people: z.array(addressSchema).min(1).max(limits.meetingPeopleMax),
  optionalPeople: z.array(addressSchema).max(limits.meetingPeopleMax).nullish(),
  durationMinutes: minutesSchema,
  window: windowPhraseSchema,
  partOfDay: partOfDaySchema.nullish(),
  bufferMinutes: z.int().min(0).max(240).nullish(),
  /** What the time must satisfy, and what only ranks it higher. */
  must: timeWishesSchema.nullish(),
  prefer: timeWishesSchema.nullish(),
  /** A room is needed: any one of these. */
  rooms: z.array(addressSchema).max(50).nullish(),
  perPerson: z
    .array(
      z.strictObject({
        email: addressSchema,
        must: timeWishesSchema.nullish(),
        prefer: timeWishesSchema.nullish(),
        /** How many of the last meetings were at a bad hour for them. */
        badHoursBefore: z.int().min(0).max(20).nullish(),
      }),
    )
    .max(limits.meetingPeopleMax)
    .nullish(),
  /** Clear time around the person's own meetings that are somewhere else. */
  travelMinutes: z.int().min(0).max(240).nullish(),
  /** Prefer hours that are equally convenient in every zone; by default when zones differ. */
  fairness: z.boolean().nullish(),
});
export const createEventInputSchema = z.strictObject({
  title: titleSchema,
  start: momentPhraseSchema,
  durationMinutes: minutesSchema,
  guests: guestsSchema,
  location: lineSchema(500).nullish(),
  description: z.string().max(8_000).nullish(),
});
export const moveEventInputSchema = z.strictObject({
  eventId: lineSchema(1_024).min(1),
  start: momentPhraseSchema,
  durationMinutes: minutesSchema.nullish(),
});
export const cancelEventInputSchema = z.strictObject({
  eventId: lineSchema(1_024).min(1),
});

/** An event as steps pass it on. Instants with offset; `startLocal` is for people. */
export const eventSummarySchema = z.object({
  id: z.string(),
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
});
export const findEventOutputSchema = z.object({ event: eventSummarySchema });

export const slotSchema = z.object({
  start: z.string(),
  end: z.string(),
  startLocal: z.string(),
  score: z.number(),
  reasons: z.array(z.string()),
  perPerson: z.array(z.object({ email: z.string(), localStart: z.string() })),
  /** The first of the wished rooms that is free; null when none was wished. */
  room: z.string().nullable().default(null),
});
export const findTimeOutputSchema = z.object({
  /** The first of `slots`. The step fails when there is none, so this is always there. */
  best: slotSchema,
  slots: z.array(slotSchema),
  /** People and rooms whose calendar could not be read: never offered as free. */
  unknown: z.array(z.string()),
  /** People whose working hours nobody knows: none were assumed for them. */
  hoursUnknown: z.array(z.string()).default([]),
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
