/** Mails that Outlook does not take in one request, when something goes wrong on the way. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import MailComposer from 'nodemailer/lib/mail-composer';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { createEmailHandlers } from '#activities/email/effects.ts';
import type { EmailPort } from '#activities/email/port.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { effectContext, effectKey, stepContext } from './contexts.ts';
import { connectGoogle } from './google-setup.ts';
import { connectMicrosoft, type MicrosoftSetup } from './microsoft-setup.ts';
import { askOracle, type EffectRow, setFault } from './sandbox-clients.ts';

const owner = 'carla.rossi@office.example.com';
const colleague = 'dana.whitfield@office.example.com';
let sandbox: Sandbox;
let microsoft: MicrosoftSetup;
let mailbox: EmailPort;
let google: ReturnType<typeof connectGoogle>;

beforeAll(async () => {
  sandbox = await startSandbox();
  microsoft = connectMicrosoft(sandbox);
  google = connectGoogle(sandbox);
  mailbox = await microsoft.email(owner);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
afterEach(async () => {
  await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
  expect(microsoft.violations).toEqual([]);
});

const handlerOf = (tool: string) =>
  createEmailHandlers({ ...google, ...microsoft }).find((one) => one.tool === tool)!;

/** A prepared mail with a file that is posted and one that is uploaded in parts. */
async function prepared(tool: string, name: string) {
  const step = stepContext(sandbox, owner);
  const attachments = [];
  for (const [file, bytes] of [
    ['posted.bin', 1_500_000],
    ['uploaded.bin', 4_500_000],
  ] as const) {
    const { documentId } = await google.files.put({
      owner,
      name: file,
      mimeType: 'application/octet-stream',
      content: Buffer.alloc(bytes, file),
      origin: null,
    });
    attachments.push({ documentId });
  }
  const input = { to: [colleague], subject: name, body: 'All of it.', attachments };
  return (await handlerOf(tool).prepare(step, input)).payload;
}

const context = (name: string, providerRef: string | null = null) =>
  effectContext(stepContext(sandbox, owner), name, providerRef);
const counts = async (name: string) => {
  const rows = await askOracle<EffectRow[]>(sandbox, 'effects');
  const own = rows.filter(({ key }) => key === effectKey(name));
  return Object.fromEntries(own.map(({ operation, count }) => [operation, count]));
};
const filesOf = async (messageId: unknown) =>
  (await mailbox.message(String(messageId)))?.attachments.map(({ name, bytes }) => [name, bytes]);
const bothFiles = [
  ['posted.bin', 1_500_000],
  ['uploaded.bin', 4_500_000],
];

const moments = [
  ['its first file has come and the answer is lost', 'POST', 'attachments$', 'drop_after_commit'],
  ['an upload is about to begin', 'POST', 'createUploadSession', 'drop_before'],
  ['a part never arrives', 'PUT', 'uploads', 'drop_before'],
  ['the last answer is lost', 'PUT', 'uploads', 'drop_after_commit'],
] as const;

it.each(moments)('is sent once and whole when %s', async (name, method, pathRegex, action) => {
  const handler = handlerOf('sendEmail');
  const payload = await prepared('sendEmail', name);
  await setFault(sandbox, { match: { method, pathRegex }, action });
  const first = context(name);
  await expect(handler.perform(payload, first)).rejects.toThrow();
  const ref = first.saved.at(-1)!;
  expect(await handler.reconcile(payload, context(name, ref))).toEqual({ found: 'absent' });
  const receipt = await handler.perform(payload, context(name, ref));
  expect(await filesOf(receipt['messageId'])).toEqual(bothFiles);
  expect(await counts(name)).toEqual({
    'drafts.create': 1,
    'drafts.update': 2,
    'drafts.send': 1,
  });
});

it.each(moments)('is drafted once and whole when %s', async (moment, method, pathRegex, action) => {
  const name = `draft, ${moment}`;
  const handler = handlerOf('createDraft');
  const payload = await prepared('createDraft', name);
  await setFault(sandbox, { match: { method, pathRegex }, action });
  await expect(handler.perform(payload, context(name))).rejects.toThrow();
  const looking = context(name);
  const found = await handler.reconcile(payload, looking);
  let receipt = found.found === 'done' ? found.receipt : null;
  receipt ??= await handler.perform(payload, context(name, looking.saved.at(-1)!));
  expect(await filesOf(receipt['messageId'])).toEqual(bothFiles);
  expect(await counts(name)).toEqual({ 'drafts.create': 1, 'drafts.update': 2 });
});

it('is kept and not sent when the person has changed its text meanwhile', async () => {
  const name = 'changed meanwhile';
  const handler = handlerOf('sendEmail');
  const payload = await prepared('sendEmail', name);
  await setFault(sandbox, {
    match: { method: 'PUT', pathRegex: 'uploads' },
    action: 'drop_before',
  });
  const first = context(name);
  await expect(handler.perform(payload, first)).rejects.toThrow(UnknownOutcomeError);
  const ref = first.saved.at(-1)!;
  const session = await microsoft.clients(owner, owner);
  await session.write('edit', () =>
    session.api(`/me/messages/${encodeURIComponent(ref)}`).patch({ subject: 'Mine now' }),
  );
  await expect(handler.perform(payload, context(name, ref))).rejects.toMatchObject({
    type: 'PreconditionFailedError',
    details: [{ keepDraft: true }],
  });
  expect(await mailbox.draft(ref)).not.toBeNull();
});

it('is refused before anything is stored when it could not be completed', async () => {
  const before = microsoft.requests.length;
  const large = Buffer.concat([Buffer.from('Subject: long\r\n\r\n'), Buffer.alloc(3_100_000, 'x')]);
  const eml = { filename: 'old.eml', contentType: 'message/rfc822', content: large };
  const carrying = await new MailComposer({ to: colleague, attachments: [eml] }).compile().build();
  for (const [raw, words] of [
    [large, 'the text of a mail'],
    [carrying, 'a mail that carries another one'],
  ] as const) {
    const mail = { raw, withoutFiles: async () => large, threadId: null };
    await expect(mailbox.createDraft(mail)).rejects.toMatchObject({
      type: 'InvalidInputError',
      message: expect.stringContaining(words),
    });
  }
  expect(microsoft.requests).toHaveLength(before);
});

it('says that the draft is gone when somebody deletes it between two files', async () => {
  const raw = await new MailComposer({
    from: owner,
    to: colleague,
    subject: 'gone',
    text: 'x',
    attachments: [{ filename: 'large.bin', content: Buffer.alloc(3_500_000, 'x') }],
  })
    .compile()
    .build();
  const withoutFiles = () =>
    new MailComposer({ from: owner, to: colleague, subject: 'gone', text: 'x' }).compile().build();
  const { draftId } = await mailbox.createDraft({ raw, withoutFiles, threadId: null });
  await mailbox.deleteDraft(draftId);
  await mailbox.deleteDraft(draftId).catch(() => undefined);
  const session = await microsoft.clients(owner, owner);
  await session.write('empty the bin', () =>
    session.api(`/me/messages/${encodeURIComponent(draftId)}`).delete(),
  );
  await expect(mailbox.completeDraft({ draftId, raw })).rejects.toThrow(UnknownOutcomeError);
});
