/** Asking a person: a request enters the queue and waits. No answer means no. */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type {
  Approval,
  ApprovalKind,
  Card,
  Difference,
  StandingDecision,
} from '#contracts/approval.ts';
import type { Json, JsonObject } from '#contracts/json.ts';
import { type ApprovalId, approvalIdOf } from '#contracts/names.ts';
import type { Tier, ToolName } from '#contracts/tools.ts';
import type { Origin } from '#contracts/trust.ts';
import { inTurn } from './bookkeeping.ts';
import { watchDeadlines } from './deadlines.ts';
import { digestOf } from './digest.ts';
import type { Goal } from './goal.ts';
import { Parked, waitFor } from './waiting.ts';

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
  readonly contentAsOf?: string | null;
  readonly supersedes?: ApprovalId | null;
  readonly difference?: readonly Difference[];
};

/** A question to the person that no prepared content stands behind. */
export type Question = Pick<ApprovalRequest, 'stepId' | 'revision' | 'reasons'> &
  Pick<Card, 'title' | 'lines'> & {
    readonly kind: Exclude<ApprovalKind, 'action'>;
    readonly tier?: Tier;
    readonly tool?: ToolName | null;
    readonly input?: JsonObject;
    readonly warnings?: readonly string[];
    /** What the answer is about: the digest is over it. */
    readonly about: Json;
  };

/** An approval that is no longer pending, with the input of an admitted edit. */
export type Decided = { readonly approval: Approval; readonly editedInput: JsonObject | null };

/**
 * Puts a request into the queue and waits until it is decided or expires. A request that an earlier
 * run of the workflow made is waited for again. Cancelling the scope it runs in takes it back.
 */
export async function askForApproval(goal: Goal, request: ApprovalRequest): Promise<Decided> {
  const id = approvalIdOf(goal.input.goalId, request.stepId, request.revision);
  if (!goal.approvals.has(id)) enqueue(goal, id, request);
  return awaitDecision(goal, id);
}

/** Asks the person a question as `askForApproval` does. */
export function askPerson(goal: Goal, question: Question): Promise<Decided> {
  const { title, lines, warnings = [], about, ...request } = question;
  return askForApproval(goal, {
    tier: 1,
    tool: null,
    input: {},
    ...request,
    card: { title, lines, warnings, undo: null },
    context: [],
    digest: digestOf(about),
  });
}

/** Waits for the decision of a request that is in the queue. @throws Parked, CancelledFailure */
export async function awaitDecision(goal: Goal, approvalId: string): Promise<Decided> {
  goal.settle();
  try {
    await waitFor(goal, () => goal.approvals.get(approvalId)?.state !== 'pending');
  } catch (error) {
    if (isCancellation(error)) await withdraw(goal, approvalId);
    else if (error instanceof Parked) goal.unheard.add(approvalId);
    throw error;
  }
  goal.unheard.delete(approvalId);
  goal.settle();
  const approval = goal.approvals.get(approvalId);
  if (approval === undefined) throw new Error(`There is no approval ${approvalId}.`);
  return { approval, editedInput: goal.edits.get(approvalId) ?? null };
}

function withdraw(goal: Goal, approvalId: string): Promise<void> {
  return CancellationScope.nonCancellable(() =>
    inTurn(goal, () => takeBack(goal, approvalId, 'cancelled', null)),
  );
}

function enqueue(goal: Goal, approvalId: ApprovalId, request: ApprovalRequest): void {
  const requestedAt = Date.now();
  const { supersedes, difference, contentAsOf, ...fields } = request;
  const twoPeople = goal.input.policy.secondPerson === true && request.tier === 4;
  goal.approvals.set(approvalId, {
    ...fields,
    ...unasked,
    approvalId,
    goalId: goal.input.goalId,
    requestedAt: new Date(requestedAt).toISOString(),
    expiresAt: new Date(requestedAt + goal.input.timers.approvalExpiresMs).toISOString(),
    requiredDecisions: twoPeople && request.kind === 'action' ? 2 : 1,
    supersedes: supersedes ?? null,
    difference: difference ?? [],
    contentAsOf: contentAsOf ?? null,
  });
  const { kind, tier, reasons, stepId } = request;
  goal.journal.append(
    'approval_requested',
    { approvalId, kind, tier, reasons: [...reasons] },
    stepId,
  );
  watchDeadlines(goal);
  goal.settle();
  goal.publishRequested = true;
}

const unasked = {
  assignedRole: 'owner',
  assignedTo: null,
  approvedBy: [],
  remindedAt: null,
  leavesAt: null,
  state: 'pending',
  decision: null,
} as const;

/** The revision of a request of this name whose decision is still to be heard, or else the next one. */
export function nextRevision(goal: Goal, stepId: string): number {
  const asked = [...goal.approvals.values()].filter((approval) => approval.stepId === stepId);
  const open = asked.find(
    ({ state, approvalId }) => state === 'pending' || goal.unheard.has(approvalId),
  );
  // Settled requests of earlier runs of the workflow are not known here, but their number is in the run.
  return (
    open?.revision ?? Math.max(goal.runs * 1_000, ...asked.map(({ revision }) => revision)) + 1
  );
}

/** A request that was decided before it could be asked: a standing rule covers it. */
export function recordDecided(
  goal: Goal,
  request: ApprovalRequest,
  decision: StandingDecision,
): ApprovalId {
  const approvalId = approvalIdOf(goal.input.goalId, request.stepId, request.revision);
  const { supersedes, difference, contentAsOf, ...fields } = request;
  goal.approvals.set(approvalId, {
    ...fields,
    ...unasked,
    approvalId,
    goalId: goal.input.goalId,
    requestedAt: decision.decidedAt,
    expiresAt: new Date(Date.now() + goal.input.timers.approvalExpiresMs).toISOString(),
    requiredDecisions: 1,
    supersedes: supersedes ?? null,
    difference: difference ?? [],
    contentAsOf: contentAsOf ?? null,
    state: 'approved',
    decision,
  });
  return approvalId;
}

const verdicts = { cancelled: 'cancel', superseded: 'supersede', stopped: 'stop' } as const;
const events = {
  cancelled: 'approval_cancelled',
  superseded: 'approval_superseded',
  stopped: 'effect_stopped',
} as const;

/** Takes a request back, or the go-ahead that was given to it. */
export function takeBack(
  goal: Goal,
  approvalId: string,
  state: 'cancelled' | 'superseded' | 'stopped',
  comment: string | null,
  actor = 'adjutant',
): void {
  const approval = goal.approvals.get(approvalId);
  if (approval === undefined) return;
  if (state === 'cancelled' && approval.state !== 'pending') return;
  const decision: StandingDecision = {
    decisionId: `${verdicts[state]}:${approvalId}`,
    verdict: verdicts[state],
    actor,
    decidedAt: new Date().toISOString(),
    comment,
  };
  goal.changeApproval(approvalId, { state, decision });
  const reason = comment === null ? {} : { reason: comment };
  goal.journal.append(events[state], { approvalId, ...reason }, approval.stepId);
}
