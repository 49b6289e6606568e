/** What every mail provider must do. A provider's test file runs it with a port of its own. */
import { beforeAll, describe, expect, it } from 'vitest';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { composeMime, mailKeyOf } from '#activities/email/mime.ts';
import type { EmailPort } from '#activities/email/port.ts';
import type { MailQuery } from '#activities/email/query.ts';
import { effectKey } from './google-setup.ts';

const subject = (value: string): MailQuery => ({ kind: 'text', field: 'subject', value });

/** Two mailboxes of one provider. */
export interface EmailPortUnderTest {
  port: EmailPort;
  owner: string;
  colleague: string;
  colleaguePort: EmailPort;
}

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

    it('sends the bytes given at sending, whatever became of the draft meanwhile', async () => {
      const { key, ...content } = await mail('changed');
      const other = await mail('other');
      const { draftId } = await port.createDraft({ raw: other.raw, threadId: null });
      await port.sendDraft({ draftId, ...content });
      expect(await port.findSent(key)).not.toBeNull();
      expect(await port.findSent(other.key)).toBeNull();
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
        messageId: key.messageId,
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
      const draft = await port.createDraft({ raw: answer.raw, threadId: sent.threadId });
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

    it('searches newest first and says when there are more', async () => {
      const few = await port.search({ kind: 'in', folder: 'inbox' }, 3);
      expect([few.messages.length, few.truncated]).toEqual([3, true]);
      const dates = few.messages.map(({ dateMs }) => dateMs);
      expect(dates).toEqual(dates.toSorted((a, b) => b - a));
      expect(
        await port.search({ kind: 'text', field: 'any', value: 'no-such-word-anywhere' }, 3),
      ).toEqual({
        messages: [],
        truncated: false,
      });
    });
  });
}
