/** What is Outlook's own: edited drafts, late copies, batches, pages, cursors, changes that meet. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '#contracts/json.ts';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { createEmailHandlers } from '#activities/email/effects.ts';
import { composeMime } from '#activities/email/mime.ts';
import type { EmailPort } from '#activities/email/port.ts';
import { addMessage } from '#infra/sandbox/mail/mailbox.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { effectContext, effectKey, intentAt, stepContext } from './contexts.ts';
import { connectGoogle } from './google-setup.ts';
import { connectGraph, type GraphClients } from './graph-clients.ts';
import { connectMicrosoft, type MicrosoftSetup } from './microsoft-setup.ts';
import { askOracle, type EffectRow, setFault } from './sandbox-clients.ts';

const owner = 'carla.rossi@office.example.com';
const colleague = 'dana.whitfield@office.example.com';
let clockMs = Date.parse('2026-10-07T08:00:00Z');
let sandbox: Sandbox;
let microsoft: MicrosoftSetup;
let mailbox: EmailPort;
/** The person's own mail program. */
let outlook: GraphClients;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date(clockMs) });
  microsoft = connectMicrosoft(sandbox);
  mailbox = await microsoft.email(owner);
  outlook = await connectGraph(sandbox, owner);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
afterEach(async () => {
  await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
  Object.assign(sandbox.office.knobs, { messageIds: 'kept', sentCopyLagMs: 0, searchLagMs: 0 });
  expect(microsoft.violations).toEqual([]);
});

/** Directory, files and signatures are no vendor's. */
const handler = (tool: string) =>
  createEmailHandlers({ ...connectGoogle(sandbox), ...microsoft }).find(
    (one) => one.tool === tool,
  )!;
const step = () => stepContext(sandbox, owner);
const prepare = async (subject: string, more: JsonObject = {}) => {
  const input = { to: [colleague], subject, body: 'Hello Dana,\n\nas agreed.', ...more };
  return (await handler('sendEmail').prepare(step(), input)).payload;
};
const stored = async (name: string) => {
  const payload = await prepare(name);
  const raw = await composeMime(payload as never, { effectKey: effectKey(name), intentAt });
  const { draftId } = await mailbox.createDraft({ raw, threadId: null });
  return { payload, raw, draftId, context: effectContext(step(), name, draftId) };
};
const counts = async (name: string) => {
  const rows = await askOracle<EffectRow[]>(sandbox, 'effects');
  const own = rows.filter(({ key }) => key === effectKey(name));
  return Object.fromEntries(own.map(({ operation, count }) => [operation, count]));
};
const message = (draftId: string, rest = '') =>
  outlook.api(`/me/messages/${encodeURIComponent(draftId)}${rest}`);
const recipient = { emailAddress: { address: 'eve@elsewhere.example.net' } };
const file = {
  '@odata.type': '#microsoft.graph.fileAttachment',
  name: 'more.txt',
  contentBytes: Buffer.from('more').toString('base64'),
};

const throttled = {
  error: {
    code: 'ApplicationThrottled',
    message: 'Application is over its MailboxConcurrency limit.',
    innerError: { date: '2026-10-07T08:00:00', 'request-id': 'r', 'client-request-id': 'c' },
  },
};

describe('a draft that a person edited', () => {
  it.each<[string, (draftId: string) => Promise<unknown>]>([
    ['its recipients', (id) => message(id).patch({ ccRecipients: [recipient] })],
    ['its subject', (id) => message(id).patch({ subject: 'Something else' })],
    ['its text', (id) => message(id).patch({ body: { contentType: 'text', content: 'Pay Eve.' } })],
    ['its attachments', (id) => message(id, '/attachments').post(file)],
  ])('is kept and not sent (%s)', async (what, edit) => {
    const { payload, draftId, context } = await stored(what);
    await edit(draftId);
    await expect(handler('sendEmail').perform(payload, context)).rejects.toMatchObject({
      type: 'PreconditionFailedError',
      message: expect.stringContaining(`(${what})`),
    });
    expect(await mailbox.draft(draftId)).not.toBeNull();
    expect((await counts(what))['drafts.send']).toBeUndefined();
  });

  it('is sent when only its marks changed', async () => {
    const { payload, draftId, context } = await stored('flagged');
    await message(draftId).patch({ categories: ['Mine'], flag: { flagStatus: 'flagged' } });
    await handler('sendEmail').perform(payload, context);
    expect((await counts('flagged'))['drafts.send']).toBe(1);
  });

  it('is not sent from the bin, where deleted drafts lie', async () => {
    const { payload, draftId, context } = await stored('binned');
    await mailbox.changeMessage(draftId, { folder: 'trash' });
    expect(await mailbox.draft(draftId)).toBeNull();
    await expect(handler('sendEmail').perform(payload, context)).rejects.toThrow(
      UnknownOutcomeError,
    );
    expect(await handler('sendEmail').reconcile(payload, context)).toMatchObject({
      found: 'unknown',
    });
  });
});

describe('a mail that was sent', () => {
  it('is known once its copy appears, whatever became of its Message-ID', async () => {
    Object.assign(sandbox.office.knobs, { messageIds: 'replaced', sentCopyLagMs: 30_000 });
    const { payload, draftId, context } = await stored('late');
    const receipt = await handler('sendEmail').perform(payload, context);
    const look = () => handler('sendEmail').reconcile(payload, context);
    expect(await look()).toMatchObject({ found: 'unknown' });
    clockMs += 31_000;
    expect(await look()).toEqual({ found: 'done', receipt });
    // By its key alone as well, which is all that is known of a draft whose id was lost.
    const key = { effectKey: effectKey('late'), messageId: '<was-replaced@office.example.com>' };
    expect(await mailbox.findSent(key)).toMatchObject({ messageId: draftId });
  });

  it('is found although the index lags behind, and so is a draft', async () => {
    sandbox.office.knobs.searchLagMs = 60_000;
    const { payload, draftId, context } = await stored('unindexed');
    const key = { effectKey: effectKey('unindexed'), messageId: '<none@office.example.com>' };
    expect(await mailbox.findDraft(key)).toMatchObject({ draftId });
    await handler('sendEmail').perform(payload, context);
    expect(await mailbox.findSent(key)).toMatchObject({ messageId: draftId });
  });

  it('is never deleted by the id its draft had', async () => {
    const { payload, draftId, context } = await stored('no draft any more');
    await handler('sendEmail').perform(payload, context);
    await expect(mailbox.deleteDraft(draftId)).rejects.toThrow(UnknownOutcomeError);
    expect(await mailbox.message(draftId)).toMatchObject({ folder: 'sent', sent: true });
  });

  it('left by way of its draft, and by no other', () => {
    const posts = microsoft.requests.filter((request) => request.startsWith('POST '));
    expect(posts.some((request) => request.endsWith('/send'))).toBe(true);
    expect(posts.filter((one) => /\/(sendMail|reply|replyAll|forward)$/.test(one))).toEqual([]);
  });
});

describe('a draft', () => {
  it('is refused when the mail it answers is gone', async () => {
    const { raw } = await stored('orphan');
    const { messages } = await mailbox.search({ kind: 'in', folder: 'inbox' }, 1);
    const { id } = messages[0]!;
    await message(id).delete();
    await message(id).delete();
    const answers = { messageId: id, how: 'reply' } as const;
    await expect(mailbox.createDraft({ raw, threadId: null, answers })).rejects.toMatchObject({
      type: 'PreconditionFailedError',
    });
  });
});

describe('many messages', () => {
  const fill = (count: number, head: string) => {
    const person = sandbox.office.person(owner)!;
    return Array.from({ length: count }, (_, n) => {
      const headers = [`Message-ID: <${head}-${n}@acme.example.org>`, `Subject: ${head}`];
      if (n > 0) headers.push(`References: <${head}-0@acme.example.org>`);
      const raw = Buffer.from([...headers, 'From: n@acme.example.org', '', `${n}`].join('\r\n'));
      const dateMs = clockMs - (count - n) * 1_000;
      return addMessage(sandbox.office, person, { raw, labelIds: ['INBOX'], dateMs });
    });
  };
  const subject = (value: string) => ({ kind: 'text', field: 'subject', value }) as const;

  it('come page by page, in one thread in order', async () => {
    fill(120, 'pages');
    const { messages, truncated } = await mailbox.search(subject('pages'), 110);
    expect([messages.length, truncated]).toEqual([110, true]);
    expect(messages[0]!.text.trim()).toBe('119');
    const thread = (await mailbox.thread(messages[0]!.threadId))!;
    expect(thread.map(({ text }) => text.trim())).toEqual(
      Array.from({ length: 120 }, (_, n) => String(n)),
    );
  });

  it('are looked through up to a bound, and the search says so', async () => {
    fill(520, 'noise');
    const rare = {
      kind: 'and',
      parts: [subject('noise'), { kind: 'is', mark: 'starred' }],
    } as const;
    expect(await mailbox.search(rare, 60)).toEqual({ messages: [], truncated: true });
  });

  it('are read in batches of twenty, and the time to wait inside one is honoured', async () => {
    const { messages } = await mailbox.search(subject('pages'), 45);
    const ids = messages.map(({ id }) => id);
    const before = microsoft.requests.length;
    expect((await mailbox.headers(ids)).map(({ id }) => id)).toEqual(ids);
    expect(microsoft.requests.slice(before)).toEqual(Array(3).fill('POST /$batch'));
    await setFault(sandbox, {
      match: { method: 'GET', pathRegex: encodeURIComponent(ids[25]!) },
      action: 'status',
      status: 429,
      headers: { 'retry-after': '17' },
      body: throttled,
    });
    await expect(mailbox.headers(ids)).rejects.toMatchObject({
      type: 'RateLimitedError',
      nextRetryDelay: 17_000,
    });
  });
});

describe('changes', () => {
  it('that meet on one message are both kept', async () => {
    const { messages } = await mailbox.search({ kind: 'in', folder: 'inbox' }, 1);
    const { id } = messages[0]!;
    const names = ['One', 'Two', 'Three'];
    await Promise.all(names.map((name) => mailbox.changeMessage(id, { addLabels: [name] })));
    expect((await mailbox.message(id))!.labels.toSorted()).toEqual(names.toSorted());
  });

  it('use the name a category has, and write nothing that is so already', async () => {
    await outlook
      .api('/me/outlook/masterCategories')
      .post({ displayName: 'Big Deal', color: 'preset0' });
    expect((await mailbox.labels()).map(({ name }) => name)).toContain('Big Deal');
    const { messages } = await mailbox.search({ kind: 'in', folder: 'inbox' }, 1);
    const { id } = messages[0]!;
    const { labels } = await mailbox.changeMessage(id, { addLabels: ['big-deal'] });
    expect(labels).toContain('Big Deal');
    const before = microsoft.requests.length;
    await mailbox.changeMessage(id, { addLabels: ['BIG DEAL'], folder: 'inbox' });
    const written = microsoft.requests.slice(before).filter((one) => !one.startsWith('GET'));
    expect(written).toEqual([]);
  });

  it('refuse a cursor that is none of theirs', async () => {
    for (const cursor of ['12345', '{"created":"/me"}', 'null']) {
      await expect(
        mailbox.changes(cursor, { limit: 5, resyncFromMs: 0, resyncMax: 5 }),
      ).rejects.toMatchObject({
        type: 'InvalidInputError',
      });
    }
  });
});
