/**
 * Goals that wait, one way for each thing a goal can wait for: how one comes to stand there on a real
 * stack, and what moves it on. They wait for days if nobody comes, but for the provider's.
 */
import type { Client } from '@temporalio/client';
import { expect } from 'vitest';
import { createGoalClient } from '#api/goal-client.ts';
import { newGoalId } from '#api/goals/goal-id.ts';
import type { Approval } from '#contracts/approval.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import type { GoalState } from '#contracts/goal.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { defaultQueuePrefix, type GoalId } from '#contracts/names.ts';
import { readRuns } from '../crash/histories.ts';
import type { Stack } from './stack.ts';

/** A stack and a client of its Temporal. */
export type World = { readonly stack: Stack; readonly temporal: Client };

/** One way of waiting. */
export type Wait = {
  /** Starts a goal and resolves when it waits. `number` makes it unlike any other. */
  readonly start: (world: World, number: number) => Promise<GoalId>;
  /** Sends what it waits for, then whatever else it asks, until it can end. */
  readonly moveOn: (world: World, goalId: GoalId) => Promise<void>;
  readonly ends: GoalState;
};

const limitMs = 40_000;
/** What was sent has arrived; 202 says that the answer of the workflow did not come in time. */
const taken = [200, 202];
const mail = (number: number) =>
  `write to bob.keller@office.example.com that item ${number} is late`;

async function begin({ stack }: World, text: string, policy = {}): Promise<GoalId> {
  return (await stack.goal(text, { policy })) as GoalId;
}

async function startMail(world: World, number: number, policy = {}): Promise<GoalId> {
  const goalId = await begin(world, mail(number), policy);
  await world.stack.approval(goalId, limitMs);
  return goalId;
}

/** Approves the next request of a goal. */
export async function approve({ stack }: World, goalId: GoalId): Promise<void> {
  const answer = await stack.decide(await stack.approval(goalId, limitMs), { verdict: 'approve' });
  expect(answer.status, JSON.stringify(answer.body)).toBeOneOf(taken);
}

async function post({ stack }: World, path: string, body: object = {}): Promise<void> {
  const answer = await stack.api(path, { method: 'POST', body: JSON.stringify(body) });
  expect(answer.status, JSON.stringify(answer.body)).toBeOneOf(taken);
}

/** Every way of waiting for a person. */
export const waits: Readonly<Record<string, Wait>> = {
  approval: { start: startMail, moveOn: approve, ends: 'completed' },
  'an answer': {
    start: async (world, number) => {
      const day = `${number + 1} December`;
      const goalId = await begin(
        world,
        `Invite Zed to a 15 minute retro ${number} on ${day} at 8:00`,
      );
      await world.stack.until(goalId, ({ state }) => state === 'awaiting_answer', limitMs);
      return goalId;
    },
    moveOn: async (world, goalId) => {
      const { questions } = await world.stack.view(goalId);
      const answers = questions.map(({ id }) => ({
        questionId: id,
        answer: 'bob.keller@office.example.com',
      }));
      await post(world, `/v1/goals/${goalId}/answers`, { answers });
      await approve(world, goalId);
    },
    ends: 'completed',
  },
  'its plan to be approved': {
    start: (world, number) => startMail(world, number, { planApproval: true }),
    moveOn: async (world, goalId) => {
      const plan = await world.stack.approval(goalId, limitMs);
      await world.stack.decide(plan, { verdict: 'approve' });
      await world.stack.until(
        goalId,
        ({ pendingApprovals }) => pendingApprovals[0]?.kind === 'action',
        limitMs,
      );
      await approve(world, goalId);
    },
    ends: 'completed',
  },
  'its mail to be due': {
    start: async (world, number) => {
      const goalId = await startMail(world, number, { sendDelayMs: 3_600_000 });
      await approve(world, goalId);
      await world.stack.until(
        goalId,
        ({ steps }) => steps.some(({ status }) => status === 'delayed'),
        limitMs,
      );
      return goalId;
    },
    moveOn: async (world, goalId) => {
      const { body } = await world.stack.api(`/v1/approvals?goalId=${goalId}`);
      const [approval] = body['approvals'] as unknown as readonly Approval[];
      await post(world, `/v1/approvals/${approval!.approvalId}/stop`);
    },
    ends: 'completed_with_issues',
  },
  'being resumed': {
    start: async (world, number) => {
      const goalId = await startMail(world, number);
      await post(world, `/v1/goals/${goalId}/pause`);
      return goalId;
    },
    moveOn: async (world, goalId) => {
      await approve(world, goalId);
      await post(world, `/v1/goals/${goalId}/resume`);
    },
    ends: 'completed',
  },
  'approval, in its second run': {
    start: async (world, number) => {
      const goalId = await startLong(world, mail(number));
      await world.stack.approval(goalId, limitMs);
      const runs = async () => (await readRuns(world.temporal, goalId)).length;
      await expect.poll(runs, { timeout: limitMs }).toBeGreaterThan(1);
      return goalId;
    },
    moveOn: approve,
    ends: 'completed',
  },
};

/** Starts a goal that continues as new every few events, which the api does not offer. */
async function startLong({ stack, temporal }: World, goal: string): Promise<GoalId> {
  const office =
    await stack.oracle<{ email: string; zone: string; main?: true }[]>('/__oracle/office');
  const owner = office.find(({ main }) => main === true)!;
  const goalId = newGoalId();
  await createGoalClient({ client: temporal, queuePrefix: defaultQueuePrefix }).start({
    goalId,
    owner: owner.email,
    zone: owner.zone,
    goal,
    context: '',
    constraints: [],
    mode: 'live',
    policy: defaultPolicy,
    timers: { ...defaultTimers, sendDelayMs: 0 },
    protocol: 2,
    continueAfterEvents: 12,
  });
  return goalId;
}
