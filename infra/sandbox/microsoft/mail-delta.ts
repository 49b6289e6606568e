/**
 * What changed in one folder since a client last asked. A first round lists the folder newest
 * first, later rounds read the mailbox's history; no change between two pages is lost.
 */
import type { FastifyRequest } from 'fastify';
import type { HistoryEntry, StoredMessage } from '../office/state.ts';
import { badRequest, syncStateNotFound } from './errors.ts';
import { type Folder, isPlace, placeOf } from './mail-folders.ts';
import { isVisible, type MailScope, messageId } from './mail-items.ts';
import { readView } from './mail-lists.ts';
import { showMessage } from './mail-views.ts';
import { graphUrl, pageSize, parameter, pathOf } from './paging.ts';

const pages = { defaultSize: 10, maxSize: 1_000 };

/** What a token remembers: what was asked for at first, and how far the client has read. */
interface DeltaState {
  readonly select?: string | undefined;
  readonly changeType?: string | undefined;
  /** Only messages received at or after this instant; a first round's filter. */
  readonly sinceMs?: number | undefined;
  /** The history id at which this round, or in a first round the next one, starts. */
  readonly from: number;
  /** In a first round: the last message listed. */
  readonly listed?: { readonly dateMs: number; readonly id: string } | undefined;
  /** In a later round: the history id up to which its changes were told. */
  readonly told?: number | undefined;
}

/** One page of changes of a folder. @throws GraphError 400, 410 when the token is too old. */
export function listChanges(scope: MailScope, request: FastifyRequest, folder: Folder): object {
  const skip = parameter(request, '$skiptoken') ?? parameter(request, '$skipToken');
  const delta = parameter(request, '$deltatoken') ?? parameter(request, '$deltaToken');
  const token = skip ?? delta;
  const state = token === undefined ? begin(scope, request) : readToken(scope, token);
  const size = pageSize(request, { ...pages, maxPageSize: scope.prefer.maxPageSize });
  const { value, rest } =
    state.told === undefined
      ? firstRound(scope, folder, state, size)
      : laterRound(scope, folder, state, state.told, size);
  const link = graphUrl(request, pathOf(request));
  if (rest) {
    link.searchParams.set('$skiptoken', writeToken(rest));
    return { '@odata.nextLink': link.href, value };
  }
  const from = state.told === undefined ? state.from : scope.mailbox.historyId;
  const { select, changeType, sinceMs } = state;
  const next: DeltaState = { select, changeType, sinceMs, from, told: from };
  link.searchParams.set('$deltatoken', writeToken(next));
  return { '@odata.deltaLink': link.href, value };
}

function begin(scope: MailScope, request: FastifyRequest): DeltaState {
  const filter = parameter(request, '$filter');
  const order = parameter(request, '$orderby') ?? parameter(request, '$orderBy');
  const changeType = parameter(request, 'changeType');
  const sinceMs = Date.parse(/^receivedDateTime g[et] (\S+)$/.exec(filter ?? '')?.[1] ?? '');
  if (filter !== undefined && Number.isNaN(sinceMs)) {
    throw badRequest('Change tracking is filtered by receivedDateTime with ge or gt only.');
  }
  if (order !== undefined && !/^receivedDateTime desc$/i.test(order.trim())) {
    throw badRequest('Change tracking is ordered by receivedDateTime desc only.');
  }
  if (parameter(request, '$search') !== undefined) {
    throw badRequest("The query parameter '$search' is not supported with change tracking.");
  }
  if (changeType !== undefined && !['created', 'updated', 'deleted'].includes(changeType)) {
    throw badRequest(`'${changeType}' is no changeType.`);
  }
  return {
    select: parameter(request, '$select'),
    changeType,
    ...(filter === undefined ? {} : { sinceMs }),
    from: scope.mailbox.historyId,
  };
}

/** A page, and where the next one begins; without `rest` the round is over. */
interface DeltaPage {
  readonly value: object[];
  readonly rest?: DeltaState;
}

function firstRound(scope: MailScope, folder: Folder, state: DeltaState, size: number): DeltaPage {
  const { listed, sinceMs = Number.NEGATIVE_INFINITY } = state;
  const view = readView(state.select, undefined);
  const left = Object.values(scope.mailbox.messages)
    .filter(
      (message) =>
        placeOf(scope.mailbox, message) === folder.label &&
        isVisible(scope.office, message) &&
        message.internalDate >= sinceMs &&
        (listed === undefined || isAfter(message, listed)),
    )
    .sort((a, b) => b.internalDate - a.internalDate || (a.id < b.id ? -1 : 1));
  const page = left.slice(0, size);
  const last = page.at(-1);
  const value = page.map((message) => showMessage(scope, message, view));
  if (left.length <= size || !last) return { value };
  return { value, rest: { ...state, listed: { dateMs: last.internalDate, id: last.id } } };
}

function isAfter(
  { internalDate, id }: StoredMessage,
  listed: NonNullable<DeltaState['listed']>,
): boolean {
  return internalDate < listed.dateMs || (internalDate === listed.dateMs && id > listed.id);
}

function laterRound(
  scope: MailScope,
  folder: Folder,
  state: DeltaState,
  told: number,
  size: number,
): DeltaPage {
  const touched = new Map<string, HistoryEntry[]>();
  for (const entry of scope.mailbox.history) {
    if (entry.id <= state.from) continue;
    const entries = touched.get(entry.messageId) ?? [];
    entries.push(entry);
    touched.set(entry.messageId, entries);
  }
  const changes = [...touched.values()]
    .map((entries) => ({ entries, lastId: entries.at(-1)?.id ?? 0 }))
    .filter(({ lastId }) => lastId > told)
    .sort((a, b) => a.lastId - b.lastId)
    .flatMap(({ entries, lastId }) => {
      const shown = showChange(scope, folder, state, entries);
      return shown ? [{ shown, lastId }] : [];
    });
  const page = changes.slice(0, size);
  const value = page.map(({ shown }) => shown);
  const last = page.at(-1);
  if (changes.length <= size || !last) return { value };
  return { value, rest: { ...state, told: last.lastId } };
}

/** One message's changes as one item; undefined when they do not concern the folder or request. */
function showChange(
  scope: MailScope,
  folder: Folder,
  state: DeltaState,
  entries: readonly HistoryEntry[],
): object | undefined {
  const { mailbox, office } = scope;
  const [first] = entries;
  const message = mailbox.messages[first?.messageId ?? ''];
  const isHere =
    message !== undefined &&
    placeOf(mailbox, message) === folder.label &&
    isVisible(office, message);
  const moves = entries.map((entry) => moved(scope, folder, entry));
  const firstMove = moves.find((move) => move !== undefined);
  if (isHere) {
    const kind = firstMove === 'in' ? 'created' : 'updated';
    if (message.internalDate < (state.sinceMs ?? Number.NEGATIVE_INFINITY)) return undefined;
    if (state.changeType !== undefined && state.changeType !== kind) return undefined;
    return showMessage(scope, message, readView(state.select, undefined));
  }
  // What came and left in between was never told.
  if (firstMove !== 'out' || (state.changeType ?? 'deleted') !== 'deleted') return undefined;
  const leaving = entries[moves.indexOf('out')];
  return {
    '@odata.type': '#microsoft.graph.message',
    id: messageId(scope, { id: first?.messageId ?? '', moves: leaving?.moves }),
    '@removed': { reason: 'deleted' },
  };
}

/** Whether an entry brought its message into the folder or took it out. */
function moved(
  { mailbox }: MailScope,
  { label }: Folder,
  { kind, labelIds }: HistoryEntry,
): 'in' | 'out' | undefined {
  const place = placeOf(mailbox, { labelIds });
  switch (kind) {
    case 'messageAdded':
      return place === label ? 'in' : undefined;
    case 'messageDeleted':
      return place === label ? 'out' : undefined;
    case 'labelAdded':
      if (labelIds.includes(label)) return 'in';
      // The archive has no label of its own on mail that other programs filed there.
      return label === 'ARCHIVE' && labelIds.some((added) => isPlace(mailbox, added))
        ? 'out'
        : undefined;
    case 'labelRemoved':
      return labelIds.includes(label) ? 'out' : undefined;
    default:
      return kind satisfies never;
  }
}

function writeToken(state: DeltaState): string {
  return Buffer.from(JSON.stringify(state)).toString('base64url');
}

/** @throws GraphError 400, 410. */
function readToken({ mailbox }: MailScope, token: string): DeltaState {
  let state: DeltaState;
  try {
    state = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as DeltaState;
  } catch {
    throw badRequest('Badly formed token.');
  }
  if (!Number.isInteger(state.from)) throw badRequest('Badly formed token.');
  if (state.from < mailbox.historyFloor || state.from > mailbox.historyId) {
    throw syncStateNotFound();
  }
  return state;
}
