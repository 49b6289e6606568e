/**
 * Compensation on random plans: steps in any order of dependency, some of them critical and bound to
 * fail, undos that fail, a cancellation at any moment, and a new run every few events. Nothing that was
 * done is forgotten.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failure } from '#activities/failures.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { type GoalState, isTerminal } from '#contracts/goal.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';
import { holdsFor, propertyTimeoutMs } from '../support/properties.ts';

type Node = {
  readonly kind: 'effect' | 'read' | 'bad';
  readonly critical: boolean;
  /** Which earlier steps it needs, by how far back they are. */
  readonly back: readonly number[];
  readonly undoFails: boolean;
  readonly slowMs: number;
};
type Tree = {
  readonly nodes: readonly Node[];
  readonly cancelAfterMs: number | null;
  /** Recorded as the api does before it asks Temporal. */
  readonly recorded: boolean;
  readonly continueAfterEvents: number | null;
};

const node: fc.Arbitrary<Node> = fc.record({
  kind: fc.constantFrom('effect', 'effect', 'effect', 'effect', 'read', 'bad'),
  critical: fc.boolean(),
  back: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
  undoFails: fc.nat({ max: 5 }).map((n) => n === 0),
  slowMs: fc.constantFrom(0, 0, 0, 30, 120),
});
const trees: fc.Arbitrary<Tree> = fc.record({
  nodes: fc.array(node, { minLength: 2, maxLength: 12 }),
  cancelAfterMs: fc.option(fc.integer({ min: 20, max: 1_500 }), { freq: 2 }),
  recorded: fc.boolean(),
  continueAfterEvents: fc.option(fc.integer({ min: 25, max: 60 }), { freq: 3 }),
});

/** Trees that once failed. */
const kept: Record<string, Tree> = {};

let bench: GoalBench;
const running = new Map<string, Tree>();
beforeAll(async () => {
  bench = await GoalBench.start();
  bench.planner = ({ goal }) => plan(...stepsOf(goal, running.get(goal)!));
  bench.reads['listEvents'] = () => ({ value: { events: [] }, trust: 'trusted', origins: [] });
  bench.reads['readThread'] = () => {
    throw failure('NotFoundError', 'No such thing.');
  };
  bench.provider.rule = ({ title }) => {
    const { undoFails, slowMs } = nodeOf(title as string);
    const failUndo = undoFails ? failure('ConflictError', 'Somebody changed it.') : undefined;
    return { delayMs: slowMs, failUndo };
  };
});
afterAll(() => bench[Symbol.asyncDispose]());

const idOf = (index: number) => `s${index}`;
const titleOf = (name: string, index: number) => `${name} ${idOf(index)}`;

function nodeOf(title: string): Node {
  const [name, id] = title.split(' ');
  return running.get(name!)!.nodes[Number(id!.slice(1))]!;
}

function needsOf({ back }: Node, index: number): number[] {
  return back.map((steps) => index - steps).filter((earlier) => earlier >= 0);
}

function stepsOf(name: string, { nodes }: Tree) {
  return nodes.map((one, index) => {
    const dependsOn = needsOf(one, index).map(idOf);
    const more = { dependsOn, critical: one.critical };
    if (one.kind === 'read') return step(idOf(index), 'listEvents', { window: 'today' }, more);
    if (one.kind === 'bad') return step(idOf(index), 'readThread', { threadId: 't' }, more);
    const input = { start: '2026-12-01T10:00', durationMinutes: 30, guests: [] };
    return step(idOf(index), 'createEvent', { title: titleOf(name, index), ...input }, more);
  });
}

/** How the goal ends when nobody cancels it. */
function endOf({ nodes }: Tree): GoalState {
  const completes: boolean[] = [];
  let isFlawless = true;
  for (const [index, one] of nodes.entries()) {
    const starts = needsOf(one, index).every((earlier) => completes[earlier]);
    completes.push(starts && one.kind !== 'bad');
    if (starts && one.kind === 'bad' && one.critical) return 'failed';
    if (!completes[index]) isFlawless = false;
  }
  return isFlawless ? 'completed' : 'completed_with_issues';
}

async function forgetsNothing(tree: Tree, name: string): Promise<void> {
  running.set(name, tree);
  const { cancelAfterMs, recorded, continueAfterEvents } = tree;
  const goal = await bench.goal({
    goal: name,
    policy: { ...defaultPolicy, approveFromTier: 3 },
    ...(continueAfterEvents === null ? {} : { continueAfterEvents }),
  });
  const handled = handleInterventions(goal);
  if (cancelAfterMs !== null) await cancelLater(goal, cancelAfterMs, recorded);
  const { state } = await goal.result().catch(() => goal.view());
  await handled;
  if (cancelAfterMs === null) expect(state).toBe(endOf(tree));
  else expect(['cancelled', endOf(tree)]).toContain(state);
  await expectNothingForgotten(goal, name, state);
}

async function cancelLater(goal: RunningGoal, afterMs: number, recorded: boolean): Promise<void> {
  await sleep(afterMs);
  const sql = `insert into cancellations (goal_id, actor) values ($1, 'alex')`;
  if (recorded) await bench.database.pool.query(sql, [goal.input.goalId]);
  await goal.handle.cancel().catch(() => undefined);
}

/** The person says that they have dealt with whatever could not be undone. */
async function handleInterventions(goal: RunningGoal): Promise<void> {
  for (;;) {
    const { state, pendingApprovals } = await goal.published();
    if (isTerminal(state) && (await goal.isClosed())) return;
    for (const approval of pendingApprovals) {
      await goal.sendDecision(approval).catch(() => undefined); // It may have ended just now.
    }
    await sleep(60);
  }
}

async function expectNothingForgotten(
  goal: RunningGoal,
  name: string,
  state: GoalState,
): Promise<void> {
  const ofGoal = (title: string) => title.startsWith(`${name} `);
  const done = bench.provider.order.filter(ofGoal);
  const undone = bench.provider.undone.filter(ofGoal);
  expect(new Set(done).size, 'nothing is done twice').toBe(done.length);
  const { pool } = bench.database;
  const { rows: interventions } = await pool.query<{ title: string; state: string }>(
    `select approval->>'stepId' as title, state from approvals where goal_id = $1`,
    [goal.input.goalId],
  );
  expect(interventions.map((row) => row.state)).not.toContain('pending');
  const asked = interventions.map(({ title }) => `${name} ${title.replace(/_undo$/, '')}`);
  const { rows: confirmed } = await pool.query<{ title: string }>(
    `select $2 || ' ' || step_id as title from journal_events
     where goal_id = $1 and type = 'effect_confirmed' order by number desc`,
    [goal.input.goalId, name],
  );
  if (state !== 'failed' && state !== 'cancelled') {
    expect(undone, 'what ends well stays').toEqual([]);
    return;
  }
  expect([...undone, ...asked].sort(), 'each is undone once, or asked about').toEqual(
    [...done].sort(),
  );
  const order = confirmed.map(({ title }) => title).filter((title) => undone.includes(title));
  expect(undone, 'the last thing first').toEqual(order);
}

it(
  'forgets nothing on random trees of failures',
  async () => {
    await holdsFor('compensation', trees, (tree, index) => forgetsNothing(tree, `tree${index}`));
  },
  propertyTimeoutMs,
);

if (Object.keys(kept).length > 0) {
  it.each(Object.entries(kept))('forgets nothing when %s', (_why, tree) =>
    forgetsNothing(tree, `kept${Object.values(kept).indexOf(tree)}`),
  );
}
