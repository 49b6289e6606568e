/** The plan language: what a plan looks like when it enters from the model or from a person. */
import { z } from 'zod';
import { limits } from '../limits.ts';
import { toolNames } from '../tools.ts';

export const stepIdSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,31}$/, 'must be lower case letters, digits and _, at most 32');

/** One step: one tool with its input, in which any leaf may be a reference. */
export const planStepSchema = z.strictObject({
  id: stepIdSchema,
  tool: z.enum(toolNames),
  input: z.record(z.string(), z.json()),
  rationale: z.string().max(1_000),
  /** A critical step that fails stops the plan and undoes what was done. */
  critical: z.boolean(),
  /** Raises the step to "wait for a person"; false lowers nothing. */
  requiresConfirmation: z.boolean(),
  dependsOn: z.array(stepIdSchema).max(limits.planMaxDependencies),
  /** Look at the result and plan again before going on. */
  checkpoint: z.boolean(),
});
export type PlanStep = z.infer<typeof planStepSchema>;

export const planSchema = z.strictObject({
  reasoning: z.string().max(4_000),
  estimatedComplexity: z.enum(['low', 'medium', 'high']),
  steps: z.array(planStepSchema).max(limits.planMaxSteps),
});
export type Plan = z.infer<typeof planSchema>;

/** A question the planner needs answered before it can plan. */
export const questionSchema = z.strictObject({
  id: stepIdSchema,
  question: z.string().min(1).max(500),
  /** What the person could answer, when there are few choices. */
  choices: z.array(z.string().max(200)).max(10),
});
export type Question = z.infer<typeof questionSchema>;

/** The planner's whole reply: questions, or a plan. Questions win. */
export const planReplySchema = z.strictObject({
  ...planSchema.shape,
  questions: z.array(questionSchema).max(limits.questionsMax),
});
export type PlanReply = z.infer<typeof planReplySchema>;
