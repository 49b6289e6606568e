/**
 * Writes simple MIME messages for the seeded mailbox: text, HTML beside it, attachments. The same
 * input gives the same bytes.
 */

/** What a message says. */
export interface Composition {
  from: string;
  to: string;
  cc?: string | undefined;
  subject: string;
  date: Date;
  /** With angle brackets. */
  messageId: string;
  references?: readonly string[];
  text: string;
  html?: string | undefined;
  attachments?: readonly { name: string; type: string; content: string }[] | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
}

/** The bytes of a message. */
export function composeMime(given: Composition): Buffer {
  const { from, to, cc, subject, date, messageId, references = [], headers = {} } = given;
  const last = references.at(-1);
  const head = [
    `From: ${from}`,
    `To: ${to}`,
    ...(cc ? [`Cc: ${cc}`] : []),
    `Subject: ${encodeWord(subject)}`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: ${messageId}`,
    ...(last ? [`In-Reply-To: ${last}`, `References: ${references.join('\r\n ')}`] : []),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'MIME-Version: 1.0',
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n${content(given)}`);
}

function content({ text, html, attachments = [], messageId }: Composition): string {
  const seed = messageId.replace(/[^a-z0-9]/gi, '').slice(0, 24);
  const plain = leaf('text/plain; charset=utf-8', text);
  const body =
    html === undefined
      ? plain
      : multipart('alternative', `alt-${seed}`, [plain, leaf('text/html; charset=utf-8', html)]);
  if (attachments.length === 0) return body;
  const files = attachments.map(({ name, type, content: data }) =>
    leaf(
      `${type}; name="${name}"`,
      data,
      `Content-Disposition: attachment; filename="${name}"\r\n`,
    ),
  );
  return multipart('mixed', `mix-${seed}`, [body, ...files]);
}

function leaf(type: string, data: string, extra = ''): string {
  const encoded = Buffer.from(data, 'utf8').toString('base64');
  const lines = encoded.match(/.{1,76}/g)?.join('\r\n') ?? '';
  return `Content-Type: ${type}\r\n${extra}Content-Transfer-Encoding: base64\r\n\r\n${lines}`;
}

function multipart(kind: string, boundary: string, parts: readonly string[]): string {
  const pieces = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('');
  return `Content-Type: multipart/${kind}; boundary="${boundary}"\r\n\r\n${pieces}--${boundary}--\r\n`;
}

function encodeWord(text: string): string {
  // Printable ASCII needs no encoding.
  if (/^[ -~]*$/.test(text)) return text;
  return `=?UTF-8?B?${Buffer.from(text, 'utf8').toString('base64')}?=`;
}
