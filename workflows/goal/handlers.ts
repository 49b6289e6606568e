/**
 * Signals and queries of a goal. Decisions and changes of the plan are taken one at a time, in the
 * order they came, so that two of them can never both find the same thing pending.
 */
import { setHandler } from '@temporalio/workflow';
import { isJsonObject } from '#contracts/json.ts';
import {
  accountReconnectedSignal,
  amendPlanSignal,
  answerQuestionSignal,
  decideApprovalSignal,
  getAnswerQuery,
  getApprovalQuery,
  getControlQuery,
  getDecisionQuery,
  getGoalQuery,
  getJournalQuery,
  getPublicationQuery,
  pauseGoalSignal,
  resumeGoalSignal,
  steerGoalSignal,
  stopEffectSignal,
} from '#contracts/messages.ts';
import { setPublication } from '../retelling.ts';
import { takeAmendment, takePause, takeResume, takeSteering, takeStop } from './controls.ts';
import { takeDecision } from './decisions.ts';
import type { Goal } from './goal.ts';
import { reportReconnected } from './provider.ts';
import { takeAnswers } from './questions.ts';

/** Registers every handler of a goal. */
export function handleMessages(goal: Goal): void {
  handleDecisions(goal);
  handleControls(goal);
  setHandler(getGoalQuery, () => goal.view(), { description: 'The full status of the goal' });
  setHandler(getApprovalQuery, (id) => goal.approvals.get(id) ?? null);
  setHandler(getDecisionQuery, (id) => goal.decisions.get(id) ?? null);
  setHandler(getAnswerQuery, (id) => goal.answers.get(id) ?? null);
  setHandler(getControlQuery, (id) => goal.controls.get(id) ?? null);
  setHandler(getJournalQuery, (after) =>
    goal.journal.events.filter((event) => event.number > (Number(after) || 0)),
  );
  const publication = () => ({
    goal: goal.view(),
    approvals: [...goal.approvals.values()],
    events: goal.journal.events,
    journalNumber: goal.journal.count,
  });
  setHandler(getPublicationQuery, publication);
  setPublication(publication);
}

function handleDecisions(goal: Goal): void {
  let decisions: Promise<void> = Promise.resolve();
  setHandler(
    decideApprovalSignal,
    (message) => {
      goal.signalsReceived += 1;
      const fallbackId = `unsigned-${goal.signalsReceived}`;
      const take = () => takeDecision(goal, message, fallbackId);
      // In the order of bookkeeping, so that a deadline or a plan that came later stands behind it.
      if (goal.isPrompt) return take();
      decisions = decisions.then(take);
      return decisions;
    },
    { description: 'Decide on an approval: { approvalId, digest, verdict, comment? }' },
  );
  setHandler(answerQuestionSignal, (message) => takeAnswers(goal, message), {
    description: 'Answer clarifying questions: { answers: [{ questionId, answer }] }',
  });
}

function handleControls(goal: Goal): void {
  let amendments: Promise<void> = Promise.resolve();
  setHandler(pauseGoalSignal, (message) => takePause(goal, message), {
    description: 'Let nothing new start until resumeGoal: { actor }',
  });
  setHandler(resumeGoalSignal, (message) => takeResume(goal, message), {
    description: 'Go on after pauseGoal: { actor }',
  });
  setHandler(steerGoalSignal, (message) => takeSteering(goal, message), {
    description: 'Give a further instruction: { actor, instruction }',
  });
  setHandler(
    amendPlanSignal,
    (message) => {
      amendments = amendments.then(() => takeAmendment(goal, message));
      return amendments;
    },
    { description: 'Replace the plan: { actor, expectedRevision, plan }' },
  );
  setHandler(stopEffectSignal, (message) => takeStop(goal, message), {
    description: 'Stop an approved mail before it leaves: { actor, approvalId }',
  });
  setHandler(accountReconnectedSignal, (message) => {
    if (isJsonObject(message)) reportReconnected(goal, message);
  });
}
