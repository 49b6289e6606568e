/**
 * Budgets: what a goal may use up, and what all goals of the person may on one day. An amount is
 * reserved before it is used and settled after; reaching a bound asks the person, in the same queue as
 * everything else. The day's amounts are in Postgres, where activities reserve them.
 */
import { patched } from '@temporalio/workflow';
import type { DayBudgetReached } from '#contracts/day-budget.ts';
import type { Budget } from '#contracts/goal.ts';
import { limits } from '#contracts/limits.ts';
import { askPerson, nextRevision } from './approval.ts';
import { bookkeep } from './bookkeeping.ts';
import type { Goal } from './goal.ts';
import { detailsOf, needsMoreToday } from './outcome.ts';
import { waitWhileHeld } from './waiting.ts';

type Kind = keyof Budget;

/** Thrown when the person does not allow more. `message` is for people. */
export class BudgetRefused extends Error {
  override readonly name = 'BudgetRefused';
}

const names: Readonly<Record<Kind, string>> = {
  modelTokens: 'model tokens',
  costMicroUsd: 'micro-dollars for the model',
  steps: 'steps',
  effects: 'effects',
};

function usedOf(goal: Goal, kind: Kind): number {
  const { inputTokens, outputTokens, costMicroUsd, steps, effects, modelCalls } = goal.usage;
  switch (kind) {
    case 'modelTokens':
      return inputTokens + outputTokens + goal.reservedTokens;
    case 'costMicroUsd':
      // The price of a call is known afterwards only: those under way count as the average so far.
      return (
        costMicroUsd + (modelCalls === 0 ? 0 : (costMicroUsd / modelCalls) * callsUnderWay(goal))
      );
    case 'steps':
      return steps;
    case 'effects':
      return effects;
  }
}

function callsUnderWay(goal: Goal): number {
  return goal.reservedTokens / limits.modelReserveTokens;
}

/** Counts one step or effect against its budget. @throws BudgetRefused, Parked */
export async function reserve(goal: Goal, kind: 'steps' | 'effects'): Promise<void> {
  // No wait between looking and counting: steps start side by side.
  while (!isAllowed(goal, kind, 1)) {
    await askForMore(goal, kind);
    if (goal.isHeld && patched('holds-what-waited')) await waitWhileHeld(goal);
  }
  goal.usage[kind] += 1;
}

/** Makes a model call inside both budgets. @throws BudgetRefused, Parked, and what the call throws */
export async function withModelBudget<Result>(
  goal: Goal,
  call: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    try {
      return await withGoalBudget(goal, call);
    } catch (error) {
      if (!needsMoreToday(error)) throw error;
      await askForMoreToday(goal, detailsOf(error) as DayBudgetReached);
    }
  }
}

async function withGoalBudget<Result>(goal: Goal, call: () => Promise<Result>): Promise<Result> {
  const tokens = limits.modelReserveTokens;
  for (;;) {
    const short = !isAllowed(goal, 'modelTokens', tokens)
      ? 'modelTokens'
      : !isAllowed(goal, 'costMicroUsd', 1)
        ? 'costMicroUsd'
        : null;
    if (short === null) break;
    await askForMore(goal, short);
  }
  goal.reservedTokens += tokens;
  try {
    return await call();
  } finally {
    goal.reservedTokens -= tokens;
  }
}

function isAllowed(goal: Goal, kind: Kind, amount: number): boolean {
  const bound = goal.budget[kind];
  if (bound === undefined) return true;
  const used = usedOf(goal, kind);
  // A first model call is let through even when what is reserved for it is more than the budget.
  const isFirst = used === 0 && (kind === 'modelTokens' || kind === 'costMicroUsd');
  return isFirst || used + amount <= bound;
}

/** Asks the person to allow more. @throws BudgetRefused, Parked */
async function askForMore(goal: Goal, kind: Kind): Promise<void> {
  const used = usedOf(goal, kind);
  const bound = goal.budget[kind] ?? 0;
  const stepId = `budget_${kind.toLowerCase()}`;
  const revision = nextRevision(goal, stepId);
  const more = goal.input.budget?.[kind] ?? bound;
  goal.journal.append('budget_reached', { kind, used, bound });
  const { approval } = await askPerson(goal, {
    kind: 'budget',
    stepId,
    revision,
    reasons: [`The goal has used ${used} of ${bound} ${names[kind]} and needs more.`],
    title: `Budget reached: ${bound} ${names[kind]}`,
    lines: [
      { label: 'Used', value: String(used) },
      { label: 'Approve', value: `Allow ${more} more.` },
      { label: 'Reject', value: 'What needs more is not done.' },
    ],
    about: { goalId: goal.input.goalId, kind, bound, revision, question: 'budget' },
  });
  if (approval.state !== 'approved') {
    throw new BudgetRefused(
      `The budget of ${bound} ${names[kind]} is used up, and more was not allowed.`,
    );
  }
  // Whoever waited for the same request finds the budget raised already.
  if (goal.budget[kind] !== bound) return;
  goal.budget[kind] = bound + more;
  goal.journal.append('budget_raised', { kind, bound: bound + more });
}

/**
 * Asks the person to allow more on one day, for all their goals. What is raised is what the card says:
 * an answer that comes on a later day raises the day that has passed, and the goal goes on within the
 * budget of its own. @throws BudgetRefused, Parked
 */
async function askForMoreToday(goal: Goal, reached: DayBudgetReached): Promise<void> {
  const { kind, day, used, bound, raised, more } = reached;
  const { owner, goalId, zone } = goal.input;
  const stepId = `budget_${day.replaceAll('-', '_')}_${kind.toLowerCase()}`;
  const revision = nextRevision(goal, stepId);
  goal.journal.append('budget_reached', { kind, used, bound, day });
  const { approval } = await askPerson(goal, {
    kind: 'budget',
    stepId,
    revision,
    reasons: [`Your goals have used ${used} of ${bound} ${names[kind]} on ${day} and need more.`],
    title: `Daily limit reached: ${bound} ${names[kind]}`,
    lines: [
      { label: 'Day', value: `${day} (${zone})` },
      { label: 'Used', value: `${used} by all your goals, with what calls under way may use` },
      { label: 'Approve', value: `Allow ${more} more on this day, for all your goals.` },
      {
        label: 'Later',
        value: 'Approved on another day, it goes on within the limit of that day.',
      },
      { label: 'Reject', value: 'What needs more is not done.' },
    ],
    input: { kind, day, raised, more },
    about: { goalId, ...reached, revision, question: 'day_budget' },
  });
  if (approval.state !== 'approved') {
    throw new BudgetRefused(
      `The daily limit of ${bound} ${names[kind]} is used up, and more was not allowed.`,
    );
  }
  const shown = approval.input as Pick<DayBudgetReached, 'kind' | 'day' | 'raised' | 'more'>;
  const isRaised = await bookkeep(goal, (books) => books.raiseDayBudget({ owner, ...shown }));
  // Whoever waited for the same request, or for that of another goal, finds the budget raised already.
  if (isRaised) goal.journal.append('budget_raised', { kind, day, bound: bound + more });
}
