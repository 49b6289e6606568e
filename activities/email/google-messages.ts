/** Reads Gmail's messages into the port's form: headers, addresses, readable text. Refuses nothing. */
import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/index.js';
import { convert } from 'html-to-text';
import { addressParser, decodeWords } from 'postal-mime';
import type { MailAddress, MailMessage } from './port.ts';

type Part = gmail_v1.Schema$MessagePart;

/** One message fetched with format `full`. */
export function toMailMessage(message: gmail_v1.Schema$Message): MailMessage {
  const header = (name: string): string => headerOf(message, name);
  const labels = message.labelIds ?? [];
  const nobody = { name: null, email: '' };
  return {
    id: message.id ?? '',
    threadId: message.threadId ?? '',
    from: addresses(header('From'))[0] ?? nobody,
    replyTo: addresses(header('Reply-To'))[0] ?? null,
    to: addresses(header('To')),
    cc: addresses(header('Cc')),
    subject: decodeWords(header('Subject')),
    dateMs: Number(message.internalDate ?? Number.NaN),
    unread: labels.includes('UNREAD'),
    sent: labels.includes('SENT'),
    draft: labels.includes('DRAFT'),
    messageId: messageIds(header('Message-ID'))[0] ?? null,
    references: messageIds(header('References')),
    text: (textOf(message.payload) || (message.snippet ?? '')).replace(/\r\n?/g, '\n'),
  };
}

/** The value of a header, any case; empty when it is missing. */
export function headerOf(message: gmail_v1.Schema$Message, name: string): string {
  const wanted = name.toLowerCase();
  const found = message.payload?.headers?.find((h) => h.name?.toLowerCase() === wanted);
  return found?.value?.trim() ?? '';
}

/** Well-formed message ids of a header value. Anything else in it is dropped. */
export function messageIds(value: string): string[] {
  return value.match(/<[^<>\s@]{1,200}@[^<>\s@]{1,200}>/g) ?? [];
}

function addresses(value: string): MailAddress[] {
  return addressParser(value, { flatten: true }).flatMap(({ name, address }) =>
    address ? [{ name: name === '' ? null : name, email: address.toLowerCase() }] : [],
  );
}

/** The plain text, or the HTML as text. */
function textOf(root: Part | undefined): string {
  const parts = [...walk(root)].filter(({ filename }) => !filename);
  const plain = parts.find(({ mimeType, body }) => mimeType === 'text/plain' && body?.data);
  if (plain !== undefined) return bodyOf(plain);
  const html = parts.find(({ mimeType, body }) => mimeType === 'text/html' && body?.data);
  if (html === undefined) return '';
  return convert(bodyOf(html), {
    wordwrap: false,
    limits: { maxInputLength: 1_000_000 },
    selectors: [
      { selector: 'img', format: 'skip' },
      { selector: 'a', options: { hideLinkHrefIfSameAsText: true } },
    ],
  });
}

function bodyOf(part: Part): string {
  return Buffer.from(part.body?.data ?? '', 'base64url').toString('utf8');
}

function* walk(part: Part | undefined, depth = 0): Generator<Part> {
  if (part === undefined || depth > 20) return;
  yield part;
  for (const child of part.parts ?? []) yield* walk(child, depth + 1);
}
