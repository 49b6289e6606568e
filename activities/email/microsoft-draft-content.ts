/**
 * What a draft says, so that a stored one can be compared with the one that was approved. Exchange keeps
 * mail in a form of its own and writes its MIME anew: people, subject, text and files are compared,
 * never bytes of the whole.
 */
import PostalMime, { type Address, type Attachment } from 'postal-mime';
import { mailText } from './mail-text.ts';
import { addresses, bodiesOf, type GraphMessage } from './microsoft-messages.ts';

/** What of a mail must not change between approval and sending. */
export type DraftContent = {
  readonly sender: string;
  readonly recipients: string;
  readonly subject: string;
  readonly text: string;
  /** Whether the text is written as HTML. */
  readonly html: boolean;
  readonly files: readonly DraftFile[];
};
/** An attached mail has no name and no bytes: Exchange calls it by its subject and writes it anew. */
export type DraftFile =
  | { readonly name: string; readonly bytes: Buffer; readonly mimeType?: string }
  | { readonly name: null; readonly bytes: null };

/** What stands for an attached mail. */
export const attachedMail: DraftFile = { name: null, bytes: null };

/** What an approved mail says. */
export async function contentOfMime(raw: Buffer): Promise<DraftContent> {
  const mail = await PostalMime.parse(raw, { forceRfc822Attachments: true });
  const people = (field: Address[] | undefined) => (field ?? []).flatMap(addressesOf);
  return {
    sender: (mail.from === undefined ? [] : addressesOf(mail.from)).join(),
    recipients: listed(people(mail.to), people(mail.cc), people(mail.bcc)),
    subject: onOneLine(mail.subject ?? ''),
    text: onOneLine(mailText({ plain: mail.text ?? '', html: mail.html ?? '' }).text),
    html: (mail.html ?? '') !== '',
    files: mail.attachments.map(toFile),
  };
}

function toFile({ filename, mimeType, content }: Attachment): DraftFile {
  if (mimeType === 'message/rfc822') return attachedMail;
  const bytes =
    typeof content === 'string' ? Buffer.from(content) : Buffer.from(new Uint8Array(content));
  return { name: filename ?? '', bytes, mimeType };
}

/** The first thing in which a stored draft differs, in words; null for none. Files have been read. */
export function differenceOf(
  approved: DraftContent,
  stored: GraphMessage,
  files: readonly DraftFile[],
): string | null {
  const emails = (field: GraphMessage['toRecipients']) =>
    addresses(field).map(({ email }) => email);
  const recipients = listed(
    emails(stored.toRecipients),
    emails(stored.ccRecipients),
    emails(stored.bccRecipients),
  );
  if (emails([stored.from ?? null]).join() !== approved.sender) return 'its sender';
  if (recipients !== approved.recipients) return 'its recipients';
  if (onOneLine(stored.subject ?? '') !== approved.subject) return 'its subject';
  if (onOneLine(mailText(bodiesOf(stored)).text) !== approved.text) return 'its text';
  return haveSameFiles(approved.files, files) ? null : 'its attachments';
}

function haveSameFiles(one: readonly DraftFile[], other: readonly DraftFile[]): boolean {
  const left = [...other];
  for (const file of one) {
    const at = left.findIndex((candidate) => isSameFile(file, candidate));
    if (at === -1) return false;
    left.splice(at, 1);
  }
  return left.length === 0;
}

function isSameFile(one: DraftFile, other: DraftFile): boolean {
  if (one.bytes === null || other.bytes === null) return one.bytes === other.bytes;
  return one.name === other.name && one.bytes.equals(other.bytes);
}

/** To, Cc and Bcc, each without order. */
function listed(...fields: readonly (readonly string[])[]): string {
  return fields.map((emails) => [...new Set(emails)].toSorted().join()).join(';');
}

function addressesOf(address: Address): string[] {
  const people = address.group ?? [address];
  return people.flatMap((person) => (person.address ? [person.address.toLowerCase()] : []));
}

/** Exchange folds and unfolds lines; the words are what counts. */
function onOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
