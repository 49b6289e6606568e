/** Messages as steps pass them on: sender, subject, date and the first 500 characters. */
import { DateTime } from 'luxon';
import { limits } from '#contracts/limits.ts';
import type { MessageSummary } from '#contracts/schemas/email.ts';
import type { Origin } from '#contracts/trust.ts';
import { cleanLine, cleanText } from '../visible-text.ts';
import { toRfc3339 } from '../calendar/zone-time.ts';
import type { MailMessage } from './port.ts';

/** A message of an account's mailbox, minimal. `documentId` is where its whole text is kept, if anywhere. */
export function summarizeMessage(
  message: MailMessage,
  { zone, account, documentId }: { zone: string; account: string; documentId: string | null },
): MessageSummary {
  const { from } = message;
  const files = message.attachments.filter(({ inline }) => !inline);
  return {
    id: message.id,
    account,
    threadId: message.threadId,
    from: { name: from.name === null ? null : cleanLine(from.name, 200), email: from.email },
    to: message.to.map(({ email }) => email),
    subject: cleanLine(message.subject, limits.subjectMaxChars),
    date: toRfc3339(Number.isFinite(message.dateMs) ? message.dateMs : 0, zone),
    unread: message.unread,
    ...(message.labels.length === 0
      ? {}
      : { labels: message.labels.slice(0, 20).map((label) => cleanLine(label, 100)) }),
    ...(files.length === 0
      ? {}
      : {
          attachments: files.slice(0, 20).map(({ id, name, mimeType, bytes }) => ({
            id,
            name: cleanLine(name, 200),
            mimeType: cleanLine(mimeType, 100),
            bytes,
          })),
        }),
    excerpt: cleanText(message.ownText, limits.excerptMaxChars),
    documentId,
  };
}

/** Where a mail's text came from: "mail from Dana Reyes, 20 Nov". */
export function mailOrigin(message: MailMessage, zone: string): Origin {
  const day = DateTime.fromMillis(message.dateMs, { zone }).toFormat('d LLL');
  const sender = cleanLine(message.from.name ?? '', 80) || message.from.email;
  return { kind: 'mail', label: `mail from ${sender}, ${day}`, ref: message.id };
}
