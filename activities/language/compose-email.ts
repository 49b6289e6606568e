/**
 * The read tool `composeEmail`: writes subject and body of a mail. It sends nothing and chooses no
 * recipient; its text is as trustworthy as the material it was written from.
 */
import { cancellationSignal } from '@temporalio/activity';
import type { ReadRequest, ReadResult } from '#contracts/activities.ts';
import type { Json } from '#contracts/json.ts';
import { composeEmailInputSchema, composeEmailOutputSchema } from '#contracts/schemas/language.ts';
import { combineOrigins } from '#contracts/trust.ts';
import { modelCallOf } from '../budgets/day-budgets.ts';
import { failure } from '../failures.ts';
import type { Directory } from '../people.ts';
import type { ModelClient } from '../planner/model.ts';
import { loadPrompt } from '../planner/prompts.ts';
import { prepareMaterial, withShownBytes } from './material.ts';
import type { ToneStore } from './tone-store.ts';

const prompt = loadPrompt(new URL('./prompts/compose-email.v2.md', import.meta.url));

/** What composing needs: the directory knows the name to sign with, the profile how they write. */
export type ComposeDependencies = {
  readonly model: ModelClient;
  readonly directory: Pick<Directory, 'find'>;
  readonly tone: Pick<ToneStore, 'get'>;
};

/**
 * Builds the activity. Effect: none; one model call. Idempotency: a retry asks again. Heartbeats:
 * by the worker. @throws InvalidInputError and what `askModel` throws
 */
export function createComposeEmail(deps: ComposeDependencies) {
  return async function composeEmail(request: ReadRequest): Promise<ReadResult> {
    const input = composeEmailInputSchema.safeParse(request.input);
    if (!input.success) {
      throw failure('InvalidInputError', `composeEmail: ${input.error.issues[0]?.message ?? ''}`);
    }
    const { instruction, material, recipientName } = input.data;
    const { owner, now, zone } = request.context;
    const me = (await deps.directory.find(owner, [owner])).get(owner.toLowerCase());
    const tone = await deps.tone.get(owner);
    const shown = prepareMaterial(material as Json[]);
    const { value, usage } = await deps.model.askModel({
      call: modelCallOf(request.context),
      role: 'primary',
      schemaName: 'email',
      schema: composeEmailOutputSchema,
      instructions: prompt.text,
      data: {
        instruction,
        material: [...shown],
        recipientName: recipientName ?? null,
        senderName: me?.name ?? owner,
        tone,
        now,
        zone,
      },
      signal: cancellationSignal(),
    });
    const origins = combineOrigins([
      request.origins,
      [{ kind: 'model', label: 'a text by the model' }],
    ]);
    return {
      value,
      trust: request.trust,
      origins,
      usage: [withShownBytes(usage, request.trust, shown)],
    };
  };
}
