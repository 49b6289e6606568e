/**
 * Two things that come at the same moment: a decision that is being admitted while its request expires
 * or its plan changes, two plans at once. One of them is first, and the other one knows it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ApprovalState } from '#contracts/approval.ts';
import type { Json } from '#contracts/json.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(() => {
  bench.provider.done.clear();
  bench.reads = { listEvents: () => ({ value: {}, trust: 'trusted', origins: [] }) };
});

const mail = (to: string) => ({ to: [`${to}@office.example.com`], subject: 'Hi', body: 'Hello' });
const look = step('look', 'listEvents', { window: 'today' });
const effects = () => [...bench.provider.done.values()].reduce((sum, count) => sum + count, 0);

/** A planner that proposes `first`, and `then` when it is let go on. */
function slowPlanner(first: ReturnType<typeof plan>, then: ReturnType<typeof plan>): () => void {
  let goOn: () => void = () => undefined;
  const thinking = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  bench.planner = ({ revision }) => (revision === null ? first : thinking.then(() => then));
  return goOn;
}

/** Does something while no decision can be stored. */
async function whileAdmissionWaits(work: () => Promise<void>): Promise<void> {
  const client = await bench.database.pool.connect();
  try {
    await client.query('begin');
    await client.query('lock table decisions in access exclusive mode');
    await work();
    await client.query('commit');
  } finally {
    client.release();
  }
}

/** How the queue shows the requests of a goal, in the order in which they were made. */
async function shown({ input }: RunningGoal): Promise<ApprovalState[]> {
  const { rows } = await bench.database.pool.query<{ state: ApprovalState }>(
    'select state from approvals where goal_id = $1 order by requested_at',
    [input.goalId],
  );
  return rows.map(({ state }) => state);
}

it('a decision that came in time counts, though its request expires while it is admitted', async () => {
  bench.planner = () => plan(step('send', 'sendEmail', mail('bob')));
  const timers = { ...defaultTimers, sendDelayMs: 0, approvalExpiresMs: 1_500 };
  const goal = await bench.goal({ timers });
  const [approval] = await goal.approvals();
  let decisionId = '';
  await whileAdmissionWaits(async () => {
    decisionId = await goal.sendDecision(approval!);
    await sleep(Date.parse(approval!.expiresAt) - Date.now() + 400);
  });
  expect(await goal.outcome(decisionId)).toMatchObject({ outcome: 'applied' });
  expect(await goal.result()).toMatchObject({ state: 'completed' });
  expect([await shown(goal), effects()]).toEqual([['approved'], 1]);
});

it('a decision that is being admitted counts before a plan that leaves its step out', async () => {
  const goOn = slowPlanner(plan(step('send', 'sendEmail', mail('bob'))), plan(look));
  const goal = await bench.goal();
  const [approval] = await goal.approvals();
  await goal.control('steerGoal', { instruction: 'Do not write to anybody.' });
  let decisionId = '';
  await whileAdmissionWaits(async () => {
    decisionId = await goal.sendDecision(approval!);
    await sleep(200);
    goOn();
    await sleep(400);
  });
  // The word was given, and the plan that came after it took it back: nothing left.
  expect(await goal.outcome(decisionId)).toMatchObject({ outcome: 'applied' });
  expect(await goal.result()).toMatchObject({ state: 'completed' });
  expect([await shown(goal), effects()]).toEqual([['superseded'], 0]);
});

it('an instruction is applied to the plan that the person wrote meanwhile', async () => {
  const goOn = slowPlanner(plan(step('send', 'sendEmail', mail('bob'))), plan(look));
  const asked: string[][] = [];
  const { planner } = bench;
  bench.planner = (request) => {
    if (request.revision !== null) asked.push(request.revision.previous.steps.map(({ id }) => id));
    return planner(request);
  };
  const goal = await bench.goal();
  await goal.approvals();
  await goal.control('steerGoal', { instruction: 'Look at my calendar too.' });
  const mine = plan(step('mine', 'sendEmail', mail('carla'))).plan as unknown as Json;
  const amended = await goal.control('amendPlan', { expectedRevision: 1, plan: mine });
  expect(amended).toMatchObject({ applied: true });
  goOn();
  expect(await goal.result()).toMatchObject({ state: 'completed' });
  expect(asked).toEqual([['send'], ['mine']]);
});

it('a mail that was stopped before it left is shown as stopped', async () => {
  bench.planner = () => plan(step('send', 'sendEmail', mail('bob')));
  const goal = await bench.goal({ timers: { ...defaultTimers, sendDelayMs: 5_000 } });
  const [approval] = await goal.approvals();
  await goal.decide(approval!);
  await goal.until(({ steps }) => steps[0]?.status === 'delayed');
  const { approvalId } = approval!;
  expect(await goal.control('stopEffect', { approvalId })).toMatchObject({ applied: true });
  await goal.result();
  expect([await shown(goal), effects()]).toEqual([['stopped'], 0]);
});

it('Postgres may stand still for longer than a workflow task lasts: decisions that come meanwhile count, and a replay agrees', async () => {
  bench.planner = () =>
    plan(step('one', 'sendEmail', mail('bob')), step('two', 'sendEmail', mail('carla')));
  const goal = await bench.goal();
  const [one, two] = await goal.approvals(2);
  await whileAdmissionWaits(async () => {
    await goal.sendDecision(one!);
    await sleep(4_500);
  });
  // A workflow task with an open local activity beats after 8 s, and the next one brings the signal.
  await whileAdmissionWaits(async () => {
    await sleep(4_500);
    await goal.sendDecision(two!);
  });
  await expect.poll(effects, { timeout: 20_000 }).toBe(2);
  await bench.stopWorkers();
  await bench.startWorkers();
  expect((await goal.view()).state).toBe('completed');
  const { events } = await goal.handle.fetchHistory();
  expect(events?.filter((event) => event.workflowTaskFailedEventAttributes != null)).toEqual([]);
}, 90_000);
