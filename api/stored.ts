/**
 * Read models as an earlier release stored them, completed with what it did not know. The one place
 * that does so.
 */
import type { Approval } from '#contracts/approval.ts';
import { ownerRole } from '#contracts/deciders.ts';
import { type GoalView, noUsage } from '#contracts/goal.ts';

/** What approvals had no word for before there were members, delegation, a delay before sending and the age of content. */
const approvalDefaults = {
  assignedRole: ownerRole,
  assignedTo: null,
  requiredDecisions: 1,
  approvedBy: [],
  remindedAt: null,
  supersedes: null,
  difference: [],
  leavesAt: null,
  contentAsOf: null,
} satisfies Partial<Approval>;

/** An approval as it is now described. */
export function completeApproval(stored: Approval): Approval {
  return { ...approvalDefaults, ...stored };
}

/** A goal as it is now described. */
export function completeView(stored: GoalView): GoalView {
  return {
    ...stored,
    pendingApprovals: stored.pendingApprovals.map(completeApproval),
    waitingOn: stored.waitingOn ?? [],
    aftercareOf: stored.aftercareOf ?? null,
    usage: { ...noUsage, ...stored.usage },
  };
}
