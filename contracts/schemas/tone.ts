/** How a person writes: a short profile that they can see and edit. It holds habits, never content. */
import { z } from 'zod';
import { limits } from '../limits.ts';
import { lineSchema } from './common.ts';

export const toneProfileSchema = z.strictObject({
  /** "Hi Bob," */
  greeting: lineSchema(100),
  /** "Best, Alex" */
  closing: lineSchema(100),
  formality: z.enum(['casual', 'neutral', 'formal']),
  sentenceLength: z.enum(['short', 'medium', 'long']),
  /** ISO 639-1 codes, the usual one first. */
  languages: z.array(z.string().regex(/^[a-z]{2}$/)).max(5),
  /** Turns of phrase the person likes. */
  phrases: z.array(lineSchema(80)).max(10),
  notes: lineSchema(500),
});
export type ToneProfile = z.infer<typeof toneProfileSchema>;

export const learnToneInputSchema = z.strictObject({
  /** How many sent mails to read. */
  mails: z.int().min(1).max(limits.toneMailsMax).nullish(),
});
