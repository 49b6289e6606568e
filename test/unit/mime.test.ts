/** The bytes of a mail: the same every time, readable by others, closed to injected headers. */
import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import type { SendEmailPayload } from '#contracts/schemas/email.ts';
import { composeMime, mailKeyOf } from '#activities/email/mime.ts';

const key = 'ab'.repeat(32);
const intentAt = '2026-10-07T08:00:00.000Z';
const payload: SendEmailPayload = {
  kind: 'sendEmail',
  account: 'alex@office.example.com',
  fromName: 'Alex "the, boss" Mörgan',
  to: ['bob@office.example.com', 'carla@office.example.com'],
  cc: ['dana@office.example.com'],
  bcc: ['kenji@office.example.com'],
  subject: 'Grüße: a long subject that needs folding because it goes on and on, 日本語 included',
  body:
    'Hello,\n\n.a line that starts with a dot\nFrom here on\n' +
    'x'.repeat(1_200) +
    '\nünïcode 🙂\n',
  reply: {
    messageId: 'm1',
    threadId: 't1',
    inReplyTo: '<b@x.example.org>',
    references: ['<a@x.example.org>', '<b@x.example.org>'],
    threadHead: 'm1',
  },
};

describe('composeMime', () => {
  it('gives the same bytes for the same payload and key', async () => {
    const [first, second] = [
      await composeMime(payload, { effectKey: key, intentAt }),
      await composeMime(payload, { effectKey: key, intentAt }),
    ];
    expect(first.equals(second)).toBe(true);
    expect(
      (await composeMime(payload, { effectKey: 'cd'.repeat(32), intentAt })).equals(first),
    ).toBe(false);
  });

  it('keeps its key on one line', async () => {
    expect((await composeMime(payload, { effectKey: key, intentAt })).toString()).toContain(
      `X-Effect-Key: ${key}\r\n`,
    );
  });

  it('writes what the payload says, all of it, and nothing else', async () => {
    const mail = await PostalMime.parse(await composeMime(payload, { effectKey: key, intentAt }));
    expect(mail.from).toMatchObject({ name: payload.fromName, address: payload.account });
    const addresses = (list: { address?: string | undefined }[] | undefined) =>
      list?.map((a) => a.address);
    expect(addresses(mail.to)).toEqual(payload.to);
    expect(addresses(mail.cc)).toEqual(payload.cc);
    expect(addresses(mail.bcc)).toEqual(payload.bcc);
    expect(mail.subject).toBe(payload.subject);
    expect(mail.text!.replaceAll('\r\n', '\n').trimEnd()).toBe(payload.body.trimEnd());
    expect(mail.html).toBeUndefined();
    expect(mail.attachments).toEqual([]);
    expect(mail.messageId).toBe(mailKeyOf(payload, key).messageId);
    expect(mail.messageId).toBe(`<${key.slice(0, 40)}@office.example.com>`);
    expect(mail.inReplyTo).toBe('<b@x.example.org>');
    expect(mail.references).toBe('<a@x.example.org> <b@x.example.org>');
    expect(new Date(mail.date!).toISOString()).toBe('2026-10-07T08:00:00.000Z');
    const names = mail.headers.map((header) => header.key).sort();
    expect(names).toEqual([
      'bcc',
      'cc',
      'content-transfer-encoding',
      'content-type',
      'date',
      'from',
      'in-reply-to',
      'message-id',
      'mime-version',
      'references',
      'subject',
      'to',
      'x-effect-key',
    ]);
  });

  it('uses CRLF and no line over 998 octets', async () => {
    const text = (await composeMime(payload, { effectKey: key, intentAt })).toString('latin1');
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(Math.max(...text.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998);
  });

  it.each([
    { subject: 'Hi\r\nBcc: evil@example.net' },
    { fromName: 'Alex\nBcc: evil@example.net' },
    { to: ['bob@office.example.com\r\nbcc: evil@example.net'] },
    { reply: { ...payload.reply!, inReplyTo: '<a@b>\r\nBcc: evil@example.net' } },
    { reply: { ...payload.reply!, references: ['<a@b>\nBcc: evil@example.net'] } },
  ])('refuses a line break in a header: %o', async (change) => {
    await expect(
      composeMime({ ...payload, ...change }, { effectKey: key, intentAt }),
    ).rejects.toMatchObject({
      type: 'InvalidInputError',
    });
  });

  it('reads an address as one address whatever it looks like', async () => {
    const odd = { ...payload, cc: [], bcc: [], to: ['bob@office.example.com,evil@example.net'] };
    const mail = await PostalMime.parse(await composeMime(odd, { effectKey: key, intentAt }));
    expect(mail.to!.map(({ address }) => address)).not.toContain('evil@example.net');
  });
});
