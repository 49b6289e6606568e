/** One queue: what it shows is at any moment what the workflows of all goals wait for, and nothing else. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isTerminal } from '#contracts/goal.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());

const goalsInAll = 30;

/** A goal with a few mails, some of which wait for others. */
function mails(name: string) {
  const count = (Number(name) % 4) + 1;
  return Array.from({ length: count }, (_, i) => {
    const input = { to: ['bob@office.example.com'], subject: `${name} ${i}`, body: 'Hello' };
    return step(`s${i}`, 'sendEmail', input, { dependsOn: i === 2 ? ['s0'] : [] });
  });
}

type Waits = { readonly ids: readonly string[]; readonly isSettled: boolean };

/** What the goals wait for. Settled: each has ended or waits for a person. */
async function waitedFor(goals: readonly RunningGoal[]): Promise<Waits> {
  const views = await Promise.all(goals.map((goal) => viewOf(goal)));
  return {
    ids: views.flatMap((view) => view.pendingApprovals.map((one) => one.approvalId)).toSorted(),
    isSettled: views.every((view) => isTerminal(view.state) || view.pendingApprovals.length > 0),
  };
}

/** A busy machine may need to be asked again. */
async function viewOf(goal: RunningGoal): ReturnType<RunningGoal['view']> {
  try {
    return await goal.view();
  } catch (error) {
    if (error instanceof ServiceError) return viewOf(goal);
    throw error;
  }
}

async function queued(goals: readonly RunningGoal[]): Promise<string[]> {
  const { rows } = await bench.database.pool.query<{ id: string }>(
    "select approval_id as id from approvals where state = 'pending' and goal_id = any($1)",
    [goals.map(({ input }) => input.goalId)],
  );
  return rows.map(({ id }) => id).toSorted();
}

/** Compares both when neither is changing: what is on its way belongs to the moment before. */
async function expectEqual(goals: readonly RunningGoal[], where: string): Promise<string[]> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const before = await waitedFor(goals);
    const shown = await queued(goals);
    const after = await waitedFor(goals);
    const isQuiet = after.isSettled && before.ids.join() === after.ids.join();
    if (isQuiet && shown.join() === after.ids.join()) return shown;
    if (Date.now() > deadline) {
      expect(after.isSettled, `${where}: a goal neither ends nor waits`).toBe(true);
      expect(shown, where).toEqual(after.ids);
    }
    await sleep(100);
  }
}

it('is the union of the waits of 30 goals, whatever is decided, changed and cancelled', async () => {
  bench.planner = ({ goal, revision }) => plan(...mails(goal).slice(revision === null ? 0 : 1));
  const goals: RunningGoal[] = [];
  for (let i = 0; i < goalsInAll; i += 1) goals.push(await bench.goal({ goal: String(i) }));
  const sizes: number[] = [];
  for (let round = 0; ; round += 1) {
    const shown = await expectEqual(goals, `round ${round}`);
    sizes.push(shown.length);
    if (shown.length === 0) break;
    await Promise.all(goals.map((goal, at) => act(goal, (at + round) % 6, shown)));
  }
  expect(sizes[0]).toBeGreaterThanOrEqual(goalsInAll);
  for (const goal of goals) await goal.result();
  console.log(`waits in the queue, round by round: ${sizes.join(', ')}`);
}, 120_000);

/** One goal's share of a round: most of what waits is decided, one way or the other. */
async function act(goal: RunningGoal, what: number, shown: readonly string[]): Promise<void> {
  const { pendingApprovals, state } = await viewOf(goal);
  const [approval] = pendingApprovals.filter(({ approvalId }) => shown.includes(approvalId));
  if (approval === undefined) return;
  if (what === 0) await goal.sendDecision(approval, { verdict: 'reject' });
  else if (what === 1 && state !== 'compensating') await goal.handle.cancel();
  else if (what === 2) {
    const instruction = { instruction: 'Leave the first out.', actor: 'alex@office.example.com' };
    await goal.handle.signal('steerGoal', instruction);
  } else await goal.sendDecision(approval, { verdict: 'approve' });
}
