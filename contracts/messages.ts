/** Signals and queries of goalWorkflow. Payloads are `unknown` where anyone could have sent them. */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Approval, DecisionOutcome } from './approval.ts';
import type { GoalView } from './goal.ts';
import type { JournalEvent } from './journal.ts';
import type { Json } from './json.ts';

/** A person's decision on an approval. Shape: schemas/approval.ts `decisionSignalSchema`. */
export const decideApprovalSignal = defineSignal<[Json]>('decideApproval');
/** Answers to clarifying questions: `{ answers: [{ questionId, answer }], actor }`. */
export const answerQuestionSignal = defineSignal<[Json]>('answerQuestion');

/** The full status of a goal. */
export const getGoalQuery = defineQuery<GoalView>('getGoal');
/** One approval by id, or null. */
export const getApprovalQuery = defineQuery<Approval | null, [string]>('getApproval');
/** What became of a decision, by its id; null while it is not yet admitted or refused. */
export const getDecisionQuery = defineQuery<DecisionOutcome | null, [string]>('getDecision');
/** What became of an answer signal, by its id; null while not yet handled. */
export const getAnswerQuery = defineQuery<{ applied: boolean; message: string } | null, [string]>(
  'getAnswer',
);
/** Journal events after a number. */
export const getJournalQuery = defineQuery<JournalEvent[], [number]>('getJournal');
