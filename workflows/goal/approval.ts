/**
 * Asking a person, and taking in what they decide. A decision changes nothing until the local
 * activity `admitDecision` has admitted it; no answer means no.
 */
import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow';
import type {
  Approval,
  ApprovalKind,
  Card,
  DecisionOutcome,
  StandingDecision,
} from '#contracts/approval.ts';
import { isJsonObject, type Json, type JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { approvalIdOf } from '#contracts/names.ts';
import type { Tier, ToolName } from '#contracts/tools.ts';
import type { Origin } from '#contracts/trust.ts';
import { localActivities } from '../proxies.ts';
import type { Goal } from './goal.ts';

/** What a step says about the decision it needs. */
export type ApprovalRequest = {
  readonly kind: ApprovalKind;
  readonly stepId: string;
  readonly revision: number;
  readonly tier: Tier;
  readonly tool: ToolName | null;
  readonly reasons: readonly string[];
  readonly card: Card;
  readonly input: JsonObject;
  readonly context: readonly Origin[];
  readonly digest: string;
};

/**
 * Puts a request into the queue and waits until it is decided or expires. An admitted edit comes
 * back with its input. Cancelling the scope it runs in takes the request back.
 */
export async function askForApproval(
  goal: Goal,
  request: ApprovalRequest,
): Promise<{ approval: Approval; editedInput: JsonObject | null }> {
  const requestedAt = Date.now();
  const expiresInMs = goal.input.timers.approvalExpiresMs;
  const approval: Approval = {
    ...request,
    approvalId: approvalIdOf(goal.input.goalId, request.stepId, request.revision),
    goalId: goal.input.goalId,
    requestedAt: new Date(requestedAt).toISOString(),
    expiresAt: new Date(requestedAt + expiresInMs).toISOString(),
    assignedRole: 'owner',
    assignedTo: null,
    requiredDecisions: 1,
    approvedBy: [],
    remindedAt: null,
    supersedes: null,
    difference: [],
    leavesAt: null,
    state: 'pending',
    decision: null,
  };
  const id = approval.approvalId;
  goal.approvals.set(id, approval);
  goal.journal.append(
    'approval_requested',
    { approvalId: id, kind: request.kind, tier: request.tier, reasons: [...request.reasons] },
    request.stepId,
  );
  expireLater(goal);
  if (goal.state === 'running') goal.moveTo('awaiting_approval');
  goal.publishRequested = true;
  try {
    await condition(() => goal.approvals.get(id)?.state !== 'pending');
  } catch (error) {
    if (isCancellation(error)) takeBack(goal, id);
    throw error;
  }
  if (goal.state === 'awaiting_approval' && goal.pendingApprovals().length === 0) {
    goal.moveTo('running');
  }
  const decided = goal.approvals.get(id) ?? approval;
  return { approval: decided, editedInput: goal.edits.get(id) ?? null };
}

/**
 * Wakes the goal at the earliest deadline. One timer serves all approvals: a later deadline waits for
 * the running timer to fire, and a decision does not cancel it. Each would cost a history event. It
 * belongs to the goal, not to the step that asked first, so cancelling that step does not end it.
 */
function expireLater(goal: Goal): void {
  const deadlines = goal.pendingApprovals().map(({ expiresAt }) => Date.parse(expiresAt));
  const next = Math.min(...deadlines);
  if (deadlines.length === 0 || (goal.expiryTimerAt !== null && goal.expiryTimerAt <= next)) return;
  goal.expiryTimerAt = next;
  void CancellationScope.nonCancellable(async () => {
    await sleep(Math.max(next - Date.now(), 1), {
      summary: 'An approval expires: no answer means no',
    });
    if (goal.expiryTimerAt === next) goal.expiryTimerAt = null;
    for (const { approvalId, expiresAt } of goal.pendingApprovals()) {
      if (Date.parse(expiresAt) <= Date.now()) {
        settle(goal, approvalId, 'expired', noAnswer(approvalId));
      }
    }
    expireLater(goal);
  });
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

function takeBack(goal: Goal, approvalId: string): void {
  settle(goal, approvalId, 'cancelled', {
    decisionId: `cancel:${approvalId}`,
    verdict: 'cancel',
    actor: 'adjutant',
    decidedAt: new Date().toISOString(),
    comment: null,
  });
}

function settle(
  goal: Goal,
  approvalId: string,
  state: Approval['state'],
  decision: StandingDecision,
): void {
  const approval = goal.approvals.get(approvalId);
  if (approval === undefined || approval.state !== 'pending') return;
  goal.approvals.set(approvalId, { ...approval, state, decision });
  // A person's decision is published by its admission; these two by nobody else.
  if (state !== 'expired' && state !== 'cancelled') return;
  const type = state === 'expired' ? 'approval_expired' : 'approval_cancelled';
  goal.journal.append(type, { approvalId }, approval.stepId);
  goal.publishRequested = true;
}

const settledStates: Readonly<Record<string, Approval['state']>> = {
  approve: 'approved',
  edit: 'edited',
  reject: 'rejected',
};

/** Takes one `decideApproval` signal through admission. Never throws: a bad one is journaled. */
export async function takeDecision(goal: Goal, message: Json, fallbackId: string): Promise<void> {
  const fields = isJsonObject(message) ? message : {};
  const approvalId = typeof fields['approvalId'] === 'string' ? fields['approvalId'] : '';
  const decisionId = typeof fields['decisionId'] === 'string' ? fields['decisionId'] : fallbackId;
  const earlier = goal.decisions.get(decisionId);
  if (earlier !== undefined) {
    goal.journal.append('decision_refused', { decisionId, approvalId, code: 'repeated' });
    return;
  }
  const approval = goal.approvals.get(approvalId) ?? null;
  const { goalId, owner } = goal.input;
  const admission = await CancellationScope.nonCancellable(() =>
    localActivities().admitDecision({
      goalId,
      owner,
      decision: message,
      fallbackId,
      approval,
      now: new Date().toISOString(),
    }),
  );
  remember(goal, decisionId, admission.outcome);
  const { outcome, standing } = admission;
  if (outcome.outcome === 'refused' || standing === null || standing.verdict === 'expire') {
    goal.journal.append(
      'decision_refused',
      { decisionId, approvalId, code: outcome.code, message: outcome.message },
      approval?.stepId ?? null,
    );
    return;
  }
  if (standing.verdict === 'answer' || standing.verdict === 'cancel') return;
  if (admission.input !== null) goal.edits.set(approvalId, admission.input);
  goal.journal.append(
    'decision_admitted',
    { decisionId, approvalId, verdict: standing.verdict, actor: standing.actor },
    approval?.stepId ?? null,
  );
  settle(goal, approvalId, settledStates[standing.verdict] ?? 'rejected', standing);
}

function remember(goal: Goal, id: string, outcome: DecisionOutcome): void {
  goal.decisions.set(id, outcome);
  const oldest = goal.decisions.keys().next().value;
  if (goal.decisions.size > limits.decisionsKept && oldest !== undefined) {
    goal.decisions.delete(oldest);
  }
}
