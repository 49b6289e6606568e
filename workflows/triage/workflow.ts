/**
 * Triage of incoming mail: takes up what came in since the last time, classifies it in small batches,
 * and drafts replies. Each mail is classified once, whatever ends this workflow in the middle: what is
 * not classified waits for the next triage.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  patched,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { failures } from '#contracts/failures.ts';
import { limits } from '#contracts/limits.ts';
import type { TriagedMail, TriageInboxOutput } from '#contracts/schemas/triage.ts';
import type { TriageWorkflow, TriageWorkflowInput } from '#contracts/workflows.ts';
import { digestOf } from '../goal/digest.ts';
import { failureOf, needsMoreToday } from '../goal/outcome.ts';
import { pinToRelease } from '../pinned.ts';
import { createUsage, untilUsedUp } from '../usage.ts';
import { languageActivities, mailActivities } from './proxies.ts';
import { draftReply, type ReplyDesk, type ReplyDue, settleReply } from './reply.ts';

/** Carries one triage out, as the child of a goal. */
export async function triageWorkflow(input: TriageWorkflowInput): ReturnType<TriageWorkflow> {
  const desk = openDesk(input);
  const progress = () => ({ usage: desk.usage.total() });
  return untilUsedUp(progress, () => sortMail(desk));
}
pinToRelease(triageWorkflow);

async function sortMail(desk: ReplyDesk): ReturnType<TriageWorkflow> {
  const { input } = desk;
  const { account } = input;
  const context = desk.contextOf(input.stepId);
  const found = await mailActivities('Look for new mail').syncMail({
    context,
    account,
    limit: input.limit,
  });
  const mails = await classifyAll(desk, found.accounts);
  const due = input.drafts ? await repliesDue(desk, mails, found.accounts) : [];
  const drafts = await draftAll(desk, due);
  const output: TriageInboxOutput = {
    counts: countsOf(mails),
    mails: mails.filter((mail) => mail.class === 'urgent' || mail.class === 'needs_reply'),
    drafts: drafts.map(({ account: mailbox, threadId, subject }) => ({
      account: mailbox,
      threadId,
      subject,
    })),
    gaps: found.gaps,
    unreachable: found.unreachable,
    waiting: Math.max(0, found.waiting - mails.length),
  };
  return { output, origins: found.origins, usage: desk.usage.total() };
}

function openDesk(input: TriageWorkflowInput): ReplyDesk {
  const { goalId, owner, zone } = input;
  const now = workflowInfo().startTime.toISOString();
  return {
    input,
    usage: createUsage(),
    contextOf: (stepId) => ({ goalId, owner, zone, stepId, now }),
  };
}

async function classifyAll(
  { input, usage, contextOf }: ReplyDesk,
  accounts: readonly string[],
): Promise<TriagedMail[]> {
  const { stepId, limit } = input;
  // No run id: after a reset each call finds what it came to before.
  const { workflowId } = workflowInfo();
  const mails: TriagedMail[] = [];
  for (let call = 1; mails.length < limit; call += 1) {
    setCurrentDetails(`Classified ${mails.length} mails.`);
    const answer = await languageActivities(`Classify mails, call ${call}`).classifyMail({
      context: contextOf(stepId),
      accounts,
      batch: `${workflowId}:${call}`,
      limit: Math.min(limits.triageBatch, limit - mails.length),
    });
    usage.add(answer.usage);
    if (answer.mails.length === 0) break;
    mails.push(...answer.mails);
  }
  return mails;
}

/** What needs a draft: of this triage, and of earlier ones that could not make it. */
async function repliesDue(
  { input, contextOf }: ReplyDesk,
  mails: readonly TriagedMail[],
  accounts: readonly string[],
): Promise<ReplyDue[]> {
  const { stepId, limit } = input;
  if (!patched('replies-stay-due')) {
    return mails.flatMap((mail, i) =>
      mail.class === 'needs_reply' ? [{ mail, stepId: `${stepId}-${i + 1}` }] : [],
    );
  }
  const due = await mailActivities('Look which replies are due').repliesDue({
    context: contextOf(stepId),
    accounts,
    limit,
  });
  // Another run of this step finds others due: an effect is known by its mail, whichever run makes it.
  return due.map((mail) => {
    const { account, messageId } = mail;
    return { mail, stepId: `${stepId}-${digestOf([account, messageId]).slice(-16)}` };
  });
}

/**
 * A thread that cannot get its draft holds up no other; a budget that is used up holds up all. What
 * fails for now stays due.
 */
async function draftAll(desk: ReplyDesk, due: readonly ReplyDue[]): Promise<TriagedMail[]> {
  const drafted: TriagedMail[] = [];
  for (const reply of due) {
    try {
      if (await draftReply(desk, reply)) drafted.push(reply.mail);
    } catch (error) {
      if (isCancellation(error) || needsMoreToday(error) || !isSettled(error)) throw error;
      if (isPermanent(error)) await settleReply(desk, reply);
    }
  }
  return drafted;
}

/** True when Temporal does not try it again. */
function isSettled(error: unknown): boolean {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure && cause.nonRetryable === true;
}

function isPermanent(error: unknown): boolean {
  const { type } = failureOf(error);
  return type !== 'UnexpectedError' && failures[type].category === 'permanent';
}

function countsOf(mails: readonly TriagedMail[]): TriageInboxOutput['counts'] {
  const counts = { urgent: 0, needs_reply: 0, fyi: 0, can_wait: 0, spam: 0 };
  for (const mail of mails) counts[mail.class] += 1;
  return counts;
}
