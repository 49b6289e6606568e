/** The readAttachment activity: the text of one file of a mail, kept as a document with an excerpt. */
import type { ReadRequest, ReadResult } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import { findHolders } from '../accounts.ts';
import { failure } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { cleanLine, cleanText } from '../visible-text.ts';
import { attachmentText } from './attachment-text.ts';
import type { EmailDeps } from './dependencies.ts';
import type { MailAttachment, MailMessage } from './port.ts';
import { mailOrigin } from './summaries.ts';

/**
 * Effect: stores the text as a document of the goal. Idempotency: the id derives from the content.
 * Heartbeats: by the worker; a file gets 15 s. @throws NotFoundError, AmbiguousError naming the files,
 * InvalidInputError for what cannot be read, and the failures of a read
 */
export async function readAttachment(deps: EmailDeps, request: ReadRequest): Promise<ReadResult> {
  const { context } = request;
  const input = parseToolInput('readAttachment', request.input);
  const accounts = await deps.accounts.covered(context.owner, input.account);
  const [holder] = await findHolders(accounts, async ({ email }) =>
    (await deps.email(context.owner, email)).message(input.messageId),
  );
  if (holder === undefined) {
    throw failure('NotFoundError', 'The mail is not there. Find it again with searchMail.');
  }
  const message = holder.value;
  const file = chooseFile(message, input.attachmentId ?? null, input.name ?? null);
  if (file.bytes > limits.attachmentReadMaxBytes) {
    throw failure('InvalidInputError', `"${cleanLine(file.name, 120)}" is too large to read.`);
  }
  const mailbox = await deps.email(context.owner, holder.account.email);
  const content = await mailbox.attachment(message.id, file.id);
  const { text, truncated } = await attachmentText({ ...file, content });
  const from = mailOrigin(message, context.zone);
  const name = cleanLine(file.name, 120);
  const origin = { kind: 'mail', label: `${name} in a ${from.label}`, ref: message.id } as const;
  const documentId = await deps.documents.put({
    goalId: context.goalId,
    kind: 'text',
    origin,
    content: text,
  });
  return {
    value: {
      messageId: message.id,
      attachmentId: file.id,
      name,
      mimeType: cleanLine(file.mimeType, 100),
      documentId,
      excerpt: cleanText(text, limits.excerptMaxChars),
      chars: text.length,
      truncated,
    },
    trust: 'untrusted',
    origins: [origin],
  };
}

/** By id, else by name, else the only one. Pictures inside the text count only when they are named. */
function chooseFile(
  { attachments }: MailMessage,
  id: string | null,
  name: string | null,
): MailAttachment {
  const wanted = name?.toLowerCase();
  const found = attachments.filter((file) => {
    if (id !== null) return file.id === id;
    return wanted === undefined ? !file.inline : file.name.toLowerCase() === wanted;
  });
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const names = attachments.slice(0, 20).map((file) => `"${cleanLine(file.name, 80)}"`);
  if (names.length === 0) throw failure('NotFoundError', 'This mail has no attachments.');
  const which = `It has ${names.join(', ')}.`;
  throw found.length === 0
    ? failure('NotFoundError', `The mail has no such attachment. ${which}`)
    : failure('AmbiguousError', `Say which attachment to read. ${which}`);
}
