/** Undoing a finished goal on request, and clearing up after one that was ended from outside. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { failure } from '#activities/failures.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
import type { Aftercare } from '#contracts/workflows.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(() => {
  bench.provider.done.clear();
  bench.provider.undone.length = 0;
  bench.provider.script = [];
  bench.provider.blind = false;
  bench.provider.failUndo = null;
});

const own = (title: string) => ({
  title,
  start: '2026-12-01T10:00',
  durationMinutes: 30,
  guests: [],
});
const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };
const free = { ...defaultPolicy, approveFromTier: 3 } as const;
const undoOf = (goal: RunningGoal, stepIds: string[] | null = null): Aftercare => ({
  kind: 'undo',
  of: goal.input.goalId,
  stepIds,
  actor: goal.input.owner,
});

async function threeEvents(): Promise<RunningGoal> {
  bench.planner = () =>
    plan(
      step('a', 'createEvent', own('A')),
      step('b', 'createEvent', own('B'), { dependsOn: ['a'] }),
      step('c', 'createEvent', own('C'), { dependsOn: ['b'] }),
    );
  const goal = await bench.goal({ policy: free });
  expect(await goal.result()).toMatchObject({ state: 'completed' });
  return goal;
}

describe('undoing a finished goal', () => {
  it('undoes everything, the last thing first, and once however often it is asked', async () => {
    const goal = await threeEvents();
    const undo = await bench.goal({ aftercare: undoOf(goal), goal: 'Undo' });
    const { state, report } = await undo.result();
    expect(state).toBe('completed');
    expect(bench.provider.undone).toEqual(['C', 'B', 'A']);
    expect(report.undone).toHaveLength(3);
    expect(report.headline).toBe('Undone: 3 things.');
    expect(report.done).toEqual([]);
    expect((await undo.view()).aftercareOf).toBe(goal.input.goalId);
    const again = await bench.goal({ aftercare: undoOf(goal), goal: 'Undo' });
    expect(await again.result()).toMatchObject({ state: 'completed' });
    expect(bench.provider.undone).toHaveLength(3);
  });

  it('undoes one step when only that is asked', async () => {
    const goal = await threeEvents();
    const undo = await bench.goal({ aftercare: undoOf(goal, ['b']) });
    expect(await undo.result()).toMatchObject({ state: 'completed' });
    expect(bench.provider.undone).toEqual(['B']);
  });

  it('says that a sent mail cannot be undone and offers a draft of a correction', async () => {
    bench.planner = () => plan(step('send', 'sendEmail', mail));
    const goal = await bench.goal({ timers: { ...defaultTimers, sendDelayMs: 0 } });
    const [approval] = await goal.approvals();
    await goal.decide(approval!);
    await goal.result();
    const undo = await bench.goal({ aftercare: undoOf(goal) });
    const [offer] = await undo.approvals();
    expect(offer).toMatchObject({
      tool: 'createDraft',
      input: { to: mail.to, subject: 'Correction: Hi' },
    });
    expect(bench.provider.done.size).toBe(1);
    await undo.decide(offer!);
    const { state, report } = await undo.result();
    expect(state).toBe('completed_with_issues');
    expect(report.notDone.join(' ')).toContain('cannot be taken back');
    expect(report.done).toEqual(['Left a draft “Correction: Hi” to bob@office.example.com.']);
  });

  it('hands what cannot be undone to the person', async () => {
    const goal = await threeEvents();
    bench.provider.failUndo = failure('ConflictError', 'It was changed since.');
    const undo = await bench.goal({ aftercare: undoOf(goal, ['a']) });
    const [approval] = await undo.approvals();
    expect(approval).toMatchObject({
      kind: 'intervention',
      reasons: ['It could not be undone: It was changed since.'],
    });
    await undo.decide(approval!);
    expect(await undo.result()).toMatchObject({ state: 'completed_with_issues' });
  });
});

describe('clearing up after a goal that was ended from outside', () => {
  it('looks up what was under way and shows the person what became of it', async () => {
    bench.planner = () => plan(step('send', 'sendEmail', mail));
    bench.provider.script = ['drop_after_commit'];
    bench.provider.blind = true;
    const goal = await bench.goal({ timers: { ...defaultTimers, sendDelayMs: 0 } });
    const [approval] = await goal.approvals();
    await goal.decide(approval!);
    await expect.poll(() => bench.provider.done.size).toBe(1);
    await goal.handle.terminate('by an operator');
    bench.provider.blind = false;
    const aftercare = { ...undoOf(goal), kind: 'recovery' } as const;
    const recovery = await bench.goal({ aftercare, goal: goal.input.goal });
    const [review] = await recovery.approvals();
    expect(review).toMatchObject({ kind: 'intervention', stepId: 'review' });
    expect(review?.card.lines).toContainEqual({ label: 'send: sendEmail', value: 'It was done.' });
    await recovery.decide(review!);
    expect(await recovery.result()).toMatchObject({ state: 'completed' });
    expect([...bench.provider.done.values()]).toEqual([1]);
  });
});
