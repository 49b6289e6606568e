/**
 * How soon goals go on after their worker was killed with SIGKILL, in whatever it was doing. The bar is
 * 15 s from the kill to the next thing that happens; the times are printed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { GoalView } from '#contracts/goal.ts';
import { type Stack, startStack } from '#test/support/stack.ts';

const barMs = 15_000;
let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
  // The sample goal must not meet the faults of the first test.
  while (!(await sampleGoalIsQuiet())) await sleep(100);
});
afterAll(() => stack[Symbol.asyncDispose]());
afterEach(() => stack.clearFaults());

async function sampleGoalIsQuiet(): Promise<boolean> {
  const { body } = await stack.api('/v1/goals');
  const goals = body['goals'] as unknown as readonly GoalView[];
  return goals.length > 0 && goals.every(({ state }) => /^(awaiting_|completed)/.test(state));
}

/** Resolves when every fault has met its request. */
async function faultTaken(): Promise<void> {
  for (let turns = 0; turns < 600; turns += 1) {
    const active = await stack.oracle<readonly { remaining: number }[]>('/__faults');
    if (active.every(({ remaining }) => remaining === 0)) return;
    await sleep(25);
  }
  throw new Error('no request met the fault');
}

/** Makes the next such request hang for longer than any worker lives. */
const hang = (method: string, pathRegex: string) =>
  stack.fault({ match: { method, pathRegex }, action: 'delay', delayMs: 120_000 });

const moments = {
  planning: { goal: 'what do I have tomorrow?', method: 'POST', path: '/responses', decide: false },
  reading: { goal: 'what do I have tomorrow?', method: 'GET', path: '/events\\?', decide: false },
  searching: {
    goal: 'research solid state batteries',
    method: 'POST',
    path: '/search',
    decide: false,
  },
  'reading a page': {
    goal: 'research solid state batteries',
    method: 'GET',
    path: '/pages/',
    decide: false,
  },
  performing: {
    goal: 'write to bob.keller@office.example.com that I am late',
    method: 'POST',
    path: 'drafts/send',
    decide: true,
  },
} as const;

test.each(Object.entries(moments))(
  'a worker killed while %s is made up for',
  async (name, given) => {
    if (!given.decide) await hang(given.method, given.path);
    const goalId = await stack.goal(given.goal);
    if (given.decide) {
      const approval = await stack.approval(goalId);
      await hang(given.method, given.path);
      expect((await stack.decide(approval, { verdict: 'approve' })).status).toBe(200);
    }
    await faultTaken();
    // Long enough under way for a heartbeat to be on record.
    await sleep(2_000);
    await stack.kill9('worker');
    const killedAt = Date.now();
    const { state } = await stack.ended(goalId, 60_000);
    expect(state).toBe('completed');
    report(name, Date.now() - killedAt);
  },
);

test('a worker killed in the middle of a workflow task is made up for', async () => {
  const database = new Client({ connectionString: stack.endpoints().databaseUrl });
  await database.connect();
  try {
    // Holds the local activity that publishes the approval, and with it the task.
    await database.query('begin; lock table approvals in exclusive mode');
    const goalId = await stack.goal(moments.performing.goal);
    const waiting = `select 1 from pg_locks where not granted and relation = 'approvals'::regclass`;
    while ((await database.query(waiting)).rowCount === 0) await sleep(25);
    await sleep(500);
    await stack.kill9('worker');
    const killedAt = Date.now();
    await database.query('rollback');
    await stack.approval(goalId, 60_000);
    report('deciding', Date.now() - killedAt);
  } finally {
    await database.end();
  }
});

function report(moment: string, tookMs: number): void {
  console.log(`recovery: killed while ${moment}, went on ${(tookMs / 1_000).toFixed(1)} s later`);
  expect(tookMs).toBeLessThan(barMs);
}
