/**
 * RFC 5322 messages and their MIME parts: read into the tree Gmail shows, and written for the
 * seeded mailbox. It reads what mail programs send; it does not judge whether that is well formed.
 */
import { addressParser, decodeWords } from 'postal-mime';

/** One header, unfolded and decoded. */
export interface MimeHeader {
  name: string;
  value: string;
}

/** One node of a message. */
export interface MimePart {
  partId: string;
  mimeType: string;
  filename: string;
  headers: MimeHeader[];
  /** Content after the transfer encoding is undone; text is UTF-8. */
  body: Buffer;
  parts: MimePart[];
}

/** A mail address with its display name, which may be empty. */
export interface Mailbox {
  name: string;
  address: string;
}

/** Reads a message into its tree. */
export function parseMime(raw: Buffer, partId = ''): MimePart {
  const { headers, content } = splitHead(raw.toString('latin1'));
  const type = header(headers, 'Content-Type') ?? 'text/plain';
  const mimeType = (type.split(';')[0] ?? '').trim().toLowerCase() || 'text/plain';
  const filename =
    parameter(header(headers, 'Content-Disposition') ?? '', 'filename') ??
    parameter(type, 'name') ??
    '';
  const part: MimePart = {
    partId,
    mimeType,
    filename: decodeWords(filename),
    headers,
    body: Buffer.alloc(0),
    parts: [],
  };
  const boundary = mimeType.startsWith('multipart/') ? parameter(type, 'boundary') : undefined;
  if (boundary === undefined) {
    part.body = decodeBody(content, header(headers, 'Content-Transfer-Encoding'), type, mimeType);
  } else {
    const prefix = partId === '' ? '' : `${partId}.`;
    part.parts = splitParts(content, boundary).map((piece, index) =>
      parseMime(Buffer.from(piece, 'latin1'), `${prefix}${index}`),
    );
  }
  return part;
}

/** The headers of a message, without a look at its parts. */
export function parseHead(raw: Buffer): MimeHeader[] {
  return splitHead(raw.toString('latin1')).headers;
}

/** The first header of that name, any case. */
export function header(headers: readonly MimeHeader[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  return headers.find((candidate) => candidate.name.toLowerCase() === wanted)?.value;
}

/** Every mailbox an address header names, groups opened. */
export function mailboxes(value: string | undefined): Mailbox[] {
  if (value === undefined) return [];
  return addressParser(value, { flatten: true }).flatMap(({ name, address }) =>
    address ? [{ name, address: address.toLowerCase() }] : [],
  );
}

/** The message ids a header names, in angle brackets. */
export function messageIds(value: string | undefined): string[] {
  return value?.match(/<[^<>\s]+>/g) ?? [];
}

/** A subject without the marks of replies and forwards. */
export function withoutMarks(subject: string | undefined): string {
  return (subject ?? '').replace(/^(?:\s*(?:re|fwd?|aw|wg)\s*:)+/i, '').trim();
}

/** What two subjects of one thread have in common. */
export function bareSubject(subject: string | undefined): string {
  return withoutMarks(subject).toLowerCase();
}

/** Every node of a tree, the root first. */
export function* walk(part: MimePart): Generator<MimePart> {
  yield part;
  for (const child of part.parts) yield* walk(child);
}

/** What a reader sees: the plain text, or the HTML without its tags. */
export function readableText(root: MimePart): string {
  const texts = [...walk(root)].filter((part) => part.filename === '');
  const plain = texts.find((part) => part.mimeType === 'text/plain');
  if (plain) return plain.body.toString('utf8');
  const html = texts.find((part) => part.mimeType === 'text/html')?.body.toString('utf8') ?? '';
  return html
    .replace(/<(style|script)\b[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&nbsp;/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');
}

function splitHead(text: string): { headers: MimeHeader[]; content: string } {
  const split = /\r?\n\r?\n/.exec(text);
  if (!split) return { headers: readHeaders(text), content: '' };
  return {
    headers: readHeaders(text.slice(0, split.index)),
    content: text.slice(split.index + split[0].length),
  };
}

function readHeaders(head: string): MimeHeader[] {
  const unfolded = head.replace(/\r?\n(?=[ \t])/g, '');
  return unfolded.split(/\r?\n/).flatMap((line) => {
    const at = line.indexOf(':');
    if (at <= 0) return [];
    const value = Buffer.from(line.slice(at + 1).trim(), 'latin1').toString('utf8');
    return [{ name: line.slice(0, at), value: decodeWords(value) }];
  });
}

function parameter(value: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]+))`, 'i').exec(value);
  return found?.[1] ?? found?.[2];
}

function splitParts(content: string, boundary: string): string[] {
  const pieces = `\r\n${content}`.split(`\n--${boundary}`);
  // The piece before the first boundary is a preamble; the one that starts with -- an epilogue.
  return pieces
    .slice(1)
    .filter((piece) => !piece.startsWith('--'))
    .map((piece) => piece.replace(/^[ \t]*\r?\n/, '').replace(/\r$/, ''));
}

function decodeBody(
  content: string,
  encoding: string | undefined,
  type: string,
  mimeType: string,
): Buffer {
  const bytes = undoTransfer(content, encoding?.trim().toLowerCase());
  const charset = parameter(type, 'charset') ?? 'utf-8';
  if (!mimeType.startsWith('text/') || /^(?:utf-?8|us-ascii)$/i.test(charset)) return bytes;
  try {
    return Buffer.from(new TextDecoder(charset).decode(bytes), 'utf8');
  } catch {
    return bytes;
  }
}

function undoTransfer(content: string, encoding: string | undefined): Buffer {
  switch (encoding) {
    case 'base64':
      return Buffer.from(content, 'base64');
    case 'quoted-printable': {
      // A space before a soft line break is text; one after it is padding (RFC 2045, 6.7).
      const joined = content.replace(/=[ \t]*\r?\n/g, '');
      const decoded = joined.replace(/=([0-9A-F]{2})/gi, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      );
      return Buffer.from(decoded, 'latin1');
    }
    default:
      return Buffer.from(content, 'latin1');
  }
}
