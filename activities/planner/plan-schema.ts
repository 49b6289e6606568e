/**
 * The JSON schema of a plan, generated from the tool catalogue: one variant of a step per tool, with
 * that tool's own input. What it lets through still goes through check.ts.
 */
import type { JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { toolSchemas } from '#contracts/schemas/tools.ts';
import { toolNames } from '#contracts/tools.ts';
import { strictObject, strictSchema } from './strict-schema.ts';

const text: JsonObject = { type: 'string' };
const flag: JsonObject = { type: 'boolean' };

/** The planner's reply: a plan, or questions. */
export const planFormat: JsonObject = strictObject({
  reasoning: { ...text, description: 'one to three sentences on how the steps reach the goal' },
  estimatedComplexity: { type: 'string', enum: ['low', 'medium', 'high'] },
  steps: {
    type: 'array',
    maxItems: limits.planProposedMaxSteps,
    items: {
      anyOf: toolNames.map((tool) =>
        strictObject({
          id: { ...text, description: 'lower case letters, digits and _; unique' },
          tool: { type: 'string', enum: [tool] },
          input: strictSchema(toolSchemas[tool].input, true),
          rationale: text,
          critical: flag,
          requiresConfirmation: flag,
          dependsOn: { type: 'array', items: text, maxItems: limits.planMaxDependencies },
          checkpoint: flag,
        }),
      ),
    },
  },
  questions: {
    type: 'array',
    maxItems: limits.questionsMax,
    items: strictObject({
      id: { ...text, description: 'lower case letters, digits and _' },
      question: text,
      choices: { type: 'array', items: text, maxItems: 10 },
    }),
  },
});
