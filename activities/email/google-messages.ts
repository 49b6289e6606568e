/** Reads Gmail's messages into the port's form: headers, addresses, text, files. Refuses nothing. */
import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/index.js';
import { addressParser, decodeWords } from 'postal-mime';
import { mailText } from './mail-text.ts';
import { messageIds } from './message-ids.ts';
import type { MailAddress, MailAttachment, MailMessage } from './port.ts';
import type { MailFolder } from './query.ts';

type Part = gmail_v1.Schema$MessagePart;

/** How deep parts are looked into; mail of real programs nests some five. */
const depthMax = 20;
const partsMax = 500;
/** Header values are cut: a list of recipients may be long, a bomb is longer. */
const headerMaxChars = 50_000;

/** One message fetched with format `full`; `labelNames` are the person's own labels by id. */
export function toMailMessage(
  message: gmail_v1.Schema$Message,
  labelNames: ReadonlyMap<string, string>,
): MailMessage {
  const header = (name: string): string => headerOf(message, name);
  const labels = message.labelIds ?? [];
  const nobody = { name: null, email: '' };
  const parts = [...walk(message.payload ?? undefined)];
  const bodies = { plain: bodyText(parts, 'text/plain'), html: bodyText(parts, 'text/html') };
  const text = mailText(bodies);
  const snippet = message.snippet ?? '';
  return {
    id: message.id ?? '',
    threadId: message.threadId ?? '',
    from: addresses(header('From'))[0] ?? nobody,
    replyTo: addresses(header('Reply-To'))[0] ?? null,
    to: addresses(header('To')),
    cc: addresses(header('Cc')),
    bcc: addresses(header('Bcc')),
    subject: decodeWords(header('Subject')),
    dateMs: Number(message.internalDate ?? Number.NaN),
    unread: labels.includes('UNREAD'),
    starred: labels.includes('STARRED'),
    sent: labels.includes('SENT'),
    draft: labels.includes('DRAFT'),
    labels: labels.flatMap((id) => labelNames.get(id) ?? []),
    folder: folderOf(labels),
    messageId: messageIds(header('Message-ID'))[0] ?? null,
    references: messageIds(header('References')),
    text: text.text || snippet,
    ownText: text.ownText || snippet,
    attachments: parts.filter(isFile).map(toAttachment),
  };
}

/** The value of a header, any case; empty when it is missing. */
export function headerOf(message: gmail_v1.Schema$Message, name: string): string {
  return valueOf(message.payload, name);
}

/** The part that an attachment's id names. Gmail's own ids of attachments change with every read. */
export function findPart(message: gmail_v1.Schema$Message, partId: string): Part | undefined {
  return [...walk(message.payload ?? undefined)].find((part) => part.partId === partId);
}

function valueOf(part: Part | null | undefined, name: string): string {
  const wanted = name.toLowerCase();
  const found = part?.headers?.find((h) => h.name?.toLowerCase() === wanted);
  return found?.value?.slice(0, headerMaxChars).trim() ?? '';
}

function addresses(value: string): MailAddress[] {
  return addressParser(value, { flatten: true }).flatMap(({ name, address }) =>
    address ? [{ name: name === '' ? null : name, email: address.toLowerCase() }] : [],
  );
}

/** One place, as other providers have it: a mail to oneself is in the inbox. */
function folderOf(labels: readonly string[]): MailFolder {
  const places = [
    ['TRASH', 'trash'],
    ['SPAM', 'spam'],
    ['DRAFT', 'drafts'],
    ['INBOX', 'inbox'],
    ['SENT', 'sent'],
  ] as const;
  return places.find(([label]) => labels.includes(label))?.[1] ?? 'archive';
}

function bodyText(parts: readonly Part[], mimeType: string): string {
  const part = parts.find((p) => p.mimeType === mimeType && !isFile(p) && p.body?.data);
  return Buffer.from(part?.body?.data ?? '', 'base64url').toString('utf8');
}

/** Everything that is no text of the message itself and no container. */
function isFile({ mimeType, filename, body }: Part): boolean {
  if (mimeType?.startsWith('multipart/') === true) return false;
  return Boolean(filename) || body?.attachmentId !== undefined;
}

function toAttachment(part: Part): MailAttachment {
  const disposition = valueOf(part, 'Content-Disposition').toLowerCase();
  const isPicture = part.mimeType?.startsWith('image/') === true;
  return {
    id: part.partId ?? '',
    name: decodeWords(part.filename ?? '') || 'unnamed',
    mimeType: part.mimeType ?? 'application/octet-stream',
    bytes: part.body?.size ?? 0,
    inline: disposition.startsWith('inline') || (isPicture && valueOf(part, 'Content-ID') !== ''),
  };
}

/** Parts of the message itself; a mail that came as a file is not opened. */
function* walk(root: Part | undefined): Generator<Part> {
  const waiting: { part: Part; depth: number }[] =
    root === undefined ? [] : [{ part: root, depth: 0 }];
  for (let seen = 0; seen < partsMax; seen += 1) {
    const next = waiting.shift();
    if (next === undefined) return;
    const { part, depth } = next;
    yield part;
    if (part.mimeType === 'message/rfc822' || depth >= depthMax) continue;
    waiting.unshift(
      ...(part.parts ?? []).slice(0, partsMax).map((p) => ({ part: p, depth: depth + 1 })),
    );
  }
}
