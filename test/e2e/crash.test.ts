/**
 * Kills the parts of a running stack with SIGKILL at the moments that hurt and counts at the oracle:
 * each approved effect happens once, no decision is lost, the goal completes.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Approval } from '#contracts/approval.ts';
import { type OracleEffect, type PartName, type Stack, startStack } from '#test/support/stack.ts';

let stack: Stack;
let seen = 0;

beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack[Symbol.asyncDispose]());
afterEach(() => stack.clearFaults());

const kinds = {
  mail: {
    goal: 'write to bob.keller@office.example.com that I am late',
    write: { method: 'POST', pathRegex: 'drafts/send' },
    operations: ['drafts.create', 'drafts.send'],
  },
  invitation: {
    goal: 'Find 30 minutes with Bob and Carla next week and invite them',
    write: { method: 'POST', pathRegex: '/calendars/[^/]+/events(\\?|$)' },
    operations: ['events.insert'],
  },
} as const;
type Kind = keyof typeof kinds;
const kindNames = Object.keys(kinds) as Kind[];

/** Starts a goal and remembers which effects were there before it. */
async function waiting(kind: Kind): Promise<{ goalId: string; approval: Approval }> {
  seen = (await stack.effects()).length;
  const goalId = await stack.goal(kinds[kind].goal);
  return { goalId, approval: await stack.approval(goalId) };
}

/** What happened since `waiting`: exactly one effect of the kind, once. */
async function expectOnce(kind: Kind, goalId: string): Promise<void> {
  expect((await stack.ended(goalId, 60_000)).state).toBe('completed');
  const effects = (await stack.effects()).slice(seen);
  expect(effects.map(({ operation, count }: OracleEffect) => ({ operation, count }))).toEqual(
    kinds[kind].operations.map((operation) => ({ operation, count: 1 })),
  );
}

/** The request that the sandbox has begun to handle shows as one fewer turn of its fault. */
async function faultTaken(): Promise<void> {
  for (let turns = 0; turns < 400; turns += 1) {
    const active = await stack.oracle<readonly { remaining: number }[]>('/__faults');
    if (active.every(({ remaining }) => remaining === 0)) return;
    await sleep(25);
  }
  throw new Error('no request met the fault');
}

/** Kills a part and waits until another one runs in its place. */
async function replace(part: PartName): Promise<void> {
  const before = JSON.stringify(stack.endpoints().pids);
  await stack.kill9(part);
  for (let turns = 0; JSON.stringify(stack.endpoints().pids) === before; turns += 1) {
    if (turns > 600) throw new Error(`${part} did not come back: ${stack.output()}`);
    await sleep(50);
  }
}

/** Decides again and again until the api is back, always under the same decision id. */
async function decideWithRetries(approval: Approval): Promise<void> {
  const decisionId = randomUUID();
  for (let turns = 0; turns < 60; turns += 1) {
    const answer = await stack
      .decide(approval, { verdict: 'approve', decisionId })
      .catch(() => undefined);
    if (answer !== undefined && answer.status < 500) {
      expect([200, 202]).toContain(answer.status);
      return;
    }
    await sleep(250);
  }
  throw new Error('the decision was never taken');
}

test.each(kindNames)(
  '%s: a worker killed right after the decision acts once (seen: 9)',
  async (kind) => {
    const { goalId, approval } = await waiting(kind);
    const [answer] = await Promise.all([
      stack.decide(approval, { verdict: 'approve' }),
      sleep(15).then(() => stack.kill9('worker')),
    ]);
    expect([200, 202]).toContain(answer.status);
    await expectOnce(kind, goalId);
  },
);

test.each(kindNames)('%s: a worker killed while the vendor works acts once', async (kind) => {
  const { goalId, approval } = await waiting(kind);
  await stack.fault({ match: kinds[kind].write, action: 'delay', delayMs: 2_000 });
  await stack.decide(approval, { verdict: 'approve' });
  await faultTaken();
  await stack.kill9('worker');
  await expectOnce(kind, goalId);
});

test.each(kindNames)('%s: a worker killed after an answer was lost acts once', async (kind) => {
  const { goalId, approval } = await waiting(kind);
  await stack.fault({ match: kinds[kind].write, action: 'drop_after_commit' });
  await stack.decide(approval, { verdict: 'approve' });
  await faultTaken();
  await stack.kill9('worker');
  await expectOnce(kind, goalId);
});

test('a worker killed while the model plans plans again, and the goal completes', async () => {
  await stack.fault({
    match: { method: 'POST', pathRegex: '/responses' },
    action: 'delay',
    delayMs: 3_000,
  });
  const goalId = await stack.goal('what do I have tomorrow?');
  await faultTaken();
  await stack.kill9('worker');
  expect((await stack.ended(goalId, 60_000)).state).toBe('completed');
});

test('a goal whose answer was lost with the api is the same goal when sent again', async () => {
  const request = {
    method: 'POST',
    headers: { 'idempotency-key': randomUUID(), prefer: 'wait=10' },
    body: JSON.stringify({ goal: 'what is on my calendar the day after tomorrow?' }),
  };
  await stack.fault({
    match: { method: 'POST', pathRegex: '/responses' },
    action: 'delay',
    delayMs: 1_500,
  });
  const lost = stack.api('/v1/goals', request).catch(() => 'lost');
  await faultTaken();
  await replace('api');
  expect(await lost).toBe('lost');
  const again = await stack.api('/v1/goals', request);
  expect(again.status).toBeLessThan(300);
  const { body } = await stack.api('/v1/goals');
  const same = (body as { goals?: unknown[]; items?: unknown[] }).items ?? body.goals;
  const texts = (same as { goal: string }[]).filter(({ goal }) => /day after/.test(goal));
  expect(texts).toHaveLength(1);
  expect((await stack.ended(again.body.id ?? '')).state).toBe('completed');
});

test.each(['postgres', 'temporal', 'api'] as const)(
  'a decision made after %s was killed counts, once (seen: 9, 26)',
  async (part) => {
    const { goalId, approval } = await waiting('mail');
    await replace(part);
    await decideWithRetries(approval);
    await expectOnce('mail', goalId);
  },
);

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'a goal that waits is still waiting after the whole stack ended by %s (seen: 10)',
  async (signal) => {
    const { goalId, approval } = await waiting('invitation');
    await stack.restart(signal);
    const again = await stack.approval(goalId);
    expect(again).toMatchObject({ approvalId: approval.approvalId, digest: approval.digest });
    await decideWithRetries(again);
    await expectOnce('invitation', goalId);
  },
);
