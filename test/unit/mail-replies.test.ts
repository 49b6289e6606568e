/** Replies and forwards: who they go to, what they are called, what they quote, what is sent. */
import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import type { SendEmailPayload } from '#contracts/schemas/email.ts';
import { emailCard } from '#activities/email/cards.ts';
import { composeMime, textOf } from '#activities/email/mime.ts';
import type { MailMessage } from '#activities/email/port.ts';
import { prefixedSubject, quoteForward, quoteReply } from '#activities/email/quote.ts';
import { replyRecipients } from '#activities/email/reply-recipients.ts';

const me = 'alex@office.example.com';
const alias = 'sales@office.example.com';
const person = (email: string) => ({ name: null, email });
const message: MailMessage = {
  id: 'm1',
  threadId: 't1',
  from: { name: 'Dana Reyes', email: 'dana@acme.example.com' },
  replyTo: null,
  to: [person(alias), person('bob@office.example.com')],
  cc: [person('carla@office.example.com'), person(me), person('dana@acme.example.com')],
  bcc: [],
  subject: 'Budget',
  dateMs: Date.parse('2026-10-06T10:00:00Z'),
  unread: true,
  starred: false,
  sent: false,
  draft: false,
  labels: [],
  folder: 'inbox',
  messageId: '<m1@acme.example.com>',
  references: [],
  text: 'First\n> older\n\nLast',
  ownText: 'First\nLast',
  attachments: [],
};
const own = [me, alias];

describe('recipients of a reply', () => {
  it('are the writer, or whoever the mail asks to answer', () => {
    expect(replyRecipients(message, 'reply', own)).toEqual({ to: [message.from.email], cc: [] });
    const asks = { ...message, replyTo: person('team@acme.example.com') };
    expect(replyRecipients(asks, 'reply', own).to).toEqual(['team@acme.example.com']);
  });

  it('to all are everyone else as well, each once, without any address of one’s own', () => {
    expect(replyRecipients(message, 'replyAll', own)).toEqual({
      to: ['dana@acme.example.com'],
      cc: ['bob@office.example.com', 'carla@office.example.com'],
    });
  });

  it('of one’s own mail are those it was written to', () => {
    const mine = { ...message, sent: true, from: person(me), to: [person('bob@x.example')] };
    expect(replyRecipients(mine, 'replyAll', own)).toEqual({
      to: ['bob@x.example'],
      cc: ['carla@office.example.com', 'dana@acme.example.com'],
    });
    const toSelf = { ...mine, to: [person(me)], cc: [] };
    expect(replyRecipients(toSelf, 'reply', own)).toEqual({ to: [me], cc: [] });
  });
});

describe('what a reply is called and quotes', () => {
  it.each([
    ['Budget', 'reply', 'Re: Budget'],
    ['Re: Budget', 'replyAll', 'Re: Budget'],
    ['AW: Re[2]: FW: Budget', 'reply', 'Re: Budget'],
    ['Re: Budget', 'forward', 'Fwd: Budget'],
    ['Re\u202e: Budget\r\nBcc: x', 'reply', 'Re: Budget Bcc: x'],
    ['', 'reply', 'Re:'],
  ] as const)('%j as %s is %j', (subject, mode, expected) => {
    expect(prefixedSubject(subject, mode)).toBe(expected);
  });

  it('the original behind signs of quotation, or with its header lines', () => {
    expect(quoteReply(message, 'Europe/Berlin')).toBe(
      'On Tue, 6 Oct 2026 at 12:00, Dana Reyes <dana@acme.example.com> wrote:\n' +
        '> First\n>> older\n>\n> Last',
    );
    expect(quoteForward({ ...message, cc: [] }, 'Europe/Berlin')).toBe(
      '---------- Forwarded message ---------\nFrom: Dana Reyes <dana@acme.example.com>\n' +
        'Date: Tue, 6 Oct 2026 at 12:00\nSubject: Budget\n' +
        `To: ${alias}, bob@office.example.com\n\nFirst\n> older\n\nLast`,
    );
  });
});

const payload: SendEmailPayload = {
  kind: 'sendEmail',
  account: me,
  fromName: 'Alex',
  from: alias,
  to: ['dana@acme.example.com'],
  cc: [],
  bcc: [],
  subject: 'Fwd: Budget',
  body: 'See below.\n',
  signature: 'Alex Morgan\nOffice',
  quoted: '---------- Forwarded message ---------\nFrom: Bob\u202e',
  mode: 'forward',
  reply: {
    messageId: 'm1',
    threadId: 't1',
    inReplyTo: '<m1@acme.example.com>',
    references: ['<m1@acme.example.com>'],
    threadHead: 'm1',
  },
  attachments: [
    {
      documentId: 'd1',
      name: 'übersicht.pdf',
      mimeType: 'application/pdf',
      bytes: 5,
      sha256: 'ab'.repeat(32),
    },
    {
      documentId: 'd2',
      name: 'setup.exe',
      mimeType: 'application/x-msdownload',
      bytes: 3_000,
      sha256: 'cd'.repeat(32),
    },
  ],
};
const key = { effectKey: 'ab'.repeat(32), intentAt: '2026-10-07T08:00:00.000Z' };

describe('a forward with files', () => {
  it('holds body, signature, quoted mail and exactly the bytes it was given', async () => {
    const files = [Buffer.from('%PDF-'), Buffer.alloc(3_000, 7)];
    const mail = await PostalMime.parse(await composeMime(payload, key, files));
    expect(mail.from).toMatchObject({ name: 'Alex', address: alias });
    expect(mail.text?.replaceAll('\r\n', '\n').trimEnd()).toBe(textOf(payload));
    expect(textOf(payload)).toBe(
      `See below.\n\n-- \nAlex Morgan\nOffice\n\n${payload.quoted ?? ''}`,
    );
    expect(mail.attachments.map(({ filename, mimeType }) => [filename, mimeType])).toEqual([
      ['übersicht.pdf', 'application/pdf'],
      ['setup.exe', 'application/x-msdownload'],
    ]);
    const bytes = mail.attachments.map(({ content }) => Buffer.from(content as ArrayBuffer));
    expect(bytes.every((content, index) => content.equals(files[index]!))).toBe(true);
    await expect(composeMime(payload, key, files.slice(1))).rejects.toThrow(/missing/);
  });

  it('shows all of it on its card, the quoted mail on demand', () => {
    const origin = { kind: 'mail', label: 'mail from Dana Reyes, 6 Oct', ref: 'm1' } as const;
    const { lines, warnings } = emailCard(payload, { answered: origin, own: new Set() });
    const line = (label: string) => lines.find((entry) => entry.label === label);
    expect(line('From')?.value).toBe(`Alex <${alias}>`);
    expect(line('Attachments')?.value).toBe(
      `übersicht.pdf (5 bytes, application/pdf, sha256 ${'ab'.repeat(8)}…)\n` +
        `setup.exe (2.9 KiB, application/x-msdownload, sha256 ${'cd'.repeat(8)}…)`,
    );
    expect(line('Signature')?.value).toBe('Alex Morgan\nOffice');
    expect(line('Quoted text')).toMatchObject({ collapsed: true, origin: origin.label });
    expect(line('Quoted text')?.value).toContain('Bob[U+202E]');
    expect(line('Forwards')).toMatchObject({ origin: origin.label });
    expect(warnings).toContain('"setup.exe" is a program; mail servers may refuse it.');
    expect(warnings.join()).toContain('The quoted text holds hidden characters');
  });

  it('refuses a file name that would break out of its header', async () => {
    const [first, second] = payload.attachments!;
    const bad = {
      ...payload,
      attachments: [{ ...first!, name: 'a\r\nBcc: eve@x.example' }, second!],
    };
    await expect(composeMime(bad, key, [Buffer.alloc(1), Buffer.alloc(1)])).rejects.toThrow(
      /line break/,
    );
  });
});
