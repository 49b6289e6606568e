/**
 * Putting a draft into the mailbox. Found again by its X-Effect-Key header; only a request that is
 * still on its way after it was looked for could leave a second, unsent draft.
 */
import { type CreateDraftPayload, createDraftPayloadSchema } from '#contracts/schemas/email.ts';
import { type EffectHandler, UnknownOutcomeError } from '../effects/handler.ts';
import { failure } from '../failures.ts';
import { cleanLine } from '../visible-text.ts';
import { countPeople, emailCard, recipientsOf } from './cards.ts';
import type { WriteDeps } from './dependencies.ts';
import { readAttachments } from './attachments.ts';
import { composeMime, mailKeyOf, textOf } from './mime.ts';
import type { EmailPort, MailMessage, StoredMail } from './port.ts';
import { prepareMail } from './prepare-mail.ts';

/** Builds the handler of createDraft. */
export function createCreateDraftHandler(deps: WriteDeps): EffectHandler<CreateDraftPayload> {
  return {
    tool: 'createDraft',
    payloadSchema: createDraftPayloadSchema,
    async prepare(context, input) {
      const { content, ...read } = await prepareMail(deps, 'createDraft', context, input);
      const payload: CreateDraftPayload = { kind: 'createDraft', ...content };
      const recipients = recipientsOf(payload);
      return {
        payload,
        recipients,
        card: emailCard(payload, read),
        summary: `Draft a mail to ${countPeople(recipients.length)}`,
      };
    },
    async perform(payload, context) {
      const mailbox = await deps.email(context.step.owner, payload.account);
      const files = await readAttachments(deps, context.step, payload);
      const raw = await composeMime(payload, context, files);
      const threadId = payload.reply?.threadId ?? null;
      const withoutFiles = () => composeMime({ ...payload, attachments: [] }, context);
      const answers = answersOf(payload);
      const draft =
        context.providerRef === null
          ? await mailbox.createDraft({ raw, withoutFiles, threadId, answers })
          : await mailbox.draft(context.providerRef);
      if (draft === null) throw new UnknownOutcomeError('The draft is gone.');
      await mailbox.completeDraft({ draftId: draft.draftId, raw });
      return receiptOf(payload, draft, draft.draftId);
    },
    async reconcile(payload, context) {
      const mailbox = await deps.email(context.step.owner, payload.account);
      const key = mailKeyOf(payload, context.effectKey);
      const draft = await mailbox.findDraft(key);
      if (draft !== null && (await lacksFiles(mailbox, draft, payload))) {
        await context.saveProviderRef(draft.draftId);
        return { found: 'absent' }; // The next attempt completes it.
      }
      if (draft !== null)
        return { found: 'done', receipt: receiptOf(payload, draft, draft.draftId) };
      // The person may have sent it from the mailbox meanwhile.
      const sent = await mailbox.findSent(key);
      return sent === null
        ? { found: 'absent' }
        : { found: 'done', receipt: receiptOf(payload, sent, null) };
    },
    async undo(payload, receipt, context) {
      const mailbox = await deps.email(context.step.owner, payload.account);
      const draftId = receipt['draftId'];
      const draft = typeof draftId === 'string' ? await mailbox.draft(draftId) : null;
      if (draft !== null) {
        await requireAsWritten(mailbox, draft, payload);
        await mailbox.deleteDraft(draft.draftId);
      }
      return { account: payload.account, draftId: null, deleted: true, subject: payload.subject };
    },
  };
}

/** True for the draft of a large mail whose files have not all followed it yet. */
async function lacksFiles(
  mailbox: EmailPort,
  { messageId }: StoredMail,
  { attachments = [] }: CreateDraftPayload,
): Promise<boolean> {
  if (attachments.length === 0 || messageId === null) return false;
  const stored = await mailbox.message(messageId);
  return stored !== null && stored.attachments.length < attachments.length;
}

/** Deleting a draft is for good, so one that somebody has worked on stays. @throws ConflictError */
async function requireAsWritten(
  mailbox: EmailPort,
  { messageId }: StoredMail,
  payload: CreateDraftPayload,
): Promise<void> {
  const stored = messageId === null ? null : await mailbox.message(messageId);
  if (stored !== null && isAsWritten(stored, payload)) return;
  throw failure(
    'ConflictError',
    `The draft "${cleanLine(payload.subject, 80)}" was edited since, so it was not deleted.`,
  );
}

/** Providers fold lines and write texts anew; people, words and files are what counts. */
function isAsWritten(stored: MailMessage, payload: CreateDraftPayload): boolean {
  const { to, cc, bcc, attachments = [] } = payload;
  const emails = (people: MailMessage['to']) => people.map(({ email }) => email);
  const listed = (...fields: (readonly string[])[]) =>
    fields.map((field) => field.toSorted().join()).join(';');
  const words = (text: string) => text.replace(/\s+/g, ' ').trim();
  return (
    listed(emails(stored.to), emails(stored.cc), emails(stored.bcc)) === listed(to, cc, bcc) &&
    words(stored.subject) === words(payload.subject) &&
    words(stored.text) === words(textOf(payload)) &&
    stored.attachments.length === attachments.length
  );
}

/** What a provider that threads by the answered message is told. */
export function answersOf({ reply, mode = 'reply' }: Pick<CreateDraftPayload, 'reply' | 'mode'>) {
  return reply === null ? undefined : { messageId: reply.messageId, how: mode };
}

/** What a mail effect gives back. */
export function receiptOf(
  payload: { account: string; subject: string; to: string[] },
  mail: StoredMail,
  draftId: string | null,
) {
  const { account, subject, to } = payload;
  return { account, messageId: mail.messageId, draftId, threadId: mail.threadId, subject, to };
}
