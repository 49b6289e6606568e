/** The ways a goal can be held up, changed or handed on before it ends, and what comes after an end. */
import { expect } from 'vitest';
import { failure } from '#activities/failures.ts';
import { createMemberStore } from '#api/members/member-store.ts';
import { createRuleStore } from '#api/rules/rule-store.ts';
import { newGoalId } from '#api/goals/goal-id.ts';
import { secondRole } from '#contracts/deciders.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import type { Json } from '#contracts/json.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { targetOf } from '#contracts/standing-rule.ts';
import { owner } from '../support/effects.ts';
import { type GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';
import { decide, freely, look, mail, own, type Scenario, send } from './endings.ts';

const bob = 'bob@office.example.com';
const immediately = { ...defaultTimers, sendDelayMs: 0 };

/** What a call is refused with while its provider is away. */
const awayFor = (retryInMs: number) =>
  failure('ProviderWaitError', 'Google is away.', {
    details: {
      provider: 'google',
      account: owner,
      since: new Date().toISOString(),
      retryAt: new Date(Date.now() + retryInMs).toISOString(),
    },
  });
const found = { value: { events: [] }, trust: 'trusted' as const, origins: [] };

/** The calendar refuses its first call and answers all others. */
function refuseOnce(bench: GoalBench, refusal: () => Error): void {
  let refused = false;
  bench.reads['listEvents'] = () => {
    if (refused) return found;
    refused = true;
    throw refusal();
  };
}

async function addMember(bench: GoalBench): Promise<void> {
  const members = createMemberStore(bench.database.pool);
  await members.put(owner, { email: bob, name: 'Bob', roles: [secondRole] });
  await members.setToken(owner, bob, 'adjm_of_bob_0123456789');
}

/** A goal that has ended, for those that come after it. */
async function finished(bench: GoalBench): Promise<RunningGoal> {
  const { planner } = bench;
  bench.planner = () => plan(step('one', 'createEvent', own('first')));
  const goal = await bench.goal({ policy: freely });
  await goal.result();
  bench.planner = planner;
  return goal;
}

async function asksFor(goal: RunningGoal, stepId: string): Promise<void> {
  await goal.until(({ pendingApprovals: [next] }) => next?.stepId === stepId);
  await decide(goal);
}

/** Held up: by a delay, the person, a provider, an account, a budget, silence. */
const heldUp: Record<string, Scenario> = {
  'delayed-and-left': {
    planner: send,
    input: { timers: { ...defaultTimers, sendDelayMs: 400 } },
    during: (goal) => decide(goal),
    ends: 'completed',
  },
  'delayed-and-stopped': {
    planner: send,
    input: { timers: { ...defaultTimers, sendDelayMs: 60_000 } },
    during: async (goal) => {
      const [approval] = await goal.approvals();
      await goal.decide(approval!);
      await goal.until(({ steps }) => steps[0]?.status === 'delayed');
      await goal.control('stopEffect', { approvalId: approval!.approvalId });
    },
    ends: 'completed_with_issues',
  },
  'paused-and-resumed': {
    planner: send,
    during: async (goal) => {
      await goal.approvals();
      await goal.control('pauseGoal');
      await decide(goal);
      await goal.until(({ steps }) => steps[0]?.status === 'delayed');
      await goal.control('resumeGoal');
    },
    ends: 'completed',
  },
  'provider-away': {
    planner: () => plan(look),
    prepare: (bench) => refuseOnce(bench, () => awayFor(400)),
    ends: 'completed',
  },
  'cancelled-while-provider-away': {
    planner: () => plan(look),
    prepare: (bench) => refuseOnce(bench, () => awayFor(60_000)),
    during: async (goal) => {
      await goal.until(({ state }) => state === 'waiting_on_provider');
      await goal.handle.cancel();
    },
    ends: 'cancelled',
  },
  reconnected: {
    planner: () => plan(look),
    prepare: (bench) =>
      refuseOnce(bench, () =>
        failure('ReconnectRequiredError', 'Google must be connected again.', {
          details: { provider: 'google' },
        }),
      ),
    during: async (goal) => {
      await goal.approvals();
      await goal.handle.signal('accountReconnected', { provider: 'google' });
    },
    ends: 'completed',
  },
  'budget-raised': {
    planner: () => plan(look, step('again', 'listEvents', { window: 'tomorrow' })),
    input: { budget: { steps: 1 } },
    during: (goal) => decide(goal),
    ends: 'completed',
  },
  'budget-kept': {
    planner: () => plan(look, step('again', 'listEvents', { window: 'tomorrow' })),
    input: { budget: { steps: 1 } },
    during: (goal) => decide(goal, { verdict: 'reject' }),
    ends: 'completed_with_issues',
  },
  'reminded-and-escalated': {
    planner: send,
    input: {
      timers: { ...immediately, approvalExpiresMs: 4_000 },
      policy: { ...defaultPolicy, escalateToRole: 'deputy' },
    },
    during: async (goal) => {
      await goal.until(({ pendingApprovals: [next] }) => next?.assignedRole === 'deputy');
      await decide(goal);
    },
    ends: 'completed',
  },
};

/** Changed: by an instruction, a plan of the person's, the world; decided by others. */
const changed: Record<string, Scenario> = {
  steered: {
    planner: ({ revision }) =>
      plan(step('send', 'sendEmail', revision === null ? mail : { ...mail, subject: 'Bye' })),
    during: async (goal) => {
      await goal.approvals();
      await goal.control('steerGoal', { instruction: 'Say goodbye instead.' });
      await goal.until(({ pendingApprovals: [next] }) => (next?.revision ?? 0) > 1);
      await decide(goal);
    },
    ends: 'completed',
  },
  amended: {
    planner: send,
    during: async (goal) => {
      await goal.approvals();
      const written = plan(step('other', 'sendEmail', { ...mail, subject: 'Bye' })).plan;
      await goal.control('amendPlan', { expectedRevision: 1, plan: written as unknown as Json });
      await asksFor(goal, 'other');
    },
    ends: 'completed',
  },
  'superseded-approval': {
    planner: send,
    prepare: ({ provider }) => {
      provider.refusal = failure('PreconditionFailedError', 'the thread has a newer message');
    },
    during: async (goal) => {
      await decide(goal);
      await goal.until(({ pendingApprovals: [next] }) => (next?.revision ?? 0) > 1);
      goal.bench.provider.refusal = null;
      await decide(goal);
    },
    ends: 'completed',
  },
  delegated: {
    planner: send,
    prepare: addMember,
    during: async (goal) => {
      await decide(goal, { verdict: 'delegate', to: bob });
      await goal.until(({ pendingApprovals: [next] }) => next?.assignedTo === bob);
      await decide(goal, { verdict: 'approve', actor: bob });
    },
    ends: 'completed',
  },
  'two-approvers': {
    planner: send,
    prepare: async (bench) => {
      await addMember(bench);
      return { policy: { ...defaultPolicy, secondPerson: true, raiseTiers: { sendEmail: 4 } } };
    },
    during: async (goal) => {
      await decide(goal);
      await goal.until(({ pendingApprovals: [next] }) => next?.approvedBy.length === 1);
      await decide(goal, { verdict: 'approve', actor: bob });
    },
    ends: 'completed',
  },
  'standing-rule': {
    planner: () => plan(step('book', 'createEvent', { ...own('x'), guests: [bob] })),
    prepare: async ({ database }) => {
      const target = targetOf({ guests: [bob] });
      const rule = { id: newGoalId(), tool: 'createEvent', target, createdFrom: 'a' };
      const bounds = { createdBy: owner, dailyCap: 5, expiresInDays: 7 };
      await createRuleStore(database.pool).add(owner, { ...rule, ...bounds });
    },
    ends: 'completed',
  },
};

/** Handed on to other runs and other goals. */
const handedOn: Record<string, Scenario> = {
  'continued-as-new': {
    planner: () =>
      plan(
        step('a', 'sendEmail', mail),
        step('b', 'sendEmail', { ...mail, subject: 'B' }, { dependsOn: ['a'] }),
      ),
    input: { timers: immediately, continueAfterEvents: 12 },
    during: async (goal) => {
      await goal.approvals();
      const run = async () => (await goal.handle.describe()).runId;
      const first = goal.handle.firstExecutionRunId;
      await expect.poll(run, { timeout: 10_000 }).not.toBe(first);
      await decide(goal);
      await asksFor(goal, 'b');
    },
    ends: 'completed',
  },
  undo: {
    planner: () => plan(),
    prepare: async (bench) => {
      const { input } = await finished(bench);
      return { aftercare: { kind: 'undo', of: input.goalId, stepIds: null, actor: owner } };
    },
    ends: 'completed',
  },
  recovery: {
    planner: send,
    prepare: async (bench) => {
      Object.assign(bench.provider, { script: ['drop_after_commit'], blind: true });
      const before = bench.provider.done.size;
      const goal = await bench.goal({ timers: immediately });
      await decide(goal);
      await expect.poll(() => bench.provider.done.size).toBe(before + 1);
      await goal.handle.terminate('by an operator');
      bench.provider.blind = false;
      const { goalId } = goal.input;
      return { aftercare: { kind: 'recovery', of: goalId, stepIds: null, actor: owner } };
    },
    during: (goal) => decide(goal),
    ends: 'completed',
  },
};

/** By name, as `endings`. */
export const detours: Record<string, Scenario> = { ...heldUp, ...changed, ...handedOn };
