/** Drafts and sending in the sandbox's Outlook through the real Graph client. */
import { ResponseType } from '@microsoft/microsoft-graph-client';
import type { Message } from '@microsoft/microsoft-graph-types';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectGraph, type GraphClients, graphRefusal } from './graph-clients.ts';
import { askOracle, type Clients, connect, type EffectRow, setFault } from './sandbox-clients.ts';

const carlaEmail = 'carla.rossi@office.example.com';
const danaEmail = 'dana.whitfield@office.example.com';
const bobEmail = 'bob.keller@office.example.com';
const headersOf = 'String {00020386-0000-0000-C000-000000000046} Name';

let nowMs = Date.parse('2026-10-07T08:00:00Z');
let sandbox: Sandbox;
let carla: GraphClients;
let dana: GraphClients;
let bob: Clients;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date(nowMs) });
  carla = await connectGraph(sandbox, carlaEmail);
  dana = await connectGraph(sandbox, danaEmail);
  bob = connect(sandbox, bobEmail);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
afterEach(() => {
  expect([...carla.violations, ...dana.violations, ...bob.violations]).toEqual([]);
});

const to = (address: string) => [{ emailAddress: { address } }];
const create = async (message: object, path = '/me/messages'): Promise<Message> =>
  carla.api(path).post(message);
const mime = async (path: string, text: string): Promise<Message> =>
  carla.api(path).header('Content-Type', 'text/plain').post(Buffer.from(text).toString('base64'));
const get = async (id: string, who = carla): Promise<Message> =>
  who.api(`/me/messages/${id}`).get();
const send = async (id: string): Promise<void> => carla.api(`/me/messages/${id}/send`).post({});
const valueOf = async (id: string): Promise<string> =>
  carla.api(`/me/messages/${id}/$value`).responseType(ResponseType.TEXT).get();
const bySubject = async (subject: string, who = carla): Promise<Message[]> =>
  (
    await who
      .api('/me/messages')
      .filter(encodeURIComponent(`subject eq '${subject}'`))
      .get()
  ).value;
const effects = async (key: string) =>
  Object.fromEntries(
    (await askOracle<EffectRow[]>(sandbox, 'effects'))
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
    const row = (await askOracle<EffectRow[]>(sandbox, 'effects')).find(
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
    const [atDana] = await bySubject('All of you', dana);
    expect(atDana).toMatchObject({ isRead: false, bccRecipients: [], isDraft: false });
    expect((await bySubject('All of you')).filter(({ isRead }) => isRead)).toHaveLength(1);
    expect(await bySubject('All of you')).toHaveLength(2);
    expect((await get(draft.id!)).bccRecipients).toHaveLength(2);
    expect(sandbox.office.state.outsideMail['someone@else.example']).toBe(1);
  });

  it('keeps the Message-ID or replaces it, as the knob says', async () => {
    sandbox.office.knobs.messageIds = 'replaced';
    const draft = await draftTo('replaced');
    await send(draft.id!);
    sandbox.office.knobs.messageIds = 'kept';
    const sent = await get(draft.id!);
    expect(sent.internetMessageId).toMatch(/@\S+\.prod\.outlook\.com>$/);
    expect(await valueOf(draft.id!)).toContain('X-Effect-Key: replaced');
    expect(await effects('replaced')).toEqual({ 'drafts.create': 1, 'drafts.send': 1 });
  });

  it('shows the copy in Sent Items late, as the knob says', async () => {
    sandbox.office.knobs.sentCopyLagMs = 20_000;
    const draft = await draftTo('late');
    await send(draft.id!);
    expect(await graphRefusal(get(draft.id!))).toMatchObject({ status: 404 });
    expect(await bySubject('late')).toEqual([]);
    nowMs += 20_000;
    expect(await get(draft.id!)).toMatchObject({ isDraft: false });
    sandbox.office.knobs.sentCopyLagMs = 0;
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
    await setFault(sandbox, { match: { method: 'POST', pathRegex: '/send$' }, action });
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
    expect(await bySubject('At once')).toEqual([]);
    const [arrived] = await bySubject('At once', dana);
    await dana.api(`/me/messages/${arrived!.id}/reply`).post({ comment: 'Thanks' });
    expect(await bySubject('RE: At once')).toHaveLength(1);
  });
});

describe('answers', () => {
  /** Mail from Bob to Carla and Dana, as Carla has it. */
  const received = async (subject: string): Promise<Message> => {
    const raw = Buffer.from(
      `To: ${carlaEmail}, ${danaEmail}\r\nCc: nora@acme.example.org\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@office.example.com>\r\nReferences: <earlier@office.example.com>\r\n\r\nWhen?`,
    ).toString('base64url');
    await bob.gmail.users.messages.send({ userId: 'me', requestBody: { raw } });
    return (await bySubject(subject))[0]!;
  };
  const addresses = (list: Message['toRecipients']) =>
    list!.map(({ emailAddress }) => emailAddress!.address);

  it('go to the sender, or to all others, with the original quoted below', async () => {
    const original = await received('Answers');
    const reply = await create({ comment: 'Now.' }, `/me/messages/${original.id}/createReply`);
    expect(reply).toMatchObject({
      isDraft: true,
      subject: 'RE: Answers',
      conversationId: original.conversationId,
    });
    expect(addresses(reply.toRecipients)).toEqual([bobEmail]);
    expect(reply.body!.content).toMatch(/Now\.[\s\S]*divRplyFwdMsg[\s\S]*When\?/);
    const all = await create({}, `/me/messages/${original.id}/createReplyAll`);
    expect(addresses(all.toRecipients)).toEqual([bobEmail, danaEmail]);
    expect(addresses(all.ccRecipients)).toEqual(['nora@acme.example.org']);
    expect(await valueOf(all.id!)).toContain('In-Reply-To: <Answers@office.example.com>');
  });

  it('take a comment or a body, not both', async () => {
    const original = await received('Both');
    const body = { contentType: 'text', content: 'x' };
    const path = `/me/messages/${original.id}/createReply`;
    expect(await graphRefusal(create({ comment: 'x', message: { body } }, path))).toEqual({
      status: 400,
      code: 'ErrorInvalidRequest',
    });
    const given = await create({ message: { body, subject: 'Mine' } }, path);
    expect(given).toMatchObject({ subject: 'Mine', bodyPreview: 'x' });
  });

  it('forward with the files, to whom the request says', async () => {
    const original = await received('Files');
    const draft = await create({
      subject: 'With file',
      toRecipients: to(carlaEmail),
      attachments: [
        {
          '@odata.type': '#microsoft.graph.fileAttachment',
          name: 'a.txt',
          contentBytes: Buffer.from('content').toString('base64'),
        },
      ],
    });
    await send(draft.id!);
    const arrived = (await bySubject('With file')).find(({ isRead }) => !isRead)!;
    const forward = await create(
      { comment: 'See', toRecipients: to(bobEmail) },
      `/me/messages/${arrived.id}/createForward`,
    );
    expect(forward).toMatchObject({ subject: 'FW: With file', hasAttachments: true });
    expect(addresses(forward.toRecipients)).toEqual([bobEmail]);
    expect(original.hasAttachments).toBe(false);
  });

  it('from MIME keep what it says and take the thread from what they answer', async () => {
    const original = await received('Mime');
    const path = `/me/messages/${original.id}/createReply`;
    const whole = await mime(
      path,
      `To: ${bobEmail}\r\nSubject: Re: Mime\r\nMessage-ID: <m2@office.example.com>\r\nIn-Reply-To: <Mime@office.example.com>\r\nReferences: <Mime@office.example.com>\r\n\r\nWell`,
    );
    expect(whole).toMatchObject({
      subject: 'Re: Mime',
      internetMessageId: '<m2@office.example.com>',
      conversationId: original.conversationId,
    });
    const bare = await mime(path, 'Subject: Re: Mime\r\n\r\nWell');
    expect(addresses(bare.toRecipients)).toEqual([bobEmail]);
    const stored = await valueOf(bare.id!);
    expect(stored).toContain('In-Reply-To: <Mime@office.example.com>');
    expect(stored).toContain('<earlier@office.example.com>');
    await send(whole.id!);
    expect((await get(whole.id!)).conversationId).toBe(original.conversationId);
    // Bob's Gmail joins the reply to his own mail by its references.
    const threads = await bob.gmail.users.threads.list({ userId: 'me', q: 'subject:mime' });
    expect(threads.data.threads).toHaveLength(1);
  });

  it('under another subject begin a conversation of their own when they are sent', async () => {
    const original = await received('Old');
    const path = `/me/messages/${original.id}/createReply`;
    const draft = await create({ message: { subject: 'New matter' } }, path);
    expect(draft.conversationId).toBe(original.conversationId);
    await send(draft.id!);
    expect((await get(draft.id!)).conversationId).not.toBe(original.conversationId);
  });
});
