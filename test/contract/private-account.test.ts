/**
 * The mail tools in the person's private account at Microsoft, while their default account is at Google:
 * found by id, changed and undone there, and written from there.
 */
import PostalMime from 'postal-mime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '#contracts/json.ts';
import type { EffectToolName } from '#contracts/tools.ts';
import type { EmailPort } from '#activities/email/port.ts';
import { addMessage } from '#infra/sandbox/mail/mailbox.ts';
import { home, TwoAccounts, work } from './two-accounts.ts';

const aunt = 'Aunt Ida <ida@morgan-family.example.org>';
let alex: TwoAccounts;
let mailbox: EmailPort;

beforeAll(async () => {
  alex = await TwoAccounts.start();
  mailbox = await alex.connected.email(work, home);
});
afterAll(() => alex[Symbol.asyncDispose]());

/** A mail with a file arrives in the private inbox; its id as Outlook tells it. */
async function arrive(subject: string): Promise<string> {
  const { office } = alex.sandbox;
  const raw = [
    `From: ${aunt}`,
    `To: ${home}`,
    `Subject: ${subject}`,
    `Message-ID: <${subject.replaceAll(/\W/g, '')}@morgan-family.example.org>`,
    `Date: ${office.now().toUTCString()}`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'The recipe is in the file.',
    '--b',
    'Content-Type: text/csv; name="cake.csv"',
    'Content-Disposition: attachment; filename="cake.csv"',
    '',
    'flour;500\r\nsugar;200',
    '--b--',
    '',
  ].join('\r\n');
  const labelIds = ['INBOX', 'UNREAD'];
  addMessage(office, office.person(home)!, { raw: Buffer.from(raw), labelIds });
  type Found = { messages: { id: string; subject: string; account: string }[] };
  const { messages } = await alex.read<Found>('searchMail', { query: 'from:ida newer_than:1d' });
  const found = messages.find((message) => message.subject === subject)!;
  expect(found.account).toBe(home);
  return found.id;
}
const stateOf = async (id: string) => {
  const { labels, folder, unread } = (await mailbox.message(id))!;
  return { labels, folder, unread };
};
/** The mail that one effect sent, and who sent it. */
async function sentBy(name: string) {
  const [row, ...others] = (await alex.seen(name)).filter(
    ({ operation }) => operation === 'drafts.send',
  );
  expect(others).toEqual([]);
  const mail = await PostalMime.parse(row!.raw);
  return { vendor: row!.vendor, account: row!.account, count: row!.count, mail };
}

describe('what lies there', () => {
  const cases: readonly (readonly [EffectToolName, JsonObject, object])[] = [
    ['labelMail', { add: ['Family'] }, { labels: ['Family'] }],
    ['archiveMail', {}, { folder: 'archive' }],
    ['markMail', { as: 'read' }, { unread: false }],
    ['moveMail', { to: 'spam' }, { folder: 'spam' }],
    ['moveMail', { to: 'trash' }, { folder: 'trash' }],
  ];
  it.each(cases)('is changed by %s %j, once, and back again', async (tool, input, expected) => {
    const name = `${tool} ${JSON.stringify(input)}`;
    const id = await arrive(name);
    const before = await stateOf(id);
    const { payload, receipt, recipients } = await alex.carryOut(
      tool,
      { messageIds: [id], ...input },
      name,
    );
    expect(recipients).toEqual([]);
    expect(receipt).toEqual({ account: home, messageIds: [id], left: [] });
    expect(await stateOf(id)).toMatchObject(expected);
    await alex.handler(tool).perform(payload, alex.effect(name));
    const again = await alex.handler(tool).reconcile(payload, alex.effect(name));
    expect(again).toMatchObject({ found: 'done' });
    const act = alex.handler(tool);
    await act.undo!(payload, receipt, alex.effect(`${name}.undo`));
    await act.undo!(payload, receipt, alex.effect(`${name}.undo`));
    expect(await stateOf(id)).toEqual(before);
  });

  it('and at work is changed in one step, each in its own mailbox', async () => {
    const id = await arrive('Both at once');
    type Found = { messages: { id: string }[] };
    const query = { query: 'in:inbox is:unread', account: 'work', limit: 1 };
    const [other] = (await alex.read<Found>('searchMail', query)).messages;
    const messageIds = [other!.id, id];
    const { payload, receipt } = await alex.carryOut('archiveMail', { messageIds }, 'both');
    expect(receipt).toMatchObject({ messageIds, left: [] });
    const atWork = await alex.connected.email(work, work);
    const places = async () => [
      (await atWork.message(other!.id))!.folder,
      (await stateOf(id)).folder,
    ];
    expect(await places()).toEqual(['archive', 'archive']);
    await alex.handler('archiveMail').undo!(payload, receipt, alex.effect('both.undo'));
    expect(await places()).toEqual(['inbox', 'inbox']);
  });

  it('has its attachments read as text', async () => {
    const messageId = await arrive('Cake');
    const file = await alex.read<JsonObject>('readAttachment', { messageId, name: 'cake.csv' });
    expect(file['excerpt']).toContain('flour;500');
  });
});

describe('what is written from there', () => {
  it('is a forward with its file byte by byte', async () => {
    const replyToMessageId = await arrive('Forward me');
    const input = { mode: 'forward', replyToMessageId, to: ['zoe@elsewhere.example.net'] };
    const { card, receipt } = await alex.carryOut('sendEmail', input, 'forward');
    expect(receipt).toMatchObject({ account: home });
    expect(card.warnings).toContain('Outside your organisation: zoe@elsewhere.example.net.');
    const { vendor, account, count, mail } = await sentBy('forward');
    expect([vendor, account, count]).toEqual(['microsoft', home, 1]);
    expect([mail.from?.address, mail.subject]).toEqual([home, 'Fwd: Forward me']);
    const [file] = mail.attachments;
    expect(file!.filename).toBe('cake.csv');
    expect(Buffer.from(file!.content as ArrayBuffer).toString()).toBe('flour;500\r\nsugar;200');
  });

  it('is a reply in the thread of the mail it answers', async () => {
    const replyToMessageId = await arrive('Sunday lunch');
    const input = { replyToMessageId, body: 'Gladly.' };
    const { payload } = await alex.carryOut('sendEmail', input, 'reply');
    expect(payload).toMatchObject({ account: home, to: ['ida@morgan-family.example.org'] });
    const { account, mail } = await sentBy('reply');
    expect([account, mail.inReplyTo]).toEqual([home, '<Sundaylunch@morgan-family.example.org>']);
    const { threadId } = (await mailbox.message(replyToMessageId))!;
    expect((await mailbox.thread(threadId))!.at(-1)).toMatchObject({
      sent: true,
      ownText: 'Gladly.',
    });
  });

  it('never has the address of the other account as its sender', async () => {
    const input = { to: [work], subject: 'x', body: 'y', account: 'private', from: work };
    await expect(alex.prepare('sendEmail', input)).rejects.toMatchObject({
      type: 'InvalidInputError',
      message: expect.stringContaining(`${work} is no address this account may send as`),
    });
    const own = await alex.prepare('sendEmail', { ...input, from: null });
    expect(own.card.warnings).toEqual([]);
  });

  it('is a draft that stays there until it is taken back', async () => {
    const input = { to: ['ida@morgan-family.example.org'], subject: 'Plan', body: 'Soon.' };
    const { payload, receipt } = await alex.carryOut(
      'createDraft',
      { ...input, account: 'private' },
      'draft',
    );
    const draftId = receipt['draftId'] as string;
    expect(await mailbox.draft(draftId)).not.toBeNull();
    const act = alex.handler('createDraft');
    expect(await act.reconcile(payload, alex.effect('draft'))).toEqual({ found: 'done', receipt });
    expect(await act.undo!(payload, receipt, alex.effect('draft.undo'))).toMatchObject({
      account: home,
      deleted: true,
    });
    expect(await mailbox.draft(draftId)).toBeNull();
    await act.undo!(payload, receipt, alex.effect('draft.undo'));
    expect((await alex.seen('draft')).map(({ operation, count }) => [operation, count])).toEqual([
      ['drafts.create', 1],
      ['drafts.delete', 1],
    ]);
  });
});
