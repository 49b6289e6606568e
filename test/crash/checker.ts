/**
 * Decides whether a run kept every promise, from three witnesses that are not the product's tables:
 * the oracle of the sandbox, the client's log and the histories of Temporal. Pure.
 * @see records.ts for the product's records, which are held against these witnesses
 */
import { goalTransitions, type GoalState, isTerminal } from '#contracts/goal.ts';
import { tools, type ToolName } from '#contracts/tools.ts';
import type { OracleEffect } from '#test/support/stack.ts';
import type { Aftermath } from './aftermath.ts';
import type { GoalHistory, Performed } from './histories.ts';
import { type Entry, type Op, opsOf } from './log.ts';
import type { Delivery } from './receiver.ts';
import { checkRecords } from './records.ts';
import { contentProblem } from './wire.ts';

/** What the witnesses say, and what the product's own records say that is held against them. */
export type Evidence = {
  readonly effects: readonly OracleEffect[];
  readonly log: readonly Entry[];
  readonly goals: readonly GoalHistory[];
  /** Goals that the api still shows as open, after everything has been answered. */
  readonly stillOpen: readonly string[];
  /** What the receiver of webhooks was sent: the end of every goal. */
  readonly deliveries: readonly Delivery[];
  readonly aftermath: Aftermath;
  /** Kills and faults. */
  readonly disturbances: number;
  /** Processes and temporary files that outlived the stack. */
  readonly leftovers: readonly string[];
};

/** A promise that was broken. */
export type Violation = {
  readonly invariant: string;
  readonly goalId: string;
  readonly what: string;
};

/** Operations that commit an effect; a draft alone is nothing that others see. */
const committing = ['events.insert', 'events.patch', 'events.delete', 'drafts.send'];
/** A request that was under way when a cancellation was acknowledged may still arrive. */
const underWayMs = 12_000;

/** Every broken promise; none means the run passed. */
export function check(evidence: Evidence): Violation[] {
  const ops = opsOf(evidence.log);
  return [
    ...onceEach(evidence),
    ...onlyWhatWasApproved(evidence, ops),
    ...noGoalLost(evidence, ops),
    ...everyDecisionOnce(evidence, ops),
    ...statesInOrder(evidence),
    ...nothingAfterNo(evidence, ops),
    ...undoneInOrder(evidence),
    ...checkRecords(evidence),
    ...evidence.leftovers.map((what) => violation('INV12', '', what)),
  ];
}

/** How many effects happened more than once: the figure that has to be 0. */
export function duplicatesIn(effects: readonly OracleEffect[]): number {
  return effects.reduce((sum, { count }) => sum + Math.max(0, count - 1), 0);
}

const violation = (invariant: string, goalId: string, what: string): Violation => ({
  invariant,
  goalId,
  what,
});

const confirmed = ({ receipt }: { receipt: Performed['receipt'] }) =>
  receipt?.outcome === 'confirmed';

/** INV1: on the wire at most once, and exactly once where a receipt says so. */
function onceEach({ effects, goals }: Evidence): Violation[] {
  const found: Violation[] = [];
  const receipts = new Map<string, string>();
  for (const { goalId, performed, undone, settled } of goals) {
    // Deleting a draft is seen on the wire under the draft's own key.
    const back = undone.filter(({ tool }) => tool !== 'createDraft');
    for (const receipt of [...[...performed, ...back].map((one) => one.receipt), ...settled]) {
      if (receipt?.outcome === 'confirmed') receipts.set(receipt.effectKey, goalId);
    }
  }
  const onWire = new Set<string>();
  for (const { key, operation, count } of effects) {
    const goalId = receipts.get(key) ?? '';
    if (count > 1)
      found.push(violation('INV1', goalId, `${operation} ${key} happened ${count} times`));
    onWire.add(key);
    if (committing.includes(operation) && goalId === '') {
      found.push(
        violation('INV1', '', `${operation} ${key} happened, and no history has its receipt`),
      );
    }
  }
  for (const [key, goalId] of receipts) {
    if (!onWire.has(key)) {
      found.push(violation('INV1', goalId, `${key} has a receipt and never happened`));
    }
  }
  return found;
}

/** INV2: what went over the wire is what the client approved, before it went. */
function onlyWhatWasApproved({ effects, goals }: Evidence, ops: readonly Op[]): Violation[] {
  const decided = new Map<string, Op[]>();
  for (const op of ops) {
    if (op.call.call !== 'decide') continue;
    decided.set(op.call.approvalId, [...(decided.get(op.call.approvalId) ?? []), op]);
  }
  const found: Violation[] = [];
  for (const goal of goals) {
    for (const { approvalId, tool, receipt } of goal.performed) {
      if (receipt?.outcome !== 'confirmed') continue;
      if (approvalId === null) {
        if (tools[tool as ToolName].effectClass !== 'prepare') {
          found.push(violation('INV2', goal.goalId, `${tool} ran without an approval`));
        }
        continue;
      }
      const standing = goal.decisions.find(
        (one) => one.approvalId === approvalId && one.outcome === 'applied',
      );
      const op = decided
        .get(approvalId)
        ?.find(({ call }) => call.call === 'decide' && call.decisionId === standing?.decisionId);
      if (standing === undefined || op === undefined || op.call.call !== 'decide') {
        found.push(violation('INV2', goal.goalId, `${tool} ran and nobody approved ${approvalId}`));
        continue;
      }
      for (const effect of effects.filter(({ key }) => key === receipt.effectKey)) {
        if (Date.parse(effect.at) < op.at) {
          found.push(violation('INV2', goal.goalId, `${approvalId} was decided after it was done`));
        }
        const problem = contentProblem(effect, op.call.input);
        if (problem !== null)
          found.push(violation('INV2', goal.goalId, `${approvalId}: ${problem}`));
      }
    }
  }
  return found;
}

/** INV3: every goal that was accepted has ended, in a state that is an end. */
function noGoalLost({ goals, stillOpen }: Evidence, ops: readonly Op[]): Violation[] {
  const byId = new Map(goals.map((goal) => [goal.goalId, goal]));
  const accepted = new Map<string, string>();
  const found: Violation[] = [];
  for (const { call, outcome } of ops) {
    if (call.call !== 'start' || outcome.phase !== 'ok' || outcome.goalId === undefined) continue;
    const earlier = accepted.get(call.key);
    if (earlier !== undefined && earlier !== outcome.goalId) {
      found.push(violation('INV3', outcome.goalId, `the same key also started ${earlier}`));
    }
    accepted.set(call.key, outcome.goalId);
  }
  for (const goalId of accepted.values()) {
    if (!byId.has(goalId)) found.push(violation('INV3', goalId, 'accepted, and Temporal has none'));
  }
  for (const { goalId, ended, state } of goals) {
    if (ended === null) found.push(violation('INV3', goalId, 'never ended'));
    else if (state === null || !isTerminal(state)) {
      found.push(violation('INV3', goalId, `its workflow ${ended} in state ${state}`));
    }
  }
  return [...found, ...stillOpen.map((id) => violation('INV3', id, 'the api shows it as open'))];
}

/** INV4: what was acknowledged counts once; nothing counts that nobody sent. */
function everyDecisionOnce({ goals }: Evidence, ops: readonly Op[]): Violation[] {
  const found: Violation[] = [];
  const sent = new Set<string>();
  const applied = new Set<string>();
  for (const { decisions } of goals) {
    // One that was admitted again, because its workflow task was given up, is the same decision.
    for (const { decisionId, outcome } of decisions)
      if (outcome === 'applied') applied.add(decisionId);
  }
  for (const { call, outcome } of ops) {
    if (call.call !== 'decide') continue;
    sent.add(call.decisionId);
    if (outcome.phase === 'ok' && !applied.has(call.decisionId)) {
      found.push(violation('INV4', call.goalId, `decision ${call.decisionId} was lost`));
    }
  }
  for (const decisionId of applied) {
    if (!sent.has(decisionId)) found.push(violation('INV4', '', `nobody sent ${decisionId}`));
  }
  for (const goal of goals) {
    const settled = new Map<string, string>();
    for (const { approvalId, decisionId, outcome } of goal.decisions) {
      const other = settled.get(approvalId);
      if (outcome === 'applied' && other !== undefined && other !== decisionId) {
        found.push(violation('INV4', goal.goalId, `${approvalId} was decided twice`));
      }
      if (outcome === 'applied') settled.set(approvalId, decisionId);
    }
  }
  return found;
}

/** INV5: states as the client saw them follow the published table; an end stays. INV9: and agree. */
function statesInOrder({ goals, log }: Evidence): Violation[] {
  const seen = new Map<string, GoalState>();
  const found: Violation[] = [];
  for (const entry of log) {
    if (entry.phase !== 'saw') continue;
    const before = seen.get(entry.goalId);
    if (before !== undefined && !reachable(before).has(entry.state)) {
      found.push(violation('INV5', entry.goalId, `went from ${before} to ${entry.state}`));
    }
    seen.set(entry.goalId, entry.state);
  }
  for (const { goalId, state } of goals) {
    const last = seen.get(goalId);
    if (last !== undefined && state !== null && last !== state) {
      found.push(violation('INV9', goalId, `is ${state}, and the api last said ${last}`));
    }
  }
  return found;
}

/** States that may follow, at once or over others that the client did not see. */
function reachable(from: GoalState): Set<GoalState> {
  const found = new Set<GoalState>([from]);
  for (const state of found) for (const next of goalTransitions[state]) found.add(next);
  return found;
}

/** INV6: nothing happens for what was rejected, nor starts after a cancellation was acknowledged. */
function nothingAfterNo({ effects, goals }: Evidence, ops: readonly Op[]): Violation[] {
  const cancelled = new Map<string, number>();
  for (const { call, outcome, endedAt } of ops) {
    if (call.call === 'cancel' && outcome.phase === 'ok' && !cancelled.has(call.goalId)) {
      cancelled.set(call.goalId, endedAt);
    }
  }
  const found: Violation[] = [];
  for (const { goalId, decisions, performed } of goals) {
    const refused = new Set(
      decisions
        .filter((one) => one.outcome === 'applied' && one.verdict === 'reject')
        .map((one) => one.approvalId),
    );
    const cancelledAt = cancelled.get(goalId) ?? Number.POSITIVE_INFINITY;
    for (const one of performed.filter(confirmed)) {
      if (one.approvalId !== null && refused.has(one.approvalId)) {
        found.push(violation('INV6', goalId, `${one.approvalId} was rejected and done`));
      }
      const late = effects.find(
        ({ key, at }) =>
          key === one.receipt?.effectKey && Date.parse(at) > cancelledAt + underWayMs,
      );
      if (late !== undefined) {
        found.push(violation('INV6', goalId, `${late.operation} happened after the cancellation`));
      }
    }
  }
  return found;
}

/** INV7: a goal that failed or was cancelled has undone what can be undone, last first. */
function undoneInOrder({ goals }: Evidence): Violation[] {
  const found: Violation[] = [];
  for (const { goalId, state, performed, undone } of goals) {
    if (state !== 'cancelled' && state !== 'failed') continue;
    const done = performed
      .filter((one) => confirmed(one) && tools[one.tool as ToolName].undo !== null)
      .toSorted((a, b) => a.order - b.order);
    const keys = [...new Set(done.map(({ receipt }) => receipt?.effectKey ?? ''))];
    const back = [...new Set(undone.filter(confirmed).map(({ of }) => of))];
    const missing = keys.filter((key) => !undone.some(({ of }) => of === key));
    for (const key of missing) found.push(violation('INV7', goalId, `${key} was not undone`));
    const expected = keys.filter((key) => back.includes(key)).toReversed();
    if (expected.join() !== back.join()) {
      found.push(violation('INV7', goalId, 'was not undone last first'));
    }
  }
  return found;
}
