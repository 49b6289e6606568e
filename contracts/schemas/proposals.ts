/** Times offered by mail, and the answer to them: inputs and outputs of both tools. */
import { z } from 'zod';
import { addressSchema, instantSchema, lineSchema, subjectSchema, zoneSchema } from './common.ts';

/** A stretch of time to offer; more fields, as findTime's slots have them, are left out. */
const offeredTimeSchema = z.object({ start: instantSchema, end: instantSchema });

export const proposeTimesInputSchema = z.strictObject({
  /** Usually the slots of findTime. */
  slots: z.array(offeredTimeSchema).min(1).max(20),
  to: addressSchema,
  /** What the meeting is about, as it follows "for": "the renewal". */
  topic: lineSchema(200).min(1),
  /** How many of the slots to offer, from the first on; three by default. */
  count: z.int().min(1).max(10).nullish(),
  /** The reader's zone, where the directory does not know it. */
  zone: zoneSchema.nullish(),
});
export const proposeTimesOutputSchema = z.object({
  subject: subjectSchema,
  body: z.string(),
  /** Whose clock the text is on. */
  zone: z.string(),
});

export const readTimeReplyInputSchema = z.strictObject({
  /** The messages of a thread, as readThread puts them out. */
  messages: z.array(z.json()).min(1).max(100),
  /** What was offered; when left out, what the person's own mail in the thread offers. */
  slots: z.array(offeredTimeSchema).min(1).max(20).nullish(),
});
export const readTimeReplyOutputSchema = z.object({
  choice: z.enum(['slot', 'none', 'counter']),
  /** The chosen time; null unless one of those offered was chosen. */
  slot: z
    .object({ start: z.string(), end: z.string(), minutes: z.int(), text: z.string() })
    .nullable(),
  /** What was suggested instead, in the words of the mail. */
  counterProposal: z.string().nullable(),
  /** Words of the mail that say so; code has found them in it. */
  quote: z.string(),
  from: z.object({ name: z.string().nullable(), email: z.string() }),
  messageId: z.string(),
});

/** The model's reading of an answer; code checks it before it counts. */
export const timeReplySchema = z.object({
  choice: z.enum(['slot', 'none', 'counter']),
  number: z.int().nullable(),
  counterProposal: z.string().max(1_000).nullable(),
  quote: z.string().max(1_000),
});
