/**
 * An operator's reset, at every workflow task of goals of many kinds, finished and running: the person
 * answers whatever is asked again, and nothing happens a second time.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PlanResult } from '#contracts/activities.ts';
import type { Approval } from '#contracts/approval.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import type { GoalView } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import { defaultTimers } from '#contracts/limits.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';

/** A goal: what is planned, what it is started with, and what the person says. */
type Scenario = {
  readonly planned: Partial<PlanResult>;
  readonly asks?: boolean;
  readonly settings?: Partial<GoalWorkflowInput>;
  readonly answer?: (approval: Approval) => JsonObject;
  /** How often its steps do something outside, by subject. */
  readonly happens: Readonly<Record<string, number>>;
};

const mail = (subject: string, dependsOn: string[] = [], more: JsonObject = {}) => {
  const input = { to: ['bob@office.example.com'], subject, body: 'Hello', ...more };
  return step(subject.split(' ')[1]!, 'sendEmail', input, { dependsOn });
};
const look = step('look', 'listEvents', { window: 'today' });
const timers = { ...defaultTimers, sendDelayMs: 0, reconcileForMs: 50 };
const edited = ({ input }: Approval): JsonObject => {
  const subject = `${input['subject'] as string}, edited`;
  return { verdict: 'edit', input: { ...input, subject } };
};

const scenarios: Readonly<Record<string, Scenario>> = {
  g0: { planned: plan(mail('g0 a')), happens: { 'g0 a': 1 } },
  g1: { planned: plan(look, mail('g1 a', ['look'])), happens: { 'g1 a': 1 } },
  g2: { planned: plan(mail('g2 a'), mail('g2 b')), happens: { 'g2 a': 1, 'g2 b': 1 } },
  g3: { planned: plan(mail('g3 a'), mail('g3 b', ['a'])), happens: { 'g3 a': 1, 'g3 b': 1 } },
  g4: { planned: plan(mail('g4 a')), answer: edited, happens: { 'g4 a, edited': 1 } },
  g5: { planned: plan(mail('g5 a')), answer: () => ({ verdict: 'reject' }), happens: {} },
  g6: { planned: plan(mail('g6 unknown')), happens: { 'g6 unknown': 1 } },
  g7: { planned: plan(mail('g7 a')), asks: true, happens: { 'g7 a': 1 } },
  g8: {
    planned: plan(mail('g8 a')),
    settings: { policy: { ...defaultPolicy, planApproval: true } },
    happens: { 'g8 a': 1 },
  },
  g9: {
    planned: plan(mail('g9 a')),
    settings: { timers: { ...timers, sendDelayMs: 200 } },
    happens: { 'g9 a': 1 },
  },
};

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
  bench.planner = ({ goal, answers }) => {
    const { asks, planned } = scenarios[goal]!;
    if (asks !== true || answers.length > 0) return planned;
    return { questions: [{ id: 'q', question: 'Who?', choices: [] }] };
  };
  bench.reads = { listEvents: () => ({ value: {}, trust: 'trusted', origins: [] }) };
  bench.provider.rule = ({ subject }) =>
    subject === 'g6 unknown' ? { perform: 'drop_after_commit', blind: true } : {};
});
afterAll(() => bench[Symbol.asyncDispose]());

/** The run of a goal that is there now. */
const current = (goal: RunningGoal) => bench.client.workflow.getHandle(goal.handle.workflowId);

/** The goal as it stands, null when it is over. A busy machine may need to be asked again. */
async function standingOf(goal: RunningGoal): Promise<GoalView | null> {
  const { status } = await current(goal).describe();
  if (status.name !== 'RUNNING') return null;
  try {
    return await current(goal).query<GoalView>('getGoal');
  } catch (error) {
    if (error instanceof ServiceError) return standingOf(goal);
    throw error;
  }
}

/** Says what the person says until the goal is over, or until it asks when told to stop there. */
async function answerAll(goal: RunningGoal, { answer }: Scenario, untilAsked = false) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const view = await standingOf(goal);
    if (view === null) return;
    if (Date.now() > deadline) throw new Error(`it does not end: ${view.state}`);
    if (view.state === 'awaiting_answer') {
      const answers = [{ questionId: 'q', answer: 'Zed' }];
      await current(goal).signal('answerQuestion', { answers });
    }
    if (untilAsked && view.pendingApprovals.length > 0) return;
    for (const approval of view.pendingApprovals) {
      const isAction = approval.kind === 'action';
      const decision = isAction && answer !== undefined ? answer(approval) : { verdict: 'approve' };
      await goal.sendDecision(approval, decision).catch(() => undefined);
    }
    await sleep(100);
  }
}

/** The ends of all workflow tasks of the run that is there now. */
async function boundariesOf(goal: RunningGoal): Promise<{ runId: string; ids: number[] }> {
  const { runId } = await current(goal).describe();
  const { events } = await current(goal).fetchHistory();
  const ends = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  return { runId, ids: ends.map(({ eventId }) => Number(eventId)) };
}

async function reset(goal: RunningGoal, runId: string, eventId: number): Promise<void> {
  await bench.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: goal.handle.workflowId, runId },
    workflowTaskFinishEventId: eventId as never,
    requestId: randomUUID(),
    reason: 'A test',
  });
}

function expectOnce(name: string, scenario: Scenario, where: string): void {
  const times: Record<string, number> = {};
  for (const title of bench.provider.order.filter((one) => one.startsWith(`${name} `))) {
    times[title] = (times[title] ?? 0) + 1;
  }
  expect(times, where).toEqual(scenario.happens);
}

it.each(['running', 'finished'])(
  'goals that are %s do nothing twice, wherever they are reset (seen: 7)',
  { timeout: 180_000 },
  async (kind) => {
    bench.provider.order.length = 0;
    let resets = 0;
    const run = async ([name, scenario]: [string, Scenario]) => {
      const goal = await bench.goal({ goal: name, timers, ...scenario.settings });
      await answerAll(goal, scenario, kind === 'running');
      const { runId, ids } = await boundariesOf(goal);
      for (const id of ids) {
        await reset(goal, runId, id);
        resets += 1;
        await answerAll(goal, scenario);
        expectOnce(name, scenario, `${name}, reset to ${id}`);
      }
    };
    await Promise.all(Object.entries(scenarios).map(run));
    console.log(`${resets} resets of ${Object.keys(scenarios).length} ${kind} goals`);
  },
);
