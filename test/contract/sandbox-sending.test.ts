/** Mail sent through the real Gmail client: which thread it joins, who gets it, when it is found. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { type Clients, connect, refusal } from './sandbox-clients.ts';

const bobEmail = 'bob.keller@office.example.com';
const me = { userId: 'me' };

let sandbox: Sandbox;
let alex: Clients;
let bob: Clients;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
  alex = connect(sandbox);
  bob = connect(sandbox, bobEmail);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
afterEach(() => {
  expect(alex.violations).toEqual([]);
  expect(bob.violations).toEqual([]);
});

const search = async (q: string, who = alex) =>
  (await who.gmail.users.messages.list({ ...me, q, maxResults: 500 })).data.messages ?? [];
const mail = (key: string, lines: readonly string[] = [], to = bobEmail) =>
  Buffer.from(
    [
      `To: ${to}`,
      'Subject: Plan',
      `Message-ID: <${key}@office.example.com>`,
      `X-Effect-Key: ${key}`,
      ...lines,
      '',
      'Hello',
    ].join('\r\n'),
  ).toString('base64url');

describe('sending', () => {
  it('joins a thread only when thread, references and subject agree, at both ends', async () => {
    const [ask] = await search('from:bob subject:"can we meet next week"');
    const { data } = await alex.gmail.users.messages.get({
      ...me,
      id: ask!.id!,
      format: 'metadata',
    });
    const messageId = data.payload!.headers!.find(({ name }) => name === 'Message-ID')!.value!;
    const reply = (subject: string, references: string[]) =>
      Buffer.from(
        [`To: ${bobEmail}`, `Subject: ${subject}`, ...references, '', 'Tuesday at 11?'].join(
          '\r\n',
        ),
      ).toString('base64url');
    const send = async (raw: string) =>
      (
        await alex.gmail.users.messages.send({
          ...me,
          requestBody: { raw, threadId: ask!.threadId! },
        })
      ).data;
    const cited = [`In-Reply-To: ${messageId}`, `References: ${messageId}`];
    expect((await send(reply('Re: Can we meet next week with Carla?', cited))).threadId).toBe(
      ask!.threadId,
    );
    expect((await send(reply('Re: Can we meet next week with Carla?', []))).threadId).not.toBe(
      ask!.threadId,
    );
    const [arrived] = await search('"Tuesday at 11" in:inbox subject:meet', bob);
    expect(arrived).toBeDefined();
    const thread = await bob.gmail.users.threads.get({
      ...me,
      id: (await search('in:sent subject:"can we meet"', bob))[0]!.threadId!,
    });
    expect(thread.data.messages!.length).toBeGreaterThanOrEqual(2);
  });

  it('hides blind copies from the others and replaces a malformed Message-ID', async () => {
    const raw = Buffer.from(
      [
        `To: ${bobEmail}`,
        'Bcc: priya.nair@office.example.com',
        'Subject: Quiet',
        'Message-ID: <x@nodot>',
        '',
        'Hi',
      ].join('\r\n'),
    ).toString('base64url');
    const sent = await alex.gmail.users.messages.send({ ...me, requestBody: { raw } });
    const names = async (who: Clients, id: string) =>
      (
        await who.gmail.users.messages.get({ ...me, id, format: 'metadata' })
      ).data.payload!.headers!.map(({ name }) => name);
    expect(await names(alex, sent.data.id!)).toContain('X-Google-Original-Message-ID');
    const [copy] = await search('subject:quiet', bob);
    expect(await names(bob, copy!.id!)).not.toContain('Bcc');
    const priya = connect(sandbox, 'priya.nair@office.example.com');
    expect((await search('subject:quiet', priya)).length).toBe(1);
  });

  it.each([
    ['no content', {}],
    ['standard base64', { raw: Buffer.from('To: a@b.example\r\n\r\n???>>>').toString('base64') }],
    ['nobody to receive it', { raw: Buffer.from('Subject: x\r\n\r\nx').toString('base64url') }],
  ])('refuses a message with %s', async (_what, requestBody) => {
    expect((await refusal(alex.gmail.users.messages.send({ ...me, requestBody }))).status).toBe(
      400,
    );
  });
});

describe('a lagging index', () => {
  it('finds a sent message by id at once and by search only later', async () => {
    const knob = async (searchLagMs: number) =>
      fetch(`${sandbox.oracleUrl}/__knobs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ searchLagMs }),
      });
    await knob(30_000);
    const { data } = await alex.gmail.users.messages.send({
      ...me,
      requestBody: { raw: mail('lag1') },
    });
    expect((await alex.gmail.users.messages.get({ ...me, id: data.id! })).status).toBe(200);
    expect(await search('rfc822msgid:lag1@office.example.com')).toEqual([]);
    await knob(0);
    expect(await search('rfc822msgid:lag1@office.example.com')).toHaveLength(1);
  });
});
