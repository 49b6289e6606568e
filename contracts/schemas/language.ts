/** Language work as tools with typed output: the model sees data here, marked as data. */
import { z } from 'zod';
import { limits } from '../limits.ts';
import { lineSchema, subjectSchema } from './common.ts';

export const summarizeInputSchema = z.strictObject({
  instruction: lineSchema(1_000).min(1),
  /** What to summarise: usually references to outputs of other steps. */
  material: z.array(z.json()).min(1).max(20),
});
export const summarizeOutputSchema = z.object({
  summary: z.string().max(8_000),
  points: z.array(z.string().max(1_000)).max(30),
});
export const composeEmailInputSchema = z.strictObject({
  instruction: lineSchema(1_000).min(1),
  material: z.array(z.json()).max(20),
  recipientName: lineSchema(200).nullish(),
});
export const composeEmailOutputSchema = z.object({
  subject: subjectSchema.min(1),
  body: z.string().min(1).max(limits.emailBodyMaxChars),
});
