/** Replies, forwards, files, senders, and changes of marks and places, against the sandbox's Gmail. */
import { createHash } from 'node:crypto';
import PostalMime from 'postal-mime';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '#contracts/json.ts';
import type { ChangeMailPayload, SendEmailPayload } from '#contracts/schemas/email.ts';
import type { EffectToolName } from '#contracts/tools.ts';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { createEmailHandlers } from '#activities/email/effects.ts';
import type { EmailPort, MailMessage } from '#activities/email/port.ts';
import { matchesMail } from '#activities/email/query-match.ts';
import { parseMailQuery } from '#activities/email/query.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { effectContext, effectKey, stepContext } from './contexts.ts';
import { connectGoogle, type GoogleSetup } from './google-setup.ts';
import { askOracle, type EffectRow, setFault } from './sandbox-clients.ts';

const bob = 'bob.keller@office.example.com';
const tom = 'tom.becker@office.example.com';
let sandbox: Sandbox;
let google: GoogleSetup;
let me: string;
let mailbox: EmailPort;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
  google = connectGoogle(sandbox);
  me = sandbox.office.main.email;
  mailbox = await google.email(me);
  sandbox.office.mailbox(me).aliases = [
    {
      email: 'sales@office.example.com',
      name: 'Sales',
      signature: '<b>Sales</b><br>Berlin',
      verified: true,
    },
    { email: 'ceo@office.example.com', name: 'CEO', signature: '', verified: false },
  ];
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
beforeEach(async () => {
  await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
});
afterEach(() => {
  expect(google.violations).toEqual([]);
});

const handler = (tool: EffectToolName) => createEmailHandlers(google).find((h) => h.tool === tool)!;
const prepare = (tool: EffectToolName, input: JsonObject) =>
  handler(tool).prepare(stepContext(sandbox), input);
const context = (key: string, providerRef: string | null = null) =>
  effectContext(stepContext(sandbox), key, providerRef);
const rows = async (key: string) =>
  (await askOracle<EffectRow[]>(sandbox, 'effects')).filter((row) => row.key === effectKey(key));

/** A mail from Bob to Alex and Tom with a file, as a mail program writes it. */
async function arrive(subject: string): Promise<MailMessage> {
  const port = await google.email(bob);
  const raw = Buffer.from(
    [
      `From: Bob Keller <${bob}>`,
      `To: ${me}, ${tom}`,
      'Cc: carla.rossi@office.example.com',
      'Reply-To: Bob at home <bob@home.example.net>',
      `Subject: ${subject}`,
      `Message-ID: <${createHash('md5').update(subject).digest('hex')}@office.example.com>`,
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: text/plain; charset=utf-8',
      '',
      'Here are the numbers.',
      '--b',
      'Content-Type: text/csv; name="numbers.csv"',
      'Content-Disposition: attachment; filename="numbers.csv"',
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from('a;b\n1;2\n').toString('base64'),
      '--b--',
      '',
    ].join('\r\n'),
  );
  const { draftId } = await port.createDraft({ raw, threadId: null });
  await port.sendDraft({ draftId, raw, threadId: null });
  const query = { kind: 'text', field: 'subject', value: subject } as const;
  const { messages } = await mailbox.search(query, 1);
  return messages[0]!;
}

describe('a reply', () => {
  it('to all goes to whoever code finds, under the subject of the thread, above the quoted mail', async () => {
    const original = await arrive('Numbers one');
    const { payload, card, recipients } = await prepare('sendEmail', {
      mode: 'replyAll',
      replyToMessageId: original.id,
      body: 'Thanks.',
    });
    expect(payload).toMatchObject({
      to: ['bob@home.example.net'],
      cc: [tom, 'carla.rossi@office.example.com'],
      subject: 'Re: Numbers one',
      mode: 'replyAll',
    });
    expect(recipients).toHaveLength(3);
    expect(card.lines.find(({ label }) => label === 'Answers')?.origin).toMatch(/Bob Keller/);
    await handler('sendEmail').perform(payload, context('replyall'));
    const [sent] = (await rows('replyall')).filter(({ operation }) => operation === 'drafts.send');
    const mail = await PostalMime.parse(sent!.raw);
    expect(mail.inReplyTo).toBe(original.messageId);
    expect(mail.text?.replaceAll('\r\n', '\n')).toMatch(
      /^Thanks\.\n\nOn .*, Bob Keller <bob\.keller@.*> wrote:\n> Here are the numbers\.\s*$/,
    );
    const thread = (await mailbox.thread(original.threadId))!;
    expect(thread.at(-1)).toMatchObject({ sent: true, ownText: 'Thanks.' });
  });

  it('goes to other people, with another subject, when the person says so', async () => {
    const original = await arrive('Numbers two');
    const { payload } = await prepare('sendEmail', {
      mode: 'replyAll',
      replyToMessageId: original.id,
      to: [tom],
      cc: [],
      subject: 'Only you',
      body: 'Tom?',
    });
    expect(payload).toMatchObject({ to: [tom], cc: [], subject: 'Only you' });
  });

  it.each<[JsonObject, RegExp]>([
    [{ subject: 'x', body: 'y' }, /to: is needed/],
    [{ to: [tom], body: 'y' }, /subject: is needed/],
    [{ mode: 'forward', to: [tom] }, /replyToMessageId: is needed/],
    [{ mode: 'new', to: [tom], subject: 'x', body: 'y', replyToMessageId: 'm' }, /mode: must not/],
    [{ mode: 'reply', replyToMessageId: 'm' }, /body: is needed/],
  ])('is refused where something is missing: %j', async (input, words) => {
    await expect(prepare('sendEmail', input)).rejects.toThrow(words);
  });
});

describe('files and senders', () => {
  it('a forward keeps its files byte by byte, also when the mail is gone by then', async () => {
    const original = await arrive('Numbers three');
    const { payload } = await prepare('sendEmail', {
      mode: 'forward',
      replyToMessageId: original.id,
      to: [tom],
    });
    expect(payload).toMatchObject({ subject: 'Fwd: Numbers three', body: '', mode: 'forward' });
    await mailbox.changeMessage(original.id, { folder: 'trash' });
    await handler('sendEmail').perform(payload, context('forward'));
    const [sent] = (await rows('forward')).filter(({ operation }) => operation === 'drafts.send');
    const mail = await PostalMime.parse(sent!.raw);
    expect(mail.attachments.map(({ filename }) => filename)).toEqual(['numbers.csv']);
    expect(Buffer.from(mail.attachments[0]!.content as ArrayBuffer).toString()).toBe('a;b\n1;2\n');
    expect(mail.text).toContain('Forwarded message');
  });

  it('a document goes out as it was approved, or not at all', async () => {
    const file = { owner: me, name: 'plan.pdf', mimeType: 'application/pdf', origin: null };
    const { documentId } = await google.files.put({ ...file, content: Buffer.from('%PDF-1.4 x') });
    const input = { to: [tom], subject: 'Plan', body: 'Here.', attachments: [{ documentId }] };
    const { payload, card } = await prepare('sendEmail', input);
    const [attached] = (payload as SendEmailPayload).attachments!;
    expect(card.lines.find(({ label }) => label === 'Attachments')?.value).toMatch(
      /^plan\.pdf \(10 bytes/,
    );
    const changed = { ...payload, attachments: [{ ...attached!, sha256: '00'.repeat(32) }] };
    await expect(handler('sendEmail').perform(changed, context('changed'))).rejects.toMatchObject({
      type: 'PreconditionFailedError',
    });
    expect(await rows('changed')).toEqual([]);
    await handler('sendEmail').perform(payload, context('document'));
    expect(await rows('document')).toHaveLength(2);
    await expect(
      prepare('sendEmail', { ...input, attachments: [{ documentId: 'none' }] }),
    ).rejects.toMatchObject({ type: 'NotFoundError' });
  });

  it('another address of the account signs as itself; one that is not confirmed is refused', async () => {
    const input = { to: [tom], subject: 'Offer', body: 'Hello', from: 'sales@office.example.com' };
    const { payload } = await prepare('sendEmail', input);
    expect(payload).toMatchObject({
      from: 'sales@office.example.com',
      fromName: 'Sales',
      signature: 'Sales\nBerlin',
    });
    await expect(
      prepare('sendEmail', { ...input, from: 'ceo@office.example.com' }),
    ).rejects.toThrow(/may not send as|no address this account may send as/);
    const own = createEmailHandlers({ ...google, signatureOf: async () => 'My own' });
    const again = own.find(({ tool }) => tool === 'sendEmail')!;
    expect((await again.prepare(stepContext(sandbox), input)).payload).toMatchObject({
      signature: 'My own',
    });
  });
});

describe('changing messages', () => {
  const state = async (id: string) => {
    const { labels, folder, unread } = (await mailbox.message(id))!;
    return { labels, folder, unread };
  };
  const cases: readonly (readonly [EffectToolName, JsonObject, object])[] = [
    ['labelMail', { add: ['Projects/Acme'] }, { labels: ['Projects/Acme'] }],
    ['archiveMail', {}, { folder: 'archive' }],
    ['markMail', { as: 'read' }, { unread: false }],
    ['moveMail', { to: 'spam' }, { folder: 'spam' }],
    ['moveMail', { to: 'trash' }, { folder: 'trash' }],
  ];
  it.each(cases)('%s %j, once; undone it is as before', async (tool, input, expected) => {
    const name = `${tool} ${JSON.stringify(input)}`;
    const { id } = await arrive(name);
    const before = await state(id);
    const { payload, recipients, card } = await prepare(tool, { messageIds: [id], ...input });
    expect(recipients).toEqual([]);
    expect(card.lines).toHaveLength(2);
    const receipt = await handler(tool).perform(payload, context(name));
    expect(receipt).toEqual({ account: me, messageIds: [id], left: [] });
    expect(await state(id)).toMatchObject(expected);
    await handler(tool).perform(payload, context(name));
    expect(await handler(tool).reconcile(payload, context(name))).toMatchObject({ found: 'done' });
    await handler(tool).undo!(payload, receipt, context(`${name}.undo`));
    await handler(tool).undo!(payload, receipt, context(`${name}.undo`));
    expect(await state(id)).toEqual(before);
  });

  it('leaves alone what is so already, and what somebody changed since', async () => {
    const { id } = await arrive('Changed since');
    const { payload } = await prepare('moveMail', { messageIds: [id], to: 'inbox' });
    expect((payload as ChangeMailPayload).messages).toEqual([]);
    const archived = await prepare('archiveMail', { messageIds: [id] });
    const receipt = await handler('archiveMail').perform(archived.payload, context('since'));
    await mailbox.changeMessage(id, { folder: 'trash', addLabels: ['Mine'] });
    await handler('archiveMail').undo!(archived.payload, receipt, context('since.undo'));
    expect(await state(id)).toMatchObject({ folder: 'trash', labels: ['Mine'] });
  });

  it('finds a change whose answer was lost, and takes up one that never arrived', async () => {
    const { id } = await arrive('Lost answer');
    const { payload } = await prepare('archiveMail', { messageIds: [id] });
    await setFault(sandbox, {
      match: { method: 'POST', pathRegex: '/modify$' },
      times: 1,
      action: 'drop_before',
    });
    const perform = () => handler('archiveMail').perform(payload, context('lost'));
    await expect(perform()).rejects.toThrow(UnknownOutcomeError);
    expect(await handler('archiveMail').reconcile(payload, context('lost'))).toEqual({
      found: 'absent',
    });
    await setFault(sandbox, {
      match: { method: 'POST', pathRegex: '/modify$' },
      times: 1,
      action: 'drop_after_commit',
    });
    await expect(perform()).rejects.toThrow(UnknownOutcomeError);
    expect(await handler('archiveMail').reconcile(payload, context('lost'))).toMatchObject({
      found: 'done',
      receipt: { messageIds: [id] },
    });
  });

  it('goes on when one of several messages is gone, and says so', async () => {
    const [one, two] = [await arrive('Several one'), await arrive('Several two')];
    const { payload } = await prepare('markMail', { messageIds: [one.id, two.id], as: 'read' });
    delete sandbox.office.mailbox(me).messages[one.id];
    const receipt = await handler('markMail').perform(payload, context('several'));
    expect(receipt).toMatchObject({
      messageIds: [two.id],
      left: [{ messageId: one.id, why: expect.stringMatching(/not there/) }],
    });
  });

  it('counts what an earlier attempt changed when the next one is refused', async () => {
    const [one, two] = [await arrive('Refused one'), await arrive('Refused two')];
    const { payload } = await prepare('markMail', { messageIds: [one.id, two.id], as: 'read' });
    const perform = () => handler('markMail').perform(payload, context('refused'));
    const at = (id: string) => ({ method: 'POST', pathRegex: `${id}/modify$` });
    await setFault(sandbox, { match: at(two.id), times: 1, action: 'drop_before' });
    await expect(perform()).rejects.toThrow(UnknownOutcomeError);
    await setFault(sandbox, {
      match: { method: 'POST', pathRegex: '/modify$' },
      times: 2,
      action: 'status',
      status: 400,
    });
    expect(await perform()).toMatchObject({
      messageIds: [one.id],
      left: [{ messageId: two.id }],
    });
  });

  it('ends with the refusal when the first is refused and nothing was changed', async () => {
    const [one, two] = [await arrive('Not one'), await arrive('Not two')];
    const { payload } = await prepare('markMail', { messageIds: [one.id, two.id], as: 'read' });
    const match = { method: 'POST', pathRegex: '/modify$' };
    await setFault(sandbox, { match, times: 1, action: 'status', status: 400 });
    await expect(
      handler('markMail').perform(payload, context('refused.all')),
    ).rejects.toMatchObject({ type: 'InvalidInputError' });
    expect(await state(two.id)).toMatchObject({ unread: true });
  });

  it('refuses ids nobody knows, mail that was sent, and empty wishes', async () => {
    await expect(prepare('archiveMail', { messageIds: ['ffff'] })).rejects.toMatchObject({
      type: 'NotFoundError',
    });
    const { messages } = await mailbox.search({ kind: 'in', folder: 'sent' }, 1);
    await expect(
      prepare('moveMail', { messageIds: [messages[0]!.id], to: 'trash' }),
    ).rejects.toThrow(/lies in sent/);
    await expect(prepare('labelMail', { messageIds: ['x'] })).rejects.toThrow(/must name a label/);
  });
});

describe('searching', () => {
  it.each([
    'in:inbox',
    'from:bob or from:dana',
    'subject:agenda has:attachment',
    'is:unread newer_than:30d -from:bob',
    'in:archive',
    '-in:archive in:anywhere is:read',
    '(budget or invoice or renewal) -subject:re',
    'before:2026-10-01 (in:inbox or in:sent)',
    'filename:pdf or filename:csv',
    'to:bob.keller@office.example.com in:sent',
    'in:trash or in:spam',
    'cc:carla',
  ])('%s finds what the query means, no more and no less', async (text) => {
    const everything = await mailbox.search({ kind: 'in', folder: 'anywhere' }, 290);
    expect(everything.truncated).toBe(false);
    const query = parseMailQuery(text, { now: '2026-10-07T08:00:00Z', zone: 'Europe/Berlin' });
    const found = await mailbox.search(query, 290);
    const ids = (list: readonly MailMessage[]) => list.map(({ id }) => id).toSorted();
    expect(ids(found.messages)).toEqual(
      ids(everything.messages.filter((message) => matchesMail(query, message))),
    );
  });
});
