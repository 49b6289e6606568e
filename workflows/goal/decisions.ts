/**
 * Taking in what people decide. A decision changes nothing until the local activity `admitDecision`
 * has admitted it; a bad one is journaled with the reason and changes nothing.
 */
import { CancellationScope } from '@temporalio/workflow';
import type { Admission, GoalLocalActivities } from '#contracts/activities.ts';
import type { Approval, StandingDecision } from '#contracts/approval.ts';
import { isJsonObject, type Json, type JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { bookkeep } from './bookkeeping.ts';
import type { Goal } from './goal.ts';

/** How often a decision waits for a request that the queue shows and this run has not made. */
const turnsMax = 3;

/** Takes one `decideApproval` signal through admission. Never throws. */
export async function takeDecision(goal: Goal, message: Json, fallbackId: string): Promise<void> {
  const fields = isJsonObject(message) ? message : {};
  const approvalId = typeof fields['approvalId'] === 'string' ? fields['approvalId'] : '';
  const decisionId = typeof fields['decisionId'] === 'string' ? fields['decisionId'] : fallbackId;
  const ids = { decisionId, approvalId };
  const claims = claimsOf(fields);
  if (goal.isPrompt && approvalId === '') {
    // Nothing to admit: no flood of these holds up a decision that means something.
    const text = 'The decision is malformed: name the approval in approvalId.';
    const told = { outcome: 'refused', code: 'malformed', message: text, standing: null } as const;
    keep(goal.decisions, decisionId, { ...ids, ...told }, limits.decisionsKept);
    refuse(goal, { ...ids, ...claims, code: 'malformed', message: text }, null);
    return;
  }
  await CancellationScope.nonCancellable(async () => {
    for (let turn = 1; ; turn += 1) {
      const isTaken = await bookkeep(goal, async (books) => {
        if (goal.decisions.has(decisionId)) {
          refuse(goal, { ...ids, ...claims, code: 'repeated' }, null);
          return true;
        }
        const { approval, admission } = await admit(goal, books, message, { ...ids, fallbackId });
        // A workflow task that was given up has shown it; it is asked again behind this decision.
        const mayCome = goal.isPrompt && approval === null && admission.isQueued === true;
        if (mayCome && turn < turnsMax) return false;
        conclude(goal, { ...ids, ...claims }, approval, admission);
        return true;
      });
      if (isTaken) return;
    }
  });
}

type Claims = { readonly verdict?: string; readonly actor?: string };

/** What a message says it is, believed by nobody: a refusal names it. */
function claimsOf({ verdict, actor }: JsonObject): Claims {
  return {
    ...(typeof verdict === 'string' ? { verdict: verdict.slice(0, 120) } : {}),
    ...(typeof actor === 'string' ? { actor: actor.slice(0, 120) } : {}),
  };
}

async function admit(
  goal: Goal,
  books: GoalLocalActivities,
  decision: Json,
  { approvalId, fallbackId }: { approvalId: string; fallbackId: string },
): Promise<{ approval: Approval | null; admission: Admission }> {
  const { goalId, owner } = goal.input;
  for (let attempt = 1; ; attempt += 1) {
    const approval = goal.approvals.get(approvalId) ?? null;
    const now = new Date().toISOString();
    const request = { goalId, owner, decision, fallbackId, approval, now };
    const admission = await books.admitDecision(request);
    // Signals come before all else that a workflow task brings: it may have been asked only just now.
    const isAsked = goal.isPrompt && approval === null && goal.approvals.has(approvalId);
    if (!isAsked || attempt > 1) return { approval, admission };
  }
}

function conclude(
  goal: Goal,
  told: Claims & { readonly decisionId: string; readonly approvalId: string },
  approval: Approval | null,
  admission: Admission,
): void {
  const { decisionId } = told;
  keep(goal.decisions, decisionId, admission.outcome, limits.decisionsKept);
  const { outcome, standing } = admission;
  if (outcome.outcome === 'refused' || approval === null) {
    const { code, message: reason } = outcome;
    // An applied one without an approval was applied by an earlier run: it is a repetition.
    refuse(goal, { ...told, code: code ?? 'repeated', message: reason }, approval);
  }
  // After a reset another decision may stand already: then that is the one that counts.
  if (approval !== null && standing !== null) apply(goal, approval, admission, standing);
}

function refuse(
  goal: Goal,
  data: Claims & { decisionId: string; approvalId: string; code: string; message?: string },
  approval: Approval | null,
): void {
  goal.journal.append('decision_refused', data, approval?.stepId ?? null);
  if (goal.isPrompt) goal.publishRequested = true;
}

const settledStates: Readonly<Record<string, Approval['state']>> = {
  approve: 'approved',
  edit: 'edited',
  reject: 'rejected',
};

function apply(
  goal: Goal,
  { approvalId, stepId }: Approval,
  { did, input }: Admission,
  standing: StandingDecision,
): void {
  const { decisionId, verdict, actor } = standing;
  // The approval may have been taken back while the decision was on its way.
  const current = goal.approvals.get(approvalId);
  if (current === undefined || current.state !== 'pending') return;
  if (did === 'delegated') {
    goal.changeApproval(approvalId, { assignedTo: standing.to ?? null });
    const to = standing.to ?? null;
    goal.journal.append('approval_delegated', { approvalId, decisionId, actor, to }, stepId);
    return;
  }
  if (did === 'counted') {
    goal.changeApproval(approvalId, { approvedBy: [...current.approvedBy, standing] });
    goal.journal.append('approval_counted', { approvalId, decisionId, actor }, stepId);
    return;
  }
  const state = settledStates[verdict];
  if (state === undefined) return;
  if (input !== null) goal.edits.set(approvalId, input);
  goal.journal.append('decision_admitted', { decisionId, approvalId, verdict, actor }, stepId);
  // Its admission has published it: no publication of its own.
  const approvedBy = verdict === 'approve' ? [...current.approvedBy, standing] : current.approvedBy;
  goal.approvals.set(approvalId, { ...current, state, decision: standing, approvedBy });
}

/** Keeps an outcome for whoever reads it back, and forgets the oldest beyond a bound. */
export function keep<Value>(
  map: Map<string, Value>,
  id: string,
  value: Value,
  bound: number,
): void {
  map.set(id, value);
  const oldest = map.keys().next().value;
  if (map.size > bound && oldest !== undefined) map.delete(oldest);
}
