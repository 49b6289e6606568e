/** Planning: questions, unusable plans, revisions, and data that flows between steps. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { failure } from '#activities/failures.ts';
import type { PlanRequest } from '#contracts/activities.ts';
import { defaultTimers, limits } from '#contracts/limits.ts';
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

describe('questions about a revised plan', () => {
  const ask = (...ids: string[]) => ({
    questions: ids.map((id) => ({ id, question: `${id}?`, choices: [] })),
  });
  /** A goal whose only step was rejected with a comment. */
  async function rejected(changes = {}) {
    const goal = await bench.goal(changes);
    const [first] = await goal.approvals();
    await goal.decide(first!, { verdict: 'reject', comment: 'Another day' });
    return goal;
  }
  const book = step('book', 'createEvent', own('Monday'));

  it('are asked together, and the plan is made with the answers', async () => {
    const seen: PlanRequest[] = [];
    bench.planner = (request) => {
      seen.push(request);
      if (request.revision === null) return plan(book);
      if (request.answers.length === 0) return ask('Which day', 'How long');
      return plan(step('again', 'createEvent', own('Tuesday')));
    };
    const goal = await rejected();
    const { questions } = await goal.until(({ state }) => state === 'awaiting_answer');
    expect(questions.map(({ id }) => id)).toEqual(['Which day', 'How long']);
    await goal.handle.signal('answerQuestion', {
      answers: questions.map(({ id }) => ({ questionId: id, answer: `${id}: Tuesday` })),
    });
    const [next] = await goal.approvals();
    expect(next).toMatchObject({ stepId: 'again', state: 'pending' });
    expect(seen.at(-1)).toMatchObject({
      answers: [{ answer: 'Which day: Tuesday' }, { answer: 'How long: Tuesday' }],
      revision: { number: 1 },
    });
    await goal.decide(next!);
    expect(await goal.result()).toMatchObject({ state: 'completed' });
  });

  it('end after a few rounds, and the plan stays as it is', async () => {
    let asked = 0;
    bench.planner = ({ revision }) => (revision === null ? plan(book) : ask(`q${(asked += 1)}`));
    const goal = await rejected();
    for (let round = 1; round <= limits.questionRoundsMax; round += 1) {
      await goal.until(({ questions }) => questions[0]?.id === `q${round}`);
      const answers = [{ questionId: `q${round}`, answer: 'Whatever' }];
      await goal.handle.signal('answerQuestion', { answers });
    }
    expect(await goal.result()).toMatchObject({ state: 'completed_with_issues' });
    expect(asked).toBe(limits.questionRoundsMax + 1);
    expect(await goal.journalTypes()).toContain('plan_invalid');
  });

  it('that are not answered leave the plan as it is, and do not fail the goal', async () => {
    bench.planner = ({ revision }) => (revision === null ? plan(book) : ask('q'));
    const goal = await rejected({ timers: { ...defaultTimers, answerExpiresMs: 300 } });
    const { state } = await goal.result();
    expect(state).toBe('completed_with_issues');
    const { failure: why, steps, questions } = await goal.view();
    expect([why, questions]).toEqual([null, []]);
    expect(steps.map(({ status }) => status)).toEqual(['rejected']);
  });
});
