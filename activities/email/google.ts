/**
 * Gmail behind the e-mail port. Mail leaves only through `drafts.send`: `messages.send` has no handle
 * to look an outcome up by, and media uploads would bypass the configured address.
 * @see https://developers.google.com/workspace/gmail/api/reference/rest
 */
import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/index.js';
import { UnknownOutcomeError } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import type { GoogleSession } from '../google/client.ts';
import { headerOf, toMailMessage } from './google-messages.ts';
import type { EmailPort, MailKey, MailMessage, StoredDraft, StoredMail } from './port.ts';

const me = { userId: 'me' } as const;
const keyHeader = 'X-Effect-Key';
/** Requests at a time for one list: well below Gmail's 250 units a second for a user. */
const concurrency = 8;
/** How many drafts or sent mails are looked through for a key. */
const scanMax = 50;

/** The e-mail port of one owner's Gmail mailbox. */
export function createGoogleEmail(session: GoogleSession): EmailPort {
  const { users } = session.gmail;
  const readDraft = (id: string) =>
    orNull(
      session.read('read the draft', () =>
        users.drafts.get({
          ...me,
          id,
          format: 'metadata',
        } as gmail_v1.Params$Resource$Users$Drafts$Get),
      ),
    );
  return {
    search: (query, limit) => search(session, query, limit),
    async thread(threadId) {
      const call = () => users.threads.get({ ...me, id: threadId, format: 'full' });
      const data = await orNull(session.read('read the mail thread', call));
      if (data === null) return null;
      return (asObject(data).messages ?? []).map(toMailMessage).sort((a, b) => a.dateMs - b.dateMs);
    },
    message: (id) => readMessage(session, id),
    async createDraft({ raw, threadId }) {
      const requestBody = { message: messageBody(raw, threadId) };
      const data = await session.write('store the draft', () =>
        users.drafts.create({ ...me, requestBody }),
      );
      if (!data?.id) throw new UnknownOutcomeError('Google sent an answer without a draft.');
      return toDraft(data);
    },
    async draft(draftId) {
      const data = await readDraft(draftId);
      return data === null ? null : toDraft(asObject(data));
    },
    findDraft: (key) => findDraft(session, key, readDraft),
    async sendDraft({ draftId, raw, threadId }) {
      const requestBody = { id: draftId, message: messageBody(raw, threadId) };
      const data = await session.write('send the mail', () =>
        users.drafts.send({ ...me, requestBody }),
      );
      if (!data?.id) throw new UnknownOutcomeError('Google sent an answer without a message.');
      return { messageId: data.id, threadId: data.threadId ?? null };
    },
    async deleteDraft(draftId) {
      await session.write('delete the draft', () => users.drafts.delete({ ...me, id: draftId }));
    },
    findSent: (key) => findSent(session, key),
  };
}

async function search(
  session: GoogleSession,
  query: string,
  limit: number,
): Promise<{ messages: MailMessage[]; truncated: boolean }> {
  const ids: string[] = [];
  let pageToken: string | undefined;
  do {
    const params: gmail_v1.Params$Resource$Users$Messages$List = {
      ...me,
      q: query,
      maxResults: limit + 1 - ids.length,
      ...(pageToken === undefined ? {} : { pageToken }),
    };
    const call = () => session.gmail.users.messages.list(params);
    const data = asObject(await session.read('search mail', call));
    ids.push(...(data.messages ?? []).flatMap(({ id }) => (id ? [id] : [])));
    pageToken = data.nextPageToken ?? undefined;
  } while (pageToken !== undefined && ids.length <= limit);
  const found = await inChunks(ids.slice(0, limit), (id) => readMessage(session, id));
  const messages = found.filter((message) => message !== null && !message.draft) as MailMessage[];
  messages.sort((a, b) => b.dateMs - a.dateMs);
  return { messages, truncated: ids.length > limit };
}

async function readMessage(session: GoogleSession, id: string): Promise<MailMessage | null> {
  const call = () => session.gmail.users.messages.get({ ...me, id, format: 'full' });
  const data = await orNull(session.read('read the mail', call));
  return data === null ? null : toMailMessage(asObject(data));
}

async function findDraft(
  session: GoogleSession,
  { effectKey, messageId }: MailKey,
  readDraft: (id: string) => Promise<gmail_v1.Schema$Draft | null>,
): Promise<StoredDraft | null> {
  const list = async (q: string | undefined): Promise<string[]> => {
    const params = { ...me, maxResults: scanMax, ...(q === undefined ? {} : { q }) };
    const call = () => session.gmail.users.drafts.list(params);
    const data = asObject(await session.read('list drafts', call));
    return (data.drafts ?? []).flatMap(({ id }) => (id ? [id] : []));
  };
  // The index may lag behind, so the newest drafts are looked through as well.
  const candidates = new Set([
    ...(await list(`rfc822msgid:${messageId}`)),
    ...(await list(undefined)),
  ]);
  const drafts = await inChunks([...candidates], readDraft);
  const ours = drafts.find(
    (draft) => draft?.message && headerOf(draft.message, keyHeader) === effectKey,
  );
  return ours ? toDraft(ours) : null;
}

async function findSent(
  session: GoogleSession,
  { effectKey, messageId }: MailKey,
): Promise<StoredMail | null> {
  const { messages: api } = session.gmail.users;
  const list = async (
    params: Omit<gmail_v1.Params$Resource$Users$Messages$List, 'userId'>,
  ): Promise<string[]> => {
    const call = () => api.list({ ...me, ...params });
    const data = asObject(await session.read('look for the sent mail', call));
    return (data.messages ?? []).flatMap(({ id }) => (id ? [id] : []));
  };
  const carries = async (ids: readonly string[]): Promise<StoredMail | null> => {
    const found = await inChunks(ids, (id) => {
      const params = { ...me, id, format: 'metadata', metadataHeaders: [keyHeader] };
      return orNull(session.read('look for the sent mail', () => api.get(params)));
    });
    const ours = found.find((mail) => mail && headerOf(mail, keyHeader) === effectKey);
    return ours?.id ? { messageId: ours.id, threadId: ours.threadId ?? null } : null;
  };
  const byId = await carries(await list({ q: `rfc822msgid:${messageId} in:sent`, maxResults: 5 }));
  // Gmail may have given it another Message-ID, and its index may lag behind.
  return byId ?? carries(await list({ labelIds: ['SENT'], maxResults: scanMax }));
}

function messageBody(raw: Buffer, threadId: string | null): gmail_v1.Schema$Message {
  return { raw: raw.toString('base64url'), ...(threadId === null ? {} : { threadId }) };
}

function toDraft({ id, message }: gmail_v1.Schema$Draft): StoredDraft {
  return {
    draftId: id ?? '',
    messageId: message?.id ?? null,
    threadId: message?.threadId ?? null,
  };
}

async function inChunks<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += concurrency) {
    results.push(...(await Promise.all(items.slice(at, at + concurrency).map(work))));
  }
  return results;
}

async function orNull<Data>(reading: Promise<Data>): Promise<Data | null> {
  try {
    return await reading;
  } catch (error) {
    if (failureTypeOf(error) === 'NotFoundError') return null;
    throw error;
  }
}

function asObject<Data extends object>(data: Data): Data {
  if (typeof data === 'object' && data !== null) return data;
  throw failure('ProviderUnavailableError', 'Google sent an empty answer.');
}
