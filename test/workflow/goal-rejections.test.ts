/** What a person says when they reject a step reaches the planner, whatever comes in between. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { failure } from '#activities/failures.ts';
import type { PlanRequest } from '#contracts/activities.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());

const mail = (to: string) => ({ to: [`${to}@office.example.com`], subject: to, body: 'Hello' });
const rejection = { verdict: 'reject', comment: 'Write to Dora instead.' };
const instead = step('instead', 'createDraft', mail('dora'));
/** Why the planner was asked again, each time. */
let reasons: string[] = [];

beforeEach(() => {
  reasons = [];
  bench.reads = { listEvents: () => ({ value: {}, trust: 'trusted', origins: [] }) };
});

function planner(first: ReturnType<typeof plan>, answer: () => ReturnType<typeof plan>) {
  bench.planner = ({ revision }: PlanRequest) => {
    if (revision === null) return first;
    reasons.push(revision.reason);
    return answer();
  };
}
const runOf = async (goal: RunningGoal) => (await goal.handle.describe()).runId;

it('also when the planner is away and the goal goes on in another run meanwhile (seen: 23)', async () => {
  let away = true;
  planner(plan(step('send', 'sendEmail', mail('bob'))), () => {
    if (!away) return plan(instead);
    throw failure('ProviderWaitError', 'The model is away.', {
      details: {
        provider: 'openai',
        since: new Date().toISOString(),
        retryAt: new Date(Date.now() + 1_500).toISOString(),
      },
    });
  });
  const goal = await bench.goal({ continueAfterEvents: 30 });
  const [approval] = await goal.approvals();
  const first = await runOf(goal);
  await goal.decide(approval!, rejection);
  await goal.until(({ waitingOn }) => waitingOn.length > 0);
  for (let signals = 0; (await runOf(goal)) === first && signals < 30; signals += 1) {
    await goal.handle.signal('resumeGoal', { controlId: `c${signals}`, actor: 'alex' });
  }
  expect(await runOf(goal)).not.toBe(first);
  away = false;
  expect((await goal.result()).state).toBe('completed');
  expect(reasons.at(-1)).toContain('Write to Dora instead.');
  expect((await goal.view()).steps.map(({ id }) => id)).toEqual(['instead']);
});

it('also when the goal went on in another run while it waited for the decision', async () => {
  planner(plan(step('send', 'sendEmail', mail('bob'))), () => plan(instead));
  const goal = await bench.goal({ continueAfterEvents: 14 });
  const first = goal.handle.firstExecutionRunId;
  await expect.poll(() => runOf(goal), { timeout: 10_000 }).not.toBe(first);
  const [approval] = await goal.approvals();
  await goal.decide(approval!, rejection);
  expect((await goal.result()).state).toBe('completed');
  expect(reasons).toEqual([`The person rejected step send and said: ${rejection.comment}`]);
});

it('for every step that was rejected, and beside what a checkpoint asks', async () => {
  let release: () => void = () => undefined;
  const reading = new Promise<void>((resolve) => {
    release = resolve;
  });
  bench.reads = {
    listEvents: () => reading.then(() => ({ value: {}, trust: 'trusted', origins: [] }) as const),
  };
  const look = step('look', 'listEvents', { window: 'today' }, { checkpoint: true });
  const later = step('later', 'createDraft', mail('eve'), { dependsOn: ['look'] });
  const sends = ['bob', 'carla'].map((name) => step(name, 'sendEmail', mail(name)));
  planner(plan(look, ...sends, later), () => plan(instead));
  const goal = await bench.goal();
  for (const approval of await goal.approvals(2)) {
    await goal.decide(approval, { verdict: 'reject', comment: `Not ${approval.stepId}.` });
  }
  await goal.until(({ steps }) => steps.filter(({ status }) => status === 'rejected').length === 2);
  release();
  expect((await goal.result()).state).toBe('completed');
  expect(reasons[0]).toContain('Checkpoint after step look');
  expect(reasons[0]).toContain('step bob and said: Not bob.');
  expect(reasons[0]).toContain('step carla and said: Not carla.');
});
