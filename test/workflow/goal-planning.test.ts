/** Planning: questions, unusable plans, revisions, and data that flows between steps. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { failure } from '#activities/failures.ts';
import type { PlanRequest } from '#contracts/activities.ts';
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
  bench.provider.blind = false;
  bench.provider.failUndo = null;
});
const own = (title: string) => ({
  title,
  start: '2026-12-01T10:00',
  durationMinutes: 30,
  guests: [],
});

describe('planning', () => {
  it('answers a question about data in one pass, without any effect', async () => {
    bench.planner = () => plan(step('look', 'listEvents', { window: 'today' }));
    const goal = await bench.goal();
    const { state, report } = await goal.result();
    expect(state).toBe('completed');
    expect(report).toMatchObject({ headline: 'Here is what was found.', done: [], notDone: [] });
    expect((await goal.view()).usage).toMatchObject({
      modelCalls: 1,
      inputTokens: 10,
      outputTokens: 5,
    });
  });

  it('asks what it needs to know and plans with the answer', async () => {
    const seen: PlanRequest[] = [];
    bench.planner = (request) => {
      seen.push(request);
      return request.answers.length === 0
        ? { questions: [{ id: 'who', question: 'Who is Zed?', choices: [] }] }
        : plan(step('look', 'listEvents', { window: 'today' }));
    };
    const goal = await bench.goal();
    await goal.until(({ state }) => state === 'awaiting_answer');
    await goal.handle.signal('answerQuestion', {
      answerId: 'a0',
      answers: [{ questionId: 'nobody', answer: 'x' }],
    });
    expect(await goal.handle.query('getAnswer', 'a0')).toMatchObject({
      applied: false,
      message: 'There is no question nobody.',
    });
    await goal.handle.signal('answerQuestion', {
      answerId: 'a1',
      answers: [{ questionId: 'who', answer: 'zed@office.example.com' }],
    });
    expect((await goal.result()).state).toBe('completed');
    expect(seen[1]?.answers).toEqual([
      { question: 'Who is Zed?', answer: 'zed@office.example.com' },
    ]);
  });

  it('ends when a question is never answered', async () => {
    bench.planner = () => ({ questions: [{ id: 'who', question: 'Who?', choices: [] }] });
    const goal = await bench.goal({ timers: { ...defaultTimers, answerExpiresMs: 300 } });
    const { state, report } = await goal.result();
    expect(state).toBe('failed');
    expect(report.notDone).toEqual(['The question was not answered in time.']);
  });

  it('fails with the reasons when the planner gives no usable plan', async () => {
    bench.planner = () => ({ problems: ['step s1: unknown tool "rm".'], repairs: 2 });
    const goal = await bench.goal();
    const { state, report } = await goal.result();
    expect(state).toBe('failed');
    expect(report.notDone[0]).toContain('unknown tool "rm"');
    expect(await goal.journalTypes()).toContain('plan_invalid');
  });

  it('fails with the model’s reason when the model refuses', async () => {
    bench.planner = () => {
      throw failure('ModelRefusedError', 'The model refused: no.');
    };
    const goal = await bench.goal();
    const { state, report } = await goal.result();
    expect(state).toBe('failed');
    expect(report.notDone[0]).toContain('The model refused');
  });

  it('plans again when a step is rejected with a comment, and keeps what is done', async () => {
    bench.planner = ({ revision }) =>
      revision === null
        ? plan(
            step('look', 'listEvents', { window: 'today' }),
            step('book', 'createEvent', own('Monday'), { dependsOn: ['look'] }),
          )
        : plan(
            step('look', 'listEvents', { window: 'today' }),
            step('again', 'createEvent', own('Tuesday'), { dependsOn: ['look'] }),
          );
    const goal = await bench.goal();
    const [first] = await goal.approvals();
    await goal.decide(first!, { verdict: 'reject', comment: 'Tuesday instead' });
    const view = await goal.until(
      ({ pendingApprovals }) => pendingApprovals[0]?.stepId === 'again',
    );
    expect(view.plan?.revision).toBe(2);
    expect(view.pendingApprovals[0]?.reasons.join(' ')).toContain('comes from');
    await goal.decide(view.pendingApprovals[0]!);
    const { state, report } = await goal.result();
    expect(state).toBe('completed');
    expect(report.done[0]).toContain('Tuesday');
    expect(
      (await goal.journal()).filter(
        ({ type, stepId }) => type === 'step_started' && stepId === 'look',
      ),
    ).toHaveLength(1);
  });

  it('looks at a checkpoint’s result before it goes on', async () => {
    const revisions: (number | undefined)[] = [];
    bench.planner = ({ revision }) => {
      revisions.push(revision?.number);
      return revision === null
        ? plan(
            step('look', 'listEvents', { window: 'today' }, { checkpoint: true }),
            step('old', 'listEvents', { window: 'x' }, { dependsOn: ['look'] }),
          )
        : plan(
            step('look', 'listEvents', { window: 'today' }),
            step('fresh', 'listEvents', { window: 'y' }),
          );
    };
    const goal = await bench.goal();
    await goal.result();
    expect(revisions).toEqual([undefined, 1]);
    expect((await goal.view()).steps.map(({ id }) => id)).toEqual(['look', 'fresh']);
  });

  it('passes data between steps without the model', async () => {
    const inputs: unknown[] = [];
    bench.reads['summarize'] = ({ input }) => {
      inputs.push(input);
      return { value: { summary: 'ok', points: [] }, trust: 'untrusted', origins: [] };
    };
    bench.planner = () =>
      plan(
        step('look', 'listEvents', { window: 'today' }),
        step(
          'sum',
          'summarize',
          {
            instruction: 'About {{steps.look.output.events[0].title}} for {{goal.owner}}',
            material: ['{{steps.look.output.events}}'],
          },
          { dependsOn: ['look'] },
        ),
      );
    await (await bench.goal()).result();
    expect(inputs).toEqual([
      { instruction: 'About A for alex@office.example.com', material: [[{ title: 'A' }]] },
    ]);
  });

  it('fails a step whose reference leads nowhere, and says which', async () => {
    bench.planner = () =>
      plan(
        step('look', 'listEvents', { window: 'today' }),
        step(
          'sum',
          'summarize',
          { instruction: 'x', material: ['{{steps.look.output.events[7].title}}'] },
          { dependsOn: ['look'] },
        ),
      );
    const { state, report } = await (await bench.goal()).result();
    expect(state).toBe('completed_with_issues');
    expect(report.notDone[0]).toContain('events[7].title');
  });
});
