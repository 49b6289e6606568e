/** Waiting on others: providers that are away, accounts to be connected again; and what a pause holds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { failure } from '#activities/failures.ts';
import type { ReadResult } from '#contracts/activities.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { GoalBench, plan, step } from '../support/goals.ts';

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());

const found: ReadResult = { value: { events: [] }, trust: 'trusted', origins: [] };
const look = { window: 'today' };
const since = '2026-11-21T10:00:00.000Z';
const away = (retryInMs: number) =>
  failure('ProviderWaitError', 'Google is away.', {
    details: {
      provider: 'google',
      account: 'alex',
      since,
      retryAt: new Date(Date.now() + retryInMs).toISOString(),
    },
  });
const revoked = () =>
  failure('ReconnectRequiredError', 'Google must be connected again.', {
    details: { provider: 'google', account: 'alex@home.example.org' },
  });
beforeEach(() => {
  bench.reads = {};
  bench.provider.done.clear();
  bench.provider.rule = () => ({});
  bench.planner = () => plan(step('look', 'listEvents', look));
});

describe('a goal whose provider is away', () => {
  it('says which and since when, and goes on by itself', async () => {
    let calls = 0;
    bench.reads = {
      listEvents: () => {
        calls += 1;
        if (calls <= 2) throw away(700);
        return found;
      },
    };
    const goal = await bench.goal();
    const view = await goal.until(({ state }) => state === 'waiting_on_provider');
    expect(view.waitingOn).toMatchObject([{ provider: 'google', since }]);
    expect(view.steps[0]?.status).toBe('waiting_on_provider');
    const { rows } = await bench.database.pool.query('select state from goals where goal_id = $1', [
      goal.input.goalId,
    ]);
    expect(rows).toEqual([{ state: 'waiting_on_provider' }]);
    expect(await goal.result()).toMatchObject({ state: 'completed' });
    expect(calls).toBe(3);
    const types = await goal.journalTypes();
    expect(types.filter((type) => type.startsWith('provider'))).toEqual([
      'provider_waiting',
      'provider_back',
    ]);
    expect((await goal.view()).waitingOn).toEqual([]);
  });

  it('waits for the planner as well', async () => {
    let calls = 0;
    bench.planner = () => {
      calls += 1;
      if (calls === 1) throw away(500);
      return plan(step('look', 'listEvents', look));
    };
    bench.reads = { listEvents: () => found };
    const goal = await bench.goal();
    await goal.until(({ state }) => state === 'waiting_on_provider');
    expect(await goal.result()).toMatchObject({ state: 'completed' });
  });

  it('can be cancelled while it waits', async () => {
    bench.reads = {
      listEvents: () => {
        throw away(60_000);
      },
    };
    const goal = await bench.goal();
    await goal.until(({ state }) => state === 'waiting_on_provider');
    await goal.handle.cancel();
    expect(await goal.result()).toMatchObject({ state: 'cancelled' });
  });

  it('undoes what it has done once the provider is back, and shows nothing as under way', async () => {
    const event = { title: 'Call', start: '2026-12-01T10:00', durationMinutes: 30, guests: [] };
    bench.planner = () =>
      plan(
        step('event', 'createEvent', event),
        step('send', 'sendEmail', { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' }),
      );
    let isAway = true;
    bench.provider.rule = () => (isAway ? { failUndo: away(300) } : {});
    const goal = await bench.goal();
    const approvals = await goal.approvals(2);
    await goal.decide(approvals.find(({ stepId }) => stepId === 'event')!);
    await goal.until(({ steps }) => steps[0]?.status === 'completed');
    await goal.handle.cancel();
    await goal.until(({ waitingOn }) => waitingOn.length > 0);
    isAway = false;
    expect(await goal.result()).toMatchObject({ state: 'cancelled' });
    expect(bench.provider.undone).toHaveLength(1);
    expect((await goal.view()).steps[0]).toMatchObject({ status: 'completed', undone: true });
  });

  it('does not hold up steps that need another provider', async () => {
    bench.planner = () =>
      plan(step('look', 'listEvents', look), step('web', 'searchWeb', { query: 'x' }));
    let isAway = true;
    bench.reads = {
      listEvents: () => {
        if (isAway) throw away(300);
        return found;
      },
      searchWeb: () => found,
    };
    const goal = await bench.goal();
    await goal.until(
      ({ steps, state }) => steps[1]?.status === 'completed' && state === 'waiting_on_provider',
    );
    isAway = false;
    expect(await goal.result()).toMatchObject({ state: 'completed' });
  });
});

describe('a goal whose account must be connected again', () => {
  let isRevoked = true;
  beforeEach(() => {
    isRevoked = true;
    bench.reads = {
      listEvents: () => {
        if (isRevoked) throw revoked();
        return found;
      },
    };
  });

  it('asks in the queue and goes on by itself when the account works again', async () => {
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    expect(approval).toMatchObject({
      kind: 'intervention',
      stepId: 'look_reconnect',
      input: { provider: 'google', account: 'alex@home.example.org' },
      card: { title: 'Connect alex@home.example.org again' },
    });
    for (const other of [
      { provider: 'microsoft', account: 'alex@home.example.org' },
      { provider: 'google', account: 'alex@work.example.org' },
      { account: 'alex@home.example.org' },
      {},
    ]) {
      await goal.handle.signal('accountReconnected', other);
    }
    expect((await goal.view()).pendingApprovals).toHaveLength(1);
    isRevoked = false;
    await goal.handle.signal('accountReconnected', {
      provider: 'google',
      account: 'alex@home.example.org',
    });
    expect(await goal.result()).toMatchObject({ state: 'completed' });
  });

  it('asks again when it still does not work, and fails the step when the person says no', async () => {
    const goal = await bench.goal();
    const [first] = await goal.approvals();
    await goal.decide(first!);
    const view = await goal.until(
      ({ pendingApprovals }) =>
        pendingApprovals.length === 1 && pendingApprovals[0]?.approvalId !== first?.approvalId,
    );
    await goal.decide(view.pendingApprovals[0]!, { verdict: 'reject' });
    expect(await goal.result()).toMatchObject({ state: 'completed_with_issues' });
    expect((await goal.view()).steps[0]?.failure?.type).toBe('ReconnectRequiredError');
  });
});

describe('a paused goal', () => {
  const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };
  const timers = { ...defaultTimers, sendDelayMs: 0 };
  /** Long enough for what must not happen. */
  const settleMs = 600;

  it('does not perform what was approved when its provider is back, until it is resumed', async () => {
    bench.planner = () => plan(step('send', 'sendEmail', mail));
    bench.provider.refusal = away(1_500);
    const goal = await bench.goal({ timers });
    const [approval] = await goal.approvals();
    await goal.decide(approval!);
    await goal.until(({ steps }) => steps[0]?.status === 'waiting_on_provider');
    await goal.control('pauseGoal');
    bench.provider.refusal = null;
    await sleep(1_500 + settleMs);
    expect(bench.provider.done.size).toBe(0);
    await goal.control('resumeGoal');
    expect(await goal.result()).toMatchObject({ state: 'completed' });
    expect([...bench.provider.done.values()]).toEqual([1]);
  });

  it('does not start what more budget was allowed for, until it is resumed', async () => {
    const reads: string[] = [];
    bench.planner = () => plan(step('one', 'listEvents', look), step('two', 'listEvents', look));
    bench.reads = {
      listEvents: ({ context }) => {
        reads.push(context.stepId);
        return found;
      },
    };
    const goal = await bench.goal({ budget: { steps: 1 } });
    const [more] = await goal.approvals();
    await goal.control('pauseGoal');
    await goal.decide(more!);
    await sleep(settleMs);
    expect(reads).toEqual(['one']);
    await goal.control('resumeGoal');
    expect(await goal.result()).toMatchObject({ state: 'completed' });
    expect(reads).toEqual(['one', 'two']);
  });
});
