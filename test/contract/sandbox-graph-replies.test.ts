/** Replies and forwards in the sandbox's Outlook through the real Graph client. */
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
import { type Clients } from './sandbox-clients.ts';

const nowMs = Date.parse('2026-10-07T08:00:00Z');
let scene: MailScene;
let carla: GraphClients;
let bob: Clients;

beforeAll(async () => {
  scene = await startMailScene(() => new Date(nowMs));
  ({ carla, bob } = scene);
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

describe('answers', () => {
  /** Mail from Bob to Carla and Dana, as Carla has it. */
  const received = async (subject: string): Promise<Message> => {
    const raw = Buffer.from(
      `To: ${carlaEmail}, ${danaEmail}\r\nCc: nora@acme.example.org\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@office.example.com>\r\nReferences: <earlier@office.example.com>\r\n\r\nWhen?`,
    ).toString('base64url');
    await bob.gmail.users.messages.send({ userId: 'me', requestBody: { raw } });
    return (await bySubject(carla, subject))[0]!;
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
    const arrived = (await bySubject(carla, 'With file')).find(({ isRead }) => !isRead)!;
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
