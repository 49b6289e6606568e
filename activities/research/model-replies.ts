/**
 * What the model answers in each of the three language steps of research, and what it is told. The
 * handlers of the sandbox's model answer to the same names.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Reply to `research_questions`. */
export const questionsReplySchema = z.strictObject({ questions: z.array(z.string()) });

/** Reply to `claims`. */
export const claimsReplySchema = z.strictObject({
  claims: z.array(
    z.strictObject({
      claim: z.string(),
      /** Words copied from the page. */
      quote: z.string(),
      documentId: z.string(),
    }),
  ),
});

/** Reply to `synthesis`. */
export const synthesisReplySchema = z.strictObject({
  sentences: z.array(
    z.strictObject({
      text: z.string(),
      /** Numbers of the claims it rests on. */
      claims: z.array(z.int()),
    }),
  ),
});

/** Prompts by schema name. The version is part of the file's name. */
export const prompts = {
  research_questions: prompt('questions.v1.md'),
  claims: prompt('claims.v1.md'),
  synthesis: prompt('synthesis.v1.md'),
} as const;

function prompt(file: string): string {
  return readFileSync(new URL(`./prompts/${file}`, import.meta.url), 'utf8');
}
