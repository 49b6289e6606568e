/**
 * The tool `learnTone`: reads a bounded sample of the person's own sent mail, has the model describe
 * how they write, and keeps the short profile. The model sees no addresses, links or numbers of it.
 */
import { cancellationSignal } from '@temporalio/activity';
import type { ReadRequest, ReadResult } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import { toneProfileSchema } from '#contracts/schemas/tone.ts';
import type { Accounts } from '../accounts.ts';
import { modelCallOf } from '../budgets/day-budgets.ts';
import type { EmailPortOf } from '../email/port.ts';
import { failure } from '../failures.ts';
import type { ModelClient } from '../planner/model.ts';
import { loadPrompt } from '../planner/prompts.ts';
import { parseToolInput } from '../tool-input.ts';
import { cleanText } from '../visible-text.ts';
import { withShownBytes } from './material.ts';
import type { ToneStore } from './tone-store.ts';

const prompt = loadPrompt(new URL('./prompts/learn-tone.v1.md', import.meta.url));

/** Fewer mails say nothing about habits. */
const mailsMin = 3;
/** Shorter ones are "Thanks!" and calendar replies. */
const charsMin = 40;

export type LearnToneDeps = {
  readonly email: EmailPortOf;
  readonly accounts: Accounts;
  readonly model: ModelClient;
  readonly tone: ToneStore;
};

/**
 * Builds the activity. Effect: replaces the stored profile; one model call. Idempotency: a retry
 * learns again. Heartbeats: by the worker. @throws NotFoundError when there is too little sent mail,
 *   the failures of a search and what `askModel` throws
 */
export function createLearnTone(deps: LearnToneDeps) {
  return async function learnTone(request: ReadRequest): Promise<ReadResult> {
    const { context } = request;
    const { mails } = parseToolInput('learnTone', request.input);
    const { email: account } = await deps.accounts.meant(context.owner, null);
    const mailbox = await deps.email(context.owner, account);
    const query = { kind: 'in', folder: 'sent' } as const;
    const { messages } = await mailbox.search(query, mails ?? limits.toneMailsMax);
    const sample = messages
      .map((message) => withoutFacts(cleanText(message.ownText, limits.excerptMaxChars)))
      .filter((text) => text.length >= charsMin);
    if (sample.length < mailsMin) {
      throw failure(
        'NotFoundError',
        `There are only ${sample.length} sent mails to learn from. Set the profile by hand instead.`,
      );
    }
    const { value, usage } = await deps.model.askModel({
      call: modelCallOf(context),
      role: 'fast',
      schemaName: 'tone',
      schema: toneProfileSchema,
      instructions: prompt.text,
      data: { mails: sample },
      signal: cancellationSignal(),
    });
    await deps.tone.save(context.owner, value);
    return {
      value: { ...value },
      // Quoted text that was not recognised as such may have coloured it.
      trust: 'untrusted',
      origins: [{ kind: 'model', label: 'a profile of your sent mail by the model' }],
      usage: [withShownBytes(usage, 'untrusted', sample)],
    };
  };
}

/** What is said is not how it is said: addresses, links and numbers are left out. */
function withoutFacts(text: string): string {
  return text
    .replace(/\bhttps?:\/\/\S+/gi, '[link]')
    .replace(/[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+/g, '[address]')
    .replace(/\d[\d\s./-]{4,}\d/g, '[number]');
}
