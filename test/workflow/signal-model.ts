/**
 * What a goal must come to, by the decisions that were sent to it: the reference that random
 * interleavings of signals are held against. Pure; it knows nothing of how the workflow does it.
 */
import type { ApprovalState, RefusalCode } from '#contracts/approval.ts';

/** How a decision is made: three that can be applied, and the ways to get one wrong. */
export type How =
  | 'approve'
  | 'edit'
  | 'reject'
  | 'invalid_edit'
  | 'stale_digest'
  | 'malformed'
  | 'not_allowed'
  | 'forged';

/** One decision that the server took, and what the goal says became of it. */
export type Sent = {
  readonly approvalId: string;
  readonly decisionId: string;
  readonly how: How;
  readonly outcome: 'applied' | RefusalCode;
};

const verdictStates: Partial<Record<How, ApprovalState>> = {
  approve: 'approved',
  edit: 'edited',
  reject: 'rejected',
};
/** How a request can end without anybody's decision. */
const closings: readonly ApprovalState[] = ['expired', 'cancelled', 'superseded', 'answered'];
/** What can still become of a go-ahead. */
const withdrawals: readonly ApprovalState[] = ['stopped', 'superseded'];

/** Whether an outcome is the right answer to a decision, given whether the request was still open. */
function isRight({ how, outcome }: Sent, isOpen: boolean): boolean {
  if (how === 'forged') return outcome !== 'applied';
  if (how === 'malformed') return outcome === 'malformed';
  const closed = ['already_decided', 'expired'].includes(outcome);
  if (how === 'not_allowed') return outcome === 'not_allowed' || (!isOpen && closed);
  if (!isOpen) return closed;
  return outcome === (verdictStates[how] === undefined ? how : 'applied');
}

/**
 * Says why decisions of one approval, in the order in which they were sent, do not lead to the state
 * it ended in; null when they do. The first that can be applied is applied, and no other one is.
 */
export function contradictionIn(
  sent: readonly Sent[],
  ended: ApprovalState,
  isCancelled: boolean,
): string | null {
  if (ended === 'pending') return 'it is still pending';
  const moments = [...sent.keys(), sent.length];
  // A decision that a cancellation overtakes may stay stored, and changes nothing any more.
  const closedAt = closings.includes(ended) || isCancelled ? moments : [sent.length];
  if (closedAt.some((moment) => leadsTo(sent, moment) === ended)) return null;
  const first = leadsTo(sent, sent.length);
  if (withdrawals.includes(ended) && (first === 'approved' || first === 'edited')) return null;
  return `${JSON.stringify(sent)} cannot lead to ${ended}`;

  /** The state after all decisions, when something else closes the request before one of them. */
  function leadsTo(decisions: readonly Sent[], closedBefore: number): ApprovalState | undefined {
    let state: ApprovalState | undefined;
    for (const [at, decision] of decisions.entries()) {
      const isOpen = state === undefined && at < closedBefore;
      if (!isRight(decision, isOpen)) return 'pending';
      if (isOpen && decision.outcome === 'applied') state = verdictStates[decision.how];
    }
    return state ?? ended;
  }
}

/** A step as it stands at the end, with the last request that was made for it. */
export type LastRequest = { readonly state: ApprovalState } | undefined;

/** How often the effect of a step must have happened; two numbers where a cancellation came between. */
export function timesDone(last: LastRequest, isCancelled: boolean): readonly number[] {
  if (last?.state !== 'approved' && last?.state !== 'edited') return [0];
  return isCancelled ? [0, 1] : [1];
}
