/**
 * Classifying mails. The model sees sender, subject, date and the first characters of each, marked as
 * data; code checks that each mail got one class, and a mail is classified once.
 */
import { cancellationSignal } from '@temporalio/activity';
import { z } from 'zod';
import type { ModelUsage } from '#contracts/activities.ts';
import type { TriageActivities } from '#contracts/child-activities.ts';
import { limits } from '#contracts/limits.ts';
import { triageClassSchema } from '#contracts/schemas/triage.ts';
import { modelCallOf } from '../budgets/day-budgets.ts';
import { failure } from '../failures.ts';
import { loadPrompt } from '../planner/prompts.ts';
import { cleanLine } from '../visible-text.ts';
import type { TriageDeps } from './dependencies.ts';
import type { Verdict, WaitingMail } from './store.ts';

const prompt = loadPrompt(new URL('./prompts/triage.v1.md', import.meta.url));

/** Reply to `triage`. The handler of the sandbox's model answers to the same name. */
const replySchema = z.strictObject({
  mails: z.array(
    z.strictObject({
      number: z.int(),
      class: triageClassSchema,
      reason: z.string(),
      confidence: z.number(),
      summary: z.string().nullable(),
    }),
  ),
});

/**
 * Effect: one model call, and the classes in Postgres. Idempotency: a retry finds what its batch came
 * to and asks nothing. Heartbeats: by the worker. @throws what `askModel` throws
 */
export async function classifyMail(
  { triage, model }: Pick<TriageDeps, 'triage' | 'model'>,
  { context, accounts, batch, limit }: Parameters<TriageActivities['classifyMail']>[0],
): ReturnType<TriageActivities['classifyMail']> {
  const { owner } = context;
  const known = await triage.ofBatch(owner, batch);
  if (known.length > 0) return { mails: known, usage: [] };
  const waiting = await triage.waiting(owner, accounts, Math.min(limit, limits.triageBatch));
  if (waiting.length === 0) return { mails: [], usage: [] };
  const examples = await triage.examples(owner);
  const { value, usage } = await model.askModel({
    call: modelCallOf(context),
    role: 'fast',
    schemaName: 'triage',
    schema: replySchema,
    instructions: prompt.text,
    data: { mails: waiting.map(shownMail), examples },
    signal: cancellationSignal(),
  });
  const verdicts = verdictsOf(value.mails, waiting, usage);
  await triage.classify(owner, batch, verdicts);
  return { mails: await triage.ofBatch(owner, batch), usage: [usage] };
}

function shownMail({ sender, subject, receivedAt, excerpt }: WaitingMail, i: number) {
  return { number: i + 1, from: sender, subject, date: receivedAt.toISOString(), text: excerpt };
}

/** A mail that the model left out, or named twice, waits for the next call. */
function verdictsOf(
  replies: z.infer<typeof replySchema>['mails'],
  waiting: readonly WaitingMail[],
  usage: ModelUsage,
): Verdict[] {
  const verdicts = waiting.flatMap(({ account, messageId }, i): Verdict[] => {
    const [reply, second] = replies.filter(({ number }) => number === i + 1);
    if (reply === undefined || second !== undefined) return [];
    const confidence = Math.min(1, Math.max(0, reply.confidence));
    const reason = cleanLine(reply.reason, limits.triageReasonMaxChars);
    const summary = cleanLine(reply.summary ?? reason, limits.triageSummaryMaxChars);
    const isUrgent = reply.class === 'urgent';
    return [
      {
        account,
        messageId,
        class: reply.class,
        reason,
        confidence,
        summary: isUrgent ? summary : null,
      },
    ];
  });
  if (verdicts.length > 0) return verdicts;
  throw failure('InvalidModelReplyError', 'The model classified none of the mails.', {
    details: { ...usage },
  });
}
