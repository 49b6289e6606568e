/**
 * The files that hang on a message, as Graph's attachments. Text parts without a name are the
 * message's body and never listed.
 */
import type { FastifyRequest } from 'fastify';
import { replaceMessage, treeOf } from '../mail/mailbox.ts';
import { type ComposedFile, composeMime } from '../mail/mime-compose.ts';
import { header, type MimePart, walk } from '../mail/mime.ts';
import type { Office } from '../office/office.ts';
import type { Person, StoredMessage } from '../office/state.ts';
import { badRequest, invalidRequest, itemNotFound } from './errors.ts';
import { readId, writeId } from './ids.ts';
import { takeApart } from './mail-compose.ts';
import type { MailScope } from './mail-items.ts';
import { countEffect } from './mail-sending.ts';

/** The parts of a message that are files, in their order. */
export function filesOf(message: StoredMessage): MimePart[] {
  return [...walk(treeOf(message))].filter(
    ({ filename, mimeType }) =>
      !mimeType.startsWith('multipart/') && (filename !== '' || !mimeType.startsWith('text/')),
  );
}

/** An attachment as JSON; with `content` and without `$select` its bytes are part of it. */
export function showAttachment(
  scope: MailScope,
  message: StoredMessage,
  part: MimePart,
  select?: readonly string[],
): object {
  const contentId = header(part.headers, 'Content-ID');
  const item = part.mimeType === 'message/rfc822';
  const whole: Record<string, unknown> = {
    '@odata.type': `#microsoft.graph.${item ? 'itemAttachment' : 'fileAttachment'}`,
    '@odata.mediaContentType': part.mimeType,
    id: attachmentId(scope, message, part),
    lastModifiedDateTime: new Date(message.internalDate).toISOString().replace(/\.\d+/, ''),
    name: part.filename || 'Attached message',
    contentType: part.mimeType,
    size: part.body.length,
    isInline: contentId !== undefined,
    ...(item
      ? {}
      : {
          contentId: contentId?.replace(/[<>]/g, '') ?? null,
          contentLocation: null,
          contentBytes: part.body.toString('base64'),
        }),
  };
  if (select === undefined) return whole;
  // Attachments are of several types: members of one type need its name before them.
  const names = select.map((name) => name.trim().replace('microsoft.graph.fileAttachment/', ''));
  const bare = select.find((name) => /^content(?:Bytes|Id|Location)$/.test(name.trim()));
  if (bare !== undefined) {
    throw badRequest(
      `Parsing OData Select and Expand failed: Could not find a property named '${bare.trim()}' on type 'microsoft.graph.attachment'.`,
    );
  }
  return Object.fromEntries(
    Object.entries(whole).filter(
      ([name]) => name.startsWith('@odata.') || name === 'id' || names.includes(name),
    ),
  );
}

/** Hangs a file on a draft. `body` is what the client sent. @throws GraphError 400 when it is none */
export function attachFile(
  office: Office,
  owner: Person,
  request: FastifyRequest,
  message: StoredMessage,
  file: ComposedFile,
  body: string,
): void {
  if (!message.labelIds.includes('DRAFT')) {
    throw invalidRequest('Files are added to drafts only.');
  }
  const before = takeApart(message);
  const attachments = [...(before.attachments ?? []), file];
  replaceMessage(office, owner, message, composeMime({ ...before, attachments }));
  countEffect(office, owner, request, 'drafts.update', message, body);
}

function attachmentId(scope: MailScope, message: StoredMessage, part: MimePart): string {
  return writeId(scope.idKind, scope.owner, `file:${message.id}:${part.partId}`);
}

/** The file of a message that an id names. @throws GraphError 404. */
export function requireFile(scope: MailScope, message: StoredMessage, id: string): MimePart {
  const [kind, owner, partId] = readId(scope.owner, id)?.key.split(':') ?? [];
  const found = filesOf(message).find((part) => part.partId === partId);
  if (kind !== 'file' || owner !== message.id || !found) throw itemNotFound();
  return found;
}
