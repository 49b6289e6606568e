/** Finding a draft or a sent mail of ours again, by its key. Reads only. */
import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/index.js';
import type { GoogleSession } from '../google/client.ts';
import { headerOf } from './google-messages.ts';
import { asObject, inChunks, me, orNull } from './google-reads.ts';
import type { MailKey, StoredDraft, StoredMail } from './port.ts';

const keyHeader = 'X-Effect-Key';
/** How many drafts or sent mails are looked through for a key. */
const scanMax = 50;

/** A draft with its headers, or null when it is gone. */
export function readDraft(
  session: GoogleSession,
  id: string,
): Promise<gmail_v1.Schema$Draft | null> {
  const params = { ...me, id, format: 'metadata' } as gmail_v1.Params$Resource$Users$Drafts$Get;
  const call = () => session.gmail.users.drafts.get(params);
  return orNull(session.read('read the draft', call));
}

/** The draft that carries an effect key. */
export async function findDraft(
  session: GoogleSession,
  { effectKey, messageId }: MailKey,
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
  const drafts = await inChunks([...candidates], (id) => readDraft(session, id));
  const ours = drafts.find(
    (draft) => draft?.message && headerOf(draft.message, keyHeader) === effectKey,
  );
  return ours ? toDraft(ours) : null;
}

/** The sent mail that carries an effect key. */
export async function findSent(
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

/** A draft in the port's form. */
export function toDraft({ id, message }: gmail_v1.Schema$Draft): StoredDraft {
  return {
    draftId: id ?? '',
    messageId: message?.id ?? null,
    threadId: message?.threadId ?? null,
  };
}
