/** The real Gmail client against the sandbox: search, threads, drafts, labels, history. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { askOracle, type Clients, connect, type EffectRow, refusal } from './sandbox-clients.ts';

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
const subjectOf = async (id: string, who = alex) => {
  const { data } = await who.gmail.users.messages.get({
    ...me,
    id,
    format: 'metadata',
    metadataHeaders: ['Subject'],
  });
  return data.payload!.headers!.map(({ value }) => value).join();
};
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
const effect = async (operation: string, key: string) =>
  (await askOracle<EffectRow[]>(sandbox, 'effects')).find(
    (row) => row.operation === operation && row.key === key,
  );

describe('reading', () => {
  it('tells the profile and the labels, and at least sixty messages over pages', async () => {
    const profile = await alex.gmail.users.getProfile(me);
    expect(profile.data.emailAddress).toBe(sandbox.office.main.email);
    expect(profile.data.messagesTotal).toBeGreaterThanOrEqual(60);
    expect((await alex.gmail.users.labels.list(me)).data.labels!.map(({ id }) => id)).toContain(
      'INBOX',
    );
    const inbox = await alex.gmail.users.labels.get({ ...me, id: 'INBOX' });
    expect(inbox.data.messagesUnread).toBeGreaterThan(3);
    const first = await alex.gmail.users.messages.list({ ...me, maxResults: 10 });
    const second = await alex.gmail.users.messages.list({
      ...me,
      maxResults: 10,
      pageToken: first.data.nextPageToken!,
    });
    const ids = [...first.data.messages!, ...second.data.messages!].map(({ id }) => id);
    expect(new Set(ids).size).toBe(20);
  });

  it('searches by sender, subject, label, state, attachment, age and phrase', async () => {
    const subjects = async (q: string) =>
      Promise.all((await search(q)).map(({ id }) => subjectOf(id!)));
    expect(await subjects('from:nora is:unread')).toEqual([
      'Re: Acme renewal: decision needed today',
    ]);
    expect(await subjects('has:attachment from:ines')).toEqual(['Mutual NDA with Northwind']);
    expect((await search('from:bob subject:acme -subject:agenda')).length).toBe(2);
    expect((await search('label:clients newer_than:1d')).length).toBe(1);
    expect(await subjects('"another offer"')).toEqual(['Thank you for the interview']);
    expect(await subjects('from:(oscar OR ines) after:2026/10/04')).toEqual([
      'Mutual NDA with Northwind',
      'Catering for the off-site',
    ]);
    expect(await search('from:lucky-draw')).toEqual([]);
    expect((await search('in:spam')).length).toBe(4);
    expect(await search('no-such-word-anywhere')).toEqual([]);
  });

  it('shows a thread in order, its MIME tree and its attachment', async () => {
    const [hit] = await search('subject:agenda has:attachment');
    const thread = await alex.gmail.users.threads.get({ ...me, id: hit!.threadId! });
    const dates = thread.data.messages!.map(({ internalDate }) => Number(internalDate));
    expect(dates.length).toBe(3);
    expect(dates).toEqual(dates.toSorted((a, b) => a - b));
    const [text, file] = thread.data.messages![0]!.payload!.parts!;
    expect(Buffer.from(text!.body!.data!, 'base64url').toString()).toContain('audit logs');
    expect(file).toMatchObject({ filename: 'acme-usage.csv', mimeType: 'text/csv' });
    const content = await alex.gmail.users.messages.attachments.get({
      ...me,
      messageId: hit!.id!,
      id: file!.body!.attachmentId!,
    });
    expect(Buffer.from(content.data.data!, 'base64url').toString()).toContain('2026-10,214,610');
    expect(
      (await alex.gmail.users.threads.list({ ...me, q: 'from:nora' })).data.threads!.length,
    ).toBe(2);
    expect(await refusal(alex.gmail.users.messages.get({ ...me, id: 'nothing' }))).toEqual({
      status: 404,
      reason: 'notFound',
    });
  });
});

describe('drafts', () => {
  it('sends a draft once: its message changes id, the draft is gone, the recipient has the mail', async () => {
    const created = await alex.gmail.users.drafts.create({
      ...me,
      requestBody: { message: { raw: mail('d1') } },
    });
    const id = created.data.id!;
    expect((await alex.gmail.users.drafts.list(me)).data.drafts!.map((draft) => draft.id)).toEqual([
      id,
    ]);
    const updated = await alex.gmail.users.drafts.update({
      ...me,
      id,
      requestBody: { message: { raw: mail('d1', ['X-Round: 2']) } },
    });
    expect(updated.data.message!.id).not.toBe(created.data.message!.id);
    const stored = await alex.gmail.users.drafts.get({ ...me, id, format: 'raw' });
    expect(Buffer.from(stored.data.message!.raw!, 'base64url').toString()).toContain('X-Round: 2');
    const sent = await alex.gmail.users.drafts.send({ ...me, requestBody: { id } });
    expect(sent.data.id).not.toBe(updated.data.message!.id);
    expect(sent.data.labelIds).toEqual(['SENT']);
    expect(sent.data.threadId).toBe(created.data.message!.threadId);
    const gone = { status: 404, reason: 'notFound' };
    expect(await refusal(alex.gmail.users.drafts.send({ ...me, requestBody: { id } }))).toEqual(
      gone,
    );
    expect(await refusal(alex.gmail.users.drafts.get({ ...me, id }))).toEqual(gone);
    const [found] = await search('rfc822msgid:<d1@office.example.com> in:sent');
    expect(found!.id).toBe(sent.data.id);
    expect((await search('rfc822msgid:d1@office.example.com in:inbox is:unread', bob)).length).toBe(
      1,
    );
    expect(await effect('drafts.send', 'd1')).toMatchObject({
      count: 1,
      account: sandbox.office.main.email,
    });
    expect((await effect('drafts.send', 'd1'))!.raw).toContain('From: Alex Morgan');
  });

  it('sends the content given with the send instead of the stored one', async () => {
    const { data } = await alex.gmail.users.drafts.create({
      ...me,
      requestBody: { message: { raw: mail('d2') } },
    });
    const raw = mail('d2', ['X-Final: yes'], 'nora.feld@acme.example.org');
    await alex.gmail.users.drafts.send({ ...me, requestBody: { id: data.id!, message: { raw } } });
    const row = await effect('drafts.send', 'd2');
    expect(row!.raw).toContain('X-Final: yes');
    expect(await search('rfc822msgid:d2@office.example.com', bob)).toEqual([]);
    const { outsideMail } = await askOracle<{ outsideMail: Record<string, number> }>(
      sandbox,
      'state',
    );
    expect(outsideMail['nora.feld@acme.example.org']).toBe(1);
  });

  it('deletes a draft for good', async () => {
    const { data } = await alex.gmail.users.drafts.create({
      ...me,
      requestBody: { message: { raw: mail('d3') } },
    });
    await alex.gmail.users.drafts.delete({ ...me, id: data.id! });
    expect((await refusal(alex.gmail.users.drafts.delete({ ...me, id: data.id! }))).status).toBe(
      404,
    );
    expect(await effect('drafts.delete', 'd3')).toMatchObject({ count: 1 });
  });
});

describe('labels and history', () => {
  it('changes the labels of several messages in one call', async () => {
    const ids = (await search('from:digest')).map(({ id }) => id!);
    const requestBody = { ids, removeLabelIds: ['INBOX'] };
    expect((await alex.gmail.users.messages.batchModify({ ...me, requestBody })).status).toBe(204);
    expect(await search('from:digest in:inbox')).toEqual([]);
  });

  it('counts a label change once, however often it is asked for, and remembers it', async () => {
    const { data: profile } = await alex.gmail.users.getProfile(me);
    const [target] = await search('subject:"office keys" from:sam');
    const change = { ...me, id: target!.id!, requestBody: { addLabelIds: ['STARRED'] } };
    await alex.gmail.users.messages.modify(change);
    expect((await alex.gmail.users.messages.modify(change)).data.labelIds).toContain('STARRED');
    const rows = (await askOracle<EffectRow[]>(sandbox, 'effects')).filter(
      ({ operation, raw }) => operation === 'messages.modify' && raw.includes('STARRED'),
    );
    expect(rows.map(({ count }) => count)).toEqual([1]);
    await alex.gmail.users.messages.trash({ ...me, id: target!.id! });
    expect(await search('subject:"office keys" from:sam')).toEqual([]);
    const history = await alex.gmail.users.history.list({
      ...me,
      startHistoryId: profile.historyId!,
    });
    expect(history.data.history!.flatMap((entry) => Object.keys(entry))).toEqual(
      expect.arrayContaining(['labelsAdded']),
    );
    expect(
      (await refusal(alex.gmail.users.history.list({ ...me, startHistoryId: '1' }))).status,
    ).toBe(404);
    expect(
      (
        await refusal(
          alex.gmail.users.messages.modify({
            ...me,
            id: target!.id!,
            requestBody: { addLabelIds: ['NOPE'] },
          }),
        )
      ).status,
    ).toBe(400);
  });

  it("opens nobody else's mailbox", async () => {
    expect((await refusal(alex.gmail.users.messages.list({ userId: bobEmail }))).status).toBe(403);
  });
});
