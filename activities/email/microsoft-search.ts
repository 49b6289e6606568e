/**
 * Searching a mailbox through Graph: pages of candidates, newest first, of which query-match.ts decides
 * what counts. It looks through a bounded number of them and says so when there are more.
 */
import { type MicrosoftSession, query } from '../microsoft/client.ts';
import { readCategories } from './microsoft-marks.ts';
import { type MailboxFacts, toMailMessage, wholeMessage } from './microsoft-messages.ts';
import { toGraphPath } from './microsoft-query.ts';
import { readPage } from './microsoft-reading.ts';
import type { MailMessage } from './port.ts';
import type { MailQuery } from './query.ts';
import { isSameLabel, matchesMail } from './query-match.ts';

/** Candidates come with their texts, so a page of them is some megabytes at worst. */
const pageSize = 50;
const pagesMax = 10;

/** See the port. */
export async function searchMicrosoft(
  session: MicrosoftSession,
  facts: MailboxFacts,
  wanted: MailQuery,
  limit: number,
): Promise<{ messages: MailMessage[]; truncated: boolean }> {
  const categories = namesLabels(wanted) ? await readCategories(session) : [];
  const categoriesCalled = (label: string) => [
    label,
    ...categories.map(({ name }) => name).filter((name) => isSameLabel(name, label)),
  ];
  const terms = { account: facts.account, categoriesCalled };
  const asked = query({ ...wholeMessage, $top: Math.min(limit + 1, pageSize) });
  const found = new Map<string, MailMessage>();
  let path: string | undefined = toGraphPath(wanted, terms, asked);
  for (let page = 0; path !== undefined && found.size <= limit && page < pagesMax; page += 1) {
    const { messages, next }: Awaited<ReturnType<typeof readPage>> = await readPage(
      session,
      'search mail',
      path,
    );
    for (const candidate of messages) {
      const message = toMailMessage(candidate, facts);
      if (!message.draft && matchesMail(wanted, message)) found.set(message.id, message);
    }
    path = next;
  }
  // A search is in the order of sending, which is not quite that of arriving.
  const messages = [...found.values()].sort((a, b) => b.dateMs - a.dateMs);
  const truncated = messages.length > limit || path !== undefined;
  return { messages: messages.slice(0, limit), truncated };
}

function namesLabels(wanted: MailQuery): boolean {
  switch (wanted.kind) {
    case 'and':
    case 'or':
      return wanted.parts.some(namesLabels);
    case 'not':
      return namesLabels(wanted.part);
    default:
      return wanted.kind === 'label';
  }
}
