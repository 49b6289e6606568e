/** Signals and queries of goalWorkflow. Payloads are `unknown` where anyone could have sent them. */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { GoalPublication } from './activities.ts';
import type { Approval, DecisionOutcome } from './approval.ts';
import type { ControlOutcome, GoalView } from './goal.ts';
import type { JournalEvent } from './journal.ts';
import type { Json } from './json.ts';

/** A person's decision on an approval. Shape: schemas/approval.ts `decisionSignalSchema`. */
export const decideApprovalSignal = defineSignal<[Json]>('decideApproval');
/** Answers to clarifying questions: `{ answers: [{ questionId, answer }], actor }`. */
export const answerQuestionSignal = defineSignal<[Json]>('answerQuestion');

/** Lets nothing new start until `resumeGoal`: `{ controlId, actor }`. */
export const pauseGoalSignal = defineSignal<[Json]>('pauseGoal');
/** Goes on after `pauseGoal`: `{ controlId, actor }`. */
export const resumeGoalSignal = defineSignal<[Json]>('resumeGoal');
/** A further instruction, which leads to a revised plan: `{ controlId, actor, instruction }`. */
export const steerGoalSignal = defineSignal<[Json]>('steerGoal');
/** A plan written by a person: `{ controlId, actor, expectedRevision, plan }`. */
export const amendPlanSignal = defineSignal<[Json]>('amendPlan');
/** Stops an approved mail before it leaves: `{ controlId, actor, approvalId }`. */
export const stopEffectSignal = defineSignal<[Json]>('stopEffect');
/**
 * An account works again, named as the request names it: `{ provider, account }`. Steps that wait for it
 * try again at once.
 */
export const accountReconnectedSignal = defineSignal<[Json]>('accountReconnected');

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
/** What became of a control signal (pause, resume, steer, amend, stop), by its `controlId`. */
export const getControlQuery = defineQuery<ControlOutcome | null, [string]>('getControl');
/** Everything this run of the workflow publishes: what read models are rebuilt from. */
export const getPublicationQuery = defineQuery<GoalPublication>('getPublication');
/** Journal events of this run after a number. */
export const getJournalQuery = defineQuery<JournalEvent[], [number]>('getJournal');
