/** How old the content of a request is, and that an answer that comes long after does not send it unseen. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { formatInstant } from '#activities/calendar/time-phrases.ts';
import { failure } from '#activities/failures.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(() => {
  bench.provider.refusal = null;
  bench.provider.done.clear();
  bench.reads = {
    listEvents: () => ({ value: { free: '10:00' }, trust: 'trusted', origins: [] }),
    findTime: () => sleep(700, { value: {}, trust: 'trusted', origins: [] } as const),
  };
});

const mail = { to: ['bob@office.example.com'], subject: 'Free at', body: 'Hello' };
const look = step('look', 'listEvents', { window: 'today' });
const think = step('think', 'findTime', {}, { dependsOn: ['look'] });
const tell = step(
  'tell',
  'sendEmail',
  { ...mail, body: '{{steps.look.output.free}}' },
  { dependsOn: ['think'] },
);
const effects = () => [...bench.provider.done.values()].reduce((sum, count) => sum + count, 0);

async function startOf(goal: RunningGoal, id: string): Promise<number> {
  const events = await goal.journal();
  return Date.parse(
    events.find(({ type, stepId }) => type === 'step_started' && stepId === id)!.at,
  );
}

it('content is as old as the oldest reading it rests on, and the card says so in the person’s zone', async () => {
  bench.planner = () => plan(look, think, tell, step('own', 'sendEmail', mail));
  const goal = await bench.goal();
  const approvals = await goal.approvals(2);
  const asOf = (id: string) => approvals.find(({ stepId }) => stepId === id)!;
  const [rests, own] = [asOf('tell'), asOf('own')];
  const at = Date.parse(rests.contentAsOf ?? '');
  expect(at).toBeGreaterThanOrEqual(await startOf(goal, 'look'));
  expect(at).toBeLessThan(await startOf(goal, 'think'));
  expect(Date.parse(own.contentAsOf ?? '')).toBeGreaterThanOrEqual(await startOf(goal, 'own'));
  expect(rests.card.lines).toContainEqual({
    label: 'As of',
    value: formatInstant(at, 'Europe/Berlin'),
  });
  await goal.handle.cancel();
  await goal.result();
});

it('what a plan copied from an earlier reading is as old as that reading', async () => {
  const first = { ...look, checkpoint: true };
  bench.planner = ({ revision }) =>
    revision === null ? plan(first, think) : plan(first, step('copy', 'sendEmail', mail));
  const goal = await bench.goal();
  const [copy] = await goal.approvals();
  const [seen, started] = [await startOf(goal, 'look'), await startOf(goal, 'copy')];
  expect(started).toBeGreaterThan(seen);
  expect(Date.parse(copy!.contentAsOf ?? '')).toBeLessThan(started);
  await goal.handle.cancel();
  await goal.result();
});

it('an answer that comes late is checked against the world, and stale content is asked about again (seen: 8)', async () => {
  bench.planner = () => plan(look, think, tell);
  const goal = await bench.goal();
  const [first] = await goal.approvals();
  await sleep(1_000);
  bench.provider.refusal = failure('PreconditionFailedError', 'The thread has a newer message.');
  await goal.decide(first!);
  const { pendingApprovals } = await goal.until(({ pendingApprovals: [next] }) => {
    return next?.revision === 2;
  });
  bench.provider.refusal = null;
  const [second] = pendingApprovals;
  expect(second!.reasons.join(' ')).toContain('The thread has a newer message.');
  // It rests on the same reading, so it is as old as before; its age is no part of what is sent.
  expect(second!.contentAsOf).toBe(first!.contentAsOf);
  expect(second!.digest).toBe(first!.digest);
  expect(effects()).toBe(0);
  await goal.decide(second!);
  expect((await goal.result()).state).toBe('completed');
  expect(effects()).toBe(1);
});
