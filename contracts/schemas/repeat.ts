/** How an event repeats: as a plan says it, and as a payload holds it. Code turns the one into the other. */
import { z } from 'zod';
import { lineSchema } from './common.ts';

/** Which occurrences of a series a change is about. */
export const scopeSchema = z.enum(['this', 'following', 'all']);
export type Scope = z.infer<typeof scopeSchema>;

const weekdaySchema = z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']);

/** "Every second Monday until March": typed, so that no model writes a rule. */
export const repeatInputSchema = z.strictObject({
  every: z.enum(['day', 'week', 'month', 'year']),
  /** 2 is every second one. */
  interval: z.int().min(1).max(99).nullish(),
  weekdays: z.array(weekdaySchema).min(1).max(7).nullish(),
  /** Of a month. A month without that day has no occurrence. */
  monthDay: z.int().min(1).max(31).nullish(),
  /** With weekdays: "the last Friday". Without: "the last day" of the month. */
  ordinal: z.enum(['first', 'second', 'third', 'fourth', 'last']).nullish(),
  /** The last day it may happen, as said: "31 March". */
  until: lineSchema(200).min(1).nullish(),
  count: z.int().min(1).max(730).nullish(),
});
export type RepeatInput = z.infer<typeof repeatInputSchema>;

/** One RFC 5545 RRULE value, and the starts that are left out. */
export const recurrenceSchema = z.strictObject({
  rule: lineSchema(1_000).min(1),
  excluded: z.array(z.string()),
});
