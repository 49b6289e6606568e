/**
 * Cards of mail effects, rendered from the payload and from nothing else. Every recipient and the
 * whole text are shown.
 */
import type { Card, CardLine } from '#contracts/approval.ts';
import type { CreateDraftPayload, SendEmailPayload } from '#contracts/schemas/email.ts';
import { addressWarnings, makeVisible, textWarnings, visibleAddress } from '../visible-text.ts';

/** The card of a mail to send or to keep as a draft. */
export function emailCard(payload: SendEmailPayload | CreateDraftPayload): Omit<Card, 'undo'> {
  const { account, fromName, to, cc, bcc, subject, body, reply } = payload;
  const everyone = recipientsOf(payload);
  const verb = payload.kind === 'sendEmail' ? 'Send' : 'Draft';
  return {
    title: `${verb} "${makeVisible(subject)}" to ${countPeople(everyone.length)}`,
    lines: [
      {
        label: 'From',
        value: makeVisible(fromName === null ? account : `${fromName} <${account}>`),
      },
      addressLine('To', to),
      ...(cc.length > 0 ? [addressLine('Cc', cc)] : []),
      ...(bcc.length > 0 ? [addressLine('Bcc', bcc)] : []),
      { label: 'Subject', value: makeVisible(subject) },
      ...(reply === null ? [] : [{ label: 'Answers', value: makeVisible(reply.inReplyTo) }]),
      { label: 'Body', value: makeVisible(body) },
    ],
    warnings: [
      ...addressWarnings(everyone, account),
      ...(bcc.length > 0
        ? [`Hidden recipients (Bcc): ${bcc.map(visibleAddress).join(', ')}.`]
        : []),
      ...textWarnings({ 'The subject': subject, 'The body': body, 'The sender': fromName }),
    ],
  };
}

/** Everyone a mail goes to, each once. */
export function recipientsOf({ to, cc, bcc }: SendEmailPayload | CreateDraftPayload): string[] {
  return [...new Set([...to, ...cc, ...bcc])];
}

/** "1 person", "3 people". */
export function countPeople(count: number): string {
  return count === 1 ? '1 person' : `${count} people`;
}

function addressLine(label: string, addresses: readonly string[]): CardLine {
  return { label, value: addresses.map(visibleAddress).join(', ') };
}
