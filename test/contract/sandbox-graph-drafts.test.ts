/** Drafts and sending in the sandbox's Outlook through the real Graph client. */
import { ResponseType } from '@microsoft/microsoft-graph-client';
import type { Message } from '@microsoft/microsoft-graph-types';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type GraphClients, graphRefusal } from './graph-clients.ts';
import {
  bobEmail,
  bySubject,
  carlaEmail,
  createFromMime,
  createMessage,
  danaEmail,
  type MailScene,
  readMessage,
  startMailScene,
} from './graph-mail-scene.ts';
import { askOracle, type Clients, type EffectRow, setFault } from './sandbox-clients.ts';

const headersOf = 'String {00020386-0000-0000-C000-000000000046} Name';

let nowMs = Date.parse('2026-10-07T08:00:00Z');
let scene: MailScene;
let carla: GraphClients;
let dana: GraphClients;
let bob: Clients;

beforeAll(async () => {
  scene = await startMailScene(() => new Date(nowMs));
  ({ carla, dana, bob } = scene);
});
afterAll(async () => scene[Symbol.asyncDispose]());
afterEach(() => scene.check());

const to = (address: string) => [{ emailAddress: { address } }];
const create = (message: object, path?: string) => createMessage(carla, message, path);
const mime = (path: string, text: string) => createFromMime(carla, path, text);
const get = (id: string) => readMessage(carla, id);
const send = async (id: string): Promise<void> => carla.api(`/me/messages/${id}/send`).post({});
const valueOf = async (id: string): Promise<string> =>
  carla.api(`/me/messages/${id}/$value`).responseType(ResponseType.TEXT).get();
const effects = async (key: string) =>
  Object.fromEntries(
    (await askOracle<EffectRow[]>(scene.sandbox, 'effects'))
      .filter((row) => row.key === key)
      .map(({ operation, count }) => [operation, count]),
  );

describe('drafts', () => {
  it('are written from JSON and keep their id while they change', async () => {
    const draft = await create({
      subject: 'Grüße',
      body: { contentType: 'html', content: '<p>Hello <b>you</b></p>' },
      toRecipients: [{ emailAddress: { name: 'Keller, Bob', address: bobEmail } }],
      bccRecipients: to(danaEmail),
      internetMessageHeaders: [{ name: 'x-effect-key', value: 'json1' }],
      importance: 'high',
    });
    expect(draft).toMatchObject({
      isDraft: true,
      isRead: true,
      subject: 'Grüße',
      importance: 'high',
      toRecipients: [{ emailAddress: { name: 'Keller, Bob', address: bobEmail } }],
      bccRecipients: [{ emailAddress: { address: danaEmail } }],
    });
    const changed = (await carla.api(`/me/messages/${draft.id}`).patch({
      body: { contentType: 'text', content: 'Plain' },
      internetMessageId: '<mine@office.example.com>',
    })) as Message;
    expect(changed).toMatchObject({
      id: draft.id,
      subject: 'Grüße',
      internetMessageId: '<mine@office.example.com>',
      importance: 'high',
    });
    expect(changed.changeKey).not.toBe(draft.changeKey);
    expect(await valueOf(draft.id!)).toContain('x-effect-key: json1');
    const drafts = (await carla.api('/me/mailFolders/drafts/messages').get()).value as Message[];
    expect(drafts.map(({ id }) => id)).toEqual([draft.id]);
    await carla.api(`/me/messages/${draft.id}`).delete();
    expect(await effects('json1')).toEqual({
      'drafts.create': 1,
      'drafts.update': 1,
      'drafts.delete': 1,
    });
  });

  it('are stored from MIME as given, with the headers Exchange adds above', async () => {
    const text = [
      `From: Carla Rossi <${carlaEmail}>`,
      `To: ${bobEmail}`,
      'Subject: As it is',
      'Message-ID: <mime1@office.example.com>',
      'X-Effect-Key: mime1',
      '',
      'Body, exactly.',
    ].join('\r\n');
    const draft = await mime('/me/messages', text);
    expect(draft).toMatchObject({
      isDraft: true,
      internetMessageId: '<mime1@office.example.com>',
      bodyPreview: 'Body, exactly.',
    });
    const stored = await valueOf(draft.id!);
    expect(stored).not.toBe(text);
    expect(stored.endsWith(text)).toBe(true);
    const expand = `singleValueExtendedProperties($filter=id eq '${headersOf} X-Effect-Key')`;
    const found = await carla
      .api(`/me/messages/${draft.id}`)
      .query({ $expand: encodeURIComponent(expand) })
      .get();
    expect(found.singleValueExtendedProperties).toEqual([
      { id: `${headersOf} X-Effect-Key`, value: 'mime1' },
    ]);
  });

  it.each([
    ['base64url', Buffer.from('To: a@b.example\r\n\r\n???>>>').toString('base64url')],
    ['text', 'To: a@b.example'],
    ['nothing', ''],
    ['base64 of no message', Buffer.from('hello').toString('base64')],
  ])('are refused when their MIME is %s', async (_what, body) => {
    const call = carla.api('/me/messages').header('Content-Type', 'text/plain').post(body);
    expect(await graphRefusal(call)).toEqual({
      status: 400,
      code: 'ErrorMimeContentInvalidBase64String',
    });
  });

  it.each([
    [
      { internetMessageHeaders: [{ name: 'In-Reply-To', value: '<a@b>' }] },
      'InvalidInternetMessageHeader',
    ],
    [{ toRecipients: [{ emailAddress: { name: 'Nobody' } }] }, 'ErrorInvalidRecipients'],
    [{ subjekt: 'x' }, 'RequestBodyRead'],
    [{ body: { contentType: 'markdown', content: 'x' } }, 'RequestBodyRead'],
  ])('are refused with %j', async (message, code) => {
    expect(await graphRefusal(create(message))).toEqual({ status: 400, code });
    carla.violations.length = 0;
  });
});

describe('sending', () => {
  const draftTo = async (key: string, address = bobEmail, subject = key) =>
    mime(
      '/me/messages',
      `To: ${address}\r\nSubject: ${subject}\r\nMessage-ID: <${key}@office.example.com>\r\nX-Effect-Key: ${key}\r\n\r\nHi`,
    );

  it('turns the draft into the copy in Sent Items, under its immutable id only', async () => {
    const draft = await draftTo('once');
    const ordinary = (
      await carla
        .api('/me/mailFolders/drafts/messages')
        .header('Prefer', 'outlook.body-content-type="text"')
        .filter("subject eq 'once'")
        .get()
    ).value as Message[];
    expect(ordinary[0]!.id).not.toBe(draft.id);
    const answer: Response = await carla
      .api(`/me/messages/${draft.id}/send`)
      .responseType(ResponseType.RAW)
      .post(undefined);
    expect(answer.status).toBe(202);
    expect(answer.headers.get('content-type')).toBeNull();
    expect(await answer.text()).toBe('');
    const sent = await get(draft.id!);
    expect(sent).toMatchObject({ isDraft: false, internetMessageId: '<once@office.example.com>' });
    expect(await graphRefusal(get(ordinary[0]!.id!))).toEqual({
      status: 404,
      code: 'ErrorItemNotFound',
    });
    const folder = await carla.api('/me/mailFolders/sentitems').select('id').get();
    expect(sent.parentFolderId).toBe(folder.id);
    expect(await graphRefusal(send(draft.id!))).toEqual({ status: 404, code: 'ErrorItemNotFound' });
    expect(await effects('once')).toEqual({ 'drafts.create': 1, 'drafts.send': 1 });
    const row = (await askOracle<EffectRow[]>(scene.sandbox, 'effects')).find(
      ({ key, operation }) => key === 'once' && operation === 'drafts.send',
    );
    expect(row).toMatchObject({ vendor: 'microsoft', account: carlaEmail });
    expect(row!.raw).toContain('Subject: once');
  });

  it('reaches colleagues at both vendors, and themselves, without the blind copies', async () => {
    const draft = await create({
      subject: 'All of you',
      body: { contentType: 'text', content: 'Hello' },
      toRecipients: [...to(bobEmail), ...to(carlaEmail)],
      bccRecipients: [...to(danaEmail), ...to('someone@else.example')],
    });
    await send(draft.id!);
    const [atBob] = (
      await bob.gmail.users.messages.list({ userId: 'me', q: 'subject:"all of you" is:unread' })
    ).data.messages!;
    expect(atBob).toBeDefined();
    const [atDana] = await bySubject(dana, 'All of you');
    expect(atDana).toMatchObject({ isRead: false, bccRecipients: [], isDraft: false });
    expect((await bySubject(carla, 'All of you')).filter(({ isRead }) => isRead)).toHaveLength(1);
    expect(await bySubject(carla, 'All of you')).toHaveLength(2);
    expect((await get(draft.id!)).bccRecipients).toHaveLength(2);
    expect(scene.sandbox.office.state.outsideMail['someone@else.example']).toBe(1);
  });

  it('keeps the Message-ID or replaces it, as the knob says', async () => {
    scene.sandbox.office.knobs.messageIds = 'replaced';
    const draft = await draftTo('replaced');
    await send(draft.id!);
    scene.sandbox.office.knobs.messageIds = 'kept';
    const sent = await get(draft.id!);
    expect(sent.internetMessageId).toMatch(/@\S+\.prod\.outlook\.com>$/);
    expect(await valueOf(draft.id!)).toContain('X-Effect-Key: replaced');
    expect(await effects('replaced')).toEqual({ 'drafts.create': 1, 'drafts.send': 1 });
  });

  it('shows the copy in Sent Items late, as the knob says', async () => {
    scene.sandbox.office.knobs.sentCopyLagMs = 20_000;
    const draft = await draftTo('late');
    await send(draft.id!);
    expect(await graphRefusal(get(draft.id!))).toMatchObject({ status: 404 });
    expect(await bySubject(carla, 'late')).toEqual([]);
    nowMs += 20_000;
    expect(await get(draft.id!)).toMatchObject({ isDraft: false });
    scene.sandbox.office.knobs.sentCopyLagMs = 0;
  });

  it('is refused with nobody to receive it, and the draft stays', async () => {
    const id = (await create({ subject: 'x' })).id!;
    expect(await graphRefusal(send(id))).toEqual({ status: 400, code: 'ErrorInvalidRecipients' });
    expect(await get(id)).toMatchObject({ isDraft: true });
  });

  it.each([
    ['answered and lost', 'drop_after_commit', { 'drafts.create': 1, 'drafts.send': 1 }],
    ['lost on the way', 'drop_before', { 'drafts.create': 1 }],
    ['delivered twice', 'duplicate', { 'drafts.create': 1, 'drafts.send': 1 }],
  ])('happens at most once when the request is %s', async (_what, action, expected) => {
    const draft = await draftTo(action);
    await setFault(scene.sandbox, { match: { method: 'POST', pathRegex: '/send$' }, action });
    await expect(send(draft.id!)).rejects.toBeDefined();
    expect(await effects(action)).toEqual(expected);
    expect((await get(draft.id!)).isDraft).toBe(action === 'drop_before');
  });

  it('is refused from an address that is not the account’s own', async () => {
    const from = { emailAddress: { address: danaEmail } };
    const draft = await create({ subject: 'As Dana', from, toRecipients: to(bobEmail) });
    expect(await graphRefusal(send(draft.id!))).toEqual({ status: 403, code: 'ErrorSendAsDenied' });
  });

  it('counts mail that is written and sent at once', async () => {
    const message = {
      subject: 'At once',
      body: { contentType: 'text', content: 'Hi' },
      toRecipients: to(danaEmail),
      internetMessageHeaders: [{ name: 'X-Effect-Key', value: 'shot' }],
    };
    await carla.api('/me/sendMail').post({ message, saveToSentItems: false });
    expect(await effects('shot')).toEqual({ 'messages.send': 1 });
    expect(await bySubject(carla, 'At once')).toEqual([]);
    const [arrived] = await bySubject(dana, 'At once');
    await dana.api(`/me/messages/${arrived!.id}/reply`).post({ comment: 'Thanks' });
    expect(await bySubject(carla, 'RE: At once')).toHaveLength(1);
  });
});
