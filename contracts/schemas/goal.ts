/** What a person may send to start a goal, and what they get back. Strict: an unknown field is an error. */
import { z } from 'zod';
import { limits } from '../limits.ts';
import { toolNames } from '../tools.ts';

const positiveMs = z
  .int()
  .min(100)
  .max(30 * 24 * 3_600_000);

/** A person's policy for one goal. It can make the gate stricter, never looser for tiers 3 and 4. */
export const goalPolicySchema = z.strictObject({
  /** Lowest tier that waits for a person. 2 by default; 3 lets reversible changes of one's own things run. */
  approveFromTier: z.int().min(1).max(3).optional(),
  /** Wait for approval of the whole plan before anything runs. */
  planApproval: z.boolean().optional(),
  /** Tools this goal may not use. */
  refuseTools: z.array(z.enum(toolNames)).max(toolNames.length).optional(),
  /** Raises single tools to a tier. */
  raiseTiers: z.partialRecord(z.enum(toolNames), z.int().min(1).max(4)).optional(),
  approvalExpiresMs: positiveMs.optional(),
  answerExpiresMs: positiveMs.optional(),
  reconcileForMs: positiveMs.optional(),
});
export type GoalPolicyInput = z.infer<typeof goalPolicySchema>;

/** Body of `POST /v1/goals`. */
export const goalInputSchema = z.strictObject({
  goal: z
    .string()
    .trim()
    .min(3, 'say what you want done, in a sentence')
    .max(limits.goalTextMaxChars),
  context: z.string().max(limits.contextMaxChars).optional(),
  constraints: z.array(z.string().min(1).max(500)).max(20).optional(),
  policy: goalPolicySchema.optional(),
  mode: z.enum(['live', 'shadow']).optional(),
});
export type GoalInput = z.infer<typeof goalInputSchema>;

/** Body of `POST /v1/goals/{id}/answers`. */
export const answersInputSchema = z.strictObject({
  answers: z
    .array(
      z.strictObject({
        questionId: z.string().min(1).max(64),
        answer: z.string().trim().min(1).max(limits.answerMaxChars),
      }),
    )
    .min(1)
    .max(limits.questionsMax),
});
export type AnswersInput = z.infer<typeof answersInputSchema>;
