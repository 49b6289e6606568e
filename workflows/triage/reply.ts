/**
 * One draft for one mail: written by the model from that mail only, put into the mailbox through the
 * effect gateway, and the draft it replaces taken away after that. It sends nothing.
 */
import { patched } from '@temporalio/workflow';
import type { StepContext } from '#contracts/activities.ts';
import type { ReplyPlan } from '#contracts/child-activities.ts';
import { gate } from '#contracts/gate.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { TriagedMail } from '#contracts/schemas/triage.ts';
import type { Origin } from '#contracts/trust.ts';
import type { TriageWorkflowInput } from '#contracts/workflows.ts';
import type { UsageCounter } from '../usage.ts';
import { effectActivities, languageActivities, mailActivities } from './proxies.ts';

/** What drafts of one triage share. */
export type ReplyDesk = {
  readonly input: TriageWorkflowInput;
  readonly usage: UsageCounter;
  /** The context of a step of this triage, by its name. */
  readonly contextOf: (stepId: string) => StepContext;
};

/** A mail that needs a draft, and the step under which it gets one: no step of a plan can be called that. */
export type ReplyDue = { readonly mail: TriagedMail; readonly stepId: string };

/** No draft can be made for this mail: it is due no more. */
export async function settleReply(desk: ReplyDesk, { mail, stepId }: ReplyDue): Promise<void> {
  if (!patched('replies-stay-due')) return;
  const context = desk.contextOf(stepId);
  await mailActivities('Give a reply up').settleReply({ context, mail });
}

/** Drafts a reply where one is due. True when it did. */
export async function draftReply(desk: ReplyDesk, { mail, stepId }: ReplyDue): Promise<boolean> {
  const context = desk.contextOf(stepId);
  const plan = await mailActivities('Look whether a reply is due').planReply({ context, mail });
  if (plan === null) return false;
  // The draft of an earlier run of this triage, which was stopped after it.
  if (plan.replaces?.goalId === context.goalId && plan.replaces.stepId === context.stepId) {
    return true;
  }
  const origins: Origin[] = [
    { kind: 'mail', label: `mail from ${mail.from}`, ref: mail.messageId },
  ];
  const written = await languageActivities('Write a reply').composeEmail({
    context,
    input: {
      instruction: 'Reply to this mail. Leave open what only the person can decide.',
      material: [materialOf(plan)],
      ...(plan.name === null ? {} : { recipientName: plan.name }),
    },
    trust: 'untrusted',
    origins,
  });
  desk.usage.add(written.usage ?? []);
  const text = written.value as { subject: string; body: string };
  return storeDraft(desk, context, mail, plan, text, written.origins);
}

function materialOf({ name, to, subject, excerpt, date }: ReplyPlan): JsonObject {
  return { from: { name, email: to }, subject, excerpt, date };
}

/**
 * The recipient is the sender of the mail that is answered, taken by code; the words are the model's and
 * are labelled as coming from that mail. A policy that wants drafts approved gets none from here.
 */
async function storeDraft(
  desk: ReplyDesk,
  context: StepContext,
  mail: TriagedMail,
  plan: ReplyPlan,
  { subject, body }: { subject: string; body: string },
  origins: readonly Origin[],
): Promise<boolean> {
  const tool = 'createDraft';
  const { policy, goalText, mode, reconcileForMs } = desk.input;
  const taints = [
    { path: 'subject', origins },
    { path: 'body', origins },
  ];
  const reply = { account: mail.account, replyToMessageId: mail.messageId };
  const { digest, facts, settled } = await mailActivities('Prepare a draft').prepareEffect({
    context,
    tool,
    revision: 1,
    input: { to: [plan.to], subject, body, ...reply },
    taints,
    origins,
    goalText,
    policyVersion: policy.version,
  });
  const verdict = gate({ tool, facts, taints, requiresConfirmation: false, policy });
  if (verdict.verdict !== 'run') {
    await settleReply(desk, { mail, stepId: context.stepId });
    return false;
  }
  const receipt =
    settled ??
    (await effectActivities('Put a draft into the mailbox').createEmailDraft({
      context,
      tool,
      revision: 1,
      digest,
      mode,
      approvalId: null,
      reconcileForMs,
      reconcileOnly: false,
    }));
  if (receipt.outcome !== 'confirmed') return false;
  const { effectKey } = receipt;
  const { messageId } = receipt.receipt as { messageId: string | null };
  await mailActivities('Remember the draft').recordReply({ context, mail, effectKey, messageId });
  if (plan.replaces !== null && plan.replaces.effectKey !== effectKey) {
    const { goalId, stepId } = plan.replaces;
    await effectActivities('Take the earlier draft away').undoEffect({
      context: { ...context, goalId, stepId },
      tool,
      revision: 1,
      effectKey: plan.replaces.effectKey,
    });
  }
  return true;
}
