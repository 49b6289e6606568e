/** Goals in every state: each scene starts a goal on a bench and resolves when it stands there. */
import { expect } from 'vitest';
import { failure } from '#activities/failures.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { type GoalBench, plan, type RunningGoal, step } from './goals.ts';

const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };
const talk = { title: 'Talk', start: '2026-12-01T10:00', durationMinutes: 30, guests: [] };
const freely = { ...defaultPolicy, approveFromTier: 3 } as const;
const question = { id: 'who', question: 'Which Bob?', choices: [] };
const timers = { ...defaultTimers, sendDelayMs: 0 };
const short = { approvalExpiresMs: 300, answerExpiresMs: 300, reconcileForMs: 300 };

/** One goal for each way a goal can stand. Resolves when the goal stands so. */
export const scenes: Record<string, (bench: GoalBench) => Promise<RunningGoal>> = {
  async 'waits for approval'(bench) {
    bench.planner = () => plan(step('send', 'sendEmail', mail));
    const goal = await bench.goal({ timers });
    await goal.approvals();
    return goal;
  },
  async 'waits for two approvals'(bench) {
    bench.planner = () =>
      plan(step('a', 'sendEmail', mail), step('b', 'sendEmail', { ...mail, subject: 'B' }));
    const goal = await bench.goal({ timers });
    await goal.approvals(2);
    return goal;
  },
  async 'waits for the second of two approvals'(bench) {
    const goal = await scenes['waits for two approvals']!(bench);
    const [first] = await goal.approvals(2);
    await goal.decide(first!);
    await goal.until(({ steps }) => steps.some(({ status }) => status === 'completed'));
    return goal;
  },
  async 'waits for an answer'(bench) {
    bench.planner = () => ({ questions: [question] });
    const goal = await bench.goal({ timers });
    await goal.until(({ state }) => state === 'awaiting_answer');
    return goal;
  },
  async 'waits for its plan to be approved'(bench) {
    bench.planner = () => plan(step('send', 'sendEmail', mail));
    const goal = await bench.goal({ timers, policy: { ...defaultPolicy, planApproval: true } });
    await goal.approvals();
    return goal;
  },
  async 'was approved and completed'(bench) {
    const goal = await scenes['waits for approval']!(bench);
    const [approval] = await goal.approvals();
    await goal.decide(approval!, { verdict: 'approve', comment: 'fine' });
    await goal.result();
    return goal;
  },
  async 'was edited and completed'(bench) {
    const goal = await scenes['waits for approval']!(bench);
    const [approval] = await goal.approvals();
    await goal.decide(approval!, { verdict: 'edit', input: { ...mail, subject: 'Edited' } });
    await goal.result();
    return goal;
  },
  async 'was rejected'(bench) {
    const goal = await scenes['waits for approval']!(bench);
    const [approval] = await goal.approvals();
    await goal.decide(approval!, { verdict: 'reject' });
    await goal.result();
    return goal;
  },
  async expired(bench) {
    bench.planner = () => plan(step('send', 'sendEmail', mail));
    const goal = await bench.goal({
      timers: short,
    });
    await goal.result();
    return goal;
  },
  async 'was never answered'(bench) {
    bench.planner = () => ({ questions: [question] });
    const goal = await bench.goal({
      timers: short,
    });
    await goal.result();
    return goal;
  },
  async 'was cancelled while it waited'(bench) {
    const goal = await scenes['waits for approval']!(bench);
    await goal.handle.cancel();
    await goal.result();
    return goal;
  },
  async 'only read and completed'(bench) {
    bench.planner = () => plan(step('look', 'listEvents', { window: 'today' }));
    bench.reads['listEvents'] = () => ({ value: { events: [] }, trust: 'trusted', origins: [] });
    const goal = await bench.goal({ timers });
    await goal.result();
    return goal;
  },
  async 'failed and was undone'(bench) {
    bench.planner = () =>
      plan(
        step('event', 'createEvent', talk),
        step('bad', 'readThread', { threadId: 't' }, { critical: true, dependsOn: ['event'] }),
      );
    const goal = await bench.goal({ timers, policy: freely });
    await goal.result();
    return goal;
  },
  async 'failed and waits for an undo by hand'(bench) {
    bench.planner = () =>
      plan(
        step('event', 'createEvent', talk),
        step('bad', 'readThread', { threadId: 't' }, { critical: true, dependsOn: ['event'] }),
      );
    bench.provider.failUndo = failure('ConflictError', 'Somebody changed it.');
    const goal = await bench.goal({ timers, policy: freely });
    await goal.approvals();
    bench.provider.failUndo = null;
    return goal;
  },
  async 'failed to plan'(bench) {
    bench.planner = () => ({ problems: ['no such tool'] });
    const goal = await bench.goal({ timers });
    await goal.result();
    return goal;
  },
  async 'was shadowed'(bench) {
    bench.planner = () => plan(step('event', 'createEvent', talk));
    const goal = await bench.goal({ timers, mode: 'shadow', policy: freely });
    await goal.result();
    return goal;
  },
  async 'waits, and a decision was refused'(bench) {
    const goal = await scenes['waits for approval']!(bench);
    const [approval] = await goal.approvals();
    await goal.decide({ ...approval!, digest: `v1:sha256:${'0'.repeat(64)}` });
    return goal;
  },
  async 'waits, and an answer was refused'(bench) {
    const goal = await scenes['waits for an answer']!(bench);
    await goal.handle.signal('answerQuestion', { answers: [{ questionId: 'x', answer: 'y' }] });
    await expect.poll(() => goal.journalTypes()).toContain('answer_refused');
    return goal;
  },
  async 'waits, and a further instruction was refused'(bench) {
    const goal = await scenes['waits for approval']!(bench);
    await goal.control('steerGoal', { instruction: ' ' });
    return goal;
  },
  async 'is paused'(bench) {
    const goal = await scenes['waits for approval']!(bench);
    await goal.control('pauseGoal');
    return goal;
  },
  async 'waits in its second run'(bench) {
    bench.planner = () =>
      plan(step('a', 'sendEmail', mail), step('b', 'sendEmail', { ...mail, subject: 'B' }));
    const goal = await bench.goal({ timers, continueAfterEvents: 16 });
    await goal.approvals(2);
    const run = async () => (await goal.handle.describe()).runId;
    await expect.poll(run, { timeout: 10_000 }).not.toBe(goal.handle.firstExecutionRunId);
    const [first] = await goal.approvals(2);
    await goal.decide(first!);
    await goal.until(({ steps }) => steps.some(({ status }) => status === 'completed'));
    return goal;
  },
  async 'completed in a later run'(bench) {
    const goal = await scenes['waits in its second run']!(bench);
    const [rest] = await goal.approvals();
    await goal.decide(rest!);
    await goal.result();
    return goal;
  },
};
