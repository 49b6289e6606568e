/** What a person may send to start a goal, and what they get back. Strict: an unknown field is an error. */
import { z } from 'zod';
import { limits } from '../limits.ts';
import { toolNames } from '../tools.ts';

const positiveMs = z
  .int()
  .min(100)
  .max(30 * 24 * 3_600_000);

/** A role of a member, such as `deputy`. */
export const roleSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be lower case letters, digits, _ and -, at most 32');

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
  /** Tier 4 needs two different people: the owner and a member. */
  secondPerson: z.boolean().optional(),
  /** Members with this role may decide once three quarters of the deadline have passed. */
  escalateToRole: roleSchema.optional(),
  /** How long an approved mail can still be stopped; 0 sends at once. */
  sendDelayMs: z.int().min(0).max(3_600_000).optional(),
  /** Bounds on what the goal may use up; reaching one asks you. */
  budget: z
    .strictObject({
      modelTokens: z.int().min(1).optional(),
      costMicroUsd: z.int().min(1).optional(),
      steps: z.int().min(1).optional(),
      effects: z.int().min(1).optional(),
    })
    .optional(),
  approvalExpiresMs: positiveMs.optional(),
  answerExpiresMs: positiveMs.optional(),
  reconcileForMs: positiveMs.optional(),
});

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

/** Body of `POST /v1/goals/{id}/steer`. */
export const steerInputSchema = z.strictObject({
  instruction: z.string().trim().min(3).max(limits.instructionMaxChars),
});

/** Body of `POST /v1/goals/{id}/undo`. */
export const undoInputSchema = z
  .strictObject({
    /** The steps to undo; all of the goal's when absent. */
    stepIds: z.array(z.string().min(1).max(64)).min(1).max(limits.planMaxSteps).optional(),
  })
  .nullish();

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
