/**
 * What came into the inbox since a cursor, by Graph's delta query. Two rounds are kept, one of what
 * came and one of what left: a round of everything would also tell of every mark that changed. It knows
 * nothing of mail that was older than its cursor and is moved into the inbox or out of it later.
 * @see https://learn.microsoft.com/en-us/graph/delta-query-messages
 */
import { GraphError } from '@microsoft/microsoft-graph-client';
import { z } from 'zod';
import { failure } from '../failures.ts';
import { type MicrosoftSession, prefer, query } from '../microsoft/client.ts';
import { parsed, readPage } from './microsoft-reading.ts';
import type { ChangesOptions, MailChanges } from './port.ts';

const inbox = '/me/mailFolders/inbox/messages';
/** Mail from before a cursor that its first round tells of, for servers whose clocks differ. */
const overlapMs = 3_600_000;
/** A first round tells what is there already, the mail of one hour. */
const firstPagesMax = 100;
const pageMax = 500;

const roundSchema = z.object({
  value: z.array(z.object({ id: z.string() })),
  '@odata.nextLink': z.string().optional(),
  '@odata.deltaLink': z.string().optional(),
});
const cursorSchema = z.strictObject({ created: z.string(), deleted: z.string() });
/** Where both rounds go on: links without the server, so that they lead nowhere else. */
type Cursor = z.infer<typeof cursorSchema>;
type Item = { readonly id: string };

/** What happened since; see the port. */
export async function microsoftChanges(
  session: MicrosoftSession,
  cursor: string | null,
  { limit, resyncFromMs, resyncMax }: ChangesOptions,
): Promise<MailChanges> {
  if (cursor === null) {
    return { added: [], removed: [], cursor: await begin(session), gap: false, more: false };
  }
  const links = readCursor(cursor);
  const size = Math.min(limit, pageMax);
  const created = await nextRound(session, links.created, size);
  const deleted = created && (await nextRound(session, links.deleted, size));
  if (created === null || deleted === null) return resync(session, resyncMax, resyncFromMs);
  return {
    added: idsOf(created.items),
    removed: idsOf(deleted.items),
    cursor: cursorOf(created.link, deleted.link),
    gap: false,
    more: created.more || deleted.more,
  };
}

/**
 * A cursor that begins now. The filter keeps the first rounds, which tell what is there already, small;
 * its time is the newest message's, so no clock of ours is asked.
 */
async function begin(session: MicrosoftSession): Promise<string> {
  const order = { $orderby: 'receivedDateTime desc', $top: 1 };
  const newest = `${inbox}?${query({ $select: 'id,receivedDateTime', ...order })}`;
  const { messages } = await readPage(session, 'look at the inbox', newest);
  const newestMs = Date.parse(messages[0]?.receivedDateTime ?? '');
  const filter = Number.isNaN(newestMs) ? {} : since(newestMs - overlapMs);
  const first = (changeType: 'created' | 'deleted') =>
    firstRound(session, `${inbox}/delta?${query({ changeType, $select: 'id', ...filter })}`);
  return cursorOf(await first('created'), await first('deleted'));
}

/** Follows a first round to its end, past everything it tells. */
async function firstRound(session: MicrosoftSession, start: string): Promise<string> {
  let link = start;
  for (let page = 0; page < firstPagesMax; page += 1) {
    const round = await nextRound(session, link, pageMax);
    if (round === null) break;
    link = round.link;
    if (!round.more) return link;
  }
  throw failure('ProviderUnavailableError', 'Microsoft did not come to an end with the inbox.');
}

/** One page of a round; null when its link is too old. */
async function nextRound(
  session: MicrosoftSession,
  link: string,
  size: number,
): Promise<{ items: Item[]; link: string; more: boolean } | null> {
  const data: unknown = await session.read('see what came in', (signal) =>
    session
      .api(link)
      .header('Prefer', prefer(`odata.maxpagesize=${size}`))
      .options({ signal })
      .get()
      .catch(nullWhenStale),
  );
  if (data === null) return null;
  const round = parsed(roundSchema, data);
  const nextLink = round['@odata.nextLink'];
  const next = nextLink ?? round['@odata.deltaLink'];
  if (next === undefined) {
    throw failure('ProviderUnavailableError', 'Microsoft did not say where to go on.');
  }
  return { items: round.value, link: withoutServer(next), more: nextLink !== undefined };
}

/** The newest mail since a time. What comes in meanwhile is told twice rather than never. */
async function resync(
  session: MicrosoftSession,
  limit: number,
  resyncFromMs: number,
): Promise<MailChanges> {
  const cursor = await begin(session);
  const added: string[] = [];
  const params = {
    $select: 'id',
    ...since(resyncFromMs),
    $orderby: 'receivedDateTime desc',
    $top: Math.min(limit, pageMax),
  };
  let path: string | undefined = `${inbox}?${query(params)}`;
  while (path !== undefined && added.length < limit) {
    const page = await readPage(session, 'read the inbox anew', path);
    added.push(...idsOf(page.messages));
    path = page.next;
  }
  return { added: added.slice(0, limit), removed: [], cursor, gap: true, more: false };
}

function since(ms: number): { $filter: string } {
  return { $filter: `receivedDateTime ge ${new Date(ms).toISOString()}` };
}

/** Each id once: Graph tells some moves twice. */
function idsOf(items: readonly Item[]): string[] {
  return [...new Set(items.map(({ id }) => id))];
}

function cursorOf(created: string, deleted: string): string {
  return JSON.stringify({ created, deleted } satisfies Cursor);
}

function readCursor(cursor: string): Cursor {
  try {
    return cursorSchema.parse(JSON.parse(cursor));
  } catch (cause) {
    throw failure('InvalidInputError', 'This is no cursor of a Microsoft mailbox.', { cause });
  }
}

function withoutServer(link: string): string {
  const { pathname, search } = new URL(link);
  return `${pathname.replace(/^\/v1\.0(?=\/)/, '')}${search}`;
}

/** Graph forgets where a round stood after a while, and says so by code; the status varies. */
function nullWhenStale(error: unknown): null {
  const staleCodes = ['syncstatenotfound', 'syncstateinvalid', 'resyncrequired'];
  if (error instanceof GraphError) {
    if (error.statusCode === 410) return null;
    if (staleCodes.includes((error.code ?? '').toLowerCase())) return null;
  }
  throw error;
}
