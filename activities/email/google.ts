/**
 * Gmail behind the e-mail port. Mail leaves only through `drafts.send`: `messages.send` has no handle
 * to look an outcome up by, and media uploads would bypass the configured address.
 * @see https://developers.google.com/workspace/gmail/api/reference/rest
 */
import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/index.js';
import { UnknownOutcomeError } from '../effects/handler.ts';
import { failure } from '../failures.ts';
import type { GoogleSession } from '../google/client.ts';
import { readChanges } from './google-changes.ts';
import { findDraft, findSent, readDraft, toDraft } from './google-drafts.ts';
import { changeMessage, createLabels, type Labels } from './google-labels.ts';
import { findPart, toMailMessage } from './google-messages.ts';
import { asObject, inChunks, me, orNull, readMessage } from './google-reads.ts';
import { search } from './google-search.ts';
import { summaryOf } from './headers.ts';
import { htmlText } from './mail-text.ts';
import type { EmailPort, MailMessage, SendAs } from './port.ts';

/** The e-mail port of one Gmail account. */
export function createGoogleEmail(session: GoogleSession): EmailPort {
  const { users } = session.gmail;
  const labels = createLabels(session);
  return {
    search: (query, limit) => search(session, labels, query, limit),
    thread: (threadId) => readThread(session, labels, threadId),
    message: (id) => readMessage(session, labels, id),
    attachment: (messageId, attachmentId) => readAttachment(session, messageId, attachmentId),
    async createDraft({ raw, threadId }) {
      const requestBody = { message: messageBody(raw, threadId) };
      const data = await session.write('store the draft', () =>
        users.drafts.create({ ...me, requestBody }),
      );
      if (!data?.id) throw new UnknownOutcomeError('Google sent an answer without a draft.');
      return toDraft(data);
    },
    completeDraft: async () => undefined,
    async draft(draftId) {
      const data = await readDraft(session, draftId);
      return data === null ? null : toDraft(asObject(data));
    },
    findDraft: (key) => findDraft(session, key),
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
    async labels() {
      return [...(await labels.names())].map(([id, name]) => ({ id, name }));
    },
    changeMessage: (messageId, change) => changeMessage(session, labels, messageId, change),
    sendAs: () => readSendAs(session),
    changes: (cursor, options) => readChanges(session, cursor, options),
    async headers(ids) {
      // Gmail has no batches in this client, and its snippet is too short to judge a mail by.
      const found = await inChunks(ids, (id) => readMessage(session, labels, id));
      return found.filter((message) => message !== null).map(summaryOf);
    },
  };
}

async function readThread(
  session: GoogleSession,
  labels: Labels,
  threadId: string,
): Promise<MailMessage[] | null> {
  const { threads } = session.gmail.users;
  const call = () => threads.get({ ...me, id: threadId, format: 'full' });
  const data = await orNull(session.read('read the mail thread', call));
  if (data === null) return null;
  const messages = asObject(data).messages ?? [];
  const names = await labels.namesFor(messages.flatMap(({ labelIds }) => labelIds ?? []));
  return messages
    .map((message) => toMailMessage(message, names))
    .sort((a, b) => a.dateMs - b.dateMs);
}

async function readAttachment(
  session: GoogleSession,
  messageId: string,
  attachmentId: string,
): Promise<Buffer> {
  const { messages } = session.gmail.users;
  const call = () => messages.get({ ...me, id: messageId, format: 'full' });
  const part = findPart(asObject(await session.read('read the mail', call)), attachmentId);
  if (part === undefined) throw failure('NotFoundError', 'The mail has no such attachment.');
  const { data, attachmentId: id } = part.body ?? {};
  if (data) return Buffer.from(data, 'base64url');
  if (!id) return Buffer.alloc(0);
  const file = asObject(
    await session.read('read the attachment', () =>
      messages.attachments.get({ ...me, messageId, id }),
    ),
  );
  return Buffer.from(file.data ?? '', 'base64url');
}

/** Own address first; those that were never confirmed cannot be used. */
async function readSendAs(session: GoogleSession): Promise<SendAs[]> {
  const call = () => session.gmail.users.settings.sendAs.list(me);
  const data = asObject(await session.read('read the addresses to send as', call));
  return (data.sendAs ?? [])
    .filter((entry) => entry.isPrimary || entry.verificationStatus === 'accepted')
    .sort((a, b) => Number(b.isPrimary ?? false) - Number(a.isPrimary ?? false))
    .flatMap(({ sendAsEmail, displayName, signature }) =>
      sendAsEmail
        ? [
            {
              email: sendAsEmail.toLowerCase(),
              name: displayName || null,
              signature: htmlText(signature ?? '').trim() || null,
            },
          ]
        : [],
    );
}

function messageBody(raw: Buffer, threadId: string | null): gmail_v1.Schema$Message {
  return { raw: raw.toString('base64url'), ...(threadId === null ? {} : { threadId }) };
}
