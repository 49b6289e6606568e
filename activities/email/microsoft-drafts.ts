/**
 * Mail leaves Graph as a stored draft only: `sendMail`, `reply` and `forward` have no handle to look an
 * outcome up by. A draft is stored as MIME, so that what was approved is what is stored, and its
 * immutable id names the sent copy afterwards.
 *
 * Graph cannot replace a draft's content while sending it, so what is stored is compared with what was
 * approved right before. A change that a person makes between the comparison and the send, some
 * milliseconds, would go out with it: `/send` takes no precondition.
 * @see https://learn.microsoft.com/en-us/graph/outlook-send-mime-message
 * @see https://learn.microsoft.com/en-us/graph/outlook-immutable-id
 */
import { UnknownOutcomeError } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { type MicrosoftSession, prefer, query } from '../microsoft/client.ts';
import {
  attachedMail,
  contentOfMime,
  type DraftFile,
  differenceOf,
} from './microsoft-draft-content.ts';
import {
  type GraphMessage,
  messageSchema,
  propertyOf,
  wholeMessage,
} from './microsoft-messages.ts';
import { quoted } from './microsoft-query.ts';
import {
  attachmentPath,
  isGone,
  messagePath,
  readBytes,
  readOne,
  readPage,
} from './microsoft-reading.ts';
import { hangFiles, type NewFile, noDraft } from './microsoft-uploads.ts';
import type { EmailPort, MailKey, NewDraft, StoredDraft, StoredMail } from './port.ts';

/** The X-Effect-Key header as MAPI keeps it; Graph leaves the headers of sent copies out. */
const keyProperty = 'String {00020386-0000-0000-C000-000000000046} Name X-Effect-Key';
/** How many drafts or sent mails are looked through for a key. */
const scanMax = 50;
/** Graph takes requests of up to 4 MB; files of a larger mail follow its draft. @see https://learn.microsoft.com/en-us/graph/api/user-post-messages */
const requestMaxBytes = 4_000_000;

const actions = { reply: 'createReply', replyAll: 'createReplyAll', forward: 'createForward' };

type Drafts = Pick<
  EmailPort,
  'createDraft' | 'completeDraft' | 'draft' | 'findDraft' | 'sendDraft' | 'deleteDraft' | 'findSent'
>;

/** The drafts of one mailbox. `isInTrash` knows the folder that deleted drafts lie in. */
export function microsoftDrafts(
  session: MicrosoftSession,
  isInTrash: (parentFolderId: string) => Promise<boolean>,
): Drafts {
  /** The item, only while it is a draft that nobody threw away. */
  const readDraft = async (
    draftId: string,
    params: Record<string, string>,
    preferred = prefer(),
  ) => {
    const path = `${messagePath(draftId)}?${query(params)}`;
    const item = await readOne(session, 'read the draft', path, messageSchema, preferred);
    if (item === null || item.isDraft !== true) return null;
    return (await isInTrash(item.parentFolderId ?? '')) ? null : item;
  };
  const facts = { $select: 'id,conversationId,isDraft,parentFolderId' };
  return {
    createDraft: (mail) => createDraft(session, mail),
    async completeDraft({ draftId, raw }) {
      if (isLarge(raw)) await hangFiles(session, draftId, await filesToHang(raw));
    },
    async draft(draftId) {
      const item = await readDraft(draftId, facts);
      return item === null ? null : toDraft(item);
    },
    async findDraft(key) {
      const found = await findByKey(session, 'drafts', key);
      return found === null ? null : toDraft(found);
    },
    async sendDraft({ draftId, raw }) {
      const approved = await contentOfMime(raw);
      // A text that Exchange turns into HTML gains links; as text it stays what it was.
      const preferred = prefer(...(approved.html ? [] : ['outlook.body-content-type="text"']));
      const stored = await readDraft(draftId, wholeMessage, preferred);
      if (stored === null) throw noDraft();
      const difference = differenceOf(approved, stored, await filesOf(session, stored));
      if (difference !== null) {
        throw failure(
          'PreconditionFailedError',
          `The draft was edited in the mailbox (${difference}). It is kept and not sent.`,
          { details: { keepDraft: true } },
        );
      }
      try {
        await session.write('send the mail', (signal) =>
          session.api(messagePath(draftId, '/send')).options({ signal }).post(undefined),
        );
      } catch (error) {
        // A draft that another attempt has just sent is refused like a bad one.
        const refused = failureTypeOf(error) === 'InvalidInputError';
        if (refused && (await readDraft(draftId, facts)) === null) throw noDraft();
        throw error;
      }
      return { messageId: draftId, threadId: stored.conversationId ?? null };
    },
    async deleteDraft(draftId) {
      // The id of a draft is the id of the mail once it is sent, and that is not to be deleted.
      if ((await readDraft(draftId, facts)) === null) throw noDraft();
      await session.write('delete the draft', (signal) =>
        session.api(messagePath(draftId)).options({ signal }).delete(),
      );
    },
    async findSent(key, draftId) {
      return (
        (await sentCopy(session, draftId)) ?? toSent(await findByKey(session, 'sentitems', key))
      );
    },
  };
}

async function createDraft(
  session: MicrosoftSession,
  { raw, withoutFiles, answers }: NewDraft,
): Promise<StoredDraft> {
  if (isLarge(raw)) await filesToHang(raw); // Before anything is stored that could not be completed.
  const stands = isLarge(raw) ? await withoutFiles?.() : raw;
  if (stands === undefined || isLarge(stands)) throw tooLarge('the text of a mail');
  const content = stands.toString('base64');
  const path =
    answers === undefined
      ? '/me/messages'
      : messagePath(answers.messageId, `/${actions[answers.how]}`);
  const answer: unknown = await session.write('store the draft', (signal) =>
    session
      .api(path)
      .header('Content-Type', 'text/plain')
      .options({ signal })
      .post(content)
      .catch((error: unknown) => {
        if (answers === undefined || !isGone(error)) throw error;
        throw failure('PreconditionFailedError', 'The mail to answer is no longer there.');
      }),
  );
  const stored = messageSchema.safeParse(answer).data;
  if (stored === undefined) {
    throw new UnknownOutcomeError('Microsoft sent an answer without a draft.');
  }
  return toDraft(stored);
}

function isLarge(raw: Buffer): boolean {
  return Math.ceil(raw.length / 3) * 4 > requestMaxBytes;
}

/** The files of a mail that is too large for one request. */
async function filesToHang(raw: Buffer): Promise<NewFile[]> {
  const { files } = await contentOfMime(raw);
  return files.map((file) => {
    if (file.bytes === null) throw tooLarge('a mail that carries another one');
    return { ...file, mimeType: file.mimeType ?? 'application/octet-stream' };
  });
}

function tooLarge(what: string): Error {
  return failure('InvalidInputError', `It is too large: Microsoft takes ${what} up to 3 MB only.`);
}

async function filesOf(session: MicrosoftSession, stored: GraphMessage): Promise<DraftFile[]> {
  const files: DraftFile[] = [];
  for (const { id, name, ...kind } of stored.attachments ?? []) {
    if (kind['@odata.type'] === '#microsoft.graph.itemAttachment') {
      files.push(attachedMail);
      continue;
    }
    const bytes = await readBytes(session, 'read the draft', attachmentPath(stored.id, id));
    if (bytes !== null) files.push({ name: name ?? '', bytes });
  }
  return files;
}

/** The copy in Sent Items. There is none while the mail is in transit, or once a person deleted it. */
async function sentCopy(
  session: MicrosoftSession,
  draftId: string | null | undefined,
): Promise<StoredMail | null> {
  if (draftId === null || draftId === undefined) return null;
  const path = `${messagePath(draftId)}?${query({ $select: 'id,conversationId,isDraft' })}`;
  const item = await readOne(session, 'look for the sent mail', path, messageSchema);
  return item?.isDraft === false ? toSent(item) : null;
}

/** Message-ID first; Exchange may have given it another one, so the newest are looked through too. */
async function findByKey(
  session: MicrosoftSession,
  folder: 'drafts' | 'sentitems',
  { effectKey, messageId }: MailKey,
): Promise<GraphMessage | null> {
  const list = async (params: Record<string, string | number>) => {
    const path = `/me/mailFolders/${folder}/messages?${query(params)}`;
    return (await readPage(session, 'look for the mail', path)).messages;
  };
  const facts = { $select: 'id,conversationId,internetMessageId' };
  const named = await list({ ...facts, $filter: `internetMessageId eq ${quoted(messageId)}` });
  const known = named.find(({ internetMessageId }) => internetMessageId === messageId);
  if (known !== undefined) return known;
  const newest = await list({
    $select: `${facts.$select},internetMessageHeaders`,
    $expand: `singleValueExtendedProperties($filter=id eq '${keyProperty}')`,
    $orderby: 'receivedDateTime desc',
    $top: scanMax,
  });
  return newest.find((message) => keysOf(message).includes(effectKey)) ?? null;
}

function keysOf(message: GraphMessage): string[] {
  const headers = message.internetMessageHeaders ?? [];
  return [
    propertyOf(message, keyProperty),
    ...headers.flatMap(({ name, value }) =>
      name?.toLowerCase() === 'x-effect-key' && value ? [value.trim()] : [],
    ),
  ];
}

function toDraft({ id, conversationId }: GraphMessage): StoredDraft {
  return { draftId: id, messageId: id, threadId: conversationId ?? null };
}

function toSent(message: GraphMessage | null): StoredMail | null {
  if (message === null) return null;
  return { messageId: message.id, threadId: message.conversationId ?? null };
}
