/** The shapes of what control requests answer, for the OpenAPI document. */
import { z } from 'zod';
import { toolNames } from '#contracts/tools.ts';
import { goalLinksSchema } from '../responses.ts';

/** The answer of a control request that was taken, or is on its way. */
export const controlTakenSchema = z
  .object({ outcome: z.enum(['applied', 'pending']), message: z.string(), links: goalLinksSchema })
  .meta({ id: 'ControlTaken' });

/** A plan in the form in which it can be changed and put back. */
export const planAnswerSchema = z
  .object({
    revision: z.int().describe('Send it back as `expectedRevision`'),
    plan: z.object({
      reasoning: z.string(),
      estimatedComplexity: z.string(),
      steps: z.array(
        z.object({
          id: z.string(),
          tool: z.enum(toolNames),
          input: z.record(z.string(), z.unknown()),
          rationale: z.string(),
          critical: z.boolean(),
          requiresConfirmation: z.boolean(),
          dependsOn: z.array(z.string()),
          checkpoint: z.boolean(),
        }),
      ),
    }),
  })
  .meta({ id: 'PlanAnswer' });
