/** The part of the mail suite that is about a mailbox: labels, places, changes, searches. */
import { expect, it } from 'vitest';
import { limits } from '#contracts/limits.ts';
import type { EmailPort, MailMessage, MessageChange } from '#activities/email/port.ts';
import type { MailQuery } from '#activities/email/query.ts';

/** The query for mail with a word or phrase in its subject. */
export const subject = (value: string): MailQuery => ({ kind: 'text', field: 'subject', value });

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

/** What the cases share with the rest of the suite; the ports are only there once they are made. */
export interface MailScene {
  readonly given: EmailPortUnderTest;
  /** Sends a mail to the colleague; gives it as it lies in their mailbox. */
  delivered: (key: string, extra?: object) => Promise<MailMessage>;
}

/** Runs the cases. */
export function itKeepsMail(scene: MailScene): void {
  const { delivered } = scene;
  it('puts labels on and off, and reads a message or not, again without harm', async () => {
    const { given } = scene;
    const { id } = await delivered('labels');
    const change = (wanted: MessageChange) => given.colleaguePort.changeMessage(id, wanted);
    for (let twice = 0; twice < 2; twice += 1) {
      const marked = await change({ addLabels: ['Project X', 'Later'], unread: false });
      expect(marked).toMatchObject({ id, unread: false, folder: 'inbox' });
      expect(marked.labels.toSorted()).toEqual(['Later', 'Project X']);
    }
    const labels = await given.colleaguePort.labels();
    expect(labels.length).toBeGreaterThan(0);
    for (const { id, name } of labels) {
      expect([typeof id, name.trim()]).toEqual(['string', name]);
    }
    expect((await change({ removeLabels: ['later', 'never was'] })).labels).toEqual(['Project X']);
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
    const { given } = scene;
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
    const { given } = scene;
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
    const { given } = scene;
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
    const { given } = scene;
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
    const { given } = scene;
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

  it('names the addresses it may send as, its own first', async () => {
    const { given } = scene;
    expect((await given.port.sendAs())[0]).toMatchObject({ email: given.owner });
  });

  it('searches newest first and says when there are more', async () => {
    const { port } = scene.given;
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
}
