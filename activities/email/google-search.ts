/** Searching Gmail: its index finds candidates page by page, the query's own meaning picks from them. */
import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/index.js';
import type { GoogleSession } from '../google/client.ts';
import type { Labels } from './google-labels.ts';
import { toGmailQuery } from './google-query.ts';
import { asObject, inChunks, me, readMessage } from './google-reads.ts';
import type { MailMessage } from './port.ts';
import type { MailQuery } from './query.ts';
import { matchesMail, reachesHidden } from './query-match.ts';

/** How many candidates are read for one search: at 5 quota units each a tenth of a minute's quota. */
const candidatesMax = 300;

/** Messages that match, newest first; drafts are left out. */
export async function search(
  session: GoogleSession,
  labels: Labels,
  query: MailQuery,
  limit: number,
): Promise<{ messages: MailMessage[]; truncated: boolean }> {
  const q = toGmailQuery(query);
  const messages: MailMessage[] = [];
  let pageToken: string | undefined;
  let seen = 0;
  do {
    const params: gmail_v1.Params$Resource$Users$Messages$List = {
      ...me,
      ...(q === '' ? {} : { q }),
      ...(reachesHidden(query) ? { includeSpamTrash: true } : {}),
      maxResults: Math.min(limit + 1, candidatesMax - seen),
      ...(pageToken === undefined ? {} : { pageToken }),
    };
    const call = () => session.gmail.users.messages.list(params);
    const data = asObject(await session.read('search mail', call));
    const ids = (data.messages ?? []).flatMap(({ id }) => (id ? [id] : []));
    const found = await inChunks(ids, (id) => readMessage(session, labels, id));
    const matches = (m: MailMessage) => !m.draft && matchesMail(query, m);
    messages.push(...found.filter((m) => m !== null).filter(matches));
    seen += ids.length;
    pageToken = data.nextPageToken ?? undefined;
  } while (pageToken !== undefined && messages.length <= limit && seen < candidatesMax);
  messages.sort((a, b) => b.dateMs - a.dateMs);
  const truncated = messages.length > limit || pageToken !== undefined;
  return { messages: messages.slice(0, limit), truncated };
}
