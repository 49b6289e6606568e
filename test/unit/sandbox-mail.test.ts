/** The sandbox's reading of MIME and of Gmail's search language. */
import { describe, expect, it } from 'vitest';
import { addMessage } from '#infra/sandbox/mail/mailbox.ts';
import { parseQuery, type SearchableMail } from '#infra/sandbox/google/gmail-search.ts';
import { composeMime } from '#infra/sandbox/mail/mime-compose.ts';
import { header, mailboxes, parseMime, readableText, walk } from '#infra/sandbox/mail/mime.ts';
import { bringMail, fillMailbox } from '#infra/sandbox/office/fill-mailbox.ts';
import { Office } from '#infra/sandbox/office/office.ts';
import { seedOffice } from '#infra/sandbox/office/seed.ts';

const now = new Date('2026-10-07T08:00:00Z');
const mail: SearchableMail = {
  from: 'Nora Feld <nora.feld@acme.example.org>',
  to: 'alex.morgan@office.example.com',
  cc: '',
  bcc: '',
  subject: 'Re: Acme renewal',
  text: 'Please confirm the final number. See https://acme.example.org/offer',
  list: '',
  messageId: '<a1@acme.example.org>',
  filenames: ['offer.pdf'],
  labels: ['inbox', 'unread', 'label_1', 'clients'],
  dateMs: Date.parse('2026-10-05T12:00:00Z'),
  sizeBytes: 2_000,
};

describe('parseQuery', () => {
  it.each([
    '',
    'from:nora',
    'from:nora.feld@acme.example.org to:alex',
    '"final number"',
    'subject:(renewal acme)',
    'subject:renewal OR subject:nothing',
    '{from:bob from:nora}',
    '-from:bob -"never said"',
    '-(from:bob OR is:read)',
    'is:unread in:inbox label:Clients has:attachment filename:pdf',
    'newer_than:3d older_than:1d after:2026/10/05 before:2026/10/06',
    'rfc822msgid:a1@acme.example.org',
    'larger:1k smaller:1m',
    'https://acme.example.org/offer',
  ])('matches %s', (query) => {
    expect(parseQuery(query, now)(mail)).toBe(true);
  });

  it.each([
    'from:nor',
    'cc:nora',
    '"number final"',
    'from:nora from:bob',
    '-from:nora',
    'is:read',
    'in:sent',
    'newer_than:1d',
    'after:2026/10/06',
    'rfc822msgid:a2@acme.example.org',
    'larger:1m',
    'from:(bob OR carla)',
  ])('does not match %s', (query) => {
    expect(parseQuery(query, now)(mail)).toBe(false);
  });
});

describe('parseMime', () => {
  it('reads back what was composed: words, both bodies, an attachment, references', () => {
    const raw = composeMime({
      from: 'Nora Feld <nora.feld@acme.example.org>',
      to: 'a@office.example.com, "Keller, Bob" <b@office.example.com>',
      subject: 'Grüße',
      date: now,
      messageId: '<m3@acme.example.org>',
      references: ['<m1@acme.example.org>', '<m2@acme.example.org>'],
      text: 'Schöne Grüße',
      html: '<p>Schöne <b>Grüße</b></p>',
      attachments: [{ name: 'a.csv', type: 'text/csv', content: 'a,b\n1,2\n' }],
    });
    const tree = parseMime(raw);
    expect(header(tree.headers, 'subject')).toBe('Grüße');
    expect(header(tree.headers, 'References')).toContain(
      '<m1@acme.example.org> <m2@acme.example.org>',
    );
    expect(
      [...walk(tree)].map(({ partId, mimeType, filename }) => [partId, mimeType, filename]),
    ).toEqual([
      ['', 'multipart/mixed', ''],
      ['0', 'multipart/alternative', ''],
      ['0.0', 'text/plain', ''],
      ['0.1', 'text/html', ''],
      ['1', 'text/csv', 'a.csv'],
    ]);
    expect(readableText(tree)).toBe('Schöne Grüße');
    expect(tree.parts[1]!.body.toString()).toBe('a,b\n1,2\n');
    expect(mailboxes(header(tree.headers, 'To')).map(({ address }) => address)).toEqual([
      'a@office.example.com',
      'b@office.example.com',
    ]);
  });

  it('decodes quoted-printable and other character sets, and shows HTML without its tags', () => {
    const tree = parseMime(
      Buffer.from(
        'Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<style>p{}</style><p>Gr=FC=\r\n=DFe &amp; more</p>',
      ),
    );
    expect(readableText(tree).replace(/\s+/g, ' ').trim()).toBe('Grüße & more');
  });

  it('keeps the space before a soft line break', () => {
    const tree = parseMime(
      Buffer.from(
        'Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\none =\r\ntwo= \r\nthree',
      ),
    );
    expect(readableText(tree).trim()).toBe('one twothree');
  });
});

describe('a large mailbox', () => {
  const email = 'carla.rossi@office.example.com';
  const filled = (seed: number) => {
    const office = new Office(seedOffice(now), () => now);
    const before = Object.keys(office.mailbox(email).messages).length;
    fillMailbox(office, email, { messages: 300, seed });
    return { office, mailbox: office.mailbox(email), before };
  };

  it('is the same for the same seed, in threads, and without history', () => {
    const { mailbox, before } = filled(7);
    const messages = Object.values(mailbox.messages);
    expect(messages.length).toBe(before + 300);
    expect(mailbox.history).toEqual([]);
    expect(new Set(messages.map(({ threadId }) => threadId)).size).toBeLessThan(200);
    expect(filled(7).mailbox).toEqual(mailbox);
    expect(filled(8).mailbox).not.toEqual(mailbox);
    expect(messages.every(({ internalDate }) => internalDate < now.getTime())).toBe(true);
  });

  it('takes what comes in now into its history, and into the threads it answers', () => {
    const { office, mailbox } = filled(7);
    const came = bringMail(office, email, { messages: 5, seed: 9 });
    expect(mailbox.history.map(({ messageId }) => messageId)).toEqual(came.map(({ id }) => id));
    const old = Object.values(mailbox.messages).find(({ labelIds }) => labelIds.length === 0)!;
    const { headers } = parseMime(Buffer.from(old.raw, 'base64'));
    const raw = Buffer.from(
      `Subject: ${header(headers, 'Subject')}\r\nReferences: ${header(headers, 'Message-ID')}\r\n\r\nYes`,
    );
    const answer = addMessage(office, office.person(email)!, { raw, labelIds: ['INBOX'] });
    expect(answer.threadId).toBe(old.threadId);
  });
});
