/** Research tools, and what travels between the steps of a research workflow. */
import { z } from 'zod';
import { limits } from '../limits.ts';
import { lineSchema } from './common.ts';

export const searchWebInputSchema = z.strictObject({
  query: lineSchema(400).min(1),
  limit: z.int().min(1).max(10).nullish(),
});
export const searchHitSchema = z.object({
  url: z.string(),
  title: z.string(),
  excerpt: z.string(),
  score: z.number(),
});
export type SearchHit = z.infer<typeof searchHitSchema>;
export const searchWebOutputSchema = z.object({ results: z.array(searchHitSchema) });

export const readPageInputSchema = z.strictObject({ url: lineSchema(2_000).min(8) });
export const readPageOutputSchema = z.object({
  url: z.string(),
  title: z.string(),
  excerpt: z.string(),
  /** The page's text is kept once in Postgres under this id. */
  documentId: z.string(),
  fetchedAt: z.string(),
});
export type PageSummary = z.infer<typeof readPageOutputSchema>;

export const researchInputSchema = z.strictObject({
  question: lineSchema(1_000).min(3),
  maxPages: z.int().min(1).max(limits.researchPagesMax).nullish(),
});
export const citationSchema = z.object({
  number: z.int(),
  url: z.string(),
  title: z.string(),
  quote: z.string(),
  documentId: z.string(),
});
export const researchOutputSchema = z.object({
  summary: z.string(),
  citations: z.array(citationSchema),
  /** Claims the model made that no fetched page supports: dropped from the summary, named here. */
  dropped: z.array(z.string()),
  /** Pages that could not be read, with the reason. */
  unread: z.array(z.object({ url: z.string(), reason: z.string() })),
});
export type ResearchOutput = z.infer<typeof researchOutputSchema>;
/** A claim with the words of the page that support it. */
export const claimSchema = z.object({
  claim: z.string(),
  quote: z.string(),
  documentId: z.string(),
});
export type Claim = z.infer<typeof claimSchema>;
