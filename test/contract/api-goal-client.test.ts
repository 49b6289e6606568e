/** The Temporal client of the api against a real server, without a worker. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { UnavailableError } from '#api/errors.ts';
import { createGoalClient, type GoalClient } from '#api/goal-client.ts';
import { newGoalId } from '#api/goals/goal-id.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { type GoalId, goalWorkflowId } from '#contracts/names.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import { connectTestClient, type TestClient, uniqueQueue } from '../support/temporal.ts';

let test: TestClient;
let goalClient: GoalClient;
beforeAll(async () => {
  test = await connectTestClient();
  goalClient = createGoalClient({
    client: test.client,
    queuePrefix: uniqueQueue('goal-client'),
    readBackMs: 400,
    queryTimeoutMs: 200,
  });
});
afterAll(() => test[Symbol.asyncDispose]());

const input = (goalId: GoalId, goal = 'Invite Bob next week'): GoalWorkflowInput => ({
  goalId,
  owner: 'alice@example.com',
  zone: 'UTC',
  goal,
  context: '',
  constraints: [],
  mode: 'live',
  policy: defaultPolicy,
  timers: defaultTimers,
});
const decision = (goalId: GoalId) => ({
  decisionId: 'd1',
  approvalId: `${goalId}.a.1`,
  digest: `v1:sha256:${'0'.repeat(64)}`,
  verdict: 'approve' as const,
});
const handle = (goalId: GoalId) => test.client.workflow.getHandle(goalWorkflowId(goalId));

it('starts a goal once, with search attributes and a summary people can read', async () => {
  const goalId = newGoalId();
  const goal = `Invite Bob\nand 👩‍🚀 ${'x'.repeat(3_000)}`;
  await Promise.all([1, 2, 3].map(() => goalClient.start(input(goalId, goal))));
  const description = await handle(goalId).describe();
  expect(description.type).toBe('goalWorkflow');
  const { indexedFields } = description.raw.workflowExecutionInfo?.searchAttributes ?? {};
  expect(Object.keys(indexedFields ?? {})).toEqual(
    expect.arrayContaining(['GoalKind', 'GoalOwner', 'GoalState', 'PendingApprovals']),
  );
  const summary = await description.staticSummary();
  expect(summary).toMatch(/^Invite Bob and .*…$/u);
  expect(Array.from(summary ?? '')).toHaveLength(100);
});

it('leaves a goal that has ended alone when it is started again (seen: 24)', async () => {
  const goalId = newGoalId();
  await goalClient.start(input(goalId));
  const { runId } = await handle(goalId).describe();
  await handle(goalId).terminate();
  await goalClient.start(input(goalId));
  const after = await handle(goalId).describe();
  expect([after.runId, after.status.name]).toEqual([runId, 'TERMINATED']);
});

it('says no_answer when no worker confirms a decision, and keeps the signal (seen: 26)', async () => {
  const goalId = newGoalId();
  await goalClient.start(input(goalId));
  expect(await goalClient.getGoal(goalId)).toBeNull();
  expect(await goalClient.decide(goalId, decision(goalId))).toBe('no_answer');
  const { events } = await handle(goalId).fetchHistory();
  const signal = events?.find((event) => event.workflowExecutionSignaledEventAttributes);
  expect(signal?.workflowExecutionSignaledEventAttributes?.signalName).toBe('decideApproval');
});

it('says ended for goals that are over or never were', async () => {
  const goalId = newGoalId();
  expect(await goalClient.decide(goalId, decision(goalId))).toBe('ended');
  expect(await goalClient.cancel(goalId)).toBe(false);
  await goalClient.start(input(goalId));
  await handle(goalId).terminate();
  expect(await goalClient.cancel(goalId)).toBe(false);
  const answers = { answers: [{ questionId: 'a', answer: 'b' }], answerId: 'x', actor: 'me' };
  expect(await goalClient.answer(goalId, answers)).toBe('ended');
});

it('asks Temporal to cancel a goal, also twice', async () => {
  const goalId = newGoalId();
  await goalClient.start(input(goalId));
  expect([await goalClient.cancel(goalId), await goalClient.cancel(goalId)]).toEqual([true, true]);
});

it('does not call a refusal an outage: waiting would not mend it', async () => {
  const tooLong = createGoalClient({ client: test.client, queuePrefix: 'x'.repeat(2_000) });
  const refused = tooLong.start(input(newGoalId()));
  await expect(refused).rejects.not.toBeInstanceOf(UnavailableError);
});

it('says that Temporal is away when it is, within its time limit', async () => {
  await expect(goalClient.check()).resolves.toBeUndefined();
  const connection = Connection.lazy({ address: '127.0.0.1:1' });
  const away = createGoalClient({ client: new Client({ connection }), queuePrefix: 'away' });
  const from = Date.now();
  await expect(away.check()).rejects.toBeInstanceOf(UnavailableError);
  await expect(away.start(input(newGoalId()))).rejects.toBeInstanceOf(UnavailableError);
  expect(Date.now() - from).toBeLessThan(15_000);
  await connection.close();
});
