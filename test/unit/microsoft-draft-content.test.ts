/** What counts as an edit of a stored draft: people, subject, text, files; not the form Exchange gives it. */
import MailComposer from 'nodemailer/lib/mail-composer';
import { describe, expect, it } from 'vitest';
import { contentOfMime, differenceOf } from '#activities/email/microsoft-draft-content.ts';
import type { GraphMessage } from '#activities/email/microsoft-messages.ts';

const file = { name: 'plan.pdf', bytes: Buffer.from([0, 255, 13, 10, 1]) };
const mail = new MailComposer({
  from: { name: 'Alex Morgan', address: 'Alex@office.example.com' },
  to: ['bob@office.example.com', 'carol@office.example.com'],
  cc: ['dana@office.example.com'],
  bcc: ['eve@office.example.com'],
  subject: 'Grüße, ein langer Betreff, der über eine Zeile hinausgeht und gefaltet wird',
  text: 'Hello,\n\nthe plan: https://example.com/a?b=c\n\nünïcode, and a line that is much longer than seventy-six characters\n',
  attachments: [{ filename: file.name, content: file.bytes }],
}).compile();
const approved = await contentOfMime(await Object.assign(mail, { keepBcc: true }).build());
const people = (...addresses: string[]) =>
  addresses.map((address) => ({ emailAddress: { name: 'Somebody', address } }));
const stored: GraphMessage = {
  id: 'x',
  from: people('alex@office.example.com')[0],
  toRecipients: people('carol@office.example.com', 'Bob@office.example.com'),
  ccRecipients: people('dana@office.example.com'),
  bccRecipients: people('eve@office.example.com'),
  subject: 'Grüße, ein langer Betreff, der über eine Zeile hinausgeht und gefaltet wird',
  body: {
    contentType: 'text',
    content:
      'Hello,\r\n\r\nthe plan: https://example.com/a?b=c\r\n\r\nünïcode, and a line that is much longer than\r\nseventy-six characters\r\n',
  },
};

describe('a stored draft', () => {
  it('is the approved one in whatever order and lines Exchange keeps it', () => {
    expect(differenceOf(approved, stored, [file])).toBeNull();
  });

  it.each<[string, Partial<GraphMessage>]>([
    ['its sender', { from: people('bob@office.example.com')[0] }],
    ['its sender', { from: null }],
    ['its recipients', { toRecipients: people('bob@office.example.com') }],
    ['its recipients', { bccRecipients: [] }],
    [
      'its recipients',
      {
        ccRecipients: people('eve@office.example.com'),
        bccRecipients: people('dana@office.example.com'),
      },
    ],
    ['its subject', { subject: 'Grüße' }],
    ['its text', { body: { contentType: 'text', content: `${stored.body?.content}PS: one more` } }],
    ['its text', { body: null }],
  ])('is told from another one by %s', (difference, change) => {
    expect(differenceOf(approved, { ...stored, ...change }, [file])).toBe(difference);
  });

  it('is told from another one by the bytes of its files', () => {
    const other = { ...file, bytes: Buffer.from([0, 255, 13, 10, 2]) };
    for (const files of [[], [other], [file, file], [{ ...file, name: 'plan2.pdf' }]]) {
      expect(differenceOf(approved, stored, files)).toBe('its attachments');
    }
  });
});
