/** Mail nobody should have sent: read through the connector as text, within bounded time, never a crash. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEmailReads } from '#activities/email/activities.ts';
import type { EmailPort } from '#activities/email/port.ts';
import type { ReadRequest } from '#contracts/activities.ts';
import { toolSchemas } from '#contracts/schemas/tools.ts';
import { addMessage } from '#infra/sandbox/mail/mailbox.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { stepContext } from './contexts.ts';
import { connectGoogle, type GoogleSetup } from './google-setup.ts';

let sandbox: Sandbox;
let google: GoogleSetup;
let mailbox: EmailPort;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
  google = connectGoogle(sandbox, { timeoutMs: 30_000 });
  mailbox = await google.email(sandbox.office.main.email);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());

const put = (raw: Buffer | string) =>
  addMessage(sandbox.office, sandbox.office.main, {
    raw: Buffer.from(raw as string, 'latin1'),
    labelIds: ['INBOX', 'UNREAD'],
  });
const read = async (raw: Buffer | string) => {
  const { id, threadId } = put(raw);
  const started = performance.now();
  const message = (await mailbox.message(id))!;
  expect(performance.now() - started).toBeLessThan(20_000);
  return { message, threadId };
};
const head = (subject: string, ...more: string[]) =>
  [
    'From: Eve <eve@evil.example.net>',
    'To: alex.morgan@office.example.com',
    `Subject: ${subject}`,
    'Message-ID: <bad@evil.example.net>',
    ...more,
  ].join('\r\n');
const part = (boundary: string, inner: string) =>
  `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n--${boundary}\r\n${inner}\r\n--${boundary}--\r\n`;

function nested(depth: number): string {
  let inner = 'Content-Type: text/plain\r\n\r\nat the bottom';
  for (let level = 0; level < depth; level += 1) inner = part(`b${level}x`, inner);
  return inner;
}

const corpus: readonly (readonly [string, string])[] = [
  ['parts nested 15 deep', `${head('nested')}\r\n${nested(15)}`],
  ['parts nested 150 deep', `${head('deeper')}\r\n${nested(150)}`],
  [
    '5,000 parts',
    `${head('many')}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\nContent-Type: text/plain\r\n\r\nx\r\n'.repeat(5_000)}--b--`,
  ],
  [
    'a boundary that never comes',
    `${head('none')}\r\nContent-Type: multipart/mixed; boundary=zzz\r\n\r\nlost words`,
  ],
  [
    'no boundary at all',
    `${head('no boundary')}\r\nContent-Type: multipart/mixed\r\n\r\nlost words`,
  ],
  [
    'a wrong charset',
    `${head('charset')}\r\nContent-Type: text/plain; charset=utf-16be-klingon\r\n\r\nGr\xfc\xdfe`,
  ],
  [
    'utf-8 that is not',
    `${head('utf8')}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xff\xfe\x80 words`,
  ],
  [
    'base64 cut short',
    `${head('base64')}\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8gd29ybGQ`,
  ],
  [
    'base64 that is none',
    `${head('nobase64')}\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!???`,
  ],
  ['NULs everywhere', `${head('nul\u0000nul')}\r\nContent-Type: text/plain\r\n\r\na\u0000b`],
  [
    '20,000 recipients',
    head(
      'crowd',
      `Cc: ${Array.from({ length: 20_000 }, (_, i) => `p${i}@x.example`).join(', ')}`,
      '',
      'hi',
    ),
  ],
  [
    'a header of a megabyte',
    head(
      'bomb',
      `X-Bomb: ${'a'.repeat(1_000_000)}`,
      `References: ${'<a@b>'.repeat(50_000)}`,
      '',
      'hi',
    ),
  ],
  [
    '10,000 headers',
    head('headers', ...Array.from({ length: 10_000 }, (_, i) => `X-H${i}: v`), '', 'hi'),
  ],
  ['a group that never closes', head('group', `Reply-To: a:${'b:'.repeat(5_000)}`, '', 'hi')],
  ['encoded words in encoded words', head(`=?utf-8?B?${'=?utf-8?Q?x?='.repeat(500)}?=`, '', 'hi')],
  ['no headers', '\r\n\r\nonly a body'],
  ['nothing', ''],
  [
    'winmail.dat',
    `${head('tnef')}\r\n${part('b', 'Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Disposition: attachment; filename=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgAA')}`,
  ],
  [
    'a mail in a mail in a mail',
    `${head('rfc822')}\r\n${part('b', `Content-Type: message/rfc822\r\n\r\n${head('inner')}\r\nContent-Type: text/plain\r\n\r\ninner words`)}`,
  ],
  [
    'hostile HTML',
    `${head('html')}\r\nContent-Type: text/html\r\n\r\n${'<table><tr><td>'.repeat(20_000)}<script>steal()</script><style>x</style>`,
  ],
];

describe('a malformed mail', () => {
  it.each(corpus)('%s is read as a message', async (_name, raw) => {
    const { message } = await read(raw);
    for (const text of [message.subject, message.text, message.ownText]) {
      expect(text.isWellFormed()).toBe(true);
    }
    expect(message.text).not.toContain('steal()');
    const reads = createEmailReads({ ...google, documents: inMemory() });
    const request = (input: object): ReadRequest => ({
      context: stepContext(sandbox),
      input: input as ReadRequest['input'],
      trust: 'trusted',
      origins: [],
    });
    const { value } = await reads.readThread(request({ threadId: message.threadId }));
    const output = toolSchemas.readThread.output.parse(value);
    expect(JSON.stringify(output).length).toBeLessThan(24_000);
  });

  it('shows names and subjects without characters that hide or reorder', async () => {
    const tricky = 'Subject: Pay\u202e lia\u200bm =?utf-8?B?4oCu?= now';
    const raw = Buffer.from(
      `From: "bob@office.example.com\u202e" <eve@evil.example.net>\r\nTo: a@b.example\r\n${tricky}\r\n\r\nx\u2066y\u200bz`,
    );
    const { id, threadId } = addMessage(sandbox.office, sandbox.office.main, {
      raw,
      labelIds: ['INBOX'],
    });
    const reads = createEmailReads({ ...google, documents: inMemory() });
    const { value } = await reads.readThread({
      context: stepContext(sandbox),
      input: { threadId },
      trust: 'trusted',
      origins: [],
    });
    const [message] = toolSchemas.readThread.output.parse(value).messages;
    expect(message).toMatchObject({
      id,
      from: { name: 'bob@office.example.com', email: 'eve@evil.example.net' },
      excerpt: 'xyz',
    });
    expect(message!.subject).not.toMatch(/[\u200b\u202e]/);
  });

  it('names winmail.dat as a file that cannot be read', async () => {
    const { message } = await read(corpus.find(([name]) => name === 'winmail.dat')![1]);
    const reads = createEmailReads({ ...google, documents: inMemory() });
    await expect(
      reads.readAttachment({
        context: stepContext(sandbox),
        input: { messageId: message.id },
        trust: 'trusted',
        origins: [],
      }),
    ).rejects.toMatchObject({
      type: 'InvalidInputError',
      message: expect.stringMatching(/"winmail\.dat" cannot be read: .*only Outlook opens/),
    });
  });

  it('of any bytes is read', async () => {
    const line = fc.constantFrom(
      'Content-Type: multipart/mixed; boundary="b"',
      'Content-Type: text/html',
      'Content-Transfer-Encoding: quoted-printable',
      'Subject: =?iso-8859-1?Q?=FC?=',
      '--b',
      '--b--',
      '',
      '=3D=',
      'To: <<>>,,;"',
      '\u0000\u00ff',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 30 }), async (lines) => {
        const { message } = await read(lines.join('\r\n'));
        expect(message.text.isWellFormed()).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

function inMemory() {
  return {
    put: async () => 'doc',
    get: async () => {
      throw new Error('not used');
    },
  };
}
