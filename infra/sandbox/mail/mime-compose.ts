/**
 * Writes MIME messages: the seeded mail, and drafts that Outlook is given as JSON. Text, HTML
 * beside it, attachments; nothing nested deeper. The same input gives the same bytes.
 */
import type { Mailbox } from './mime.ts';

/** A file that hangs on a message. */
export interface ComposedFile {
  name: string;
  type: string;
  content: string | Buffer;
  /** Given for a file that the text shows, such as an image. */
  contentId?: string | undefined;
}

/** What a message says. Address fields hold a header's text. */
export interface Composition {
  from: string;
  to?: string | undefined;
  cc?: string | undefined;
  bcc?: string | undefined;
  replyTo?: string | undefined;
  subject: string;
  date: Date;
  /** With angle brackets. */
  messageId: string;
  /** The thread so far, oldest first; the last one is what this answers. */
  references?: readonly string[] | undefined;
  text?: string | undefined;
  html?: string | undefined;
  attachments?: readonly ComposedFile[] | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
}

/** The bytes of a message. */
export function composeMime(given: Composition): Buffer {
  const { from, to, cc, bcc, replyTo, subject, date, messageId } = given;
  const { references = [], headers = {} } = given;
  const last = references.at(-1);
  const head = [
    `From: ${from}`,
    ...optional('To', to),
    ...optional('Cc', cc),
    ...optional('Bcc', bcc),
    ...optional('Reply-To', replyTo),
    `Subject: ${encodeWord(subject)}`,
    `Date: ${mailDate(date)}`,
    `Message-ID: ${messageId}`,
    ...(last ? [`In-Reply-To: ${last}`, `References: ${references.join('\r\n ')}`] : []),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${encodeWord(value)}`),
    'MIME-Version: 1.0',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n${content(given)}`);
}

/** An instant as mail writes it, in UTC. */
export function mailDate(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}

/** Addresses as the text of a header. */
export function addressText(list: readonly Mailbox[]): string {
  return list
    .map(({ name, address }) => (name === '' ? address : `${displayName(name)} <${address}>`))
    .join(', ');
}

function displayName(name: string): string {
  if (/^[\w .-]*$/.test(name)) return name;
  return /^[ -~]*$/.test(name) ? `"${name.replace(/["\\]/g, '\\$&')}"` : encodeWord(name);
}

function optional(name: string, value: string | undefined): string[] {
  return value ? [`${name}: ${value}`] : [];
}

function content({ text, html, attachments = [], messageId }: Composition): string {
  const seed = messageId.replace(/[^a-z0-9]/gi, '').slice(0, 24);
  const plain = leaf('text/plain; charset=utf-8', text ?? '');
  const rich = leaf('text/html; charset=utf-8', html ?? '');
  const both = text !== undefined && html !== undefined;
  const body = both
    ? multipart('alternative', `alt-${seed}`, [plain, rich])
    : html === undefined
      ? plain
      : rich;
  if (attachments.length === 0) return body;
  const files = attachments.map(({ name, type, content: data, contentId }) => {
    const file = encodeWord(name).replaceAll('"', "'");
    const kind = contentId === undefined ? 'attachment' : 'inline';
    const extra = contentId === undefined ? '' : `Content-ID: <${contentId}>\r\n`;
    return leaf(
      `${type}; name="${file}"`,
      data,
      `Content-Disposition: ${kind}; filename="${file}"\r\n${extra}`,
    );
  });
  return multipart('mixed', `mix-${seed}`, [body, ...files]);
}

function leaf(type: string, data: string | Buffer, extra = ''): string {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  const encoded = bytes.toString('base64');
  const lines = encoded.match(/.{1,76}/g)?.join('\r\n') ?? '';
  return `Content-Type: ${type}\r\n${extra}Content-Transfer-Encoding: base64\r\n\r\n${lines}`;
}

function multipart(kind: string, boundary: string, parts: readonly string[]): string {
  const pieces = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('');
  return `Content-Type: multipart/${kind}; boundary="${boundary}"\r\n\r\n${pieces}--${boundary}--\r\n`;
}

function encodeWord(text: string): string {
  const flat = text.replace(/[\r\n]+/g, ' ');
  // Printable ASCII needs no encoding.
  if (/^[ -~]*$/.test(flat)) return flat;
  return `=?UTF-8?B?${Buffer.from(flat, 'utf8').toString('base64')}?=`;
}
