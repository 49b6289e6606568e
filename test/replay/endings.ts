/** The ways a goal can go on its own or by one decision, each with what the person does meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '#activities/failures.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import type { JsonObject } from '#contracts/json.ts';
import { defaultTimers } from '#contracts/limits.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import { type GoalBench, plan, type Planner, type RunningGoal, step } from '../support/goals.ts';

export const own = (title: string): JsonObject => ({
  title,
  start: '2026-12-01T10:00',
  durationMinutes: 30,
  guests: [],
});
export const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello Bob' };
export const look = step('look', 'listEvents', { window: 'today' });
export const freely = { ...defaultPolicy, approveFromTier: 3 } as const;
const bad = (after: string) =>
  step('bad', 'readThread', { threadId: 't' }, { dependsOn: [after], critical: true });
export const send: Planner = () => plan(step('send', 'sendEmail', mail));
const undoable: Planner = () =>
  plan(
    step('one', 'createEvent', own('first')),
    step('two', 'createEvent', own('second'), { dependsOn: ['one'] }),
    bad('two'),
  );

type PreparedInput = Partial<GoalWorkflowInput> | void;

/** How a goal comes to one of its endings. */
export type Scenario = {
  readonly planner: Planner;
  readonly input?: Partial<GoalWorkflowInput>;
  /** Runs before the goal; what it returns is added to the input. */
  readonly prepare?: (bench: GoalBench) => PreparedInput | Promise<PreparedInput>;
  readonly during?: (goal: RunningGoal) => Promise<unknown>;
  readonly ends: string;
};

/** Decides the first request of a goal. */
export async function decide(goal: RunningGoal, decision?: JsonObject): Promise<void> {
  const [approval] = await goal.approvals();
  await goal.decide(approval!, decision);
}

const unknownOutcome = (verdict: 'approve' | 'reject', ends: string): Scenario => ({
  planner: () => plan(step('book', 'createEvent', own('x'))),
  input: { policy: freely, timers: { ...defaultTimers, reconcileForMs: 200 } },
  prepare: ({ provider }) => {
    provider.script = ['drop_after_commit'];
    provider.blind = true;
  },
  during: (goal) => decide(goal, { verdict }),
  ends,
});

/** By name. A name is a file of the histories of a release: it is not changed. */
export const endings: Record<string, Scenario> = {
  'completed-without-effect': { planner: () => plan(look), ends: 'completed' },
  'completed-with-approval': { planner: send, during: (goal) => decide(goal), ends: 'completed' },
  edited: {
    planner: send,
    during: (goal) => decide(goal, { verdict: 'edit', input: { ...mail, subject: 'Hello' } }),
    ends: 'completed',
  },
  'edit-raises-tier': {
    planner: () => plan(step('book', 'createEvent', own('x'))),
    during: async (goal) => {
      const guests = ['bob@office.example.com'];
      await decide(goal, { verdict: 'edit', input: { ...own('x'), guests } });
      await goal.until(({ pendingApprovals: [next] }) => next !== undefined && next.revision > 1);
      await decide(goal);
    },
    ends: 'completed',
  },
  rejected: {
    planner: send,
    during: (goal) => decide(goal, { verdict: 'reject' }),
    ends: 'completed_with_issues',
  },
  'rejected-with-comment': {
    planner: ({ revision }) =>
      plan(step(revision === null ? 'book' : 'again', 'createEvent', own('x'))),
    during: async (goal) => {
      await decide(goal, { verdict: 'reject', comment: 'Tuesday instead' });
      await goal.until(({ pendingApprovals: [next] }) => next?.stepId === 'again');
      await decide(goal);
    },
    ends: 'completed',
  },
  expired: {
    planner: send,
    input: { timers: { ...defaultTimers, approvalExpiresMs: 300 } },
    ends: 'completed_with_issues',
  },
  'question-answered': {
    planner: ({ answers }) =>
      answers.length === 0
        ? { questions: [{ id: 'q', question: 'Who?', choices: [] }] }
        : plan(look),
    during: async (goal) => {
      await goal.until(({ state }) => state === 'awaiting_answer');
      const answers = [{ questionId: 'q', answer: 'Zed' }];
      await goal.handle.signal('answerQuestion', { answerId: 'a', answers });
    },
    ends: 'completed',
  },
  'question-unanswered': {
    planner: () => ({ questions: [{ id: 'q', question: 'Who?', choices: [] }] }),
    input: { timers: { ...defaultTimers, answerExpiresMs: 300 } },
    ends: 'failed',
  },
  'cancelled-while-waiting': {
    planner: send,
    during: async (goal) => {
      await goal.approvals();
      await goal.handle.cancel();
    },
    ends: 'cancelled',
  },
  'cancelled-after-effect': {
    planner: () =>
      plan(
        step('one', 'createEvent', own('first')),
        step('send', 'sendEmail', mail, { dependsOn: ['one'] }),
      ),
    input: { policy: freely },
    during: async (goal) => {
      await goal.approvals();
      await goal.handle.cancel();
    },
    ends: 'cancelled',
  },
  'critical-failure-compensated': { planner: undoable, input: { policy: freely }, ends: 'failed' },
  'failed-undo': {
    planner: undoable,
    input: { policy: freely },
    prepare: ({ provider }) => {
      provider.failUndo = failure('ConflictError', 'Somebody changed it since.');
    },
    during: async (goal) => {
      const closed = goal.result().then(() => true);
      while (!(await Promise.race([closed, sleep(200, false)]))) {
        const { pendingApprovals } = await goal.view();
        for (const approval of pendingApprovals) await goal.decide(approval);
      }
    },
    ends: 'failed',
  },
  'unknown-outcome-happened': unknownOutcome('approve', 'completed'),
  'unknown-outcome-did-not-happen': unknownOutcome('reject', 'completed_with_issues'),
  'plan-approved': {
    planner: () => plan(look),
    input: { policy: { ...defaultPolicy, planApproval: true } },
    during: (goal) => decide(goal),
    ends: 'completed',
  },
  checkpoint: {
    planner: ({ revision }) =>
      revision === null
        ? plan(
            { ...look, checkpoint: true },
            step('old', 'listEvents', { window: 'x' }, { dependsOn: ['look'] }),
          )
        : plan(look, step('fresh', 'listEvents', { window: 'y' })),
    ends: 'completed',
  },
  'plan-invalid': {
    planner: () => ({ problems: ['step s1: unknown tool "rm".'], repairs: 2 }),
    ends: 'failed',
  },
  'undecodable-decision': {
    planner: send,
    during: async (goal) => {
      await goal.approvals();
      await goal.bench.client.workflowService.signalWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId: goal.handle.workflowId },
        signalName: 'decideApproval',
        input: {
          payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{') }],
        },
      });
      await decide(goal);
    },
    ends: 'completed',
  },
};
