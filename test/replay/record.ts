/**
 * Records one history for every way a goal can go, for the release in package.json. Run it by
 * `npm run record-histories` before a release; replay.test.ts holds later code to what it wrote.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failure } from '#activities/failures.ts';
import type { JsonObject } from '#contracts/json.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
import type { GoalView } from '#contracts/goal.ts';
import { goalIdOfWorkflow, researchWorkflowId, type StepId } from '#contracts/names.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import { startInstallation } from '../support/installation.ts';
import { GoalBench, plan, type Planner, type RunningGoal, step } from '../support/goals.ts';
import { keepHistory } from './history-files.ts';
import manifest from '../../package.json' with { type: 'json' };

const own = (title: string): JsonObject => ({
  title,
  start: '2026-12-01T10:00',
  durationMinutes: 30,
  guests: [],
});
const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello Bob' };
const look = step('look', 'listEvents', { window: 'today' });
const freely = { ...defaultPolicy, approveFromTier: 3 } as const;
const bad = (after: string) =>
  step('bad', 'readThread', { threadId: 't' }, { dependsOn: [after], critical: true });
const send: Planner = () => plan(step('send', 'sendEmail', mail));
const undoable: Planner = () =>
  plan(
    step('one', 'createEvent', own('first')),
    step('two', 'createEvent', own('second'), { dependsOn: ['one'] }),
    bad('two'),
  );

type Scenario = {
  readonly planner: Planner;
  readonly input?: Partial<GoalWorkflowInput>;
  readonly prepare?: (bench: GoalBench) => void;
  readonly during?: (goal: RunningGoal) => Promise<unknown>;
  readonly ends: string;
};

async function decide(goal: RunningGoal, decision?: JsonObject): Promise<void> {
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

const scenarios: Record<string, Scenario> = {
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

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
  bench.reads['listEvents'] = () => ({ value: { events: [] }, trust: 'untrusted', origins: [] });
  bench.reads['readThread'] = () => {
    throw failure('NotFoundError', 'No such thing.');
  };
});
afterAll(() => bench[Symbol.asyncDispose]());

it.each(Object.entries(scenarios))('%s', async (name, scenario) => {
  Object.assign(bench.provider, { script: [], blind: false, failUndo: null });
  bench.planner = scenario.planner;
  scenario.prepare?.(bench);
  const goal = await bench.goal(scenario.input);
  await scenario.during?.(goal);
  expect((await goal.result()).state).toBe(scenario.ends);
  const history = await goal.handle.fetchHistory();
  await keepHistory(manifest.version, name, history, bench.database.pool);
});

it('records a goal with a research child, and the child', async () => {
  const installation = await startInstallation();
  try {
    const handle = await installation.start('Research solid state batteries');
    expect((await handle.result()).state).toBe('completed');
    const { pool } = installation;
    await keepHistory(manifest.version, 'research-goal', await handle.fetchHistory(), pool);
    const { steps } = await handle.query<GoalView>('getGoal');
    const research = steps.find(({ tool }) => tool === 'research')!;
    const goalId = goalIdOfWorkflow(handle.workflowId)!;
    const child = researchWorkflowId(goalId, research.id as StepId, research.revision);
    const history = await handle.client.getHandle(child).fetchHistory();
    await keepHistory(manifest.version, 'research-child', history, pool);
  } finally {
    await installation[Symbol.asyncDispose]();
  }
});
