/**
 * The read tool `readTimeReply`: which of the offered times an answer chooses. The model reads, code
 * checks: the quote stands in the mail, the number is one that was offered. What comes out was still
 * written by somebody else, so it is untrusted and a person decides on what is made of it.
 */
import { cancellationSignal } from '@temporalio/activity';
import { DateTime } from 'luxon';
import type { z } from 'zod';
import type { ReadRequest, ReadResult } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import { messageSummarySchema } from '#contracts/schemas/email.ts';
import { timeReplySchema } from '#contracts/schemas/proposals.ts';
import type { ToolInput } from '#contracts/schemas/tools.ts';
import { combineOrigins, type Origin } from '#contracts/trust.ts';
import { modelCallOf } from '../budgets/day-budgets.ts';
import { type OfferedTime, offer, readOffers } from '../calendar/proposal-text.ts';
import { MINUTE_MS, toRfc3339 } from '../calendar/zone-time.ts';
import { type Accounts, ownAddressesOf } from '../accounts.ts';
import { ownPartOf } from '../email/mail-text.ts';
import type { DocumentStore } from '../documents.ts';
import { failure } from '../failures.ts';
import type { ModelClient } from '../planner/model.ts';
import { loadPrompt } from '../planner/prompts.ts';
import { occursIn } from '../research/verify.ts';
import { parseToolInput } from '../tool-input.ts';
import { cleanLine, cleanText } from '../visible-text.ts';

const prompt = loadPrompt(new URL('./prompts/time-reply.v1.md', import.meta.url));

/** What is read of a message. */
const messageSchema = messageSummarySchema.pick({
  id: true,
  from: true,
  date: true,
  excerpt: true,
  documentId: true,
});
type Message = z.infer<typeof messageSchema>;
type Reading = z.infer<typeof timeReplySchema>;
type Dependencies = {
  readonly model: ModelClient;
  readonly documents: Pick<DocumentStore, 'get'>;
  readonly accounts: Pick<Accounts, 'list'>;
};

/**
 * Builds the activity. Effect: none; one model call. Idempotency: a retry asks again. Heartbeats:
 * by the worker. @throws InvalidInputError, NotFoundError where there is no answer or no offer,
 * InvalidModelReplyError when the reading does not hold, and what `askModel` throws
 */
export function createReadTimeReply(deps: Dependencies) {
  return async function readTimeReply(request: ReadRequest): Promise<ReadResult> {
    const { context } = request;
    const input = parseToolInput('readTimeReply', request.input);
    const messages = parseMessages(input.messages);
    const addresses = await ownAddressesOf(deps, context.owner);
    const isOwn = ({ from }: Message) => addresses.has(from.email.toLowerCase());
    const at = messages.findLastIndex((message) => !isOwn(message));
    const reply = messages[at];
    if (reply === undefined) throw failure('NotFoundError', 'Nobody has answered in this thread.');
    const textOf = (message: Message) => wholeText(deps, context.goalId, message);
    const own = messages.slice(0, at).filter(isOwn);
    const offered = given(input.slots, context.zone) ?? (await offeredIn(own, textOf));
    const text = cleanText(ownPartOf(await textOf(reply)), limits.timeReplyMaxChars);
    const { value, usage } = await deps.model.askModel({
      call: modelCallOf(context),
      role: 'fast',
      schemaName: 'timeReply',
      schema: timeReplySchema,
      instructions: prompt.text,
      data: { reply: text, offered: offered.map(({ number, text: words }) => ({ number, words })) },
      signal: cancellationSignal(),
    });
    const wrong = problemOf(value, text, offered);
    if (wrong !== undefined) {
      throw failure('InvalidModelReplyError', wrong, { details: { ...usage } });
    }
    return {
      value: outputOf(value, offered, reply, context.zone),
      trust: 'untrusted',
      origins: combineOrigins([
        [originOf(reply, context.zone)],
        request.origins,
        [{ kind: 'model', label: 'a reading by the model' }],
      ]),
      usage: [usage],
    };
  };
}

function parseMessages(messages: ToolInput<'readTimeReply'>['messages']): Message[] {
  return messages.map((message) => {
    const parsed = messageSchema.safeParse(message);
    if (parsed.success) return parsed.data;
    throw failure('InvalidInputError', 'readTimeReply takes the messages of readThread.');
  });
}

async function wholeText(
  { documents }: Dependencies,
  goalId: string,
  { documentId, excerpt }: Message,
): Promise<string> {
  return documentId === null ? excerpt : (await documents.get(goalId, documentId)).content;
}

function given(
  slots: ToolInput<'readTimeReply'>['slots'],
  zone: string,
): OfferedTime[] | undefined {
  return slots?.map(({ start, end }, index) =>
    offer(index + 1, { startMs: Date.parse(start), endMs: Date.parse(end) }, zone),
  );
}

/** The newest offer in the person's own mails before the answer. */
async function offeredIn(
  own: readonly Message[],
  textOf: (message: Message) => Promise<string>,
): Promise<OfferedTime[]> {
  for (const message of own.toReversed()) {
    const offers = readOffers(await textOf(message));
    if (offers.length > 0) return offers;
  }
  throw failure('NotFoundError', 'None of your own mails before the answer offers times.');
}

/** What is wrong with a reading; undefined when it holds. */
function problemOf(
  { choice, number, quote }: Reading,
  text: string,
  offered: readonly OfferedTime[],
): string | undefined {
  if (quote.trim() === '' || !occursIn(quote, text)) return 'The quote does not stand in the mail.';
  if (choice !== 'slot' || offered.some((time) => time.number === number)) return undefined;
  return `No time with the number ${number} was offered.`;
}

function outputOf(
  { choice, number, counterProposal, quote }: Reading,
  offered: readonly OfferedTime[],
  reply: Message,
  zone: string,
): ReadResult['value'] {
  const chosen = choice === 'slot' ? offered.find((time) => time.number === number) : undefined;
  return {
    choice,
    slot:
      chosen === undefined
        ? null
        : {
            start: toRfc3339(chosen.startMs, zone),
            end: toRfc3339(chosen.endMs, zone),
            minutes: (chosen.endMs - chosen.startMs) / MINUTE_MS,
            text: chosen.text,
          },
    counterProposal: choice === 'counter' ? cleanLine(counterProposal ?? quote, 500) : null,
    quote: cleanLine(quote, 500),
    from: { ...reply.from },
    messageId: reply.id,
  };
}

function originOf({ from, date, id }: Message, zone: string): Origin {
  const day = DateTime.fromISO(date, { zone, locale: 'en' }).toFormat('d LLL');
  const sender = cleanLine(from.name ?? '', 80) || from.email;
  return { kind: 'mail', label: `mail from ${sender}, ${day}`, ref: id };
}
