/**
 * Takes one decision to its workflow and tells what became of it. The workflow alone decides whether
 * it counts; nothing is decided, stored or repeated here.
 */
import { randomUUID } from 'node:crypto';
import type { Approval, DecisionOutcome, RefusalCode } from '#contracts/approval.ts';
import { capacityOf } from '#contracts/deciders.ts';
import type { JsonObject } from '#contracts/json.ts';
import { isTerminal } from '#contracts/goal.ts';
import { parseApprovalId } from '#contracts/names.ts';
import type { DecisionInput } from '#contracts/schemas/approval.ts';
import type { Principal } from '../auth.ts';
import { Problem, type ProblemKind } from '../errors.ts';
import type { GoalClient, SignedDecision } from '../goal-client.ts';
import { findGoal } from '../goals/goal-routes.ts';
import type { GoalStore } from '../goals/goal-store.ts';
import type { ApprovalItem, ApprovalStore } from './approval-store.ts';
import type { SignDecision } from './decision-signature.ts';

/** What deciding needs. */
export type DecideDeps = {
  readonly goals: GoalStore;
  readonly approvals: ApprovalStore;
  readonly goalClient: GoalClient;
  readonly signDecision: SignDecision;
};

/** The outcome of a decision that was not refused. `pending` = not admitted in time. */
export type Decided = {
  readonly decisionId: string;
  readonly outcome: DecisionOutcome | null;
  readonly approval: ApprovalItem;
};

/**
 * Finds an approval that this person may see, as live as it can be had.
 * @throws Problem not-found, also for one of somebody else
 */
export async function findApproval(
  deps: Omit<DecideDeps, 'signDecision'>,
  { owner, actor, member }: Principal,
  approvalId: string,
): Promise<ApprovalItem> {
  const approval = await ownersApproval(deps, owner, approvalId);
  if (member === undefined) return approval;
  const assigned = capacityOf({ email: actor, roles: member.roles }, approval) !== null;
  if (!assigned) throw noSuchApproval();
  return approval;
}

async function ownersApproval(
  deps: Omit<DecideDeps, 'signDecision'>,
  owner: string,
  approvalId: string,
): Promise<ApprovalItem> {
  const parsed = parseApprovalId(approvalId);
  if (parsed === undefined) throw noSuchApproval();
  const stored = await deps.approvals.find(owner, approvalId);
  if (stored !== null && stored.state !== 'pending') return stored;
  const { goalId, view } = await findGoal(deps, owner, parsed.goalId).catch((error: unknown) => {
    throw error instanceof Problem && error.kind === 'not-found' ? noSuchApproval() : error;
  });
  const live = isTerminal(view.state)
    ? null
    : await deps.goalClient.getApproval(goalId, approvalId);
  if (live !== null) return { ...live, goal: view.goal, mode: view.mode };
  if (stored === null) throw noSuchApproval();
  return stored;
}

/**
 * Decides an approval.
 * @throws Problem for every decision that changed nothing, with the decision that stands
 */
export async function decide(
  deps: DecideDeps,
  principal: Principal,
  approvalId: string,
  input: DecisionInput,
): Promise<Decided> {
  const approval = await findApproval(deps, principal, approvalId);
  const decision = signedDecision(deps, principal, approval, input);
  const { decisionId } = decision;
  // A decision id that the caller chose may have been used: then what became of it is the answer.
  const earlier =
    input.decisionId === undefined
      ? null
      : await deps.goalClient.getDecision(approval.goalId, decisionId);
  const outcome = earlier ?? (await deps.goalClient.decide(approval.goalId, decision));
  if (outcome === 'ended') {
    const now = await ownersApproval(deps, principal.owner, approvalId);
    throw refusal(now.state === 'expired' ? 'expired' : 'already_decided', null, now);
  }
  if (outcome === 'no_answer') return { decisionId, outcome: null, approval };
  if (outcome.approvalId !== approvalId || differs(outcome, input)) throw reusedDecisionId();
  if (outcome.outcome === 'refused') {
    throw refusal(outcome.code ?? 'malformed', outcome, approval);
  }
  const decided = await deps.goalClient.getApproval(approval.goalId, approvalId);
  return { decisionId, outcome, approval: settled({ ...approval, ...decided }, outcome) };
}

function signedDecision(
  deps: DecideDeps,
  principal: Principal,
  approval: Approval,
  input: DecisionInput,
): SignedDecision {
  const decision = {
    decisionId: input.decisionId ?? randomUUID(),
    approvalId: approval.approvalId as string,
    digest: input.digest,
    verdict: input.verdict,
    ...(input.input === undefined ? {} : { input: input.input as JsonObject }),
    ...(input.to === undefined ? {} : { to: input.to.toLowerCase() }),
    ...(input.comment === undefined ? {} : { comment: input.comment }),
    actor: principal.actor,
    decidedAt: new Date().toISOString(),
  };
  return deps.signDecision(decision) as SignedDecision;
}

/** When the workflow can no longer be asked, the outcome itself says how the approval stands. */
function settled(approval: ApprovalItem, outcome: DecisionOutcome): ApprovalItem {
  if (approval.state !== 'pending' || outcome.standing === null) return approval;
  const states = { approve: 'approved', edit: 'edited', reject: 'rejected' } as const;
  const { verdict, actor } = outcome.standing;
  if (verdict !== 'approve' && verdict !== 'edit' && verdict !== 'reject') return approval;
  const others = approval.approvedBy.filter((decision) => decision.actor !== actor);
  if (verdict === 'approve' && others.length + 1 < approval.requiredDecisions) return approval;
  return { ...approval, state: states[verdict], decision: outcome.standing };
}

function differs({ outcome, standing }: DecisionOutcome, input: DecisionInput): boolean {
  return outcome === 'applied' && standing !== null && standing.verdict !== input.verdict;
}

const refusals: Readonly<Record<RefusalCode, { kind: ProblemKind; todo: string }>> = {
  malformed: { kind: 'invalid-decision', todo: 'Check the decision against /openapi.json.' },
  unknown_approval: { kind: 'not-found', todo: 'GET /v1/approvals lists yours.' },
  already_decided: { kind: 'already-decided', todo: 'The decision that stands is in `decision`.' },
  repeated: { kind: 'already-decided', todo: 'The decision that stands is in `decision`.' },
  stale_digest: {
    kind: 'stale-digest',
    todo: 'Look at the approval again and send the digest it shows now.',
  },
  expired: { kind: 'approval-expired', todo: 'No answer counts as no; start the goal again.' },
  invalid_edit: {
    kind: 'invalid-edit',
    todo: 'Correct the input and send it again; the approval still waits.',
  },
  not_allowed: { kind: 'not-allowed', todo: 'Ask the person the approval is assigned to.' },
};

function refusal(code: RefusalCode, outcome: DecisionOutcome | null, approval: Approval): Problem {
  const { kind, todo } = refusals[code];
  const message = outcome?.message ?? `The approval is ${approval.state}.`;
  return new Problem(kind, `${message.replace(/\s*$/, '')} ${todo}`, {
    members: {
      approvalId: approval.approvalId,
      decision: outcome?.standing ?? approval.decision,
      approvalState: approval.state,
    },
  });
}

const noSuchApproval = () =>
  new Problem('not-found', 'You have no approval with this id. GET /v1/approvals lists yours.');

const reusedDecisionId = () =>
  new Problem(
    'decision-id-reused',
    'This decisionId was used for another decision. Send a new one, or none.',
  );
