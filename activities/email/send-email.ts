/**
 * Sending a mail, once: a draft is stored, its id goes into the ledger, then exactly that draft is
 * sent. A sent draft is gone, so a second send finds nothing. It never uses any other way to send.
 */
import { ApplicationFailure } from '@temporalio/common';
import { failures } from '#contracts/failures.ts';
import { type SendEmailPayload, sendEmailPayloadSchema } from '#contracts/schemas/email.ts';
import type { EffectContext, EffectHandler } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { countPeople, emailCard, recipientsOf } from './cards.ts';
import { answersOf, receiptOf } from './create-draft.ts';
import type { WriteDeps } from './dependencies.ts';
import { readAttachments } from './attachments.ts';
import { composeMime, mailKeyOf } from './mime.ts';
import type { EmailPort } from './port.ts';
import { newestIn, prepareMail } from './prepare-mail.ts';

/** Builds the handler of sendEmail. */
export function createSendEmailHandler(deps: WriteDeps): EffectHandler<SendEmailPayload> {
  return {
    tool: 'sendEmail',
    payloadSchema: sendEmailPayloadSchema,
    async prepare(context, input) {
      const { content, ...read } = await prepareMail(deps, 'sendEmail', context, input);
      const payload: SendEmailPayload = { kind: 'sendEmail', ...content };
      const recipients = recipientsOf(payload);
      return {
        payload,
        recipients,
        card: emailCard(payload, read),
        summary: `Send mail to ${countPeople(recipients.length)}`,
      };
    },
    async checkFresh(payload, context) {
      if (payload.reply === null) return;
      await checkThreadHead(await deps.email(context.owner, payload.account), payload);
    },
    async perform(payload, context) {
      const mailbox = await deps.email(context.step.owner, payload.account);
      const files = await readAttachments(deps, context.step, payload);
      const raw = await composeMime(payload, context, files);
      const withoutFiles = () => composeMime({ ...payload, attachments: [] }, context);
      const threadId = payload.reply?.threadId ?? null;
      let draftId = context.providerRef;
      try {
        await checkThreadHead(mailbox, payload);
        if (draftId === null) {
          const answers = answersOf(payload);
          const draft = await mailbox.createDraft({ raw, withoutFiles, threadId, answers });
          draftId = draft.draftId;
          await context.saveProviderRef(draftId);
        }
        await mailbox.completeDraft({ draftId, raw });
        const sent = await mailbox.sendDraft({ draftId, raw, threadId });
        return receiptOf(payload, sent, null);
      } catch (error) {
        if (draftId !== null) await dropRefused(mailbox, draftId, error);
        throw error;
      }
    },
    async reconcile(payload, context) {
      const mailbox = await deps.email(context.step.owner, payload.account);
      const key = mailKeyOf(payload, context.effectKey);
      if (context.providerRef === null) {
        await adoptDraft(mailbox, payload, context);
        return { found: 'absent' }; // Nothing is sent before its draft's id is in the ledger.
      }
      if ((await mailbox.draft(context.providerRef)) !== null) return { found: 'absent' };
      const sent = await mailbox.findSent(key, context.providerRef);
      if (sent !== null) return { found: 'done', receipt: receiptOf(payload, sent, null) };
      return {
        found: 'unknown',
        detail: 'The draft is gone, and no sent mail with its key is found.',
      };
    },
    undo: null,
  };
}

/** Refuses to answer into a thread that has gone on since the person approved. */
async function checkThreadHead(
  mailbox: EmailPort,
  { reply, mode }: SendEmailPayload,
): Promise<void> {
  // A forward passes on one message, whatever was said since.
  if (reply === null || mode === 'forward') return;
  const head = await newestIn(mailbox, reply.threadId);
  if (head === reply.threadHead) return;
  throw failure(
    'PreconditionFailedError',
    'There is a newer mail in this thread than the one the answer was written for.',
  );
}

async function adoptDraft(
  mailbox: EmailPort,
  payload: SendEmailPayload,
  context: EffectContext,
): Promise<void> {
  const orphan = await mailbox.findDraft(mailKeyOf(payload, context.effectKey));
  if (orphan !== null) await context.saveProviderRef(orphan.draftId);
}

/**
 * A mail that was refused for good leaves no draft behind, but for one that a person has edited.
 * Failing to tidy up changes nothing.
 */
async function dropRefused(mailbox: EmailPort, draftId: string, error: unknown): Promise<void> {
  const type = failureTypeOf(error);
  if (type === undefined || failures[type].category !== 'permanent') return;
  if (error instanceof ApplicationFailure && hasDetail(error, 'keepDraft')) return;
  await mailbox.deleteDraft(draftId).catch(() => undefined);
}

function hasDetail({ details }: ApplicationFailure, name: string): boolean {
  return (details ?? []).some((detail) => (detail as Record<string, unknown>)[name] === true);
}
