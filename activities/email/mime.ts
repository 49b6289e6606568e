/**
 * Writes a payload as an RFC 5322 message. The same payload, key and time of intent give the same
 * bytes on every machine and attempt; nothing of it comes from a clock or a random source.
 */
import MailComposer from 'nodemailer/lib/mail-composer';
import type { CreateDraftPayload, SendEmailPayload } from '#contracts/schemas/email.ts';
import { failure } from '../failures.ts';
import type { EffectContext } from '../effects/handler.ts';
import type { MailKey } from './port.ts';

/** The keys a mail is found by again: its own header and its Message-ID. */
export function mailKeyOf(payload: { account: string }, effectKey: string): MailKey {
  const domain = payload.account.split('@')[1] ?? '';
  return { effectKey, messageId: `<${effectKey.slice(0, 40)}@${domain}>` };
}

/**
 * The bytes of a mail. Bcc stays in the headers, as Gmail reads recipients from there and removes it.
 * @throws InvalidInputError when a value could break out of its header
 */
export async function composeMime(
  payload: SendEmailPayload | CreateDraftPayload,
  { effectKey, intentAt }: Pick<EffectContext, 'effectKey' | 'intentAt'>,
  files: readonly Buffer[] = [],
): Promise<Buffer> {
  const { account, fromName, to, cc, bcc, subject, reply, attachments = [] } = payload;
  const from = payload.from ?? account;
  const names = attachments.flatMap(({ name, mimeType }) => [name, mimeType]);
  refuseLineBreaks([subject, fromName ?? '', from, ...to, ...cc, ...bcc, ...headersOf(reply)]);
  refuseLineBreaks(names);
  const node = new MailComposer({
    from: { name: fromName ?? '', address: from },
    to: to.map(asAddress),
    cc: cc.map(asAddress),
    bcc: bcc.map(asAddress),
    subject,
    text: textOf(payload),
    attachments: attachments.map(({ name, mimeType }, index) => ({
      filename: name,
      contentType: mimeType,
      contentTransferEncoding: 'base64' as const,
      content: files[index] ?? missingFile(),
    })),
    date: new Date(intentAt),
    messageId: mailKeyOf(payload, effectKey).messageId,
    // Prepared, so that the key is not folded onto a line of its own.
    headers: { 'X-Effect-Key': { prepared: true, value: effectKey } },
    ...(reply === null ? {} : { inReplyTo: reply.inReplyTo, references: reply.references }),
    baseBoundary: effectKey.slice(0, 32),
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  } as ConstructorParameters<typeof MailComposer>[0]).compile();
  Object.assign(node, { keepBcc: true });
  return node.build();
}

/** Body, signature behind the usual two dashes, and the quoted mail, as recipients read it. */
export function textOf({
  body,
  signature,
  quoted,
}: Pick<SendEmailPayload, 'body' | 'signature' | 'quoted'>): string {
  const below = [
    ...(signature === undefined ? [] : [`-- \n${signature}`]),
    ...(quoted === undefined ? [] : [quoted]),
  ];
  const parts = below.length === 0 ? [body] : [body.trimEnd(), ...below];
  return parts
    .filter((part) => part !== '')
    .join('\n\n')
    .replace(/\r\n?/g, '\n');
}

function missingFile(): never {
  throw failure('PreconditionFailedError', 'A file of this mail is missing. It is not sent.');
}

/** As an object, so that nothing in the text is read as more addresses. */
function asAddress(address: string): { name: string; address: string } {
  return { name: '', address };
}

function headersOf(reply: SendEmailPayload['reply']): string[] {
  return reply === null ? [] : [reply.inReplyTo, ...reply.references];
}

function refuseLineBreaks(values: readonly string[]): void {
  // eslint-disable-next-line no-control-regex
  if (values.some((value) => /[\u0000-\u001f\u007f]/.test(value))) {
    throw failure('InvalidInputError', 'A header of this mail holds a line break. It is not sent.');
  }
}
