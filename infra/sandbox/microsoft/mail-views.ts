/**
 * Messages in the form Graph shows them, made from their bytes. Changes nothing.
 */
import { convert } from 'html-to-text';
import { treeOf } from '../mail/mailbox.ts';
import { header, type Mailbox, mailboxes, type MimePart, walk } from '../mail/mime.ts';
import type { MailboxState, StoredMessage } from '../office/state.ts';
import { writeId } from './ids.ts';
import { filesOf, showAttachment } from './mail-files.ts';
import { folderId, isPlace, placeOf } from './mail-folders.ts';
import { changeKey, etag, type MailScope, messageId } from './mail-items.ts';
import { expandedIds, propertyOf } from './mail-properties.ts';

/** What of a message an answer shows. */
export interface MessageView {
  /** The members that `$select` names; absent: Outlook's default ones. */
  readonly select?: readonly string[] | undefined;
  readonly expand?: readonly string[] | undefined;
}

/** Members that only `$select` brings. */
const onRequest = ['internetMessageHeaders', 'uniqueBody'];

/** Labels that say what Graph has a member of its own for. */
const states = new Set(['UNREAD', 'STARRED', 'COMPLETED', 'IMPORTANT', 'OTHER']);

/** A message as JSON. @throws GraphError 400 when `$expand` cannot be read. */
export function showMessage(scope: MailScope, message: StoredMessage, view: MessageView): object {
  const tree = treeOf(message);
  const names = view.select ?? Object.keys(members).filter((name) => !onRequest.includes(name));
  const shown: Record<string, unknown> = {
    '@odata.etag': etag(message),
    id: messageId(scope, message),
  };
  for (const name of names) {
    const member = members[name];
    if (member) shown[name] = member({ scope, message, tree });
  }
  for (const expand of view.expand ?? []) {
    if (/^attachments\b/i.test(expand)) {
      const select = /\$select=([^;)]*)/.exec(expand)?.[1]?.split(',');
      shown['attachments'] = filesOf(message).map((part) =>
        showAttachment(scope, message, part, select),
      );
    } else {
      const found = expandedIds(expand).flatMap((id) => {
        const value = propertyOf(message, id);
        return value === undefined ? [] : [{ id, value }];
      });
      if (found.length > 0) shown['singleValueExtendedProperties'] = found;
    }
  }
  return shown;
}

/** A message with what its members are made from. */
interface Shown {
  readonly scope: MailScope;
  readonly message: StoredMessage;
  readonly tree: MimePart;
}

const sender = ({ tree }: Shown): object | undefined => recipients(header(tree.headers, 'From'))[0];
const named =
  (name: string) =>
  ({ tree }: Shown): object[] =>
    recipients(header(tree.headers, name));
const came = ({ message }: Shown): string => outlookTime(message.internalDate);

/** Every member of a message beside its id. */
const members: Readonly<Record<string, (shown: Shown) => unknown>> = {
  createdDateTime: came,
  lastModifiedDateTime: ({ message: { modifiedMs, internalDate } }) =>
    outlookTime(modifiedMs ?? internalDate),
  changeKey: ({ message }) => changeKey(message),
  categories: ({ scope, message }) => categoriesOf(scope.mailbox, message),
  receivedDateTime: came,
  sentDateTime: ({ message }) => outlookTime(sentMs(message)),
  hasAttachments: ({ message }) => hasAttachments(message),
  internetMessageId: ({ tree }) => header(tree.headers, 'Message-ID') ?? '',
  subject: ({ tree }) => header(tree.headers, 'Subject') ?? '',
  bodyPreview: ({ tree }) => plainText(tree).replace(/\s+/g, ' ').trim().slice(0, 255),
  importance: ({ message }) => importanceOf(message),
  parentFolderId: ({ scope, message }) => folderId(scope.owner, placeOf(scope.mailbox, message)),
  conversationId: ({ scope, message }) => conversationId(scope, message.threadId),
  conversationIndex: ({ message }) => conversationIndex(message),
  isDeliveryReceiptRequested: () => false,
  isReadReceiptRequested: () => false,
  isRead: ({ message }) => !message.labelIds.includes('UNREAD'),
  isDraft: ({ message }) => message.labelIds.includes('DRAFT'),
  webLink: ({ scope, message }) =>
    `https://outlook.office365.com/owa/?ItemID=${messageId(scope, message)}`,
  inferenceClassification: ({ message }) => classificationOf(message),
  body: ({ scope, tree }) => body(scope, tree),
  sender,
  from: sender,
  toRecipients: named('To'),
  ccRecipients: named('Cc'),
  bccRecipients: named('Bcc'),
  replyTo: named('Reply-To'),
  flag: ({ message }) => ({ flagStatus: flagOf(message) }),
  internetMessageHeaders: ({ message, tree }) => (isOwn(message) ? undefined : tree.headers),
  uniqueBody: ({ scope, tree }) => uniqueBody(scope, tree),
};

/** Whether messages have a member of this name. */
export function isMessageMember(name: string): boolean {
  return name === 'id' || name in members;
}

/** Sent copies and drafts never came over the internet, so Outlook has no headers of them. */
function isOwn({ labelIds }: StoredMessage): boolean {
  return labelIds.includes('DRAFT') || labelIds.includes('SENT');
}

/** An instant as Outlook writes it: UTC, whole seconds. */
function outlookTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** When a message was sent, by its own word; otherwise when it came. */
export function sentMs(message: StoredMessage): number {
  const date = Date.parse(header(treeOf(message).headers, 'Date') ?? '');
  return Number.isNaN(date) ? message.internalDate : date;
}

/** The id of a conversation in this mailbox. */
export function conversationId(scope: MailScope, threadId: string): string {
  return writeId('ordinary', scope.owner, `conversation:${threadId}`);
}

/** 22 bytes as MAPI makes them: a mark, a time, and an id that the conversation shares. */
function conversationIndex({ threadId, internalDate }: StoredMessage): string {
  const bytes = Buffer.alloc(22);
  bytes[0] = 1;
  bytes.writeUIntBE(Math.floor(internalDate / 1_000), 1, 5);
  bytes.write(threadId.padEnd(32, '0').slice(0, 32), 6, 'hex');
  return bytes.toString('base64');
}

/** The labels of a message that are categories to Outlook. */
export function categoryLabels(mailbox: MailboxState, { labelIds }: StoredMessage): string[] {
  return labelIds.filter(
    (id) => !isPlace(mailbox, id) && !states.has(id) && !id.startsWith('CATEGORY_'),
  );
}

/** The names of a message's categories. */
export function categoriesOf(mailbox: MailboxState, message: StoredMessage): string[] {
  return categoryLabels(mailbox, message).map(
    (id) => mailbox.labels.find((label) => label.id === id)?.name ?? id,
  );
}

/** Whether files hang on a message that its text does not show. */
export function hasAttachments(message: StoredMessage): boolean {
  return filesOf(message).some((part) => header(part.headers, 'Content-ID') === undefined);
}

/** low, normal or high. */
export function importanceOf(message: StoredMessage): string {
  const word = header(treeOf(message).headers, 'Importance')?.toLowerCase();
  return word === 'high' || word === 'low' ? word : 'normal';
}

/** notFlagged, flagged or complete. */
export function flagOf({ labelIds }: StoredMessage): string {
  if (labelIds.includes('COMPLETED')) return 'complete';
  return labelIds.includes('STARRED') ? 'flagged' : 'notFlagged';
}

/** Which half of the focused inbox a message belongs to. */
export function classificationOf({ labelIds }: StoredMessage): string {
  const bulk = labelIds.some((label) => label === 'OTHER' || label.startsWith('CATEGORY_'));
  return bulk ? 'other' : 'focused';
}

function recipients(value: string | undefined): object[] {
  return mailboxes(value).map(({ name, address }: Mailbox) => ({
    emailAddress: { name: name || address, address },
  }));
}

function leaf(tree: MimePart, mimeType: string): string | undefined {
  const parts = [...walk(tree)].filter((part) => part.filename === '');
  return parts.find((part) => part.mimeType === mimeType)?.body.toString('utf8');
}

/** What a message says, without marks of form. */
function plainText(tree: MimePart): string {
  const html = leaf(tree, 'text/html');
  return leaf(tree, 'text/plain') ?? (html === undefined ? '' : convert(html, { wordwrap: false }));
}

/** What a message says, as HTML. */
export function htmlText(tree: MimePart): string {
  return leaf(tree, 'text/html') ?? textAsHtml(leaf(tree, 'text/plain') ?? '');
}

/** Plain text in the HTML that Exchange makes of it. */
export function textAsHtml(text: string): string {
  const lines = escapeHtml(text).replace(/\r?\n/g, '<br>\r\n');
  return `<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body><div class="PlainText">${lines}</div></body></html>`;
}

/** Text with the signs of HTML taken out of force. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function body({ prefer }: MailScope, tree: MimePart): object {
  return prefer.bodyType === 'text'
    ? { contentType: 'text', content: plainText(tree) }
    : { contentType: 'html', content: htmlText(tree) };
}

/** Where the quoted part of a message begins, in HTML and in text. */
const quoteInHtml =
  /<div id="(?:x_)?divRplyFwdMsg|<hr\b|<div class="gmail_quote|<blockquote\b[^>]*type="cite"/i;
const quoteInText = /^(?:>|On .+ wrote:|-{5,} ?Original Message|From: .+\r?\nSent: )/m;

function uniqueBody({ prefer }: MailScope, tree: MimePart): object {
  const [contentType, whole, quote] =
    prefer.bodyType === 'text'
      ? ['text', plainText(tree), quoteInText]
      : ['html', htmlText(tree), quoteInHtml];
  const at = (whole as string).search(quote);
  return { contentType, content: at < 0 ? whole : (whole as string).slice(0, at) };
}
