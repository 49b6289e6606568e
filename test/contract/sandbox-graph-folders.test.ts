/** Outlook's folders, changes, files and categories in the sandbox through the real Graph client. */
import { ResponseType } from '@microsoft/microsoft-graph-client';
import type { MailFolder, Message, OutlookCategory } from '@microsoft/microsoft-graph-types';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectGraph, type GraphClients, graphRefusal } from './graph-clients.ts';
import { connect } from './sandbox-clients.ts';

const carlaEmail = 'carla.rossi@office.example.com';
const privateEmail = 'alex@morgan-family.example.org';

let nowMs = Date.parse('2026-10-07T08:00:00Z');
let sandbox: Sandbox;
let carla: GraphClients;
let home: GraphClients;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date(nowMs) });
  carla = await connectGraph(sandbox, carlaEmail);
  home = await connectGraph(sandbox, privateEmail);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
afterEach(() => {
  expect([...carla.violations, ...home.violations]).toEqual([]);
});

type Page = {
  value: (Message & { '@removed'?: { reason: string } })[];
  '@odata.nextLink'?: string;
  '@odata.deltaLink'?: string;
};

const list = async (path: string, who = carla): Promise<Message[]> =>
  (await who.api(path).get()).value;
const arrive = async (subject: string) => {
  nowMs += 1_000;
  const raw = Buffer.from(`To: ${carlaEmail}\r\nSubject: ${subject}\r\n\r\nHello`);
  await connect(sandbox).gmail.users.messages.send({
    userId: 'me',
    requestBody: { raw: raw.toString('base64url') },
  });
  const [message] = await list('/me/mailFolders/inbox/messages?$top=1');
  return message!;
};
const move = async (id: string, destinationId: string): Promise<Message> =>
  carla.api(`/me/messages/${id}/move`).post({ destinationId });

describe('folders', () => {
  it('are the well-known ones, with their counts', async () => {
    const { value } = (await carla.api('/me/mailFolders').get()) as { value: MailFolder[] };
    expect(value.map(({ displayName }) => displayName)).toEqual([
      'Inbox',
      'Drafts',
      'Sent Items',
      'Archive',
      'Deleted Items',
      'Junk Email',
    ]);
    const inbox = (await carla.api('/me/mailFolders/Inbox').get()) as MailFolder;
    expect(inbox).toEqual(value[0]);
    expect(inbox.totalItemCount).toBe(
      (await list(`/me/mailFolders/${inbox.id}/messages?$top=100`)).length,
    );
    expect(await graphRefusal(carla.api('/me/mailFolders/nowhere').get())).toMatchObject({
      status: 404,
    });
  });

  it('are made once under a name, inside others too', async () => {
    const make = async (displayName: string, path = '/me/mailFolders'): Promise<MailFolder> =>
      carla.api(path).post({ displayName });
    const clients = await make('Clients');
    expect(await graphRefusal(make('clients'))).toEqual({ status: 409, code: 'ErrorFolderExists' });
    const acme = await make('Acme', `/me/mailFolders/${clients.id}/childFolders`);
    expect(acme.parentFolderId).toBe(clients.id);
    const found = await carla.api('/me/mailFolders').filter("displayName eq 'Clients'").get();
    expect(found.value).toMatchObject([{ id: clients.id, childFolderCount: 1 }]);
    const message = await arrive('For Acme');
    const moved = await move(message.id!, acme.id!);
    expect(moved).toMatchObject({ id: message.id, parentFolderId: acme.id });
    expect(await list(`/me/mailFolders/${acme.id}/messages`)).toMatchObject([{ id: message.id }]);
  });

  it('keep an immutable id over a move, and give another ordinary one', async () => {
    const message = await arrive('Moving');
    const ordinary = async () =>
      (await carla
        .api(`/me/messages/${message.id}`)
        .header('Prefer', 'outlook.body-content-type="text"')
        .get()) as Message;
    const before = await ordinary();
    expect(before.id).not.toBe(message.id);
    for (const folder of ['archive', 'junkemail', 'deleteditems', 'inbox']) {
      expect((await move(message.id!, folder)).id).toBe(message.id);
      const inside = await list(`/me/mailFolders/${folder}/messages`);
      expect(inside.map(({ id }) => id)).toContain(message.id);
    }
    const after = await ordinary();
    expect(after.id).not.toBe(before.id);
    expect(await graphRefusal(carla.api(`/me/messages/${before.id}`).get())).toEqual({
      status: 404,
      code: 'ErrorItemNotFound',
    });
    expect((await carla.api(`/me/messages/${after.id}`).get()).subject).toBe('Moving');
  });

  it('take what is deleted into the bin first', async () => {
    const message = await arrive('Rubbish');
    await carla.api(`/me/messages/${message.id}`).delete();
    const bin = await list('/me/mailFolders/deleteditems/messages');
    expect(bin.map(({ id }) => id)).toContain(message.id);
    await carla.api(`/me/messages/${message.id}`).delete();
    expect(await graphRefusal(carla.api(`/me/messages/${message.id}`).get())).toMatchObject({
      status: 404,
    });
  });
});

describe('changes of a folder', () => {
  const path = '/me/mailFolders/inbox/messages/delta';
  /** Follows the links of one round. */
  const round = async (link: string, pageSize = 2) => {
    const value: Page['value'] = [];
    let next: string | undefined = link;
    let deltaLink = '';
    while (next !== undefined) {
      const page: Page = await carla
        .api(next)
        .header('Prefer', `IdType="ImmutableId", odata.maxpagesize=${pageSize}`)
        .get();
      expect(page.value.length).toBeLessThanOrEqual(pageSize);
      value.push(...page.value);
      next = page['@odata.nextLink'];
      deltaLink = page['@odata.deltaLink'] ?? '';
    }
    return { value, deltaLink };
  };

  it('begin with all of it, go on with what came, changed and left, each once', async () => {
    const first = await round(`${path}?$select=subject,isRead`);
    expect(first.value.length).toBe((await list('/me/mailFolders/inbox/messages?$top=99')).length);
    expect((await round(first.deltaLink)).value).toEqual([]);
    const come = await arrive('Come');
    const changed = first.value[0]!;
    await carla.api(`/me/messages/${changed.id}`).patch({ isRead: true, categories: ['Seen'] });
    const gone = await arrive('Gone again');
    await move(gone.id!, 'archive');
    const left = first.value[1]!;
    await move(left.id!, 'archive');
    const second = await round(first.deltaLink, 1);
    expect(second.value).toMatchObject([
      { id: come.id, subject: 'Come', isRead: false },
      { id: changed.id, isRead: true },
      { id: left.id, '@removed': { reason: 'deleted' } },
    ]);
    expect(second.value[0]).not.toHaveProperty('body');
    expect((await round(second.deltaLink)).value).toEqual([]);
    await move(left.id!, 'inbox');
    expect((await round(second.deltaLink)).value).toMatchObject([{ id: left.id }]);
  });

  it('may be of one kind, and only of mail received since', async () => {
    const since = new Date(nowMs + 500).toISOString();
    const created = await round(`${path}?changeType=created&$filter=receivedDateTime ge ${since}`);
    expect(created.value).toEqual([]);
    const fresh = await arrive('Created');
    const [old] = await list('/me/mailFolders/inbox/messages?$skip=1&$top=1');
    await carla.api(`/me/messages/${old!.id}`).patch({ flag: { flagStatus: 'flagged' } });
    expect((await round(created.deltaLink)).value.map(({ id }) => id)).toEqual([fresh.id]);
  });

  it('are gone when the history is, and cannot be asked for otherwise than documented', async () => {
    const { deltaLink } = await round(`${path}?$select=id`);
    const answer = await fetch(`${sandbox.oracleUrl}/__cursors`, { method: 'DELETE' });
    expect(answer.status).toBe(204);
    expect(await graphRefusal(round(deltaLink))).toEqual({
      status: 410,
      code: 'SyncStateNotFound',
    });
    expect((await round(`${path}?$select=id`)).value.length).toBeGreaterThan(0);
    expect((await graphRefusal(carla.api(`${path}?$orderby=subject`).get())).code).toBe(
      'BadRequest',
    );
    expect((await graphRefusal(carla.api(`${path}?$filter=isRead eq false`).get())).code).toBe(
      'BadRequest',
    );
  });
});

describe('files', () => {
  const attach = (id: string, file: object) =>
    carla.api(`/me/messages/${id}/attachments`).post({
      '@odata.type': '#microsoft.graph.fileAttachment',
      ...file,
    });

  it('are listed, read whole and as bytes', async () => {
    const withFile = (await list('/me/messages?$filter=hasAttachments eq true', home))[0]!;
    const path = `/me/messages/${withFile.id}/attachments`;
    const [file] = (await home.api(path).get()).value;
    expect(file).toMatchObject({
      '@odata.type': '#microsoft.graph.fileAttachment',
      isInline: false,
    });
    const whole = await home.api(`${path}/${file.id}`).get();
    const bytes: string = await home
      .api(`${path}/${file.id}/$value`)
      .responseType(ResponseType.TEXT)
      .get();
    expect(Buffer.from(whole.contentBytes, 'base64').toString()).toBe(bytes);
    const short = (await home.api(`${path}?$select=name,size`).get()).value[0];
    expect(Object.keys(short).sort()).toEqual([
      '@odata.mediaContentType',
      '@odata.type',
      'id',
      'name',
      'size',
    ]);
    const [expanded] = await list(
      `/me/messages?$filter=hasAttachments eq true&$top=1&$expand=attachments($select=id,name)`,
      home,
    );
    expect(expanded!.attachments).toMatchObject([{ id: file.id, name: file.name }]);
  });

  it('are added to drafts below three megabytes', async () => {
    const draft = (await carla.api('/me/messages').post({ subject: 'Files' })) as Message;
    const content = Buffer.from([0, 1, 2, 253, 254, 255]);
    await attach(draft.id!, { name: 'bytes.bin', contentBytes: content.toString('base64') });
    await attach(draft.id!, { name: 'größe.txt', contentType: 'text/plain', contentBytes: 'aGk=' });
    const files = (await carla.api(`/me/messages/${draft.id}/attachments`).get()).value;
    expect(files).toMatchObject([
      { name: 'bytes.bin', contentBytes: content.toString('base64') },
      { name: 'größe.txt', contentType: 'text/plain', contentBytes: 'aGk=' },
    ]);
    const large = Buffer.alloc(3 * 1024 * 1024).toString('base64');
    expect(await graphRefusal(attach(draft.id!, { name: 'l', contentBytes: large }))).toMatchObject(
      { status: 413 },
    );
    expect(await graphRefusal(attach(draft.id!, { name: 'x', contentBytes: '*' }))).toMatchObject({
      status: 400,
    });
    const [received] = await list('/me/mailFolders/inbox/messages');
    expect(await graphRefusal(attach(received!.id!, { name: 'x', contentBytes: 'aGk=' }))).toEqual({
      status: 400,
      code: 'ErrorInvalidRequest',
    });
  });
});

it('keeps a list of categories, each name once', async () => {
  const path = '/me/outlook/masterCategories';
  const made = (await carla
    .api(path)
    .post({ displayName: 'Waiting', color: 'preset4' })) as OutlookCategory;
  expect(made).toMatchObject({ displayName: 'Waiting', color: 'preset4' });
  expect((await carla.api(path).get()).value).toContainEqual(made);
  expect(await graphRefusal(carla.api(path).post({ displayName: 'waiting' }))).toMatchObject({
    status: 409,
  });
  const message = await arrive('Categorised');
  await carla.api(`/me/messages/${message.id}`).patch({ categories: ['Waiting'] });
  expect((await carla.api(`/me/messages/${message.id}`).get()).categories).toEqual(['Waiting']);
  await carla.api(`${path}/${made.id}`).delete();
  expect((await carla.api(path).get()).value).not.toContainEqual(made);
  expect(await graphRefusal(carla.api(`${path}/${made.id}`).delete())).toMatchObject({
    status: 404,
  });
});

it('holds mail of its own in the private account, some of it unread', async () => {
  const mail = await list('/me/messages?$top=100', home);
  expect(mail.length).toBeGreaterThan(10);
  expect(mail.filter(({ isRead }) => !isRead).length).toBeGreaterThan(1);
  expect(await list('/me/mailFolders/junkemail/messages', home)).toHaveLength(1);
  expect(await list('/me/mailFolders/sentitems/messages', home)).toHaveLength(3);
  expect(new Set(mail.map(({ conversationId }) => conversationId)).size).toBe(10);
});
