/**
 * The read models when a workflow task published something, was given up, and its repetition went another
 * way: what the repetition tells, later by workflow time, is what stays.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { publishEvents, publishGoal } from '#activities/journal/publish.ts';
import type { Approval } from '#contracts/approval.ts';
import type { GoalView } from '#contracts/goal.ts';
import type { JournalEvent } from '#contracts/journal.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newGoalId } from '../support/effects.ts';
import { alice, approvalOf, viewOf } from './api-samples.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const at = (second: number) => new Date(1_790_000_000_000 + second * 1_000).toISOString();
const event = (number: number, second: number): JournalEvent => ({
  number,
  at: at(second),
  type: 'step_started',
  stepId: 'find',
  data: {},
});

/** A goal whose workflow publishes how it stands at a second. */
function goalOf() {
  const goalId = newGoalId();
  const publish = (second: number, numbers: readonly number[], change: Partial<GoalView> = {}) => {
    const approvals = change.pendingApprovals ?? [];
    const goal = { ...viewOf(goalId, alice), updatedAt: at(second), ...change };
    const events = numbers.map((number) => event(number, second));
    const journalNumber = numbers.at(-1) ?? 0;
    return publishGoal(database.pool, { goal, approvals, events, journalNumber });
  };
  const asked = (stepId: string, second: number): Approval => ({
    ...approvalOf(goalId, stepId),
    requestedAt: at(second),
    expiresAt: at(second + 3_600),
  });
  return { goalId, publish, asked };
}

async function rows(sql: string, goalId: string) {
  return (await database.pool.query(sql, [goalId])).rows;
}
const approvalsOf = (goalId: string) =>
  rows(
    `select approval_id as id, state, requested_at as at, expires_at as until from approvals
     where goal_id = $1 order by 1`,
    goalId,
  );
const numbersOf = async (goalId: string) =>
  (await rows('select number from journal_events where goal_id = $1 order by 1', goalId)).map(
    ({ number }) => number,
  );

it('shows an approval with the times of the repetition', async () => {
  const { goalId, publish, asked } = goalOf();
  await publish(1, [1], { pendingApprovals: [asked('invite', 1)] });
  const again = asked('invite', 9);
  await publish(9, [1], { pendingApprovals: [again] });
  expect(await approvalsOf(goalId)).toEqual([
    {
      id: again.approvalId,
      state: 'pending',
      at: new Date(again.requestedAt),
      until: new Date(again.expiresAt),
    },
  ]);
});

it('takes an approval out of the queue that the repetition does not ask for', async () => {
  const { goalId, publish, asked } = goalOf();
  await publish(1, [1], { pendingApprovals: [asked('invite', 1), asked('send', 1)] });
  await publish(9, [1], { pendingApprovals: [asked('send', 9)] });
  expect(await approvalsOf(goalId)).toMatchObject([{ id: asked('send', 9).approvalId }]);
});

it('leaves an approval alone when an older publication arrives late', async () => {
  const { goalId, publish, asked } = goalOf();
  await publish(9, [1, 2], { pendingApprovals: [asked('invite', 9)] });
  await publish(1, [1], {});
  expect(await approvalsOf(goalId)).toMatchObject([{ at: new Date(at(9)) }]);
});

it('keeps the end of a goal while the repetition comes by its earlier states, unless it goes on', async () => {
  const { goalId, publish, asked } = goalOf();
  const stateOf = async () =>
    (await rows('select state from goals where goal_id = $1', goalId))[0]?.state;
  const moved = (number: number, second: number, to: string): JournalEvent => ({
    ...event(number, second),
    type: 'state_changed',
    data: { to },
  });
  await publish(1, [1, 2], { state: 'completed' });
  await publishEvents(database.pool, goalId, [moved(1, 9, 'running')]);
  expect(await stateOf()).toBe('completed');
  await publish(10, [1, 2, 3], {
    state: 'awaiting_approval',
    pendingApprovals: [asked('invite', 9)],
  });
  expect(await stateOf()).toBe('awaiting_approval');
  await publishEvents(database.pool, goalId, [moved(4, 11, 'running')]);
  expect(await stateOf()).toBe('running');
});

it('takes events back that lie beyond the end of the goal, and no others', async () => {
  const { goalId, publish } = goalOf();
  await publish(1, [1, 2, 3, 4]);
  await publish(9, [1, 2, 3]);
  expect(await numbersOf(goalId)).toEqual([1, 2, 3, 4]);
  await publish(10, [3], { state: 'completed' });
  expect(await numbersOf(goalId)).toEqual([1, 2, 3]);
});
