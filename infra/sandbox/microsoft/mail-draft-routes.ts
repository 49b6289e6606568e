/**
 * Drafts and sending: drafts from JSON or MIME, replies and forwards as drafts, the sending of a
 * stored draft, and the requests that write and send at once.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bodyObject, rawBody } from '../bodies.ts';
import { rawOf, removeMessage } from '../mail/mailbox.ts';
import { type Composition, composeMime } from '../mail/mime-compose.ts';
import { header, parseHead } from '../mail/mime.ts';
import type { Office } from '../office/office.ts';
import type { StoredMessage } from '../office/state.ts';
import { GraphError, invalidRequest } from './errors.ts';
import { addressees, type AnswerKind, beginAnswer, citedBy } from './mail-answers.ts';
import {
  answerSchema,
  messageSchema,
  readBody,
  sendMailSchema,
  smallNames,
  type GivenMessage,
} from './mail-bodies.ts';
import { changeMarks, keepProperties } from './mail-changes.ts';
import { applyMessage, emptyDraft, isBase64, readRecipients } from './mail-compose.ts';
import { moveMessage, requireFolder } from './mail-folders.ts';
import { etag, type MailScope, mailScope, messageId, pathId, requireItem } from './mail-items.ts';
import { countEffect, sendDraft, storeDraft } from './mail-sending.ts';
import { showMessage } from './mail-views.ts';

/** Registers the routes that make and send drafts. */
export function registerDraftRoutes(me: FastifyInstance, office: Office): void {
  me.post('/messages', (request, reply) => {
    const scope = mailScope(office, request, reply, 'write');
    return answerWith(scope, request, reply, readDraft(scope, request, messageOf(request)));
  });
  me.post('/mailFolders/:id/messages', (request, reply) => {
    const scope = mailScope(office, request, reply, 'write');
    const { owner, mailbox } = scope;
    const folder = requireFolder(mailbox, owner, pathId(request));
    const draft = readDraft(scope, request, messageOf(request));
    moveMessage(office, owner, draft, folder);
    return answerWith(scope, request, reply, draft);
  });
  for (const [action, oneShot, kind] of [
    ['createReply', 'reply', 'reply'],
    ['createReplyAll', 'replyAll', 'replyAll'],
    ['createForward', 'forward', 'forward'],
  ] as const) {
    me.post(`/messages/:id/${action}`, (request, reply) => {
      const scope = mailScope(office, request, reply, 'write');
      return answerWith(scope, request, reply, readAnswer(scope, request, kind));
    });
    me.post(`/messages/:id/${oneShot}`, (request, reply) => {
      const scope = mailScope(office, request, reply, 'send');
      sendAtOnce(scope, request, readAnswer(scope, request, kind));
      return accepted(reply);
    });
  }
  me.post('/messages/:id/send', (request, reply) => {
    const scope = mailScope(office, request, reply, 'send');
    const draft = requireItem(scope, pathId(request));
    sendDraft(office, scope.owner, draft);
    countEffect(office, scope.owner, request, 'drafts.send', draft, textOf(draft));
    return accepted(reply);
  });
  me.post('/sendMail', (request, reply) => {
    const scope = mailScope(office, request, reply, 'send');
    const given = isMime(request)
      ? undefined
      : readBody(sendMailSchema, smallNames(bodyObject(request)));
    const sent = readDraft(scope, request, given?.message);
    sendAtOnce(scope, request, sent);
    if (given?.saveToSentItems === false) removeMessage(office, scope.owner, sent);
    return accepted(reply);
  });
}

/** 202 has neither body nor content type: the stock client cannot read an empty JSON body. */
function accepted(reply: FastifyReply): FastifyReply {
  return reply.code(202).send();
}

function answerWith(
  scope: MailScope,
  request: FastifyRequest,
  reply: FastifyReply,
  draft: StoredMessage,
): object {
  const { office, owner } = scope;
  countEffect(office, owner, request, 'drafts.create', draft, rawBody(request).toString('utf8'));
  void reply.code(201).headers({
    etag: etag(draft),
    location: `/me/messages/${messageId(scope, draft)}`,
  });
  return showMessage(scope, draft, {});
}

function sendAtOnce(scope: MailScope, request: FastifyRequest, draft: StoredMessage): void {
  const { office, owner } = scope;
  sendDraft(office, owner, draft);
  countEffect(office, owner, request, 'messages.send', draft, textOf(draft));
}

function textOf(message: StoredMessage): string {
  return rawOf(message).toString('utf8');
}

function isMime(request: FastifyRequest): boolean {
  return /^text\/plain/i.test(request.headers['content-type'] ?? '');
}

/** The MIME message of a body: standard base64 as text. @throws GraphError 400. */
function readMime(request: FastifyRequest): Buffer {
  const text = rawBody(request).toString('utf8').trim();
  const bytes = isBase64(text) ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  // Without one header it is no message, whatever it decodes to.
  if (parseHead(bytes).length > 0) return bytes;
  const message = 'Invalid base64 string for MIME content.';
  throw new GraphError(400, 'ErrorMimeContentInvalidBase64String', message);
}

function messageOf(request: FastifyRequest): GivenMessage | undefined {
  return isMime(request) ? undefined : readBody(messageSchema, bodyObject(request));
}

/** Stores the draft a request writes: the given JSON, or the MIME of its body. */
function readDraft(
  scope: MailScope,
  request: FastifyRequest,
  given: GivenMessage | undefined,
): StoredMessage {
  const { office, owner } = scope;
  if (given === undefined) return storeDraft(office, owner, { raw: readMime(request) });
  return keepGiven(scope, applyMessage(emptyDraft(office, owner), given), given);
}

/** Stores the draft that answers a message. @throws GraphError 400, 404. */
function readAnswer(scope: MailScope, request: FastifyRequest, kind: AnswerKind): StoredMessage {
  const { office, owner } = scope;
  const original = requireItem(scope, pathId(request));
  const { threadId } = original;
  if (isMime(request)) {
    const raw = withThread(readMime(request), scope, original, kind);
    return storeDraft(office, owner, { raw, threadId });
  }
  const { comment, message, toRecipients } = readBody(
    answerSchema,
    smallNames(bodyObject(request)),
  );
  if (typeof comment === 'string' && message?.body) {
    throw invalidRequest('Specify either a comment or the body of the message, not both.');
  }
  const begun = beginAnswer(office, owner, original, kind, comment ?? '');
  const addressed = toRecipients ? { ...begun, to: readRecipients(toRecipients) } : begun;
  return keepGiven(scope, applyMessage(addressed, message ?? {}), message ?? {}, threadId);
}

/** An answer's MIME with what it leaves open taken from the message it answers. */
function withThread(
  raw: Buffer,
  { owner }: MailScope,
  original: StoredMessage,
  kind: AnswerKind,
): Buffer {
  const headers = parseHead(raw);
  const has = (name: string): boolean => header(headers, name) !== undefined;
  const cited = citedBy(original);
  const last = cited.at(-1);
  const { to } = addressees(owner, original, kind);
  const added = [
    ...(has('To') || has('Cc') || has('Bcc') || to === '' ? [] : [`To: ${to}`]),
    ...(has('In-Reply-To') || last === undefined ? [] : [`In-Reply-To: ${last}`]),
    ...(has('References') || last === undefined ? [] : [`References: ${cited.join('\r\n ')}`]),
  ];
  if (added.length === 0) return raw;
  return Buffer.concat([Buffer.from(`${added.join('\r\n')}\r\n`), raw]);
}

function keepGiven(
  scope: MailScope,
  composition: Composition,
  given: GivenMessage,
  threadId?: string,
): StoredMessage {
  const { office, owner } = scope;
  const draft = storeDraft(office, owner, { raw: composeMime(composition), threadId });
  changeMarks(scope, draft, { categories: given.categories, flag: given.flag });
  keepProperties(scope, draft, given);
  return draft;
}
