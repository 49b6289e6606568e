/**
 * Which mails get a draft, and which draft answers a thread. One draft for a thread: a later one
 * replaces it, unless the person has edited it. It writes and deletes no draft itself.
 */
import type { StepContext } from '#contracts/activities.ts';
import type { ReplyPlan, TriageActivities } from '#contracts/child-activities.ts';
import { limits } from '#contracts/limits.ts';
import type { TriagedMail } from '#contracts/schemas/triage.ts';
import type { MailMessage } from '../email/port.ts';
import { cleanLine, cleanText } from '../visible-text.ts';
import type { TriageDeps } from './dependencies.ts';
import { bodyDigestOf, type ReplyDraft } from './store.ts';

/**
 * Effect: a mail that is found to need no draft is due no more. Idempotency: written again, it is the
 * same. Heartbeats: by the worker. @throws the failures of reading mail
 */
export async function planReply(
  deps: TriageDeps,
  { context, mail }: Parameters<TriageActivities['planReply']>[0],
): Promise<ReplyPlan | null> {
  const plan = await findReply(deps, context, mail);
  if (plan === null) await deps.triage.settleReply(context.owner, mail);
  return plan;
}

async function findReply(
  { email, triage }: TriageDeps,
  context: StepContext,
  mail: TriagedMail,
): Promise<ReplyPlan | null> {
  const { owner } = context;
  const { account, messageId, threadId } = mail;
  if ((await triage.wantsDrafts(owner, mail.from)) === false) return null;
  const mailbox = await email(owner, account);
  const messages = (await mailbox.thread(threadId)) ?? [];
  const newest = messages.findLast(({ draft }) => !draft);
  // The person has answered, or somebody wrote again: that mail gets the draft.
  if (newest?.id !== messageId || newest.sent || newest.messageId === null) return null;
  // Outlook moves a draft that is taken away into the bin, where nobody means to send it.
  const drafts = messages.filter(({ draft, folder }) => draft && folder !== 'trash');
  const earlier = await triage.draftOf(owner, account, threadId);
  // One that the person has edited is theirs, as one that they wrote; and one draft is enough.
  const replaced = drafts.some((draft) => isAsWritten(draft, earlier)) ? earlier : null;
  if (drafts.length > (replaced === null ? 0 : 1)) return null;
  return {
    to: newest.from.email,
    name: newest.from.name === null ? null : cleanLine(newest.from.name, 200),
    subject: cleanLine(newest.subject, limits.subjectMaxChars),
    excerpt: cleanText(newest.text, limits.excerptMaxChars),
    date: new Date(newest.dateMs).toISOString(),
    replaces: replaced === null ? null : effectOf(replaced),
  };
}

function effectOf({ goalId, stepId, effectKey }: ReplyDraft): ReplyPlan['replaces'] {
  return { goalId, stepId, effectKey };
}

function isAsWritten({ text }: MailMessage, earlier: ReplyDraft | null): boolean {
  return earlier !== null && bodyDigestOf(text) === earlier.bodyDigest;
}

/**
 * Remembers the draft with its text as the mailbox has it, so that an edit can be told later. Effect: two
 * rows. Idempotency: written again, it is the same. Heartbeats: by the worker. @throws the failures of
 * reading mail
 */
export async function recordReply(
  { email, triage }: TriageDeps,
  { context, mail, effectKey, messageId }: Parameters<TriageActivities['recordReply']>[0],
): Promise<void> {
  const { owner, goalId, stepId } = context;
  const messages = (await (await email(owner, mail.account)).thread(mail.threadId)) ?? [];
  const draft = messages.find((one) => one.draft && one.id === messageId);
  await triage.saveDraft(owner, mail, {
    goalId,
    stepId,
    effectKey,
    // One that cannot be found again is never taken away.
    bodyDigest: draft === undefined ? '' : bodyDigestOf(draft.text),
  });
  await triage.settleReply(owner, mail);
}
