/**
 * The read tool `summarize`: material in, a typed summary out. The model sees the material marked as
 * data; nothing it says leaves here but the summary, which is as trustworthy as the material.
 */
import { cancellationSignal } from '@temporalio/activity';
import type { ReadRequest, ReadResult } from '#contracts/activities.ts';
import type { Json } from '#contracts/json.ts';
import { summarizeInputSchema, summarizeOutputSchema } from '#contracts/schemas/language.ts';
import { combineOrigins } from '#contracts/trust.ts';
import { modelCallOf } from '../budgets/day-budgets.ts';
import { failure } from '../failures.ts';
import type { ModelClient } from '../planner/model.ts';
import { loadPrompt } from '../planner/prompts.ts';
import { prepareMaterial, withShownBytes } from './material.ts';

const prompt = loadPrompt(new URL('./prompts/summarize.v1.md', import.meta.url));

/**
 * Builds the activity. Effect: none; one model call. Idempotency: a retry asks again. Heartbeats:
 * by the worker. @throws InvalidInputError and what `askModel` throws
 */
export function createSummarize(deps: { readonly model: ModelClient }) {
  return async function summarize(request: ReadRequest): Promise<ReadResult> {
    const input = summarizeInputSchema.safeParse(request.input);
    if (!input.success) {
      throw failure('InvalidInputError', `summarize: ${input.error.issues[0]?.message ?? ''}`);
    }
    const { instruction, material } = input.data;
    const shown = prepareMaterial(material as Json[]);
    const { value, usage } = await deps.model.askModel({
      call: modelCallOf(request.context),
      role: 'fast',
      schemaName: 'summary',
      schema: summarizeOutputSchema,
      instructions: prompt.text,
      data: {
        instruction,
        material: [...shown],
        now: request.context.now,
        zone: request.context.zone,
      },
      signal: cancellationSignal(),
    });
    const origins = combineOrigins([
      request.origins,
      [{ kind: 'model', label: 'a summary by the model' }],
    ]);
    return {
      value,
      trust: request.trust,
      origins,
      usage: [withShownBytes(usage, request.trust, shown)],
    };
  };
}
