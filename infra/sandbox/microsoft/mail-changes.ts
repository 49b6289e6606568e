/**
 * What PATCH changes of a message: the text of a draft, and marks such as read, flag and
 * categories. Marks that already stand change nothing, so a repeated request counts once.
 */
import { removeHeaders } from '../mail/delivery.ts';
import { changeLabels, rawOf, replaceMessage } from '../mail/mailbox.ts';
import { composeMime } from '../mail/mime-compose.ts';
import type { StoredMessage } from '../office/state.ts';
import { GraphError } from './errors.ts';
import type { GivenMessage } from './mail-bodies.ts';
import { applyMessage, takeApart } from './mail-compose.ts';
import type { MailScope } from './mail-items.ts';
import { splitProperties } from './mail-properties.ts';
import { categoryLabels, importanceOf } from './mail-views.ts';

/** Members that stand in the text of a message, and may change only while it is a draft. */
const draftOnly = [
  'subject',
  'body',
  'from',
  'sender',
  'toRecipients',
  'ccRecipients',
  'bccRecipients',
  'replyTo',
  'internetMessageId',
  'internetMessageHeaders',
] as const;

/** Refuses changes of what was sent or received. @throws GraphError 400. */
export function checkDraftOnly(message: StoredMessage, given: GivenMessage): void {
  if (given.attachments) {
    const text = 'Attachments are changed through their own collection.';
    throw new GraphError(400, 'ErrorInvalidRequest', text);
  }
  const fixed = draftOnly.find((name) => given[name] !== undefined);
  if (fixed === undefined || message.labelIds.includes('DRAFT')) return;
  throw new GraphError(400, 'ErrorInvalidPropertySet', 'Set action is invalid for property.');
}

/** Writes a draft anew when its text changes; says whether it did. @throws GraphError 400. */
export function changeDraft(
  { office, owner }: MailScope,
  message: StoredMessage,
  given: GivenMessage,
): boolean {
  if (!draftOnly.some((name) => given[name] !== undefined)) return false;
  const raw = composeMime(applyMessage(takeApart(message), given));
  if (raw.equals(rawOf(message))) return false;
  replaceMessage(office, owner, message, raw);
  return true;
}

/** Sets marks; says whether one of them stood otherwise. */
export function changeMarks(
  scope: MailScope,
  message: StoredMessage,
  given: GivenMessage,
): boolean {
  const { office, owner } = scope;
  const add: string[] = [];
  const remove: string[] = [];
  const mark = (label: string, wanted: boolean): number => (wanted ? add : remove).push(label);
  if (typeof given.isRead === 'boolean') mark('UNREAD', !given.isRead);
  const status = given.flag?.flagStatus;
  if (status) {
    mark('STARRED', status === 'flagged');
    mark('COMPLETED', status === 'complete');
  }
  if (given.inferenceClassification) {
    const other = given.inferenceClassification === 'other';
    mark('OTHER', other);
    if (!other) remove.push(...message.labelIds.filter((label) => label.startsWith('CATEGORY_')));
  }
  if (given.categories) {
    const wanted = given.categories.map((name) => labelOf(scope, name));
    const before = categoryLabels(scope.mailbox, message);
    add.push(...wanted);
    remove.push(...before.filter((label) => !wanted.includes(label)));
  }
  const labelled = changeLabels(office, owner, message, add, remove);
  const weighed = changeImportance(scope, message, given.importance);
  return keepProperties(scope, message, given) || labelled || weighed;
}

/** The label that stands for a category; its name where the mailbox has no such category. */
function labelOf({ mailbox }: MailScope, name: string): string {
  const known = mailbox.labels.find((label) => label.type === 'user' && label.name === name);
  return known?.id ?? name;
}

function changeImportance(
  { office, owner }: MailScope,
  message: StoredMessage,
  importance: GivenMessage['importance'],
): boolean {
  if (!importance || importanceOf(message) === importance) return false;
  const rest = removeHeaders(rawOf(message), ['Importance']);
  const raw = Buffer.concat([Buffer.from(`Importance: ${importance}\r\n`), rest]);
  replaceMessage(office, owner, message, raw);
  return true;
}

/** Keeps the extended properties that are no headers; says whether one is other than before. */
export function keepProperties(
  { office }: MailScope,
  message: StoredMessage,
  given: GivenMessage,
): boolean {
  const { properties } = splitProperties(given.singleValueExtendedProperties ?? []);
  const changed = Object.entries(properties).some(
    ([key, value]) => message.properties?.[key] !== value,
  );
  if (!changed) return false;
  message.properties = { ...message.properties, ...properties };
  office.changed();
  return true;
}
