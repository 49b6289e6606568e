/** What one run of a goal hands to the next when it continues as new, and taking it up again. */
import type { GoalSnapshot, StepSnapshot } from '#contracts/workflows.ts';
import { type Goal, hasEnded, type Step } from './goal.ts';

/**
 * The state of a goal that only waits. Settled requests that no step goes back to are left out: the
 * read model has them, and admission looks there for what it does not find here.
 */
export function snapshotOf(goal: Goal): GoalSnapshot {
  const needed = new Set(
    goal.steps.flatMap(({ phase }) => [phase?.approvalId, phase?.editedUnder?.approvalId]),
  );
  const approvals = [...goal.approvals.values()].filter(
    ({ state, approvalId, kind }) =>
      state === 'pending' ||
      needed.has(approvalId) ||
      goal.unheard.has(approvalId) ||
      kind === 'intervention',
  );
  const carried = new Set<string>(approvals.map(({ approvalId }) => approvalId));
  return {
    runs: goal.runs + 1,
    createdAt: goal.createdAt,
    state: goal.state,
    phase: goal.phase,
    ending: goal.ending,
    paused: goal.paused,
    plan: goal.plan,
    planRevision: goal.planRevision,
    steps: goal.steps.map(snapshotOfStep),
    undoStack: goal.undoStack.map((step) => step.plan.id),
    approvals,
    edits: [...goal.edits].filter(([approvalId]) => carried.has(approvalId)),
    decisions: [...goal.decisions],
    answers: [...goal.answers],
    controls: [...goal.controls],
    answered: goal.answered,
    questions: goal.questions,
    questionsExpireAtMs: goal.questionsExpireAtMs,
    instructions: goal.instructions,
    questionRounds: goal.questionRounds,
    revising: goal.revising,
    usage: goal.usage,
    budget: goal.budget,
    failure: goal.failure,
    journal: {
      count: goal.journal.count,
      lastAt: goal.journal.lastAt,
      unpublished: goal.journal.unpublished,
    },
    signalsReceived: goal.signalsReceived,
    flushedAttributes: goal.flushedAttributes,
    unheard: [...goal.unheard],
    waits: [...goal.waits],
  };
}

function snapshotOfStep(step: Step): StepSnapshot {
  return hasEnded(step) ? { ...step, phase: null } : { ...step };
}

/** Puts a goal where the run before left it. */
export function restore(goal: Goal, from: GoalSnapshot): void {
  goal.runs = from.runs;
  goal.createdAt = from.createdAt;
  goal.state = from.state;
  goal.phase = from.phase;
  goal.ending = from.ending;
  goal.paused = from.paused;
  goal.plan = from.plan;
  goal.planRevision = from.planRevision;
  goal.steps = from.steps.map((step) => ({ ...step }));
  for (const id of from.undoStack) {
    const step = goal.steps.find(({ plan }) => plan.id === id);
    if (step !== undefined) goal.undoStack.push(step);
  }
  for (const approval of from.approvals) goal.approvals.set(approval.approvalId, approval);
  for (const [id, input] of from.edits) goal.edits.set(id, input);
  for (const [id, outcome] of from.decisions) goal.decisions.set(id, outcome);
  for (const [id, answer] of from.answers) goal.answers.set(id, answer);
  for (const [id, outcome] of from.controls) goal.controls.set(id, outcome);
  goal.answered.push(...from.answered);
  goal.questions = [...from.questions];
  goal.questionsExpireAtMs = from.questionsExpireAtMs;
  goal.instructions = [...from.instructions];
  goal.questionRounds = from.questionRounds ?? 0;
  goal.revising = from.revising ?? null;
  goal.usage = { ...from.usage };
  goal.failure = from.failure;
  goal.signalsReceived = from.signalsReceived;
  goal.flushedAttributes = from.flushedAttributes;
  for (const id of from.unheard ?? []) goal.unheard.add(id);
  for (const [id, wait] of from.waits ?? []) goal.waits.set(id, wait);
}
