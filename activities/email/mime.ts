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
): Promise<Buffer> {
  const { account, fromName, to, cc, bcc, subject, body, reply } = payload;
  refuseLineBreaks([subject, fromName ?? '', ...to, ...cc, ...bcc, ...headersOf(reply)]);
  const node = new MailComposer({
    from: { name: fromName ?? '', address: account },
    to: to.map(asAddress),
    cc: cc.map(asAddress),
    bcc: bcc.map(asAddress),
    subject,
    text: body.replace(/\r\n?/g, '\n'),
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
