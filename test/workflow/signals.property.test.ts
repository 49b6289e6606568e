/**
 * Every signal a goal takes, in random order: early, late, repeated, wrong, in bursts, with a new run
 * of the workflow in between. Whatever comes, each decision has one outcome, each effect happened as
 * often as the decisions say, and nothing waits or is lost in the end. The reference: signal-model.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failure } from '#activities/failures.ts';
import type { Approval, DecisionOutcome } from '#contracts/approval.ts';
import { type ControlOutcome, isTerminal } from '#contracts/goal.ts';
import { GoalBench, cameAmiss } from '../support/goals.ts';
import { holdsFor, propertyTimeoutMs } from '../support/properties.ts';
import { kept } from './signal-cases.ts';
import { Person } from './signal-person.ts';
import { planOf, type Play, plays, questionOf, replan, settingsOf } from './signal-plays.ts';
import { contradictionIn, timesDone } from './signal-model.ts';

let bench: GoalBench;
const running = new Map<string, Play>();
/** Goals whose account works again. */
const reconnected = new Set<string>();
beforeAll(async () => {
  bench = await GoalBench.start();
  bench.planner = ({ goal, answers, revision }) => {
    const play = running.get(goal)!;
    if (play.asks && answers.length === 0) return questionOf();
    return revision === null ? planOf(goal, play) : replan(goal, revision);
  };
  bench.reads['listEvents'] = () => ({ value: { events: [] }, trust: 'trusted', origins: [] });
  bench.provider.rule = ({ title, subject }) => {
    const [goal, , kind] = ((title ?? subject) as string).split(' ');
    if (kind === 'unknown') return { perform: 'drop_after_commit', blind: true };
    if (kind !== 'reconnect' || reconnected.has(goal!)) return {};
    const details = { provider: 'google' };
    return { refusePrepare: failure('ReconnectRequiredError', 'Connect again.', { details }) };
  };
});
afterAll(() => bench[Symbol.asyncDispose]());

let runsContinued = 0;

async function equalsTheModel(play: Play, name: string): Promise<void> {
  running.set(name, play);
  const goal = await bench.goal({ goal: name, ...settingsOf(play) });
  const person = new Person(goal, () => reconnected.add(name));
  for (const move of play.moves) {
    await sleep(move.gapMs);
    await person.make(move);
  }
  await person.finish();
  const { state } = await asked(() => goal.result());
  expect(isTerminal(state)).toBe(true);
  await person.sendLate();

  const approvals = await rowsOf(goal.input.goalId);
  const isCancelled = state === 'cancelled';
  expect(isCancelled && !person.hasCancelled, 'cancelled by nobody').toBe(false);
  await expectOneOutcomeEach(person, approvals, isCancelled);
  await expectEffectsAsDecided(person, approvals, isCancelled);
  await expectWholeJournal(person);
  if (!isCancelled) {
    const { steps, plan } = await asked(() => goal.view());
    const stopped = approvals.some(({ kind, state: s }) => kind === 'plan' && s === 'rejected');
    const flawless = steps.every(({ status }) => status === 'completed');
    // A plan that was refused may have been followed by one that was not.
    const ends = flawless && !stopped ? ['completed'] : ['completed_with_issues'];
    if (flawless && stopped) ends.push('completed');
    if (plan !== null) expect(ends).toContain(state);
  }
}

/** What a query answers; a busy machine may need to be asked again. */
async function asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      const isPassing = error instanceof ServiceError || cameAmiss(error);
      if (!isPassing || attempt === 5) throw error;
    }
  }
}

async function rowsOf(goalId: string): Promise<Approval[]> {
  const { rows } = await bench.database.pool.query<{ state: string; approval: Approval }>(
    'select state, approval from approvals where goal_id = $1 order by requested_at',
    [goalId],
  );
  for (const row of rows) expect(row.approval.state).toBe(row.state);
  return rows.map((row) => row.approval);
}

async function expectOneOutcomeEach(
  person: Person,
  approvals: readonly Approval[],
  isCancelled: boolean,
) {
  const { handle } = person.goal;
  const sent = await Promise.all(
    person.sent.map(async ({ decisionId, ...rest }) => {
      const outcome = await asked(() =>
        handle.query<DecisionOutcome | null, [string]>('getDecision', decisionId),
      );
      if (outcome === null) throw new Error(`decision ${decisionId} was lost`);
      return { ...rest, decisionId, outcome: outcome.code ?? 'applied' } as const;
    }),
  );
  for (const { approvalId, state } of approvals) {
    const ofThis = sent.filter((decision) => decision.approvalId === approvalId);
    const contradiction = contradictionIn(ofThis, state, isCancelled);
    if (contradiction !== null) throw new Error(`${approvalId}: ${contradiction}`);
  }
  for (const controlId of person.controls) {
    const told = await asked(() =>
      handle.query<ControlOutcome | null, [string]>('getControl', controlId),
    );
    if (told === null) throw new Error(`control ${controlId} was lost`);
  }
}

async function expectEffectsAsDecided(
  person: Person,
  approvals: readonly Approval[],
  isCancelled: boolean,
) {
  const { goal: name } = person.goal.input;
  const { steps } = await asked(() => person.goal.view());
  const ids = new Set([...steps.map(({ id }) => id), ...approvals.map(({ stepId }) => stepId)]);
  for (const id of ids) {
    const ofStep = (title: string) => title.startsWith(`${name} ${id} `);
    const done = bench.provider.order.filter(ofStep);
    const undone = bench.provider.undone.filter(ofStep);
    const last = approvals.findLast(({ stepId, kind }) => stepId === id && kind === 'action');
    expect(timesDone(last, isCancelled), `${id}: ${done.join()}`).toContain(done.length);
    if (last?.state === 'edited') for (const title of done) expect(title).toMatch(/edited$/);
    const isMail = last?.tool === 'sendEmail';
    const mustUndo = isCancelled && !isMail ? done.length : 0;
    // What nobody said the outcome of before the cancellation is left to the person.
    const outcome = steps.find((one) => one.id === id)?.effect?.outcome;
    expect(undone.length, `undone: ${id}`).toBe(outcome === 'unknown' ? 0 : mustUndo);
  }
}

/** No number is missing, and every decision that was taken in is in it once. */
async function expectWholeJournal(person: Person) {
  const { rows } = await bench.database.pool.query<{ number: number; type: string }>(
    'select number, type from journal_events where goal_id = $1 order by number',
    [person.goal.input.goalId],
  );
  expect(rows.map(({ number }) => number)).toEqual(rows.map((_, index) => index + 1));
  const count = (...types: string[]) => rows.filter(({ type }) => types.includes(type)).length;
  expect(count('decision_admitted', 'decision_refused')).toBe(person.decisionSignals);
  runsContinued += count('run_continued');
}

it(
  'random interleavings of all signals equal the reference model (seen: 11, 23)',
  async () => {
    await holdsFor('signals', plays, (play, index) => equalsTheModel(play, `g${index}`));
    console.log(`signals: the goals went on in a new run ${runsContinued} times`);
    expect(runsContinued).toBeGreaterThan(0);
  },
  propertyTimeoutMs,
);

it.each(Object.entries(kept))('%s', (name, play) =>
  equalsTheModel(play, `kept${Object.keys(kept).indexOf(name)}`),
);
