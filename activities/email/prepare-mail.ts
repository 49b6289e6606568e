/** Resolves the input of sendEmail and createDraft to a complete mail. Reads only. */
import type { StepContext } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { SendEmailPayload } from '#contracts/schemas/email.ts';
import { failure } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import type { EmailDeps } from './dependencies.ts';
import type { EmailPort } from './port.ts';

/** Everything of a mail but its kind. */
export type MailContent = Omit<SendEmailPayload, 'kind'>;

/** As many References as a mail carries; long chains keep the first and the newest. */
const referencesMax = 30;

/**
 * Completes a mail: sender's name, threading headers and the head of the thread.
 * @throws NotFoundError for a message that is not there, InvalidInputError for one without an id
 */
export async function prepareMail(
  deps: Pick<EmailDeps, 'email' | 'directory'>,
  tool: 'sendEmail' | 'createDraft',
  context: StepContext,
  raw: JsonObject,
): Promise<MailContent> {
  const input = parseToolInput(tool, raw);
  const account = context.owner.toLowerCase();
  const own = await deps.directory.find(account, [account]);
  const to = [...new Set(input.to)];
  const cc = [...new Set(input.cc ?? [])].filter((email) => !to.includes(email));
  const bcc = [...new Set(input.bcc ?? [])].filter((e) => !to.includes(e) && !cc.includes(e));
  const replyTo = input.replyToMessageId ?? null;
  return {
    account,
    fromName: own.get(account)?.name ?? null,
    to,
    cc,
    bcc,
    subject: input.subject,
    body: input.body.replace(/\r\n?/g, '\n'),
    reply: replyTo === null ? null : await threading(await deps.email(account), replyTo),
  };
}

async function threading(mailbox: EmailPort, messageId: string): Promise<MailContent['reply']> {
  const message = await mailbox.message(messageId);
  if (message === null) {
    throw failure(
      'NotFoundError',
      'The mail to answer is not there. Find it again with searchMail.',
    );
  }
  if (message.messageId === null) {
    throw failure(
      'InvalidInputError',
      'The mail to answer has no valid Message-ID, so an answer would not join its thread. Send a new mail.',
    );
  }
  const chain = [...message.references, message.messageId];
  const references =
    chain.length <= referencesMax
      ? chain
      : [...chain.slice(0, 1), ...chain.slice(1 - referencesMax)];
  return {
    messageId,
    threadId: message.threadId,
    inReplyTo: message.messageId,
    references,
    threadHead: (await newestIn(mailbox, message.threadId)) ?? messageId,
  };
}

/** The newest message of a thread that is not a draft. */
export async function newestIn(mailbox: EmailPort, threadId: string): Promise<string | undefined> {
  const messages = (await mailbox.thread(threadId)) ?? [];
  return messages.findLast(({ draft }) => !draft)?.id;
}
