/**
 * Lists of messages: filter, search, order and pages of a request, with Outlook's limits on how
 * they go together.
 */
import type { FastifyRequest } from 'fastify';
import { treeOf } from '../mail/mailbox.ts';
import { header, mailboxes } from '../mail/mime.ts';
import type { StoredMessage } from '../office/state.ts';
import { badRequest, GraphError } from './errors.ts';
import { type FilterValue, parseFilter } from './filter.ts';
import { folderId, placeOf } from './mail-folders.ts';
import { isVisible, type MailScope, messageId } from './mail-items.ts';
import { propertyOf } from './mail-properties.ts';
import { parseSearch } from './mail-search.ts';
import {
  categoriesOf,
  classificationOf,
  conversationId,
  flagOf,
  hasAttachments,
  importanceOf,
  isMessageMember,
  type MessageView,
  sentMs,
  showMessage,
} from './mail-views.ts';
import { inOrder, type OrderBy, readOrder } from './odata.ts';
import { pageOf, parameter } from './paging.ts';

const pages = { defaultSize: 10, maxSize: 1_000 };

/** How many messages a search finds at most. */
const maxFound = 1_000;

/** Properties of messages that a filter or an order may name. */
const filterable: ReadonlySet<string> = new Set([
  'id',
  'conversationId',
  'internetMessageId',
  'parentFolderId',
  'subject',
  'importance',
  'isRead',
  'isDraft',
  'hasAttachments',
  'categories',
  'inferenceClassification',
  'receivedDateTime',
  'sentDateTime',
  'createdDateTime',
  'lastModifiedDateTime',
  'from/emailAddress/address',
  'from/emailAddress/name',
  'sender/emailAddress/address',
  'sender/emailAddress/name',
  'flag/flagStatus',
]);

/** What an answer shows, from `$select` and `$expand`. @throws GraphError 400. */
export function viewOf(request: FastifyRequest): MessageView {
  return readView(parameter(request, '$select'), parameter(request, '$expand'));
}

/** The same from the texts themselves. @throws GraphError 400 for a member messages do not have. */
export function readView(select: string | undefined, expand: string | undefined): MessageView {
  const names = select?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !isMessageMember(name));
  if (unknown !== undefined) {
    throw badRequest(
      `Parsing OData Select and Expand failed: Could not find a property named '${unknown}' on type 'microsoft.graph.message'.`,
    );
  }
  // Commas inside brackets belong to one expansion.
  return { select: names, expand: expand?.match(/[^,(]+(?:\([^)]*\))?/g) ?? [] };
}

/** The answer to a request for messages: of one folder, or of all. @throws GraphError 400. */
export function listMessages(scope: MailScope, request: FastifyRequest, folder?: string): object {
  const found = findMessages(scope, request, folder);
  const view = viewOf(request);
  const rules = { ...pages, maxPageSize: scope.prefer.maxPageSize };
  return {
    ...(parameter(request, '$count') === 'true' ? { '@odata.count': found.length } : {}),
    ...pageOf(request, found, rules, (message) => showMessage(scope, message, view)),
  };
}

/** The messages a request means, in its order. @throws GraphError 400. */
export function findMessages(
  scope: MailScope,
  request: FastifyRequest,
  folder?: string,
): StoredMessage[] {
  const { office, mailbox } = scope;
  const search = parameter(request, '$search');
  const filter = parameter(request, '$filter');
  const order = parameter(request, '$orderby') ?? parameter(request, '$orderBy');
  const here = Object.values(mailbox.messages).filter(
    (message) =>
      isVisible(office, message) && (folder === undefined || placeOf(mailbox, message) === folder),
  );
  if (search !== undefined) {
    for (const [name, value] of Object.entries({ $filter: filter, $orderBy: order })) {
      if (value === undefined) continue;
      const code = name === '$filter' ? 'SearchWithFilter' : 'SearchWithOrderBy';
      const message = `The query parameter '${name}' is not supported with '$search'.`;
      throw new GraphError(400, code, message);
    }
    const matches = parseSearch(search, scope);
    const indexedMs = office.now().getTime() - office.knobs.searchLagMs;
    return here
      .filter((message) => message.internalDate <= indexedMs && matches(message))
      .sort((a, b) => sentMs(b) - sentMs(a) || (a.id < b.id ? -1 : 1))
      .slice(0, maxFound);
  }
  const read = (message: StoredMessage, path: string): FilterValue =>
    filterValue(scope, message, path);
  const test = filter === undefined ? undefined : parseFilter(filter, filterable, read);
  const found = test ? here.filter(test.matches) : here;
  return inOrder(found, orderOf(request, test?.properties), read);
}

/**
 * The order of a list, newest first by default.
 * @throws GraphError 400 when a filter names other properties first: Outlook wants the ones of the
 *   order in the filter too, before all others and in the same order
 */
function orderOf(request: FastifyRequest, filtered: readonly string[] | undefined): OrderBy[] {
  const order = readOrder(request, filterable);
  if (order === undefined) return [{ path: 'receivedDateTime', descending: true }];
  const named = [...new Set(filtered)];
  if (filtered !== undefined && order.some(({ path }, index) => named[index] !== path)) {
    const message = 'The restriction or sort order is too complex for this operation.';
    throw new GraphError(400, 'InefficientFilter', message);
  }
  return order;
}

/** A property of a message in the form filters compare: instants in milliseconds. */
function filterValue(scope: MailScope, message: StoredMessage, path: string): FilterValue {
  const { labelIds, internalDate, modifiedMs = internalDate } = message;
  if (path.startsWith('properties:')) return propertyOf(message, path.slice('properties:'.length));
  switch (path) {
    case 'receivedDateTime':
    case 'createdDateTime':
      // Outlook compares whole seconds, as it shows them.
      return Math.floor(internalDate / 1_000) * 1_000;
    case 'lastModifiedDateTime':
      return Math.floor(modifiedMs / 1_000) * 1_000;
    case 'sentDateTime':
      return sentMs(message);
    case 'id':
      return messageId(scope, message);
    case 'conversationId':
      return conversationId(scope, message.threadId);
    case 'internetMessageId':
      return header(treeOf(message).headers, 'Message-ID');
    case 'parentFolderId':
      return folderId(scope.owner, placeOf(scope.mailbox, message));
    case 'subject':
      return header(treeOf(message).headers, 'Subject') ?? '';
    case 'isRead':
      return !labelIds.includes('UNREAD');
    case 'isDraft':
      return labelIds.includes('DRAFT');
    case 'hasAttachments':
      return hasAttachments(message);
    case 'importance':
      return importanceOf(message);
    case 'categories':
      return categoriesOf(scope.mailbox, message);
    case 'inferenceClassification':
      return classificationOf(message);
    case 'flag/flagStatus':
      return flagOf(message);
    default: {
      const [sender] = mailboxes(header(treeOf(message).headers, 'From'));
      return path.endsWith('/name') ? sender?.name : sender?.address;
    }
  }
}
