/**
 * Cards of mail effects, rendered from the payload; where code took words from and who is outside comes
 * from what was read with it. Every recipient, the whole text and every file are shown.
 */
import type { Card, CardLine } from '#contracts/approval.ts';
import type { CreateDraftPayload, SendEmailPayload } from '#contracts/schemas/email.ts';
import type { Origin } from '#contracts/trust.ts';
import { addressWarnings, makeVisible, textWarnings, visibleAddress } from '../visible-text.ts';

/** Files that run when they are opened. */
const runs = /\.(?:exe|com|bat|cmd|scr|pif|js|jse|vbs|vbe|wsf|msi|jar|ps1|hta|lnk|iso|app|sh)$/i;

/**
 * The card of a mail to send or to keep as a draft. `answered` says where recipients and quoted text
 * come from when code took them from the answered message; `own` are the person's addresses.
 */
export function emailCard(
  payload: SendEmailPayload | CreateDraftPayload,
  { answered, own }: { readonly answered: Origin | null; readonly own: ReadonlySet<string> },
): Omit<Card, 'undo'> {
  const { account, fromName, to, cc, bcc, subject, body, reply, mode, signature, quoted } = payload;
  const { attachments = [] } = payload;
  const everyone = recipientsOf(payload);
  const verb = payload.kind === 'sendEmail' ? 'Send' : 'Draft';
  const from = payload.from ?? account;
  const origin = answered === null ? {} : { origin: answered.label };
  return {
    title: `${verb} "${makeVisible(subject)}" to ${countPeople(everyone.length)}`,
    lines: [
      { label: 'From', value: makeVisible(fromName === null ? from : `${fromName} <${from}>`) },
      addressLine('To', to),
      ...(cc.length > 0 ? [addressLine('Cc', cc)] : []),
      ...(bcc.length > 0 ? [addressLine('Bcc', bcc)] : []),
      { label: 'Subject', value: makeVisible(subject) },
      ...(reply === null
        ? []
        : [
            {
              label: mode === 'forward' ? 'Forwards' : 'Answers',
              value: makeVisible(reply.inReplyTo),
              ...origin,
            },
          ]),
      ...(attachments.length === 0
        ? []
        : [{ label: 'Attachments', value: attachments.map(fileLine).join('\n') }]),
      { label: 'Body', value: makeVisible(body) },
      ...(signature === undefined ? [] : [{ label: 'Signature', value: makeVisible(signature) }]),
      ...(quoted === undefined
        ? []
        : [{ label: 'Quoted text', value: makeVisible(quoted), collapsed: true, ...origin }]),
    ],
    warnings: [
      ...addressWarnings(everyone, account, own),
      ...(bcc.length > 0
        ? [`Hidden recipients (Bcc): ${bcc.map(visibleAddress).join(', ')}.`]
        : []),
      ...textWarnings({
        'The subject': subject,
        'The body': body,
        'The sender': fromName,
        'The signature': signature ?? null,
        'The quoted text': quoted ?? null,
      }),
      ...attachments
        .filter(({ name }) => runs.test(name))
        .map(({ name }) => `"${makeVisible(name)}" is a program; mail servers may refuse it.`),
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

/** "report.pdf (12.3 KiB, application/pdf, sha256 1f3a…)". */
function fileLine(file: { name: string; mimeType: string; bytes: number; sha256: string }): string {
  const size =
    file.bytes < 1024
      ? `${file.bytes} bytes`
      : file.bytes < 1024 * 1024
        ? `${(file.bytes / 1024).toFixed(1)} KiB`
        : `${(file.bytes / 1024 / 1024).toFixed(1)} MiB`;
  const { name, mimeType, sha256 } = file;
  return `${makeVisible(name)} (${size}, ${makeVisible(mimeType)}, sha256 ${sha256.slice(0, 16)}…)`;
}

function addressLine(label: string, addresses: readonly string[]): CardLine {
  return { label, value: addresses.map(visibleAddress).join(', ') };
}
