/**
 * A message's marks and place in Graph: categories, read state, folder. A category is put on a message
 * by name; it does not become one of the person's list of colours, which needs a right of its own.
 */
import { z } from 'zod';
import { failure, failureTypeOf } from '../failures.ts';
import { type MicrosoftSession, query } from '../microsoft/client.ts';
import { wellKnownFolders } from './microsoft-query.ts';
import { messagePath, parsed, readOne } from './microsoft-reading.ts';
import type { EmailPort, MessageChange } from './port.ts';
import { isSameLabel } from './query-match.ts';

/** How often a change is made anew because somebody else changed the message meanwhile. */
const attemptsMax = 3;
/** Outlook has 25 categories unless somebody made more. */
const categoriesMax = 500;

const categoriesSchema = z.object({
  value: z.array(z.object({ id: z.string(), displayName: z.string() })),
});
const marksSchema = z.object({
  '@odata.etag': z.string().optional(),
  categories: z.array(z.string()).nullish(),
  isRead: z.boolean().nullish(),
  parentFolderId: z.string(),
});
type Marks = z.infer<typeof marksSchema>;

/** The person's categories. */
export async function readCategories(
  session: MicrosoftSession,
): Promise<Awaited<ReturnType<EmailPort['labels']>>> {
  const path = `/me/outlook/masterCategories?${query({ $top: categoriesMax })}`;
  const data: unknown = await session.read('list the categories', (signal) =>
    session.api(path).options({ signal }).get(),
  );
  return parsed(categoriesSchema, data).value.map(({ id, displayName }) => ({
    id,
    name: displayName,
  }));
}

/**
 * Makes a change, each part only where the message is not so already. `isIn` tells whether a folder's id
 * is the wanted folder's. @throws NotFoundError
 */
export async function changeMarks(
  session: MicrosoftSession,
  messageId: string,
  change: MessageChange,
  isIn: (parentFolderId: string, folder: string) => Promise<boolean>,
): Promise<void> {
  const added = await spelled(session, change.addLabels ?? []);
  const marks = await retried(async () => {
    const found = await readMarks(session, messageId);
    await patchMarks(session, messageId, found, { ...change, addLabels: added });
    return found;
  });
  const { folder } = change;
  if (folder === undefined || (await isIn(marks.parentFolderId, folder))) return;
  const body = { destinationId: wellKnownFolders[folder] };
  await session.write('move the mail', (signal) =>
    session.api(messagePath(messageId, '/move')).options({ signal }).post(body),
  );
}

async function readMarks(session: MicrosoftSession, messageId: string): Promise<Marks> {
  const path = messagePath(messageId, '?$select=categories,isRead,parentFolderId');
  const marks = await readOne(session, 'read the mail', path, marksSchema);
  if (marks !== null) return marks;
  throw failure('NotFoundError', 'The mail to change is not there. Find it again with searchMail.');
}

async function patchMarks(
  session: MicrosoftSession,
  messageId: string,
  marks: Marks,
  { addLabels = [], removeLabels = [], unread }: MessageChange,
): Promise<void> {
  const before = marks.categories ?? [];
  const isAmong = (names: readonly string[], name: string) =>
    names.some((other) => isSameLabel(other, name));
  const categories = [
    ...before.filter((name) => !isAmong(removeLabels, name)),
    ...addLabels.filter((name) => !isAmong(before, name)),
  ];
  const labelled = categories.join('\n') !== before.join('\n');
  const marked = unread !== undefined && unread !== (marks.isRead === false);
  if (!labelled && !marked) return;
  const body = { ...(labelled ? { categories } : {}), ...(marked ? { isRead: !unread } : {}) };
  // Categories are replaced as a whole, so what somebody else adds meanwhile must not be lost.
  const etag = labelled ? marks['@odata.etag'] : undefined;
  const headers = etag === undefined ? {} : { 'If-Match': etag };
  await session.write('mark the mail', (signal) =>
    session.api(messagePath(messageId)).headers(headers).options({ signal }).patch(body),
  );
}

/** Labels as the person's list spells them, where it knows them. */
async function spelled(
  session: MicrosoftSession,
  labels: readonly string[],
): Promise<readonly string[]> {
  if (labels.length === 0) return labels;
  const known = await readCategories(session);
  return labels.map((label) => known.find(({ name }) => isSameLabel(name, label))?.name ?? label);
}

async function retried<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const changed = failureTypeOf(error) === 'PreconditionFailedError';
      if (!changed || attempt === attemptsMax) throw error;
    }
  }
}
