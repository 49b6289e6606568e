/** How goals end: failures with compensation, cancellation, unknown outcomes. */
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { failure } from '#activities/failures.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { GoalBench, plan, step } from '../support/goals.ts';

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(() => {
  bench.reads = {
    listEvents: () => ({ value: { events: [{ title: 'A' }] }, trust: 'untrusted', origins: [] }),
  };
  bench.provider.done.clear();
  bench.provider.undone.length = 0;
  bench.provider.script = [];
  bench.provider.rule = () => ({});
  bench.provider.blind = false;
  bench.provider.failUndo = null;
});
const effects = () => [...bench.provider.done.values()].reduce((sum, count) => sum + count, 0);
const own = (title: string) => ({
  title,
  start: '2026-12-01T10:00',
  durationMinutes: 30,
  guests: [],
});
const freely = { ...defaultPolicy, approveFromTier: 3 } as const;

describe('a critical step that fails', () => {
  const failing = () => {
    throw failure('NotFoundError', 'No such thing.');
  };

  it('stops the plan and undoes what was done, last first', async () => {
    bench.reads['readThread'] = failing;
    bench.planner = () =>
      plan(
        step('one', 'createEvent', own('first')),
        step('two', 'createEvent', own('second'), { dependsOn: ['one'] }),
        step('bad', 'readThread', { threadId: 't' }, { dependsOn: ['two'], critical: true }),
        step('never', 'createEvent', own('third'), { dependsOn: ['bad'] }),
      );
    const goal = await bench.goal({ policy: freely });
    const { state, report } = await goal.result();
    expect(state).toBe('failed');
    expect(bench.provider.undone).toEqual(['second', 'first']);
    expect(report.undone).toHaveLength(2);
    expect(report.done).toEqual([]);
    expect(report.notDone).toContain('bad (readThread) failed: No such thing.');
    expect(effects()).toBe(2);
  });

  it('takes back approvals that were still waiting', async () => {
    let fail: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (fail = resolve));
    bench.reads['readThread'] = async () => {
      await gate;
      return failing();
    };
    bench.planner = () =>
      plan(
        step('ask', 'createEvent', own('x')),
        step('bad', 'readThread', { threadId: 't' }, { critical: true }),
      );
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    fail();
    expect((await goal.result()).state).toBe('failed');
    const { rows } = await bench.database.pool.query(
      'select state from approvals where approval_id = $1',
      [approval!.approvalId],
    );
    expect(rows).toEqual([{ state: 'cancelled' }]);
    expect(effects()).toBe(0);
  });

  it('makes an undo that fails an intervention for the person', async () => {
    bench.reads['readThread'] = failing;
    bench.provider.failUndo = failure('ConflictError', 'Somebody changed it since.');
    bench.planner = () =>
      plan(
        step('one', 'createEvent', own('first')),
        step('bad', 'readThread', { threadId: 't' }, { dependsOn: ['one'], critical: true }),
      );
    const goal = await bench.goal({ policy: freely });
    const [approval] = await goal.approvals();
    expect(approval).toMatchObject({ kind: 'intervention' });
    expect(approval!.reasons[0]).toContain('Somebody changed it since');
    await goal.decide(approval!);
    expect((await goal.result()).state).toBe('failed');
  });

  it('lets an intervention expire, although the approvals before it were taken back', async () => {
    let fail: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (fail = resolve));
    bench.reads['readThread'] = async () => {
      await gate;
      return failing();
    };
    bench.provider.failUndo = failure('ConflictError', 'Somebody changed it since.');
    bench.planner = () =>
      plan(
        step('one', 'createEvent', own('first')),
        step('ask', 'sendEmail', { to: ['bob@office.example.com'], subject: 'Hi', body: 'x' }),
        step('bad', 'readThread', { threadId: 't' }, { dependsOn: ['one'], critical: true }),
      );
    const timers = { ...defaultTimers, approvalExpiresMs: 2_000 };
    const goal = await bench.goal({ policy: freely, timers });
    await goal.until(({ steps, pendingApprovals }) => {
      return steps[0]?.status === 'completed' && pendingApprovals.length === 1;
    });
    fail();
    expect((await goal.result()).state).toBe('failed');
    const journal = await goal.journalTypes();
    expect(journal).toContain('approval_cancelled');
    expect(journal).toContain('approval_expired');
  }, 20_000);

  it('only reports a step that fails and is not critical', async () => {
    bench.reads['readThread'] = failing;
    bench.planner = () =>
      plan(
        step('one', 'createEvent', own('first')),
        step('bad', 'readThread', { threadId: 't' }, { dependsOn: ['one'] }),
      );
    const { state } = await (await bench.goal({ policy: freely })).result();
    expect(state).toBe('completed_with_issues');
    expect(bench.provider.undone).toEqual([]);
  });
});

describe('cancelling', () => {
  it('while it waits for approval: nothing is done, and the approval is taken back', async () => {
    bench.planner = () => plan(step('book', 'createEvent', own('x')));
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    await goal.handle.cancel();
    const { state } = await goal.result();
    expect(state).toBe('cancelled');
    expect(await goal.handle.query('getApproval', approval!.approvalId)).toMatchObject({
      state: 'cancelled',
    });
    expect(effects()).toBe(0);
  });

  it('after something was done: it is undone', async () => {
    bench.planner = () =>
      plan(
        step('one', 'createEvent', own('first')),
        step(
          'ask',
          'createEvent',
          { ...own('second'), guests: ['bob@office.example.com'] },
          { dependsOn: ['one'] },
        ),
      );
    const goal = await bench.goal({ policy: freely });
    await goal.approvals();
    await goal.handle.cancel();
    const { state, report } = await goal.result();
    expect(state).toBe('cancelled');
    expect(bench.provider.undone).toEqual(['first']);
    expect(report.undone).toHaveLength(1);
    expect(effects()).toBe(1);
  });

  it('while an effect is under way whose answer is lost: it is found, and undone', async () => {
    bench.planner = () => plan(step('one', 'createEvent', own('first')));
    let begun = false;
    bench.provider.rule = () => {
      begun = true;
      return { delayMs: 1_000, perform: 'drop_after_commit' };
    };
    const goal = await bench.goal({ policy: freely });
    await expect.poll(() => begun, { timeout: 10_000 }).toBe(true);
    await goal.handle.cancel();
    const { state } = await goal.result();
    expect(state).toBe('cancelled');
    expect(effects()).toBe(1);
    expect(bench.provider.undone).toEqual(['first']);
  });

  it('while the planner works, and while a question waits', async () => {
    bench.planner = () => new Promise((resolve) => setTimeout(() => resolve(plan()), 2_000));
    const planning = await bench.goal();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await planning.handle.cancel();
    expect((await planning.result()).state).toBe('cancelled');
    bench.planner = () => ({ questions: [{ id: 'q', question: 'Who?', choices: [] }] });
    const asking = await bench.goal();
    await asking.until(({ state }) => state === 'awaiting_answer');
    await asking.handle.cancel();
    expect((await asking.result()).state).toBe('cancelled');
  });
});

describe('an outcome nobody knows', () => {
  const unknown = async () => {
    bench.planner = () => plan(step('book', 'createEvent', own('x')));
    bench.provider.script = ['drop_after_commit'];
    bench.provider.blind = true;
    const goal = await bench.goal({
      policy: freely,
      timers: { ...defaultTimers, reconcileForMs: 200 },
    });
    const [approval] = await goal.approvals();
    expect(approval).toMatchObject({ kind: 'intervention', stepId: 'book_outcome' });
    return { goal, approval: approval! };
  };

  it('is asked of the person, who says it happened', async () => {
    const { goal, approval } = await unknown();
    await goal.decide(approval);
    expect((await goal.result()).state).toBe('completed');
    expect(effects()).toBe(1);
  });

  it('is asked of the person, who says it did not: it is not sent again', async () => {
    const { goal, approval } = await unknown();
    await goal.decide(approval, { verdict: 'reject' });
    const { state, report } = await goal.result();
    expect(state).toBe('completed_with_issues');
    expect(report.notDone[0]).toContain('did not happen');
    expect(effects()).toBe(1);
  });
});

describe('what survives', () => {
  it('a worker that stops between approval and effect: the effect happens once (seen: 5, 9)', async () => {
    bench.planner = () =>
      plan(step('send', 'sendEmail', { to: ['bob@office.example.com'], subject: 'Hi', body: 'x' }));
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    bench.provider.script = ['drop_after_commit'];
    await bench.stopWorkers();
    const { approvalId, digest } = approval!;
    await goal.handle.signal(
      'decideApproval',
      bench.keys.sign({
        decisionId: 'd',
        approvalId,
        digest,
        verdict: 'approve',
        actor: 'alex@office.example.com',
      }),
    );
    await bench.startWorkers();
    expect((await goal.result()).state).toBe('completed');
    expect(effects()).toBe(1);
  });

  it('publishes every journal event, in order and without gaps', async () => {
    bench.planner = () =>
      plan(
        step('look', 'listEvents', { window: 'today' }),
        step('book', 'createEvent', own('x'), { dependsOn: ['look'] }),
      );
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    await goal.decide(approval!);
    await goal.result();
    const { rows } = await bench.database.pool.query(
      'select number, type from journal_events where goal_id = $1 order by number',
      [goal.input.goalId],
    );
    expect(rows).toEqual((await goal.journal()).map(({ number, type }) => ({ number, type })));
    expect(rows.map(({ number }) => number)).toEqual(rows.map((_, i) => i + 1));
    const read = await bench.database.pool.query('select state from goals where goal_id = $1', [
      goal.input.goalId,
    ]);
    expect(read.rows).toEqual([{ state: 'completed' }]);
  });

  it('a planner that fails for a moment is asked again', async () => {
    let calls = 0;
    bench.planner = () => {
      calls += 1;
      if (calls === 1) throw ApplicationFailure.retryable('down', 'ModelUnavailableError');
      return plan(step('look', 'listEvents', { window: 'today' }));
    };
    expect((await (await bench.goal()).result()).state).toBe('completed');
    expect(calls).toBe(2);
  });
});
