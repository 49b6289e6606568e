/**
 * Drafts between Graph's JSON and MIME: a new message is written, a stored one is taken apart,
 * changed and written again. Bytes that came as MIME are only taken apart when JSON changes them.
 */
import { randomUUID } from 'node:crypto';
import { treeOf } from '../mail/mailbox.ts';
import { type ComposedFile, type Composition, addressText } from '../mail/mime-compose.ts';
import {
  header,
  mailboxes,
  messageIds,
  type MimeHeader,
  type MimePart,
  walk,
} from '../mail/mime.ts';
import type { Office } from '../office/office.ts';
import type { Person, StoredMessage } from '../office/state.ts';
import { GraphError } from './errors.ts';
import type { attachmentSchema, GivenMessage } from './mail-bodies.ts';
import { splitProperties } from './mail-properties.ts';
import type { z } from 'zod';

type Recipients = GivenMessage['toRecipients'];

/** Files from this size on go through an upload session, smaller ones in one request. */
export const maxFileBytes = 3 * 1024 * 1024;

/** How many headers of its own a message may be given. */
const maxOwnHeaders = 5;

/** Headers that have a place of their own in a composition. */
const structural =
  /^(?:from|to|cc|bcc|reply-to|subject|date|message-id|in-reply-to|references|mime-version|content-.*)$/i;

/** A draft with nothing in it yet. */
export function emptyDraft(office: Office, owner: Person): Composition {
  return {
    from: addressText([{ name: owner.name, address: owner.email }]),
    subject: '',
    date: office.now(),
    messageId: freshMessageId(),
  };
}

/** A Message-ID in the form Exchange makes them. */
export function freshMessageId(): string {
  const id = randomUUID().replaceAll('-', '').toUpperCase();
  return `<DB9PR01MB${id}@DB9PR01MB0000.eurprd01.prod.outlook.com>`;
}

/** A stored draft as it was composed. */
export function takeApart(message: StoredMessage): Composition {
  const tree = treeOf(message);
  const text = (name: string): string => addressText(mailboxes(header(tree.headers, name)));
  const texts = [...walk(tree)].filter((part) => part.filename === '');
  const content = (mimeType: string): string | undefined =>
    texts.find((part) => part.mimeType === mimeType)?.body.toString('utf8');
  const references = messageIds(header(tree.headers, 'References'));
  return {
    from: text('From'),
    to: text('To'),
    cc: text('Cc'),
    bcc: text('Bcc'),
    replyTo: text('Reply-To'),
    subject: header(tree.headers, 'Subject') ?? '',
    date: new Date(message.internalDate),
    messageId: header(tree.headers, 'Message-ID') ?? freshMessageId(),
    references:
      references.length > 0 ? references : messageIds(header(tree.headers, 'In-Reply-To')),
    text: content('text/plain'),
    html: content('text/html'),
    attachments: filesIn(tree),
    headers: ownHeaders(tree.headers),
  };
}

/** The files of a message, ready to hang on another one. */
export function filesIn(tree: MimePart): ComposedFile[] {
  return [...walk(tree)]
    .filter((part) => part.filename !== '' && !part.mimeType.startsWith('multipart/'))
    .map(({ filename, mimeType, body, headers }) => ({
      name: filename,
      type: mimeType,
      content: body,
      contentId: header(headers, 'Content-ID')?.replace(/[<>]/g, ''),
    }));
}

function ownHeaders(headers: readonly MimeHeader[]): Record<string, string> {
  return Object.fromEntries(
    headers.filter(({ name }) => !structural.test(name)).map(({ name, value }) => [name, value]),
  );
}

/** A composition with what a client gives laid over it. @throws GraphError 400, 413. */
export function applyMessage(before: Composition, given: GivenMessage): Composition {
  const { internetMessageHeaders = [], singleValueExtendedProperties = [] } = given;
  for (const { name } of internetMessageHeaders ?? []) {
    if (/^x-/i.test(name)) continue;
    const message = `The internet message header name '${name}' should start with 'x-' or 'X-'.`;
    throw new GraphError(400, 'InvalidInternetMessageHeader', message);
  }
  if ((internetMessageHeaders?.length ?? 0) > maxOwnHeaders) {
    const message = `Maximum number of headers in one message should be less than or equal to ${maxOwnHeaders}.`;
    throw new GraphError(400, 'InvalidInternetMessageHeaderCollection', message);
  }
  const headers: Record<string, string> = {
    ...before.headers,
    ...Object.fromEntries((internetMessageHeaders ?? []).map(({ name, value }) => [name, value])),
    ...splitProperties(singleValueExtendedProperties ?? []).headers,
    ...(given.importance ? { Importance: given.importance } : {}),
  };
  return {
    ...before,
    headers,
    from: given.from ? readRecipients([given.from]) : before.from,
    to: changed(given.toRecipients, before.to),
    cc: changed(given.ccRecipients, before.cc),
    bcc: changed(given.bccRecipients, before.bcc),
    replyTo: changed(given.replyTo, before.replyTo),
    subject: given.subject ?? before.subject,
    messageId: given.internetMessageId ?? before.messageId,
    ...(given.body ? readContent(given.body) : {}),
    attachments: [...(before.attachments ?? []), ...(given.attachments ?? []).map(readFile)],
  };
}

function readContent({ content, contentType }: NonNullable<GivenMessage['body']>): {
  text: string | undefined;
  html: string | undefined;
} {
  const words = content ?? '';
  return contentType === 'html'
    ? { html: words, text: undefined }
    : { html: undefined, text: words };
}

function changed(given: Recipients, before: string | undefined): string | undefined {
  return given === undefined || given === null ? before : readRecipients(given);
}

/** Recipients as the text of a header. @throws GraphError 400 when one has no address. */
export function readRecipients(given: NonNullable<Recipients>): string {
  return addressText(
    given.map(({ emailAddress }) => {
      const { name, address } = emailAddress ?? {};
      if (!address || /[\s<>,]/.test(address)) {
        throw new GraphError(400, 'ErrorInvalidRecipients', "At least one recipient isn't valid.");
      }
      return { name: name === address ? '' : (name ?? ''), address };
    }),
  );
}

/** A file as a client gives it. @throws GraphError 400, 413. */
export function readFile(given: z.infer<typeof attachmentSchema>): ComposedFile {
  const { name, contentBytes, contentType, contentId, isInline } = given;
  if (!isBase64(contentBytes)) {
    const message = 'Cannot convert the value of contentBytes to the expected type Edm.Binary.';
    throw new GraphError(400, 'RequestBodyRead', message);
  }
  const content = Buffer.from(contentBytes, 'base64');
  if (content.length >= maxFileBytes) {
    throw new GraphError(413, 'RequestEntityTooLarge', 'The maximum request size was exceeded.');
  }
  return {
    name,
    type: contentType ?? 'application/octet-stream',
    content,
    contentId: isInline ? (contentId ?? name) : undefined,
  };
}

/** Whether a text is standard base64 throughout, line breaks aside. */
export function isBase64(text: string): boolean {
  const bare = text.replace(/[\r\n]/g, '');
  return bare.length % 4 === 0 && /^[\w+/]*={0,2}$/.test(bare) && !bare.includes('_');
}
