/**
 * Messages as items of an Outlook mailbox: their ids, their versions, and the one a path names.
 * An ordinary id dies when its message moves; an immutable one lives as long as the message.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Office } from '../office/office.ts';
import type { MailboxState, Person, StoredMessage } from '../office/state.ts';
import { requireMailbox } from './accounts.ts';
import { changeKeyMismatch, GraphError, itemNotFound } from './errors.ts';
import { type IdKind, readId, writeId } from './ids.ts';
import { type Preferences, readPreferences } from './prefer.ts';

/** Whose mailbox a request is about, and how its answer should look. */
export interface MailScope {
  readonly office: Office;
  readonly owner: Person;
  readonly mailbox: MailboxState;
  readonly prefer: Preferences;
  readonly idKind: IdKind;
}

/** Permissions of which a token must hold one, by what a request does. */
const permissions = {
  read: ['Mail.Read', 'Mail.ReadWrite'],
  write: ['Mail.ReadWrite'],
  send: ['Mail.Send'],
  settings: ['MailboxSettings.Read', 'MailboxSettings.ReadWrite'],
  changeSettings: ['MailboxSettings.ReadWrite'],
} as const;

/** Reads the scope of a request. @throws GraphError 400, 401, 403. */
export function mailScope(
  office: Office,
  request: FastifyRequest,
  reply: FastifyReply,
  does: keyof typeof permissions = 'read',
): MailScope {
  const owner = requireMailbox(office, request, ...permissions[does]);
  const prefer = readPreferences(request, reply);
  const idKind = prefer.immutableIds ? 'immutable' : 'ordinary';
  return { office, owner, mailbox: office.mailbox(owner.email), prefer, idKind };
}

/** A message's id in the form the request asked for. */
export function messageId(scope: MailScope, { id, moves }: IdParts): string {
  const key = scope.idKind === 'immutable' ? id : `${id}.${moves ?? 0}`;
  return writeId(scope.idKind, scope.owner, key);
}

/** What an id is made of. */
export type IdParts = Pick<StoredMessage, 'id' | 'moves'>;

/** A parameter of the path. */
export function pathId(request: FastifyRequest, name = 'id'): string {
  return (request.params as Record<string, string>)[name] ?? '';
}

/** The message a path names, by either kind of id. @throws GraphError 400, 404. */
export function requireItem(scope: MailScope, id: string): StoredMessage {
  const found = readId(scope.owner, id);
  if (!found) {
    if (/^AA(?:MkAG|kALg)[\w-]{8,}$/.test(id)) throw itemNotFound();
    throw new GraphError(400, 'ErrorInvalidIdMalformed', 'Id is malformed.');
  }
  const [key = '', moves] = found.key.split('.');
  const message = scope.mailbox.messages[key];
  if (!message || !isVisible(scope.office, message)) throw itemNotFound();
  if (found.kind === 'ordinary' && Number(moves) !== (message.moves ?? 0)) throw itemNotFound();
  return message;
}

/** False for a copy of sent mail that has not reached Sent Items yet. */
export function isVisible(office: Office, { labelIds, internalDate }: StoredMessage): boolean {
  const { sentCopyLagMs } = office.knobs;
  return (
    sentCopyLagMs === 0 ||
    !labelIds.includes('SENT') ||
    internalDate <= office.now().getTime() - sentCopyLagMs
  );
}

/** The version of a message. */
export function changeKey({ id, historyId }: StoredMessage): string {
  return Buffer.from(`${id}:${historyId}`).toString('base64');
}

/** A message's version as an entity tag. */
export function etag(message: StoredMessage): string {
  return `W/"${changeKey(message)}"`;
}

/** Refuses a change of another version than the client knows. @throws GraphError 412. */
export function checkIfMatch(request: FastifyRequest, message: StoredMessage): void {
  const wanted = request.headers['if-match'];
  if (wanted === undefined || wanted === '*' || wanted === etag(message)) return;
  throw changeKeyMismatch();
}
