/**
 * Folders over Graph: their list, single ones, their children, new ones, the messages in them and
 * what changed there. Folders are neither renamed nor deleted here.
 */
import type { FastifyInstance } from 'fastify';
import { bodyField, bodyObject, rawBody } from '../bodies.ts';
import type { Office } from '../office/office.ts';
import { badRequest, GraphError } from './errors.ts';
import { parseFilter } from './filter.ts';
import { listChanges } from './mail-delta.ts';
import {
  childFolders,
  createFolder,
  type Folder,
  requireFolder,
  showFolder,
} from './mail-folders.ts';
import { type MailScope, mailScope, pathId } from './mail-items.ts';
import { listMessages } from './mail-lists.ts';
import { selected } from './odata.ts';
import { pageOf, parameter } from './paging.ts';
import type { FastifyRequest } from 'fastify';

const pages = { defaultSize: 10, maxSize: 1_000 };
const members = ['displayName', 'parentFolderId', 'childFolderCount', 'unreadItemCount'];

/** Registers the routes under /mailFolders. */
export function registerFolderRoutes(me: FastifyInstance, office: Office): void {
  me.get('/mailFolders', (request, reply) => list(mailScope(office, request, reply), request));
  me.post('/mailFolders', (request, reply) => {
    void reply.code(201);
    return create(mailScope(office, request, reply, 'write'), request);
  });
  me.get('/mailFolders/:id', (request, reply) => {
    const scope = mailScope(office, request, reply);
    return show(scope, request, requireFolder(scope.mailbox, scope.owner, pathId(request)));
  });
  me.get('/mailFolders/:id/childFolders', (request, reply) => {
    const scope = mailScope(office, request, reply);
    const { label } = requireFolder(scope.mailbox, scope.owner, pathId(request));
    return list(scope, request, label);
  });
  me.post('/mailFolders/:id/childFolders', (request, reply) => {
    const scope = mailScope(office, request, reply, 'write');
    const { label } = requireFolder(scope.mailbox, scope.owner, pathId(request));
    void reply.code(201);
    return create(scope, request, label);
  });
  me.get('/mailFolders/:id/messages', (request, reply) => {
    const scope = mailScope(office, request, reply);
    const { label } = requireFolder(scope.mailbox, scope.owner, pathId(request));
    return listMessages(scope, request, label);
  });
  for (const path of ['delta', 'delta()']) {
    me.get(`/mailFolders/:id/messages/${path}`, (request, reply) => {
      const scope = mailScope(office, request, reply);
      const folder = requireFolder(scope.mailbox, scope.owner, pathId(request));
      return listChanges(scope, request, folder);
    });
  }
}

function list(scope: MailScope, request: FastifyRequest, parent?: string): object {
  const filter = parameter(request, '$filter');
  const test =
    filter === undefined
      ? undefined
      : parseFilter<Folder>(filter, new Set(['displayName']), ({ displayName }) => displayName);
  const found = childFolders(scope.mailbox, parent).filter(
    (folder) => test === undefined || test.matches(folder),
  );
  const rules = { ...pages, maxPageSize: scope.prefer.maxPageSize };
  return pageOf(request, found, rules, (folder) => show(scope, request, folder));
}

function show({ mailbox, owner }: MailScope, request: FastifyRequest, folder: Folder): object {
  return selected(showFolder(mailbox, owner, folder), parameter(request, '$select'));
}

/** @throws GraphError 400, 409. */
function create(scope: MailScope, request: FastifyRequest, parent?: string): object {
  const { office, owner, mailbox } = scope;
  const displayName = bodyField(request, 'displayName')?.trim() ?? '';
  if (displayName === '') throw badRequest('displayName is required.');
  const unknown = Object.keys(bodyObject(request)).find(
    (name) => !members.includes(name) && name !== 'isHidden' && !name.startsWith('@'),
  );
  if (unknown !== undefined) {
    const message = `The property '${unknown}' does not exist on type 'microsoft.graph.mailFolder'. Make sure to only use property names that are defined by the type.`;
    throw new GraphError(400, 'RequestBodyRead', message);
  }
  const folder = createFolder(office, owner, displayName, parent);
  const raw = rawBody(request).toString('utf8');
  const { vendor, email: account } = owner;
  // Gmail has labels where Outlook has folders.
  office.recordEffect({ vendor, operation: 'labels.create', account, key: displayName, raw });
  return showFolder(mailbox, owner, folder);
}
