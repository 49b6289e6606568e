/** The command line tool against a listening api: what people read, and what is sent. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '#api/cli/main.ts';
import type { GoalView, StepView } from '#contracts/goal.ts';
import {
  alice,
  applied,
  createFixture,
  digest,
  type Fixture,
  tokens,
  viewOf,
} from './api-fixture.ts';

let api: Fixture;
let url: string;
beforeAll(async () => {
  api = await createFixture();
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  await api.database.pool.query('truncate goals, approvals, idempotency_keys');
  Object.assign(api.temporal, { down: false, started: [], decisions: [], nextOutcome: null });
  api.temporal.views.clear();
});

async function run(args: string[], options: { answer?: string; apiUrl?: string } = {}) {
  let text = '';
  const code = await runCli(args, {
    env: { ADJUTANT_API_URL: options.apiUrl ?? url, ADJUTANT_API_TOKEN: tokens[alice] },
    out: (more) => (text += more),
    error: (more) => (text += more),
    colours: false,
    ask: options.answer === undefined ? null : async () => options.answer ?? '',
  });
  return { code, text };
}

const step = (changes: Partial<StepView>): StepView => ({
  id: 'invite',
  tool: 'createEvent',
  input: {},
  rationale: 'Bob asked for it',
  critical: true,
  requiresConfirmation: false,
  dependsOn: [],
  checkpoint: false,
  status: 'running',
  revision: 1,
  tier: 3,
  output: null,
  effect: null,
  undone: false,
  failure: null,
  ...changes,
});
const show = (id: string, changes: Partial<GoalView>) =>
  api.temporal.views.set(id, viewOf(id, alice, changes));

describe('goals', () => {
  it('start, and tell how to follow them', async () => {
    const { code, text } = await run(['goal', 'Invite Bob next week']);
    const id = api.temporal.started[0]?.goalId;
    expect([code, text]).toEqual([0, `Started ${id}\n  npx adjutant watch ${id}\n`]);
  });

  it('are followed live to their end, each change once', async () => {
    const id = await api.goal();
    const plan = { revision: 1, reasoning: 'Invite him', estimatedComplexity: 'low' };
    show(id, { state: 'running', plan, steps: [step({})] });
    const watching = run(['watch', id]);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    show(id, {
      state: 'completed',
      plan,
      steps: [step({ status: 'completed' })],
      report: {
        headline: 'Invited Bob.',
        done: ['Event created.'],
        findings: [],
        notDone: [],
        undone: [],
      },
    });
    const { code, text } = await watching;
    expect(code).toBe(0);
    expect(text.match(/createEvent \(invite\) running/g)).toHaveLength(1);
    expect(text).toMatch(
      /✓ createEvent[\s\S]*completed\n {2}Invited Bob\.\n {2}Done\n {4}- Event created\./,
    );
  });

  it('that did not complete end with exit code 3', async () => {
    const id = await api.goal();
    show(id, { state: 'failed', failure: { type: 'NotFoundError', message: 'No Bob.' } });
    const { code, text } = await run(['watch', id]);
    expect([code, text.includes('No Bob.')]).toEqual([3, true]);
  });

  it('are listed and shown, with hostile text escaped', async () => {
    const id = await api.goal(alice, 'Invite \u001b]0;pwned\u0007 Bob');
    expect((await run(['status'])).text).toContain('\\u{1b}]0;pwned\\u{7}');
    const { text } = await run(['status', id]);
    expect(text).toContain('planning');
    expect(text).not.toContain('\u001b');
  });

  it('are cancelled', async () => {
    const id = await api.goal();
    expect((await run(['cancel', id])).code).toBe(0);
    expect(api.temporal.cancelled).toContain(id);
  });

  it('get answers to their questions', async () => {
    const id = await api.goal();
    const questions = [{ id: 'who', question: 'Which Bob?', choices: ['Baker'], answer: null }];
    show(id, { state: 'awaiting_answer', questions });
    expect((await run(['status', id])).text).toContain('Which Bob? (Baker)');
    expect(await run(['answer', id, 'Bob Baker'])).toEqual({ code: 0, text: 'Answered.\n' });
    expect((await run(['answer', id, 'Bob', 'Baker'])).code).toBe(0);
    show(id, { state: 'awaiting_answer', questions: questions.flatMap((q) => [q, q]) });
    expect(await run(['answer', id, 'one'])).toMatchObject({ code: 1 });
  });
});

describe('approvals', () => {
  it('are listed as cards', async () => {
    await api.approval(await api.goal());
    const { text } = await run(['approvals']);
    for (const part of ['Invite Bob', 'Tue 10:00', 'undo', 'expires']) expect(text).toContain(part);
  });

  it('show the card first and send its digest after a yes', async () => {
    const { approvalId } = await api.approval(await api.goal());
    const { code, text } = await run(['approve', approvalId, '--comment', 'ok'], { answer: 'y' });
    expect([code, text.endsWith('Approved.\n')]).toEqual([0, true]);
    expect(api.temporal.decisions).toMatchObject([{ digest, verdict: 'approve', comment: 'ok' }]);
  });

  it('are not decided without a yes, or where nobody can be asked', async () => {
    const { approvalId } = await api.approval(await api.goal());
    expect((await run(['approve', approvalId], { answer: '' })).code).toBe(1);
    expect((await run(['reject', approvalId], { answer: 'no' })).code).toBe(1);
    const nobody = await run(['approve', approvalId]);
    expect([nobody.code, nobody.text.includes('--yes')]).toEqual([1, true]);
    expect(api.temporal.decisions).toHaveLength(0);
  });

  it('are edited by path and send the whole input', async () => {
    const { approvalId, input } = await api.approval(await api.goal());
    const args = ['edit', approvalId, '--set', 'title=Weekly', 'guests[1]=c@example.com', '--yes'];
    expect((await run(args)).code).toBe(0);
    expect(api.temporal.decisions[0]).toMatchObject({
      verdict: 'edit',
      input: { ...input, title: 'Weekly', guests: ['bob@example.com', 'c@example.com'] },
    });
  });

  it('that were decided elsewhere, or changed meanwhile, say so in one line', async () => {
    const { approvalId } = await api.approval(await api.goal());
    api.temporal.nextOutcome = (decision) => ({
      ...applied(decision),
      outcome: 'refused',
      code: 'stale_digest',
      message: 'The content has changed.',
    });
    const { code, text } = await run(['approve', approvalId, '--yes']);
    expect(code).toBe(1);
    expect(text.trimEnd().split('\n').at(-1)).toMatch(/changed.*Look at the approval again/);
  });
});

describe('errors', () => {
  it('are one line that says what to do', async () => {
    const away = await run(['status'], { apiUrl: 'http://127.0.0.1:1' });
    expect(away.code).toBe(1);
    expect(away.text).toMatch(/^The api at \S+ does not answer.*npm start\n$/);
    const unknown = await run(['status', 'nonsense']);
    expect(unknown.text).toMatch(/^Not found: .*\n$/);
    const short = await run(['goal', 'x']);
    expect([short.code, short.text]).toEqual([
      1,
      'The input is not valid: Correct goal: say what you want done, in a sentence.\n',
    ]);
    expect((await run(['fly'])).code).toBe(1);
    expect((await run(['--help'])).code).toBe(0);
  });
});
