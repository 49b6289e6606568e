/**
 * What came into a Gmail inbox since a history id. Gmail keeps its history for about a week; a cursor
 * that is older is answered with a bounded new reading and a gap, never with silence.
 * @see https://developers.google.com/workspace/gmail/api/guides/sync
 */
import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/index.js';
import type { GoogleSession } from '../google/client.ts';
import { asObject, me, orNull } from './google-reads.ts';
import type { ChangesOptions, MailChanges } from './port.ts';

/** Gmail's own bound of a page. */
const pageMax = 500;

/** Changes of the inbox since a cursor; null begins now. */
export async function readChanges(
  session: GoogleSession,
  cursor: string | null,
  { limit, resyncFromMs, resyncMax }: ChangesOptions,
): Promise<MailChanges> {
  if (cursor === null) {
    return { added: [], removed: [], cursor: await newestId(session), gap: false, more: false };
  }
  const params: gmail_v1.Params$Resource$Users$History$List = {
    ...me,
    startHistoryId: cursor,
    historyTypes: ['messageAdded', 'messageDeleted', 'labelAdded', 'labelRemoved'],
    maxResults: Math.min(limit, pageMax),
  };
  const call = () => session.gmail.users.history.list(params);
  const data = await orNull(session.read('read what changed in the mailbox', call));
  if (data === null) return resync(session, resyncMax, resyncFromMs);
  const { history = [], nextPageToken, historyId } = asObject(data);
  const more = Boolean(nextPageToken);
  // Ids of entries rise, so the last one of a page is as good a start as a page token and lasts longer.
  const next = more ? history.at(-1)?.id : historyId;
  return { ...comings(history), cursor: next ?? cursor, gap: false, more };
}

/** Who is in the inbox and who is not after these entries, in their order. */
function comings(history: readonly gmail_v1.Schema$History[]): {
  added: string[];
  removed: string[];
} {
  const isIn = new Map<string, boolean>();
  const note = (message: gmail_v1.Schema$Message | undefined, inside: boolean): void => {
    if (!message?.id) return;
    isIn.delete(message.id);
    isIn.set(message.id, inside);
  };
  for (const entry of history) {
    for (const { message } of entry.messagesAdded ?? []) {
      if (message?.labelIds?.includes('INBOX') === true) note(message, true);
    }
    for (const { message, labelIds } of entry.labelsAdded ?? []) {
      if (labelIds?.includes('INBOX') === true) note(message, true);
    }
    for (const { message, labelIds } of entry.labelsRemoved ?? []) {
      if (labelIds?.includes('INBOX') === true) note(message, false);
    }
    for (const { message } of entry.messagesDeleted ?? []) note(message, false);
  }
  const ids = [...isIn];
  return {
    added: ids.filter(([, inside]) => inside).map(([id]) => id),
    removed: ids.filter(([, inside]) => !inside).map(([id]) => id),
  };
}

async function resync(
  session: GoogleSession,
  limit: number,
  resyncFromMs: number,
): Promise<MailChanges> {
  // Taken before the list is read, so that what comes in meanwhile is seen again rather than never.
  const cursor = await newestId(session);
  const added: string[] = [];
  let pageToken: string | undefined;
  do {
    const params: gmail_v1.Params$Resource$Users$Messages$List = {
      ...me,
      labelIds: ['INBOX'],
      q: `after:${Math.floor(resyncFromMs / 1_000)}`,
      maxResults: Math.min(limit - added.length, pageMax),
      ...(pageToken === undefined ? {} : { pageToken }),
    };
    const call = () => session.gmail.users.messages.list(params);
    const data = asObject(await session.read('read the inbox', call));
    added.push(...(data.messages ?? []).flatMap(({ id }) => (id ? [id] : [])));
    pageToken = data.nextPageToken ?? undefined;
  } while (pageToken !== undefined && added.length < limit);
  return { added, removed: [], cursor, gap: true, more: false };
}

async function newestId(session: GoogleSession): Promise<string> {
  const call = () => session.gmail.users.getProfile(me);
  return asObject(await session.read('read the mailbox', call)).historyId ?? '';
}
