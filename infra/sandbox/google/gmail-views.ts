/**
 * Messages and threads in the form Gmail v1 shows them. Changes nothing.
 */
import { GoogleError } from '../errors.ts';
import { rawOf, treeOf } from '../mail/mailbox.ts';
import { type MimePart, readableText, walk } from '../mail/mime.ts';
import type { StoredMessage } from '../office/state.ts';

/** How much of a message to show. */
export type MessageFormat = 'minimal' | 'full' | 'raw' | 'metadata';

/** Reads the `format` parameter. @throws GoogleError 400. */
export function readFormat(value: string | undefined): MessageFormat {
  switch (value?.toLowerCase()) {
    case undefined:
    case 'full':
      return 'full';
    case 'minimal':
    case 'raw':
    case 'metadata':
      return value?.toLowerCase() as MessageFormat;
    default:
      throw new GoogleError(400, 'invalidArgument', `Invalid value for format: ${value}`);
  }
}

/** Gmail's 404. */
export function entityNotFound(): GoogleError {
  return new GoogleError(404, 'notFound', 'Requested entity was not found.');
}

/** A message; `names` limits the headers of format `metadata`. */
export function showMessage(
  message: StoredMessage,
  format: MessageFormat,
  names: readonly string[] = [],
): object {
  const tree = treeOf(message);
  const summary = {
    id: message.id,
    threadId: message.threadId,
    labelIds: message.labelIds,
    snippet: snippet(tree),
    historyId: String(message.historyId),
    internalDate: String(message.internalDate),
    sizeEstimate: rawOf(message).length,
  };
  switch (format) {
    case 'minimal':
      return summary;
    case 'raw':
      return { ...summary, raw: rawOf(message).toString('base64url') };
    case 'metadata':
      return { ...summary, payload: showHead(tree, names) };
    case 'full':
      return { ...summary, payload: showPart(tree) };
    default:
      return format satisfies never;
  }
}

/** What a message just changed is answered with: its identity and labels. */
export function showIdentity({ id, threadId, labelIds }: StoredMessage): object {
  return { id, threadId, labelIds };
}

/** A thread as `threads.list` shows it. */
export function showThreadLine(messages: readonly StoredMessage[]): object {
  const last = messages.at(-1);
  return {
    id: last?.threadId ?? '',
    snippet: last ? snippet(treeOf(last)) : '',
    historyId: String(Math.max(...messages.map((message) => message.historyId))),
  };
}

/** The content of an attachment, or undefined when the message has no such part. */
export function attachment(message: StoredMessage, attachmentId: string): object | undefined {
  const part = [...walk(treeOf(message))].find((candidate) => idOf(candidate) === attachmentId);
  return part && { size: part.body.length, data: part.body.toString('base64url') };
}

/** The first words of a message, escaped for HTML as Gmail does. */
export function snippet(tree: MimePart): string {
  const text = readableText(tree).replace(/\s+/g, ' ').trim().slice(0, 180);
  const escapes: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (sign) => escapes[sign] ?? sign);
}

function showHead(tree: MimePart, names: readonly string[]): object {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const headers = tree.headers.filter(
    ({ name }) => wanted.size === 0 || wanted.has(name.toLowerCase()),
  );
  return { mimeType: tree.mimeType, headers };
}

function showPart(part: MimePart): object {
  const { partId, mimeType, filename, headers, body, parts } = part;
  const container = mimeType.startsWith('multipart/');
  const data = container
    ? { size: 0 }
    : filename !== '' || !mimeType.startsWith('text/')
      ? { attachmentId: idOf(part), size: body.length }
      : { size: body.length, data: body.toString('base64url') };
  return {
    partId,
    mimeType,
    filename,
    headers,
    body: data,
    ...(container ? { parts: parts.map(showPart) } : {}),
  };
}

function idOf(part: MimePart): string {
  return `ANGjdJ-${Buffer.from(`part:${part.partId}`).toString('base64url')}`;
}
