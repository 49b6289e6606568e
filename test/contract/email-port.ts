/** What every mail provider must do. A provider's test file runs it with a port of its own. */
import { randomBytes } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { beforeAll, describe, expect, it } from 'vitest';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { composeMime, mailKeyOf } from '#activities/email/mime.ts';
import type { EmailPort } from '#activities/email/port.ts';
import { effectKey } from './contexts.ts';
import { type EmailPortUnderTest, itKeepsMail, subject } from './email-port-mailbox.ts';

/** Runs the suite. */
export function describeEmailPort(name: string, makePort: () => Promise<EmailPortUnderTest>): void {
  describe(`${name} as a mailbox`, () => {
    let given: EmailPortUnderTest;
    let port: EmailPort;
    beforeAll(async () => {
      given = await makePort();
      port = given.port;
    });
    const mail = async (key: string, extra: object = {}) => {
      const payload = {
        kind: 'sendEmail' as const,
        account: given.owner,
        fromName: 'Alex Morgan',
        to: [given.colleague],
        cc: [],
        bcc: [],
        subject: `Subject ${key}`,
        body: 'Line one\n\nLine three: ünïcode',
        reply: null,
        ...extra,
      };
      const raw = await composeMime(payload, {
        effectKey: effectKey(key),
        intentAt: '2026-11-24T10:00:00.000Z',
      });
      return { raw, threadId: null, key: mailKeyOf(payload, effectKey(key)) };
    };

    it('sends a draft once; it is gone afterwards and found among the sent', async () => {
      const { key, ...content } = await mail('sent');
      expect(await port.findSent(key)).toBeNull();
      const { draftId } = await port.createDraft(content);
      expect(await port.draft(draftId)).toMatchObject({ draftId });
      expect(await port.findDraft(key)).toMatchObject({ draftId });
      expect(await port.findSent(key)).toBeNull();
      const sent = await port.sendDraft({ draftId, ...content });
      expect(await port.draft(draftId)).toBeNull();
      expect(await port.findDraft(key)).toBeNull();
      expect(await port.findSent(key)).toEqual(sent);
      await expect(port.sendDraft({ draftId, ...content })).rejects.toThrow(UnknownOutcomeError);
    });

    it('sends what it is given at sending or nothing, whatever became of the draft', async () => {
      const { key, ...content } = await mail('changed');
      const other = await mail('other');
      const { draftId } = await port.createDraft({ raw: other.raw, threadId: null });
      const sending = port.sendDraft({ draftId, ...content });
      if (given.replacesOnSend) {
        await sending;
        expect(await port.findSent(key)).not.toBeNull();
      } else {
        await expect(sending).rejects.toMatchObject({
          type: 'PreconditionFailedError',
          details: [{ keepDraft: true }],
        });
        expect(await port.draft(draftId)).not.toBeNull();
        await port.deleteDraft(draftId);
      }
      expect(await port.findSent(other.key)).toBeNull();
    });

    it('finds a sent mail by the draft it was', async () => {
      const { key, ...content } = await mail('by draft');
      const { draftId } = await port.createDraft(content);
      const sent = await port.sendDraft({ draftId, ...content });
      expect(await port.findSent(key, draftId)).toEqual(sent);
    });

    it('delivers text as written, with sender, subject and ids', async () => {
      const { key, ...content } = await mail('text');
      const { draftId } = await port.createDraft(content);
      await port.sendDraft({ draftId, ...content });
      const { messages } = await given.colleaguePort.search(subject('Subject text'), 5);
      expect(messages).toHaveLength(1);
      expect(messages[0]).toMatchObject({
        from: { name: 'Alex Morgan', email: given.owner },
        subject: 'Subject text',
        messageId: given.keepsMessageIds ? key.messageId : expect.not.stringMatching(key.messageId),
        unread: true,
        sent: false,
        draft: false,
      });
      expect(messages[0]!.text.trim()).toBe('Line one\n\nLine three: ünïcode');
      expect(await given.colleaguePort.message(messages[0]!.id)).toEqual(messages[0]);
    });

    it('hides blind copies from the others', async () => {
      const { key: _key, ...content } = await mail('blind', {
        to: [given.owner],
        bcc: [given.colleague],
      });
      const { draftId } = await port.createDraft(content);
      await port.sendDraft({ draftId, ...content });
      const { messages } = await given.colleaguePort.search(subject('Subject blind'), 5);
      expect(messages).toHaveLength(1);
      expect(messages[0]!.to.map(({ email }) => email)).toEqual([given.owner]);
    });

    it('keeps an answer in its thread', async () => {
      const { key, ...content } = await mail('thread');
      const { draftId } = await port.createDraft(content);
      const sent = await port.sendDraft({ draftId, ...content });
      const reply = {
        messageId: sent.messageId!,
        threadId: sent.threadId!,
        inReplyTo: key.messageId,
        references: [key.messageId],
        threadHead: sent.messageId!,
      };
      const answer = await mail('answer', { subject: 'Re: Subject thread', reply });
      const draft = await port.createDraft({
        raw: answer.raw,
        threadId: sent.threadId,
        answers: { messageId: sent.messageId!, how: 'reply' },
      });
      expect(draft.threadId).toBe(sent.threadId);
      await port.sendDraft({ draftId: draft.draftId, raw: answer.raw, threadId: sent.threadId });
      const thread = (await port.thread(sent.threadId!))!;
      expect(thread.map(({ subject }) => subject)).toEqual([
        'Subject thread',
        'Re: Subject thread',
      ]);
      expect(thread[1]!.references).toEqual([key.messageId]);
    });

    it('deletes a draft, and knows nothing of what never was', async () => {
      const { key: _key, ...content } = await mail('dropped');
      const { draftId } = await port.createDraft(content);
      await port.deleteDraft(draftId);
      expect(await port.draft(draftId)).toBeNull();
      await expect(port.deleteDraft(draftId)).rejects.toThrow(UnknownOutcomeError);
      expect([await port.message('ffff'), await port.thread('ffff')]).toEqual([null, null]);
    });

    const delivered = async (key: string, extra: object = {}) => {
      const { key: _key, ...content } = await mail(key, extra);
      const { draftId } = await port.createDraft(content);
      await port.sendDraft({ draftId, ...content });
      return theColleagues(`Subject ${key}`);
    };
    const theColleagues = async (value: string) => {
      const { messages } = await given.colleaguePort.search(subject(value), 2);
      expect(messages).toHaveLength(1);
      return messages[0]!;
    };

    it('forwards and answers with the recipients and the text it was given', async () => {
      const arrived = await delivered('origin');
      for (const how of ['replyAll', 'forward'] as const) {
        const { key, ...content } = await mail(how, {
          account: given.colleague,
          to: [given.owner],
          reply: {
            messageId: arrived.id,
            threadId: arrived.threadId,
            inReplyTo: arrived.messageId!,
            references: [arrived.messageId!],
            threadHead: arrived.id,
          },
        });
        const { colleaguePort } = given;
        const answers = { messageId: arrived.id, how };
        const { draftId } = await colleaguePort.createDraft({ ...content, answers });
        await colleaguePort.sendDraft({ draftId, ...content });
        const { messages } = await port.search(subject(`Subject ${how}`), 2);
        expect(messages).toMatchObject([
          { to: [{ email: given.owner }], cc: [], references: [arrived.messageId] },
        ]);
        expect(messages[0]!.text.trim()).toBe('Line one\n\nLine three: ünïcode');
        expect(await colleaguePort.findSent(key)).not.toBeNull();
      }
    });

    it('carries files byte by byte, under ids that stay', async () => {
      const bytes = Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7) % 256));
      const raw = await new MailComposer({
        from: given.owner,
        to: given.colleague,
        subject: 'Subject files',
        text: 'See both.',
        attachments: [
          { filename: 'Plän 2026.pdf', content: bytes, contentType: 'application/pdf' },
          { filename: 'notes.txt', content: 'one\ntwo\n', contentType: 'text/plain' },
        ],
      })
        .compile()
        .build();
      const { draftId } = await port.createDraft({ raw, threadId: null });
      await port.sendDraft({ draftId, raw, threadId: null });
      const found = await theColleagues('Subject files');
      expect(found.text.trim()).toBe('See both.');
      expect(found.attachments).toMatchObject([
        { name: 'Plän 2026.pdf', mimeType: 'application/pdf', inline: false },
        { name: 'notes.txt', mimeType: 'text/plain', inline: false },
      ]);
      const again = (await given.colleaguePort.message(found.id))!;
      expect(again.attachments).toEqual(found.attachments);
      const [pdf, text] = again.attachments;
      const read = (id: string) => given.colleaguePort.attachment(found.id, id);
      expect((await read(pdf!.id)).equals(bytes)).toBe(true);
      expect((await read(text!.id)).toString('utf8')).toBe('one\ntwo\n');
      await expect(read('nothing')).rejects.toMatchObject({ type: 'NotFoundError' });
      await expect(given.colleaguePort.attachment('ffff', pdf!.id)).rejects.toMatchObject({
        type: 'NotFoundError',
      });
    });

    it('carries files that are larger than one request may be', async () => {
      const [small, large] = [randomBytes(2_900_000), randomBytes(7_000_000)];
      const mailOf = (attachments: object[]) => () =>
        new MailComposer({
          from: given.owner,
          to: given.colleague,
          subject: 'Subject large',
          text: 'See all.',
          attachments,
        })
          .compile()
          .build();
      const raw = await mailOf([
        { filename: 'small.bin', content: small },
        { filename: 'Groß.bin', content: large },
        { filename: 'small.bin', content: 'the same name' },
      ])();
      const mail = { raw, withoutFiles: mailOf([]), threadId: null };
      const { draftId } = await port.createDraft(mail);
      await port.completeDraft({ draftId, raw });
      await port.completeDraft({ draftId, raw });
      await port.sendDraft({ draftId, ...mail });
      const { id, attachments } = await theColleagues('Subject large');
      const read = (name: string, at = 0) =>
        given.colleaguePort.attachment(
          id,
          attachments.filter((file) => file.name === name)[at]!.id,
        );
      expect(attachments).toHaveLength(3);
      expect((await read('Groß.bin')).equals(large)).toBe(true);
      const same = [await read('small.bin'), await read('small.bin', 1)];
      expect(new Set(same.map(({ length }) => length))).toEqual(new Set([13, small.length]));
    });

    itKeepsMail({
      get given() {
        return given;
      },
      delivered,
    });
  });
}
