/** What every mail provider must do. A provider's test file runs it with a port of its own. */
import MailComposer from 'nodemailer/lib/mail-composer';
import { beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#contracts/limits.ts';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { composeMime, mailKeyOf } from '#activities/email/mime.ts';
import type { EmailPort, MessageChange } from '#activities/email/port.ts';
import type { MailQuery } from '#activities/email/query.ts';
import { effectKey } from './google-setup.ts';

const subject = (value: string): MailQuery => ({ kind: 'text', field: 'subject', value });

/** Two mailboxes of one provider. */
export interface EmailPortUnderTest {
  port: EmailPort;
  owner: string;
  colleague: string;
  colleaguePort: EmailPort;
  /** Whether sending replaces what the draft holds; else another content is refused. */
  replacesOnSend: boolean;
  /** Whether a sent mail keeps the Message-ID it was given. */
  keepsMessageIds: boolean;
  /** Makes every cursor of the colleague's mailbox too old. */
  expireCursors: () => void;
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

    it('puts labels on and off, and reads a message or not, again without harm', async () => {
      const { id } = await delivered('labels');
      const change = (wanted: MessageChange) => given.colleaguePort.changeMessage(id, wanted);
      for (let twice = 0; twice < 2; twice += 1) {
        const marked = await change({ addLabels: ['Project X', 'Later'], unread: false });
        expect(marked).toMatchObject({ id, unread: false, folder: 'inbox' });
        expect(marked.labels.toSorted()).toEqual(['Later', 'Project X']);
      }
      expect((await change({ removeLabels: ['later', 'never was'] })).labels).toEqual([
        'Project X',
      ]);
      const labelled: MailQuery = { kind: 'label', value: 'project x' };
      const { messages } = await given.colleaguePort.search(labelled, 5);
      expect(messages.map((message) => message.id)).toEqual([id]);
      expect(await change({ removeLabels: ['Project X'], unread: true })).toMatchObject({
        labels: [],
        unread: true,
      });
      await expect(
        given.colleaguePort.changeMessage('ffff', { unread: false }),
      ).rejects.toMatchObject({ type: 'NotFoundError' });
    });

    it('moves a message and back under one id', async () => {
      const before = await delivered('places');
      for (const folder of ['archive', 'trash', 'spam', 'spam', 'inbox'] as const) {
        const moved = await given.colleaguePort.changeMessage(before.id, { folder });
        expect(moved).toEqual({ ...before, folder });
        const { messages } = await given.colleaguePort.search(
          { kind: 'and', parts: [subject('Subject places'), { kind: 'in', folder }] },
          2,
        );
        expect(messages.map(({ id }) => id)).toEqual([before.id]);
      }
    });

    it('leaves spam and trash out of a search that does not ask for them', async () => {
      const { id } = await delivered('hidden');
      await given.colleaguePort.changeMessage(id, { folder: 'trash' });
      const find = (query: MailQuery) => given.colleaguePort.search(query, 2);
      expect((await find(subject('Subject hidden'))).messages).toEqual([]);
      const anywhere: MailQuery = { kind: 'in', folder: 'anywhere' };
      const parts = [subject('Subject hidden'), anywhere];
      expect((await find({ kind: 'and', parts })).messages).toHaveLength(1);
    });

    const resyncFromMs = Date.parse('2026-10-07T00:00:00Z');
    const all = { limit: 50, resyncMax: 50, resyncFromMs };

    it('tells what came into the inbox since, each once, and what left', async () => {
      const { colleaguePort } = given;
      const start = await colleaguePort.changes(null, all);
      expect(start).toMatchObject({ added: [], removed: [], gap: false, more: false });
      const idle = await colleaguePort.changes(start.cursor, all);
      expect(idle).toMatchObject({ added: [], removed: [], gap: false, more: false });
      const ids: string[] = [];
      for (const name of ['came 1', 'came 2', 'came 3']) ids.push((await delivered(name)).id);
      await colleaguePort.changeMessage(ids[0]!, { unread: false, addLabels: ['Seen'] });
      const seen: string[] = [];
      let { cursor } = idle;
      for (let page = 0, more = true; more && page < 20; page += 1) {
        const changes = await colleaguePort.changes(cursor, { ...all, limit: 1 });
        seen.push(...changes.added);
        ({ cursor, more } = changes);
      }
      expect(seen.toSorted()).toEqual(ids.toSorted());
      await colleaguePort.changeMessage(ids[1]!, { folder: 'archive' });
      await colleaguePort.changeMessage(ids[2]!, { unread: false });
      const after = await colleaguePort.changes(cursor, all);
      expect(after).toMatchObject({ added: [], removed: [ids[1]], gap: false, more: false });
      const end = await colleaguePort.changes(after.cursor, all);
      expect(end).toMatchObject({ added: [], removed: [], gap: false });
    });

    it('reads the inbox anew when the cursor is too old, says so, and goes on from there', async () => {
      const { colleaguePort } = given;
      const { cursor } = await colleaguePort.changes(null, all);
      const first = await delivered('missed 1');
      const second = await delivered('missed 2');
      given.expireCursors();
      const anew = await colleaguePort.changes(cursor, all);
      expect(anew).toMatchObject({ removed: [], gap: true, more: false });
      expect(anew.added).toEqual(expect.arrayContaining([first.id, second.id]));
      expect(new Set(anew.added).size).toBe(anew.added.length);
      const bounded = await colleaguePort.changes(cursor, { ...all, resyncMax: 1 });
      expect(bounded.added).toHaveLength(1);
      const third = await delivered('after the gap');
      expect(await colleaguePort.changes(anew.cursor, all)).toMatchObject({
        added: [third.id],
        gap: false,
      });
    });

    it('reads many messages briefly, leaving out those that are gone', async () => {
      const long = await delivered('long', { body: 'A sentence that goes on. '.repeat(80) });
      const { messages } = await given.colleaguePort.search({ kind: 'in', folder: 'inbox' }, 30);
      const ids = [long.id, 'ffff', ...messages.map(({ id }) => id).filter((id) => id !== long.id)];
      const found = await given.colleaguePort.headers(ids);
      expect(found.map(({ id }) => id)).toEqual(ids.filter((id) => id !== 'ffff'));
      expect(found.length).toBeGreaterThan(1);
      const { text, ownText, ...facts } = found[0]!;
      const { text: whole, ownText: _own, ...wanted } = long;
      expect(facts).toEqual(wanted);
      expect(text).toBe(ownText);
      expect(text.length).toBeLessThanOrEqual(limits.excerptMaxChars);
      expect(whole.startsWith(text.slice(0, 100))).toBe(true);
    });

    it('names the addresses it may send as, its own first, and the labels there are', async () => {
      expect((await port.sendAs())[0]).toMatchObject({ email: given.owner });
      for (const { id, name } of await port.labels()) {
        expect([typeof id, name.trim()]).toEqual(['string', name]);
      }
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
