/**
 * Reads Graph's messages into the port's form: addresses, readable text, place and marks. It asks for
 * the HTML, which is what the text is made of for every provider; Graph's own plain text loses lines.
 * @see https://learn.microsoft.com/en-us/graph/api/resources/message
 */
import { z } from 'zod';
import { mailText } from './mail-text.ts';
import { messageIds } from './message-ids.ts';
import type { MailAddress, MailAttachment, MailMessage } from './port.ts';
import type { MailFolder } from './query.ts';

/** The MAPI property of the References header; the headers themselves are missing on sent copies. */
const referencesProperty = 'String 0x1039';

/** What is asked for of a message that is shown or answered. */
export const wholeMessage = {
  $select:
    'id,conversationId,from,replyTo,toRecipients,ccRecipients,bccRecipients,subject,' +
    'receivedDateTime,isRead,isDraft,flag,categories,parentFolderId,internetMessageId,body',
  $expand:
    'attachments($select=id,name,contentType,size,isInline),' +
    `singleValueExtendedProperties($filter=id eq '${referencesProperty}')`,
};

const textSchema = z.string().nullish().catch(undefined);
const recipientSchema = z.object({
  emailAddress: z.object({ name: textSchema, address: textSchema }).nullish(),
});
const recipientsSchema = z.array(recipientSchema.nullish()).nullish().catch(undefined);
const attachmentSchema = z.object({
  id: z.string(),
  name: textSchema,
  contentType: textSchema,
  size: z.number().catch(0),
  isInline: z.boolean().catch(false),
});

/** A message of Graph's. Only the id must be there; everything else may be missing. */
export const messageSchema = z.object({
  id: z.string(),
  conversationId: textSchema,
  from: recipientSchema.nullish().catch(undefined),
  replyTo: recipientsSchema,
  toRecipients: recipientsSchema,
  ccRecipients: recipientsSchema,
  bccRecipients: recipientsSchema,
  subject: textSchema,
  receivedDateTime: textSchema,
  isRead: z.boolean().nullish().catch(undefined),
  isDraft: z.boolean().nullish().catch(undefined),
  flag: z.object({ flagStatus: textSchema }).nullish().catch(undefined),
  categories: z.array(z.string()).nullish().catch(undefined),
  parentFolderId: textSchema,
  internetMessageId: textSchema,
  internetMessageHeaders: z
    .array(z.object({ name: textSchema, value: textSchema }))
    .nullish()
    .catch(undefined),
  body: z.object({ contentType: textSchema, content: textSchema }).nullish().catch(undefined),
  attachments: z.array(attachmentSchema).nullish().catch(undefined),
  singleValueExtendedProperties: z
    .array(z.object({ id: z.string(), value: textSchema }))
    .nullish()
    .catch(undefined),
});
export type GraphMessage = z.infer<typeof messageSchema>;

/** What a message's owner and folders are called. */
export type MailboxFacts = {
  /** Lower case. */
  readonly account: string;
  readonly folderOf: (parentFolderId: string) => MailFolder;
};

/** One message as the port knows it. */
export function toMailMessage(message: GraphMessage, facts: MailboxFacts): MailMessage {
  const draft = message.isDraft === true;
  const from = addresses([message.from])[0] ?? { name: null, email: '' };
  const folder = facts.folderOf(message.parentFolderId ?? '');
  return {
    id: message.id,
    threadId: message.conversationId ?? '',
    from,
    replyTo: addresses(message.replyTo)[0] ?? null,
    to: addresses(message.toRecipients),
    cc: addresses(message.ccRecipients),
    bcc: addresses(message.bccRecipients),
    subject: message.subject ?? '',
    dateMs: Date.parse(message.receivedDateTime ?? ''),
    unread: message.isRead === false,
    starred: message.flag?.flagStatus === 'flagged',
    // The copy that comes back from a mail to oneself is the person's own as well.
    sent: !draft && (folder === 'sent' || from.email === facts.account),
    draft,
    labels: message.categories ?? [],
    folder,
    messageId: messageIds(message.internetMessageId ?? '')[0] ?? null,
    references: messageIds(propertyOf(message, referencesProperty)),
    ...mailText(bodiesOf(message)),
    attachments: (message.attachments ?? []).map(toAttachment),
  };
}

/** The value of an extended property that was asked for; empty when it is missing. */
export function propertyOf(message: GraphMessage, id: string): string {
  const wanted = id.toLowerCase();
  const found = message.singleValueExtendedProperties?.find(
    (property) => property.id.toLowerCase() === wanted,
  );
  return found?.value ?? '';
}

/** The people of a field, in lower case; entries without an address are left out. */
export function addresses(
  people: readonly (z.infer<typeof recipientSchema> | null | undefined)[] | null | undefined,
): MailAddress[] {
  return (people ?? []).flatMap((person) => {
    const { name, address } = person?.emailAddress ?? {};
    if (!address) return [];
    // Exchange names somebody without a name by the address.
    const named = name && name.toLowerCase() !== address.toLowerCase() ? name : null;
    return [{ name: named, email: address.toLowerCase() }];
  });
}

/** A message's bodies; Graph gives one of them. */
export function bodiesOf({ body }: GraphMessage): { plain: string; html: string } {
  const content = body?.content ?? '';
  return body?.contentType?.toLowerCase() === 'html'
    ? { plain: '', html: content }
    : { plain: content, html: '' };
}

function toAttachment(attachment: z.infer<typeof attachmentSchema>): MailAttachment {
  const { id, name, contentType, size, isInline } = attachment;
  return {
    id,
    name: name || 'unnamed',
    mimeType: (contentType ?? 'application/octet-stream').toLowerCase(),
    bytes: size,
    inline: isInline,
  };
}
