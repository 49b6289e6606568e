/** Everything a goal can wait for: how it comes to wait, and the word that ends it. */
import { expect } from 'vitest';
import { failure } from '#activities/failures.ts';
import type { Approval } from '#contracts/approval.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { type GoalState, isTerminal } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import { defaultTimers } from '#contracts/limits.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import { owner } from '../support/effects.ts';
import { type GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';

/** Somebody who may decide what is handed to them, and give a second approval. */
export const bob = 'bob@office.example.com';
const mail = (subject: string) => ({ to: [bob], subject, body: 'Hello' });
const own = { title: 'own', start: '2026-12-01T10:00', durationMinutes: 30, guests: [] };
/** No delay that nothing is said about. */
export const immediately = { ...defaultTimers, sendDelayMs: 0, reconcileForMs: 50 };

/** The step that waits. */
const waiting = step('wait', 'sendEmail', mail('wait'));

const more = step('more', 'listEvents', { window: 'tomorrow' });

/**
 * A plan that waits, with a step that can keep a run from ending and one that keeps the goal from it.
 */
export function waitingPlan(...others: ReturnType<typeof step>[]) {
  const hold = step('hold', 'listEvents', { window: 'today' });
  return plan(hold, waiting, step('last', 'createEvent', { ...own, guests: [bob] }), ...others);
}

async function requestOf(goal: RunningGoal, stepId: string): Promise<Approval> {
  const isIt = (approval: Approval) => approval.stepId === stepId;
  const view = await goal.until(({ pendingApprovals }) => pendingApprovals.some(isIt));
  return view.pendingApprovals.find(isIt)!;
}

async function approve(goal: RunningGoal, stepId: string, fields: JsonObject = {}): Promise<void> {
  const decision = { verdict: 'approve', ...fields };
  const outcome = await goal.decide(await requestOf(goal, stepId), decision);
  expect(outcome).toMatchObject({ outcome: 'applied' });
}

const isAt = (goal: RunningGoal, status: string) =>
  goal.until(({ steps }) => steps.some((one) => one.id === 'wait' && one.status === status));

/** Says yes to whatever else is asked. */
export async function finish(goal: RunningGoal): Promise<GoalState> {
  for (;;) {
    const isDecided = goal.until(
      ({ state, pendingApprovals }) => isTerminal(state) || pendingApprovals.length > 0,
    );
    const { state, pendingApprovals } = await isDecided;
    if (isTerminal(state)) return state;
    for (const approval of pendingApprovals) await goal.decide(approval);
  }
}

const question = { questions: [{ id: 'who', question: 'Who?', choices: [] }] };

async function isAsking(goal: RunningGoal): Promise<null> {
  await goal.until(({ state }) => state === 'awaiting_answer');
  return null;
}

async function answer({ handle }: RunningGoal, answerId: string): Promise<unknown> {
  const answers = [{ questionId: 'who', answer: bob }];
  await handle.signal('answerQuestion', { answerId, answers });
  return handle.query('getAnswer', answerId);
}

/** Why a call is refused for 8 s. */
function away(): Error {
  const retryAt = new Date(Date.now() + 8_000).toISOString();
  const details = { provider: 'google', account: owner, since: retryAt, retryAt };
  return failure('ProviderWaitError', 'Google is away.', { details });
}

/** The account of the step that waits must be connected again. */
function revoke({ provider }: GoalBench): object {
  const details = { provider: 'google' };
  const revoked = () => failure('ReconnectRequiredError', 'Connect it again.', { details });
  provider.rule = ({ subject }) => (subject === 'wait' ? { refusePrepare: revoked() } : {});
  return {};
}

/** What a goal is started with that undoes one which has done these steps. */
async function undoing(bench: GoalBench, ...steps: ReturnType<typeof step>[]) {
  bench.planner = () => plan(...steps);
  const policy = { ...defaultPolicy, approveFromTier: 3 } as const;
  const goal = await bench.goal({ policy, timers: immediately });
  await finish(goal);
  const of = goal.input.goalId;
  return { aftercare: { kind: 'undo', of, stepIds: null, actor: owner } } as const;
}

/** A way of waiting, the word that ends it, and what must have come of it. */
export type Wait = {
  readonly input?: (
    bench: GoalBench,
  ) => Partial<GoalWorkflowInput> | Promise<Partial<GoalWorkflowInput>>;
  /** Brings the goal to where it waits; gives what the word is about. */
  readonly reach: (goal: RunningGoal) => Promise<Approval | null>;
  /** Says the word under this id, and what is told about it. Absent: it goes on by itself. */
  readonly say?: (goal: RunningGoal, id: string, about: Approval | null) => Promise<unknown>;
  /** Nothing runs beside it, so that a run ends as soon as it may. */
  readonly alone?: true;
  /** Nothing but the person ends it. */
  readonly isTimeless?: true;
  /** The word is no decision. */
  readonly isControl?: true;
  readonly sent?: number;
  readonly ends?: GoalState;
};

const decide: Wait['say'] = (goal, decisionId, about) =>
  goal.decide(about!, { decisionId, verdict: 'approve' });

const decideAsBob: Wait['say'] = (goal, decisionId, about) =>
  goal.decide(about!, { decisionId, verdict: 'approve', actor: bob });

/** By what is waited for. */
export const waits: Readonly<Record<string, Wait>> = {
  'the approval of a step': { reach: (goal) => requestOf(goal, 'wait'), say: decide },
  'the approval of its plan': {
    input: () => ({ policy: { ...defaultPolicy, planApproval: true } }),
    reach: (goal) => requestOf(goal, 'plan'),
    say: decide,
    alone: true,
  },
  'an answer': {
    input: (bench) => {
      bench.planner = ({ answers }) => (answers.length === 0 ? question : waitingPlan());
      return {};
    },
    reach: isAsking,
    say: answer,
    alone: true,
  },
  'an account to be connected again': {
    input: revoke,
    reach: (goal) => requestOf(goal, 'wait_reconnect'),
    say: (goal, id, about) => {
      goal.bench.provider.rule = () => ({});
      return decide(goal, id, about);
    },
  },
  'an account that is not to be connected': {
    input: revoke,
    reach: (goal) => requestOf(goal, 'wait_reconnect'),
    say: (goal, decisionId, about) => {
      // It works again by then. The person has said no all the same.
      goal.bench.provider.rule = () => ({});
      return goal.decide(about!, { decisionId, verdict: 'reject' });
    },
    sent: 0,
    ends: 'completed_with_issues',
  },
  'more budget': {
    input: () => ({ budget: { steps: 2 } }),
    reach: (goal) => requestOf(goal, 'budget_steps'),
    say: decide,
  },
  'its mail to be due': {
    input: () => ({ timers: { ...immediately, sendDelayMs: 60_000 } }),
    reach: async (goal) => {
      const asked = await requestOf(goal, 'wait');
      await approve(goal, 'wait');
      await isAt(goal, 'delayed');
      return { ...asked, state: 'approved' };
    },
    say: (goal, controlId, about) =>
      goal.control('stopEffect', { controlId, approvalId: about!.approvalId }),
    isControl: true,
    sent: 0,
    ends: 'completed_with_issues',
  },
  'a provider that is away': {
    reach: async (goal) => {
      const { provider } = goal.bench;
      provider.refusal = away();
      await approve(goal, 'wait');
      await isAt(goal, 'waiting_on_provider');
      provider.refusal = null;
      return null;
    },
  },
  'being resumed': {
    reach: async (goal) => {
      const asked = await requestOf(goal, 'wait');
      await goal.control('pauseGoal');
      await goal.decide(asked);
      await isAt(goal, 'delayed');
      return null;
    },
    say: (goal, controlId) => goal.control('resumeGoal', { controlId }),
    isTimeless: true,
  },
  'the one it was handed to': {
    reach: async (goal) => {
      await approve(goal, 'wait', { verdict: 'delegate', to: bob, decisionId: 'handed' });
      return requestOf(goal, 'wait');
    },
    say: decideAsBob,
  },
  'a second person': {
    input: () => ({
      policy: { ...defaultPolicy, secondPerson: true, raiseTiers: { sendEmail: 4 } },
    }),
    reach: async (goal) => {
      await approve(goal, 'wait', { decisionId: 'first' });
      return requestOf(goal, 'wait');
    },
    say: decideAsBob,
  },
  'word of what became of an effect': {
    input: (bench) => {
      bench.provider.rule = ({ subject }) =>
        subject === 'wait' ? { perform: 'drop_after_commit', blind: true } : {};
      return {};
    },
    reach: async (goal) => {
      await approve(goal, 'wait');
      return requestOf(goal, 'wait_outcome');
    },
    say: decide,
  },
  'the approval of a revised plan': {
    input: (bench) => {
      bench.planner = ({ revision }) => (revision === null ? waitingPlan() : waitingPlan(more));
      return { policy: { ...defaultPolicy, planApproval: true } };
    },
    reach: async (goal) => {
      await approve(goal, 'plan');
      await requestOf(goal, 'wait');
      await goal.control('steerGoal', { instruction: 'Look at tomorrow too.' });
      return requestOf(goal, 'plan');
    },
    say: decide,
  },
  'an answer about a revised plan': {
    input: (bench) => {
      bench.planner = ({ revision, answers }) => {
        if (revision === null) return waitingPlan();
        return answers.length === 0 ? question : waitingPlan(more);
      };
      return {};
    },
    reach: async (goal) => {
      await requestOf(goal, 'wait');
      await goal.control('steerGoal', { instruction: 'Look at another day too.' });
      return isAsking(goal);
    },
    say: answer,
  },
  'its planner, to revise the plan after a rejection': {
    input: (bench) => {
      let refusals = 1;
      bench.planner = ({ revision }) => {
        if (revision === null) return plan(waiting);
        if (refusals-- > 0) throw away();
        return plan({ ...waiting, id: 'again' });
      };
      return {};
    },
    reach: async (goal) => {
      await approve(goal, 'wait', { verdict: 'reject', comment: 'Say it again.' });
      await goal.until(({ state }) => state === 'waiting_on_provider');
      return null;
    },
    alone: true,
  },
  'the approval of a correction, undoing a finished goal': {
    input: (bench) =>
      undoing(
        bench,
        step('a', 'sendEmail', mail('A')),
        step('b', 'sendEmail', mail('B'), { dependsOn: ['a'] }),
      ),
    reach: (goal) => requestOf(goal, 'correct_b'),
    say: decide,
    alone: true,
    ends: 'completed_with_issues',
  },
  'what cannot be undone to be dealt with': {
    input: (bench) => {
      bench.provider.failUndo = failure('ConflictError', 'It was changed since.');
      const after = { dependsOn: ['a'] };
      return undoing(bench, step('a', 'createEvent', own), step('b', 'createEvent', own, after));
    },
    reach: (goal) => requestOf(goal, 'b_undo'),
    say: decide,
    alone: true,
    ends: 'completed_with_issues',
  },
};
