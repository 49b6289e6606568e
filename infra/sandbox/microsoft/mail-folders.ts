/**
 * Folders over a mailbox that keeps labels: which one a message lies in, what moving it changes,
 * and the folders as Graph shows them. A message lies in exactly one.
 */
import { changeLabels } from '../mail/mailbox.ts';
import type { Office } from '../office/office.ts';
import type { MailboxLabel, MailboxState, Person, StoredMessage } from '../office/state.ts';
import { GraphError, itemNotFound } from './errors.ts';
import { readId, writeId } from './ids.ts';

/** A folder: the label that stands for it and what people see. */
export interface Folder {
  readonly label: string;
  readonly displayName: string;
  /** The label of the folder around it; absent: the root. */
  readonly parent?: string | undefined;
}

/** The folders every mailbox has: well-known name → folder. */
const wellKnown: Readonly<Record<string, Folder>> = {
  inbox: { label: 'INBOX', displayName: 'Inbox' },
  drafts: { label: 'DRAFT', displayName: 'Drafts' },
  sentitems: { label: 'SENT', displayName: 'Sent Items' },
  archive: { label: 'ARCHIVE', displayName: 'Archive' },
  deleteditems: { label: 'TRASH', displayName: 'Deleted Items' },
  junkemail: { label: 'SPAM', displayName: 'Junk Email' },
};

const root = 'ROOT';

/** Every folder of a mailbox. */
function allFolders(mailbox: MailboxState): Folder[] {
  const own = mailbox.labels.flatMap(({ id, name, type, parent }) =>
    type === 'folder' ? [{ label: id, displayName: name, parent }] : [],
  );
  return [...Object.values(wellKnown), ...own];
}

/** The folders directly in another; without a parent, those in the root. */
export function childFolders(mailbox: MailboxState, parent?: string): Folder[] {
  return allFolders(mailbox).filter((folder) => folder.parent === parent);
}

/** The folder a path or body names, by well-known name or id. @throws GraphError 404. */
export function requireFolder(mailbox: MailboxState, owner: Person, name: string): Folder {
  const known = wellKnown[name.toLowerCase()];
  if (known) return known;
  const [kind, label] = readId(owner, name)?.key.split(':') ?? [];
  const found =
    kind === 'folder' && allFolders(mailbox).find((candidate) => candidate.label === label);
  if (!found) throw itemNotFound();
  return found;
}

/** The label of the folder a message lies in. */
export function placeOf(
  mailbox: MailboxState,
  { labelIds }: Pick<StoredMessage, 'labelIds'>,
): string {
  const has = (label: string): boolean => labelIds.includes(label);
  if (has('TRASH')) return 'TRASH';
  if (has('SPAM')) return 'SPAM';
  if (has('ARCHIVE')) return 'ARCHIVE';
  const own = mailbox.labels.find(({ id, type }) => type === 'folder' && has(id));
  if (own) return own.id;
  return ['INBOX', 'DRAFT', 'SENT'].find(has) ?? 'ARCHIVE';
}

/** Whether a label says where a message lies, or what kind of message it is. */
export function isPlace(mailbox: MailboxState, label: string): boolean {
  return (
    Object.values(wellKnown).some((folder) => folder.label === label) ||
    mailbox.labels.some(({ id, type }) => type === 'folder' && id === label)
  );
}

/** Moves a message; says whether it lay elsewhere. @throws GraphError 400. */
export function moveMessage(
  office: Office,
  owner: Person,
  message: StoredMessage,
  target: Folder,
): boolean {
  const mailbox = office.mailbox(owner.email);
  if (placeOf(mailbox, message) === target.label) return false;
  if (target.label === 'DRAFT' && !message.labelIds.includes('DRAFT')) {
    throw new GraphError(400, 'ErrorInvalidRequest', 'Only drafts lie in Drafts here.');
  }
  // DRAFT and SENT also say what a message is; it stays that wherever it lies.
  const left = message.labelIds.filter(
    (label) => isPlace(mailbox, label) && label !== 'DRAFT' && label !== 'SENT',
  );
  changeLabels(office, owner, message, [target.label], left);
  message.moves = (message.moves ?? 0) + 1;
  return true;
}

/** Makes a folder. @throws GraphError 409 when its parent has one of that name. */
export function createFolder(
  office: Office,
  owner: Person,
  displayName: string,
  parent?: string,
): Folder {
  const mailbox = office.mailbox(owner.email);
  const same = (folder: Folder): boolean =>
    folder.displayName.toLowerCase() === displayName.toLowerCase();
  if (childFolders(mailbox, parent).some(same)) {
    const message = 'A folder with the specified name already exists.';
    throw new GraphError(409, 'ErrorFolderExists', message);
  }
  const label: MailboxLabel = {
    id: `Folder_${office.nextId('folder', 8)}`,
    name: displayName,
    type: 'folder',
    parent,
  };
  mailbox.labels.push(label);
  office.changed();
  return { label: label.id, displayName, parent };
}

/** The id of a folder; folders have one kind of id only, and it never changes. */
export function folderId(owner: Person, label: string): string {
  return writeId('ordinary', owner, `folder:${label}`);
}

/** A folder as Graph shows it. */
export function showFolder(mailbox: MailboxState, owner: Person, folder: Folder): object {
  const inside = Object.values(mailbox.messages).filter(
    (message) => placeOf(mailbox, message) === folder.label,
  );
  return {
    id: folderId(owner, folder.label),
    displayName: folder.displayName,
    parentFolderId: folderId(owner, folder.parent ?? root),
    childFolderCount: childFolders(mailbox, folder.label).length,
    unreadItemCount: inside.filter(({ labelIds }) => labelIds.includes('UNREAD')).length,
    totalItemCount: inside.length,
    isHidden: false,
  };
}
