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
import { recurrenceSchema, repeatInputSchema, scopeSchema } from './repeat.ts';

/** A window as said: "next week", "Thursday afternoon", "2026-11-24/2026-11-28". Code resolves it. */
const windowPhraseSchema = lineSchema(200).min(1);
/** A moment as said or local ("next Tuesday 15:00", "2026-11-24T15:00"), or an instant with offset. */
export const momentPhraseSchema = lineSchema(200).min(1);
export const titleSchema = lineSchema(300).min(1);
export const minutesSchema = z.int().min(5).max(limits.meetingMinutesMax);
export const guestsSchema = z.array(addressSchema).max(limits.recipientsMax);
export const roomsSchema = z.array(addressSchema).max(10);
/** Minutes before the start, up to four weeks. */
export const reminderSchema = z.int().min(0).max(40_320);
export const showAsSchema = z.enum(['busy', 'free', 'tentative']);
/** An instant, or a date of an all-day event. */
export const eventTimeSchema = z.union([instantSchema, z.iso.date()]);
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
  /** For an all-day event its days: "24 December", "between Monday and Wednesday". */
  start: momentPhraseSchema,
  /** Needed unless the event takes whole days. */
  durationMinutes: minutesSchema.nullish(),
  allDay: z.boolean().nullish(),
  guests: guestsSchema,
  optionalGuests: guestsSchema.nullish(),
  /** Addresses of rooms. */
  rooms: roomsSchema.nullish(),
  location: lineSchema(500).nullish(),
  description: z.string().max(8_000).nullish(),
  repeat: repeatInputSchema.nullish(),
  /** 15 for timed events when nothing is said. */
  reminderMinutes: reminderSchema.nullish(),
  /** A link to meet online. */
  conference: z.boolean().nullish(),
  private: z.boolean().nullish(),
  showAs: showAsSchema.nullish(),
  account: accountNameSchema.nullish(),
});
export const eventIdSchema = lineSchema(1_024).min(1);
export const moveEventInputSchema = z.strictObject({
  eventId: eventIdSchema,
  /** With a wider scope a time of day alone keeps the days: "9:30". */
  start: momentPhraseSchema,
  durationMinutes: minutesSchema.nullish(),
  /** Of a series; "this" when nothing is said. */
  scope: scopeSchema.nullish(),
  account: accountNameSchema.nullish(),
});
export const cancelEventInputSchema = z.strictObject({
  eventId: eventIdSchema,
  scope: scopeSchema.nullish(),
  account: accountNameSchema.nullish(),
});

/** An event as steps pass it on. Instants with offset; `startLocal` is for people. */
export const eventSummarySchema = z.object({
  id: z.string(),
  /** The account whose calendar has it. */
  account: z.string(),
  /** The person's other accounts that have it too. */
  alsoIn: z.array(z.string()).default([]),
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
  showAs: z.string(),
  kind: z.string(),
  private: z.boolean(),
  /** The person's own answer to the invitation; null for an event of their own calendar alone. */
  response: z.string().nullable(),
  conferenceLink: z.string().nullable(),
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

/** Precondition of a change: what the provider must still hold. */
export const existingEventShape = {
  account: addressSchema,
  eventId: z.string(),
  etag: z.string(),
  title: z.string(),
  guests: guestsSchema,
};
/** What else the person has at the time, as it was when the event was prepared. */
export const conflictSchema = z.strictObject({
  eventId: z.string(),
  title: z.string(),
  /** Instants, or dates of an all-day event. */
  start: z.string(),
  end: z.string(),
});
export type EventConflict = z.infer<typeof conflictSchema>;
/** Accounts whose calendars could not be read when conflicts were looked for. Absent: none. */
export const unreadSchema = z.array(z.string()).exactOptional();

export const createEventPayloadSchema = z.strictObject({
  kind: z.literal('createEvent'),
  account: addressSchema,
  title: titleSchema,
  start: eventTimeSchema,
  end: eventTimeSchema,
  zone: zoneSchema,
  guests: guestsSchema,
  optionalGuests: guestsSchema.default([]),
  rooms: roomsSchema.default([]),
  location: z.string().nullable(),
  description: z.string().nullable(),
  recurrence: recurrenceSchema.nullable().default(null),
  reminderMinutes: reminderSchema.nullable().default(null),
  conference: z.boolean().default(false),
  private: z.boolean().default(false),
  showAs: showAsSchema.default('busy'),
  /** Precondition: nothing else was in the way. Null where it was not looked at. */
  conflicts: z.array(conflictSchema).nullable().default(null),
  unread: unreadSchema,
});
export const moveEventPayloadSchema = z.strictObject({
  kind: z.literal('moveEvent'),
  ...existingEventShape,
  previous: z.strictObject({ start: instantSchema, end: instantSchema }),
  start: instantSchema,
  end: instantSchema,
  zone: zoneSchema,
  /** As of an event to create. */
  conflicts: z.array(conflictSchema).nullable().default(null),
  unread: unreadSchema,
});
export const cancelEventPayloadSchema = z.strictObject({
  kind: z.literal('cancelEvent'),
  ...existingEventShape,
  start: z.string(),
  end: z.string(),
  zone: zoneSchema,
  location: z.string().nullable(),
  description: z.string().nullable(),
  /** What is needed to create it again. */
  optionalGuests: guestsSchema.default([]),
  rooms: roomsSchema.default([]),
  private: z.boolean().default(false),
  showAs: showAsSchema.default('busy'),
  /** Set when a whole series is cancelled. */
  recurrence: recurrenceSchema.nullable().default(null),
  /** Occurrences that go with it; null without an end. One for a single event. */
  instances: z.int().nullable().default(1),
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
  conferenceLink: z.string().exactOptional(),
});
export type EventReceipt = z.infer<typeof eventReceiptSchema>;
