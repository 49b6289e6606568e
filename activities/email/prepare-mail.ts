/** Resolves the input of sendEmail and createDraft to a complete mail. Reads only. */
import type { StepContext } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import type { SendEmailPayload } from '#contracts/schemas/email.ts';
import type { ToolInput } from '#contracts/schemas/tools.ts';
import type { Origin } from '#contracts/trust.ts';
import { findHolders, ownAddresses } from '../accounts.ts';
import type { ConnectedAccount } from '../credentials.ts';
import { failure } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { attachmentsOf } from './attachments.ts';
import type { WriteDeps } from './dependencies.ts';
import type { EmailPort, MailMessage } from './port.ts';
import { prefixedSubject, quoteForward, quoteReply } from './quote.ts';
import { replyRecipients } from './reply-recipients.ts';
import { senderOf } from './sender.ts';
import { mailOrigin } from './summaries.ts';

/** Everything of a mail but its kind. */
export type MailContent = Omit<SendEmailPayload, 'kind'>;
/** A mail, and the message whose words stand in it where the plan did not write them. */
export type PreparedMail = { readonly content: MailContent; readonly answered: Origin | null };

type Input = ToolInput<'sendEmail'>;
type Mode = 'reply' | 'replyAll' | 'forward';

/** As many References as a mail carries; long chains keep the first and the newest. */
const referencesMax = 30;

/**
 * Completes a mail: sender, recipients of a reply, threading headers, signature, quoted text, files
 * and the head of the thread.
 * @throws NotFoundError for a message or file that is not there, InvalidInputError for a message
 *   without an id, an address the account may not send as, or files that are too large
 */
export async function prepareMail(
  deps: WriteDeps,
  tool: 'sendEmail' | 'createDraft',
  context: StepContext,
  raw: JsonObject,
): Promise<PreparedMail> {
  const input = parseToolInput(tool, raw);
  const accounts = await deps.accounts.covered(context.owner, input.account);
  const answered = await readAnswered(deps, context, accounts, input);
  const account = answered?.account ?? accounts[0].email;
  const mailbox = await deps.email(context.owner, account);
  const sender = await senderOf(deps, mailbox, {
    owner: context.owner.toLowerCase(),
    account,
    from: input.from ?? null,
  });
  // All of them, also where the step names one account: nobody writes to themselves.
  const everyAccount = await deps.accounts.list(context.owner);
  const own = [...ownAddresses(context.owner, everyAccount), ...sender.own];
  const recipients = recipientsOf(input, answered, own);
  const attachments = await attachmentsOf(deps, mailbox, context, input, answered);
  const quoted = quotedOf(answered, context.zone);
  const content: MailContent = {
    account,
    fromName: sender.name,
    ...recipients,
    subject: subjectOf(input, answered),
    body: (input.body ?? '').replace(/\r\n?/g, '\n'),
    ...(sender.email === account ? {} : { from: sender.email }),
    ...(sender.signature === '' ? {} : { signature: sender.signature }),
    ...(quoted === null ? {} : { quoted }),
    ...(attachments.length === 0 ? {} : { attachments }),
    ...(answered === null || answered.mode === 'reply' ? {} : { mode: answered.mode }),
    reply: answered === null ? null : await threading(mailbox, answered.message),
  };
  const origin = answered === null ? null : mailOrigin(answered.message, context.zone);
  return { content, answered: origin };
}

/** The message that is answered or forwarded, how, and the account whose mailbox has it. */
export type Answered = {
  readonly message: MailMessage;
  readonly mode: Mode;
  readonly account: string;
};

async function readAnswered(
  deps: Pick<WriteDeps, 'email'>,
  { owner }: StepContext,
  accounts: readonly ConnectedAccount[],
  { replyToMessageId, mode }: Input,
): Promise<Answered | null> {
  if (replyToMessageId == null) return null;
  const [holder] = await findHolders(accounts, async ({ email }) =>
    (await deps.email(owner, email)).message(replyToMessageId),
  );
  if (holder === undefined) {
    throw failure(
      'NotFoundError',
      'The mail to answer is not there. Find it again with searchMail.',
    );
  }
  return {
    message: holder.value,
    mode: mode == null || mode === 'new' ? 'reply' : mode,
    account: holder.account.email,
  };
}

/** As the plan says; where it says nothing, as the answered message asks. Each address once. */
function recipientsOf(
  input: Input,
  answered: Answered | null,
  own: readonly string[],
): Pick<MailContent, 'to' | 'cc' | 'bcc'> {
  const found =
    answered === null || answered.mode === 'forward' || input.to != null
      ? { to: [], cc: [] }
      : replyRecipients(answered.message, answered.mode, own);
  const to = [...new Set(input.to ?? found.to)];
  const cc = [...new Set(input.cc ?? found.cc)].filter((email) => !to.includes(email));
  const bcc = [...new Set(input.bcc ?? [])].filter((e) => !to.includes(e) && !cc.includes(e));
  if (to.length + cc.length + bcc.length <= limits.recipientsMax) return { to, cc, bcc };
  throw failure(
    'InvalidInputError',
    `A mail to more than ${limits.recipientsMax} people is not written. Name fewer.`,
  );
}

function subjectOf(input: Input, answered: Answered | null): string {
  if (input.subject != null) return input.subject;
  return answered === null ? '' : prefixedSubject(answered.message.subject, answered.mode);
}

function quotedOf(answered: Answered | null, zone: string): string | null {
  if (answered === null) return null;
  const { message, mode } = answered;
  return mode === 'forward' ? quoteForward(message, zone) : quoteReply(message, zone);
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
