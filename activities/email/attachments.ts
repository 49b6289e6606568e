/** The files of a mail: found and checked when it is prepared, read as approved when it is sent. */
import type { StepContext } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import type { MailAttachmentPayload, SendEmailPayload } from '#contracts/schemas/email.ts';
import type { ToolInput } from '#contracts/schemas/tools.ts';
import { failure } from '../failures.ts';
import { cleanLine } from '../visible-text.ts';
import type { WriteDeps } from './dependencies.ts';
import type { EmailPort } from './port.ts';
import type { Answered } from './prepare-mail.ts';
import { mailOrigin } from './summaries.ts';

/** What a mail carries: the documents that were asked for, and the files of a mail it forwards. */
export async function attachmentsOf(
  deps: Pick<WriteDeps, 'files'>,
  mailbox: EmailPort,
  context: StepContext,
  input: ToolInput<'sendEmail'>,
  answered: Answered | null,
): Promise<MailAttachmentPayload[]> {
  const owner = context.owner.toLowerCase();
  const asked = [...new Set((input.attachments ?? []).map(({ documentId }) => documentId))];
  const found: MailAttachmentPayload[] = [];
  for (const documentId of asked) {
    const { origin: _, ...file } = await deps.files.find(owner, context.goalId, documentId);
    found.push(file);
  }
  if (answered?.mode === 'forward') {
    found.push(...(await keepForwarded(deps, mailbox, context, answered)));
  }
  const bytes = found.reduce((sum, file) => sum + file.bytes, 0);
  if (found.length > limits.attachmentsMax || bytes > limits.attachmentsMaxBytes) {
    const mib = limits.attachmentsMaxBytes / 1024 / 1024;
    throw failure(
      'InvalidInputError',
      `A mail carries at most ${limits.attachmentsMax} files of ${mib} MiB together. Attach fewer.`,
    );
  }
  return found;
}

/** Files of a forwarded mail are kept, so that what is sent later is what was shown now. */
async function keepForwarded(
  deps: Pick<WriteDeps, 'files'>,
  mailbox: EmailPort,
  context: StepContext,
  { message }: Answered,
): Promise<MailAttachmentPayload[]> {
  const files = message.attachments.filter(({ inline }) => !inline);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (files.length > limits.attachmentsMax || bytes > limits.attachmentsMaxBytes) {
    throw failure('InvalidInputError', 'The files of this mail are too large to forward.');
  }
  const kept: MailAttachmentPayload[] = [];
  for (const file of files) {
    const { origin: _, ...stored } = await deps.files.put({
      owner: context.owner.toLowerCase(),
      name: cleanLine(file.name, 200) || 'unnamed',
      mimeType: safeType(file.mimeType),
      content: await mailbox.attachment(message.id, file.id),
      origin: mailOrigin(message, context.zone),
    });
    kept.push(stored);
  }
  return kept;
}

/** The bytes of a mail's files, in its order. @throws PreconditionFailedError */
export async function readAttachments(
  deps: Pick<WriteDeps, 'files'>,
  context: StepContext,
  { attachments = [] }: Pick<SendEmailPayload, 'attachments'>,
): Promise<Buffer[]> {
  const owner = context.owner.toLowerCase();
  return Promise.all(attachments.map((file) => deps.files.read(owner, context.goalId, file)));
}

/** A type as it may stand in a header. */
function safeType(mimeType: string): string {
  return /^[a-z0-9.+-]+\/[a-z0-9.+-]+$/i.test(mimeType)
    ? mimeType.toLowerCase()
    : 'application/octet-stream';
}
