/**
 * Sending as Exchange does it: the draft itself becomes the copy in Sent Items, and every
 * colleague addressed gets one of their own. What a client sent is never sent twice from one draft.
 */
import type { FastifyRequest } from 'fastify';
import { distribute, effectKeyOf, recipientsOf, removeHeaders } from '../mail/delivery.ts';
import { addMessage, changeLabels, rawOf, replaceMessage, treeOf } from '../mail/mailbox.ts';
import { mailDate } from '../mail/mime-compose.ts';
import { bareSubject, header, mailboxes, messageIds, parseHead, parseMime } from '../mail/mime.ts';
import type { Office } from '../office/office.ts';
import type { Person, StoredMessage } from '../office/state.ts';
import { GraphError, itemNotFound } from './errors.ts';
import { freshMessageId } from './mail-compose.ts';
import { isPlace } from './mail-folders.ts';
import { propertyNamed } from './mail-properties.ts';

/** A draft to store. */
export interface NewDraft {
  readonly raw: Buffer;
  /** The conversation of the message it answers. */
  readonly threadId?: string | undefined;
}

/** Stores a draft with the headers Exchange adds. */
export function storeDraft(office: Office, owner: Person, draft: NewDraft): StoredMessage {
  return addMessage(office, owner, {
    raw: completed(office, owner, draft.raw),
    labelIds: ['DRAFT'],
    threadId: draft.threadId,
  });
}

/**
 * Sends a stored draft. Its immutable id then names the copy in Sent Items.
 * @throws GraphError 404 for a message that is no draft (any more), as seen live for such ids;
 *   400 when nobody would receive it, 403 when it is from somebody else
 */
export function sendDraft(office: Office, owner: Person, draft: StoredMessage): void {
  if (!draft.labelIds.includes('DRAFT')) throw itemNotFound();
  const given = rawOf(draft);
  const recipients = recipientsOf(parseMime(given));
  if (recipients.size === 0) {
    throw new GraphError(400, 'ErrorInvalidRecipients', "At least one recipient isn't valid.");
  }
  const [sender] = mailboxes(header(treeOf(draft).headers, 'From'));
  if (sender?.address !== owner.email) {
    const message =
      'The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account.';
    throw new GraphError(403, 'ErrorSendAsDenied', message);
  }
  const raw = outgoing(office, given);
  const mailbox = office.mailbox(owner.email);
  const places = draft.labelIds.filter((label) => isPlace(mailbox, label));
  leaveOtherSubject(office, owner, draft);
  changeLabels(office, owner, draft, ['SENT'], places);
  draft.moves = (draft.moves ?? 0) + 1;
  draft.internalDate = office.now().getTime();
  replaceMessage(office, owner, draft, raw);
  distribute(office, raw, recipients);
}

/** A reply whose subject was changed begins a conversation of its own. */
function leaveOtherSubject(office: Office, owner: Person, draft: StoredMessage): void {
  const subject = bareSubject(header(treeOf(draft).headers, 'Subject'));
  const others = Object.values(office.mailbox(owner.email).messages).filter(
    (message) => message.threadId === draft.threadId && message.id !== draft.id,
  );
  const same = others.some(
    (message) => bareSubject(header(treeOf(message).headers, 'Subject')) === subject,
  );
  if (others.length > 0 && !same) draft.threadId = draft.id;
}

/** The bytes that leave: dated now, and under Exchange's own Message-ID where it replaces them. */
function outgoing(office: Office, raw: Buffer): Buffer {
  const replaced = office.knobs.messageIds === 'replaced';
  const rest = removeHeaders(raw, replaced ? ['Date', 'Message-ID'] : ['Date']);
  const added = [
    `Date: ${mailDate(office.now())}`,
    ...(replaced ? [`Message-ID: ${freshMessageId()}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${added.join('\r\n')}\r\n`), rest]);
}

/** Adds what Exchange adds to a message it stores; what stands in it is kept. */
function completed(office: Office, owner: Person, raw: Buffer): Buffer {
  const headers = parseHead(raw);
  const has = (name: string): boolean => header(headers, name) !== undefined;
  const wellFormed = messageIds(header(headers, 'Message-ID')).length === 1;
  const added = [
    ...(has('From') ? [] : [`From: ${owner.name} <${owner.email}>`]),
    ...(has('Date') ? [] : [`Date: ${mailDate(office.now())}`]),
    ...(wellFormed ? [] : [`Message-ID: ${freshMessageId()}`]),
    ...(has('Content-Language') ? [] : ['Content-Language: en-US']),
    ...(has('X-MS-Has-Attach') ? [] : ['X-MS-Has-Attach:']),
  ];
  const rest = wellFormed ? raw : removeHeaders(raw, ['Message-ID']);
  return Buffer.concat([Buffer.from(`${added.join('\r\n')}\r\n`), rest]);
}

/** Counts one change of a mailbox under the message's key, named as Gmail's same change is. */
export function countEffect(
  office: Office,
  owner: Person,
  request: FastifyRequest,
  operation: string,
  message: StoredMessage,
  raw: string,
): void {
  const [given] = [request.headers['x-effect-key']].flat();
  const key =
    given ?? propertyNamed(message, 'EffectKey') ?? effectKeyOf(treeOf(message), message.id);
  office.recordEffect({ vendor: owner.vendor, operation, account: owner.email, key, raw });
}
