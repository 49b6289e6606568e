/** Triage over HTTP: what was classified, what the person corrects, and whose mail gets drafts. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTriageStore } from '#activities/triage/store.ts';
import { alice, bob, createFixture, type Fixture } from './api-fixture.ts';

let api: Fixture;
beforeAll(async () => {
  api = await createFixture();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  const { pool } = api.database;
  await pool.query('truncate triaged_messages, triage_cursors, triage_senders');
  const store = createTriageStore(pool);
  const mails = ['m/1', 'm2', 'm3'].map((messageId, i) => ({
    messageId,
    threadId: `t${i}`,
    sender: 'nora@acme.example.org',
    subject: `Mail ${i}`,
    receivedAt: new Date(Date.UTC(2026, 10, 20, i)),
    excerpt: 'Text that others wrote',
  }));
  await store.takeUp(alice, alice, mails, { cursor: 'cursor', isNewest: true });
  const verdict = { account: alice, reason: 'r', confidence: 0.5, summary: null };
  await store.classify(alice, 'b', [
    { ...verdict, messageId: 'm/1', class: 'fyi' },
    { ...verdict, messageId: 'm2', class: 'spam' },
  ]);
});

const list = async (who: string, query = '') =>
  (await api.request(who, { url: `/v1/triage${query}` })).json().mails as {
    messageId: string;
    class: string;
    correctedClass: string | null;
  }[];
const idsOf = (mails: { messageId: string }[]) => mails.map(({ messageId }) => messageId);
const correct = (who: string, id: string, payload: object) =>
  api.request(who, {
    method: 'PATCH',
    url: `/v1/triage/${encodeURIComponent(alice)}/${encodeURIComponent(id)}`,
    payload,
  });

describe('classified mail', () => {
  it('is listed for its owner alone, newest first, without those that wait and without text', async () => {
    const mails = await list(alice);
    expect(idsOf(mails)).toEqual(['m2', 'm/1']);
    expect(JSON.stringify(mails)).not.toContain('Text that others wrote');
    expect(await list(bob)).toEqual([]);
  });

  it('is corrected by its owner, found under the right class, and corrected back', async () => {
    expect((await correct(bob, 'm/1', { class: 'urgent' })).statusCode).toBe(404);
    const answer = await correct(alice, 'm/1', { class: 'urgent' });
    expect(answer.json()).toMatchObject({ class: 'fyi', correctedClass: 'urgent' });
    expect(idsOf(await list(alice, '?class=urgent'))).toEqual(['m/1']);
    expect(idsOf(await list(alice, '?class=fyi'))).toEqual([]);
    await correct(alice, 'm/1', { class: 'fyi' });
    expect(idsOf(await list(alice, '?class=fyi'))).toEqual(['m/1']);
    expect((await list(alice))[1]!.correctedClass).toBeNull();
  });

  it.each([
    ['another class', 'm2', { class: 'boring' }, 422],
    ['no class', 'm2', {}, 422],
    ['a mail that is not classified yet', 'm3', { class: 'fyi' }, 404],
    ['a mail that nobody knows', 'm9', { class: 'fyi' }, 404],
  ])('is not corrected with %s', async (_name, id, payload, status) => {
    expect((await correct(alice, id, payload)).statusCode).toBe(status);
  });
});

describe('senders', () => {
  const sender = (who: string, method: 'PUT' | 'DELETE', name: string, payload?: object) =>
    api.request(who, {
      method,
      url: `/v1/triage/senders/${encodeURIComponent(name)}`,
      ...(payload === undefined ? {} : { payload }),
    });

  it('are switched off and on by address or domain, and forgotten', async () => {
    await sender(alice, 'PUT', 'News@Acme.example.org', { drafts: true });
    const answer = await sender(alice, 'PUT', '@acme.example.org', { drafts: false });
    const senders = [
      { sender: '@acme.example.org', drafts: false },
      { sender: 'news@acme.example.org', drafts: true },
    ];
    expect(answer.json()).toEqual({ senders });
    const store = createTriageStore(api.database.pool);
    expect(await store.wantsDrafts(alice, 'nora@acme.example.org')).toBe(false);
    expect(await store.wantsDrafts(alice, 'news@acme.example.org')).toBe(true);
    expect(await store.wantsDrafts(bob, 'nora@acme.example.org')).toBeNull();
    expect((await sender(bob, 'DELETE', '@acme.example.org')).statusCode).toBe(404);
    await sender(alice, 'DELETE', '@acme.example.org');
    expect((await sender(alice, 'DELETE', '@acme.example.org')).statusCode).toBe(404);
  });

  it.each(['nobody', '@', 'a b@c.example', '@nodot'])('are refused as %s', async (name) => {
    expect((await sender(alice, 'PUT', name, { drafts: true })).statusCode).toBeGreaterThan(400);
  });
});
