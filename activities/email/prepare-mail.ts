/** Resolves the input of sendEmail and createDraft to a complete mail. Reads only. */
import type { StepContext } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { SendEmailPayload } from '#contracts/schemas/email.ts';
import { findHolders } from '../accounts.ts';
import type { ConnectedAccount } from '../credentials.ts';
import { failure } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import type { EmailDeps } from './dependencies.ts';
import type { EmailPort, MailMessage } from './port.ts';

/** Everything of a mail but its kind. */
export type MailContent = Omit<SendEmailPayload, 'kind'>;

/** What preparing and sending a mail need. */
export type MailDeps = Pick<EmailDeps, 'email' | 'accounts' | 'directory'>;

/** As many References as a mail carries; long chains keep the first and the newest. */
const referencesMax = 30;

/**
 * Completes a mail: sender's name, threading headers and the head of the thread.
 * @throws NotFoundError for a message that is not there, InvalidInputError for one without an id
 */
export async function prepareMail(
  deps: MailDeps,
  tool: 'sendEmail' | 'createDraft',
  context: StepContext,
  raw: JsonObject,
): Promise<MailContent> {
  const input = parseToolInput(tool, raw);
  const replyTo = input.replyToMessageId ?? null;
  const accounts = await deps.accounts.covered(context.owner, input.account);
  const answered = replyTo === null ? null : await answeredMail(deps, context, accounts, replyTo);
  const { account } = answered ?? { account: accounts[0].email };
  const owner = context.owner.toLowerCase();
  const own = await deps.directory.find(owner, [account, owner]);
  const to = [...new Set(input.to)];
  const cc = [...new Set(input.cc ?? [])].filter((email) => !to.includes(email));
  const bcc = [...new Set(input.bcc ?? [])].filter((e) => !to.includes(e) && !cc.includes(e));
  return {
    account,
    fromName: (own.get(account) ?? own.get(owner))?.name ?? null,
    to,
    cc,
    bcc,
    subject: input.subject,
    body: input.body.replace(/\r\n?/g, '\n'),
    reply: answered === null ? null : await threading(answered.mailbox, answered.message),
  };
}

/** The mail to answer, in whichever of the mailboxes has it. */
async function answeredMail(
  deps: Pick<EmailDeps, 'email'>,
  { owner }: StepContext,
  accounts: readonly ConnectedAccount[],
  messageId: string,
): Promise<{ account: string; mailbox: EmailPort; message: MailMessage }> {
  const [holder] = await findHolders(accounts, async ({ email }) =>
    (await deps.email(owner, email)).message(messageId),
  );
  if (holder === undefined) {
    throw failure(
      'NotFoundError',
      'The mail to answer is not there. Find it again with searchMail.',
    );
  }
  const account = holder.account.email;
  return { account, mailbox: await deps.email(owner, account), message: holder.value };
}

async function threading(mailbox: EmailPort, message: MailMessage): Promise<MailContent['reply']> {
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
    messageId: message.id,
    threadId: message.threadId,
    inReplyTo: message.messageId,
    references,
    threadHead: (await newestIn(mailbox, message.threadId)) ?? message.id,
  };
}

/** The newest message of a thread that is not a draft. */
export async function newestIn(mailbox: EmailPort, threadId: string): Promise<string | undefined> {
  const messages = (await mailbox.thread(threadId)) ?? [];
  return messages.findLast(({ draft }) => !draft)?.id;
}
