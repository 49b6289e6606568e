/**
 * Deadlines of approvals: a reminder at half, an escalation at three quarters where policy names a
 * role, and at the end no answer means no. One timer serves them all.
 */
import { CancellationScope, sleep } from '@temporalio/workflow';
import type { Approval, StandingDecision } from '#contracts/approval.ts';
import { inTurn } from './bookkeeping.ts';
import type { Goal } from './goal.ts';

/**
 * Wakes the goal at the earliest deadline. A later one waits for the running timer to fire, and a
 * decision does not cancel it: each would cost a history event. The timer belongs to the goal, not to
 * the step that asked first, so cancelling that step does not end it.
 */
export function watchDeadlines(goal: Goal): void {
  const pending = goal.pendingApprovals();
  const next = Math.min(...pending.map((approval) => nextDeadline(goal, approval)));
  const running = goal.deadlineTimerAt;
  if (pending.length === 0 || (running !== null && running <= next)) return;
  goal.deadlineTimerAt = next;
  void CancellationScope.nonCancellable(async () => {
    await sleep(Math.max(next - Date.now(), 1), { summary: summaryOf(goal) });
    if (goal.deadlineTimerAt === next) goal.deadlineTimerAt = null;
    await inTurn(goal, () => {
      for (const approval of goal.pendingApprovals()) meetDeadline(goal, approval);
    });
    watchDeadlines(goal);
  });
}

function summaryOf(goal: Goal): string {
  return goal.isPrompt
    ? 'A reminder or the expiry of an approval: no answer means no'
    : 'An approval expires: no answer means no';
}

/** Fractions of the time between request and expiry. */
const remindAfter = 0.5;
const escalateAfter = 0.75;

function momentOf({ requestedAt, expiresAt }: Approval, fraction: number): number {
  const from = Date.parse(requestedAt);
  return from + Math.floor((Date.parse(expiresAt) - from) * fraction);
}

function needsEscalation(goal: Goal, approval: Approval): boolean {
  const role = goal.input.policy.escalateToRole;
  return role !== undefined && approval.assignedRole !== role;
}

function nextDeadline(goal: Goal, approval: Approval): number {
  if (!goal.isPrompt) return Date.parse(approval.expiresAt);
  if (approval.remindedAt === null) return momentOf(approval, remindAfter);
  if (needsEscalation(goal, approval)) return momentOf(approval, escalateAfter);
  return Date.parse(approval.expiresAt);
}

function meetDeadline(goal: Goal, approval: Approval): void {
  const { approvalId, stepId, expiresAt } = approval;
  const now = Date.now();
  if (Date.parse(expiresAt) <= now) {
    goal.changeApproval(approvalId, { state: 'expired', decision: noAnswer(approvalId) });
    goal.journal.append('approval_expired', { approvalId }, stepId);
    goal.settle();
    return;
  }
  if (!goal.isPrompt) return;
  if (approval.remindedAt === null && momentOf(approval, remindAfter) <= now) {
    goal.changeApproval(approvalId, { remindedAt: new Date().toISOString() });
    goal.journal.append('approval_reminded', { approvalId, expiresAt }, stepId);
  }
  if (needsEscalation(goal, approval) && momentOf(approval, escalateAfter) <= now) {
    const assignedRole = goal.input.policy.escalateToRole ?? 'owner';
    goal.changeApproval(approvalId, { assignedRole });
    goal.journal.append('approval_escalated', { approvalId, role: assignedRole }, stepId);
  }
}

function noAnswer(approvalId: string): StandingDecision {
  return {
    decisionId: `expiry:${approvalId}`,
    verdict: 'expire',
    actor: 'adjutant',
    decidedAt: new Date().toISOString(),
    comment: null,
  };
}
