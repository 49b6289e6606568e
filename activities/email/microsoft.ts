/**
 * Outlook behind the e-mail port, by Microsoft Graph. Mail leaves only by way of a stored draft; ids are
 * immutable ones everywhere, so a message keeps its id wherever it is moved.
 * @see https://learn.microsoft.com/en-us/graph/api/resources/mail-api-overview
 */
import { failure } from '../failures.ts';
import { type MicrosoftSession, query } from '../microsoft/client.ts';
import { summaryOf } from './headers.ts';
import { microsoftChanges } from './microsoft-changes.ts';
import { microsoftDrafts } from './microsoft-drafts.ts';
import { changeMarks, readCategories } from './microsoft-marks.ts';
import {
  type MailboxFacts,
  messageSchema,
  toMailMessage,
  wholeMessage,
} from './microsoft-messages.ts';
import { quoted } from './microsoft-query.ts';
import {
  attachmentPath,
  messagePath,
  readBytes,
  readFolders,
  readMany,
  readOne,
  readPage,
} from './microsoft-reading.ts';
import { searchMicrosoft } from './microsoft-search.ts';
import type { EmailPort, MailMessage } from './port.ts';
import type { MailFolder } from './query.ts';

/** Messages of one thread that are read; Exchange begins another conversation after 100 or so. */
const threadMax = 500;
const pageSize = 50;

type Folders = ReadonlyMap<string, MailFolder>;

/** Folders' ids do not change, so they are asked for once in a session. */
const foldersOf = new WeakMap<MicrosoftSession, Promise<Folders>>();

/** The e-mail port of one account's Outlook mailbox. */
export function createMicrosoftEmail(session: MicrosoftSession): EmailPort {
  const facts = () => factsOf(session);
  const isIn = async (parentFolderId: string, folder: string) =>
    (await facts()).folderOf(parentFolderId) === folder;
  const message = async (id: string): Promise<MailMessage | null> => {
    const path = `${messagePath(id)}?${query(wholeMessage)}`;
    const found = await readOne(session, 'read the mail', path, messageSchema);
    return found === null ? null : toMailMessage(found, await facts());
  };
  return {
    search: async (wanted, limit) => searchMicrosoft(session, await facts(), wanted, limit),
    thread: async (threadId) => readThread(session, await facts(), threadId),
    message,
    async attachment(messageId, attachmentId) {
      const path = attachmentPath(messageId, attachmentId);
      const bytes = await readBytes(session, 'read the attachment', path);
      if (bytes === null) throw failure('NotFoundError', 'This attachment is not there.');
      return bytes;
    },
    ...microsoftDrafts(session, (parentFolderId) => isIn(parentFolderId, 'trash')),
    labels: () => readCategories(session),
    async changeMessage(messageId, change) {
      await changeMarks(session, messageId, change, isIn);
      const changed = await message(messageId);
      if (changed === null) throw failure('NotFoundError', 'The mail that was changed is gone.');
      return changed;
    },
    // Graph knows neither the other addresses of a mailbox nor signatures.
    sendAs: async () => [{ email: session.account, name: null, signature: null }],
    changes: (cursor, options) => microsoftChanges(session, cursor, options),
    async headers(ids) {
      const paths = ids.map((id) => `${messagePath(id)}?${query(wholeMessage)}`);
      const found = await readMany(session, 'read the mail', paths, messageSchema);
      const known = await facts();
      return found.flatMap((one) => (one === null ? [] : [summaryOf(toMailMessage(one, known))]));
    },
  };
}

async function factsOf(session: MicrosoftSession): Promise<MailboxFacts> {
  const folders = foldersOf.get(session) ?? readFolders(session);
  foldersOf.set(session, folders);
  folders.catch(() => foldersOf.delete(session));
  const known = await folders;
  return {
    account: session.account.toLowerCase(),
    folderOf: (parentFolderId) => known.get(parentFolderId) ?? 'other',
  };
}

/**
 * Sorted here: with this filter Graph calls an order too complex. Its times are whole seconds; of two
 * mails of one second the answer is the one that refers to more.
 */
async function readThread(
  session: MicrosoftSession,
  facts: MailboxFacts,
  threadId: string,
): Promise<MailMessage[] | null> {
  const filter = { $filter: `conversationId eq ${quoted(threadId)}`, $top: pageSize };
  const messages: MailMessage[] = [];
  let path: string | undefined = `/me/messages?${query({ ...wholeMessage, ...filter })}`;
  while (path !== undefined && messages.length < threadMax) {
    const page = await readPage(session, 'read the mail thread', path);
    messages.push(...page.messages.map((one) => toMailMessage(one, facts)));
    path = page.next;
  }
  if (messages.length === 0) return null;
  return messages.sort((a, b) => a.dateMs - b.dateMs || a.references.length - b.references.length);
}
