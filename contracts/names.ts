/**
 * The names the parts know each other by: task queues, workflow types, ids, search attributes.
 * Ids are built and taken apart only here; nothing else may concatenate one.
 */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** Identifies a goal: 26 lower-case characters, sortable by time of creation. */
export type GoalId = Branded<'GoalId'>;
/** Identifies a step within one plan, as the planner named it: `[a-z][a-z0-9_]{0,31}`. */
export type StepId = Branded<'StepId'>;
/** Identifies one request for a decision: `<goalId>.<stepId>.<revision>`. */
export type ApprovalId = Branded<'ApprovalId'>;

/** The kinds of work that have a queue of their own. `goals` runs workflows and local activities. */
export const queueKinds = ['goals', 'model', 'connectors', 'effects'] as const;
export type QueueKind = (typeof queueKinds)[number];

/** The default prefix of every task queue. */
export const defaultQueuePrefix = 'adjutant';

/** Builds the name of a task queue, for example `adjutant-effects`. */
export function queueName(prefix: string, kind: QueueKind): string {
  return `${prefix}-${kind}`;
}

/** Derives a sibling queue's name from the goals queue a workflow runs on. */
export function siblingQueue(goalsQueue: string, kind: QueueKind): string {
  return queueName(goalsQueue.replace(/-goals$/, ''), kind);
}

/** Workflow types. Renaming one would strand every open execution, so they never change. */
export const workflowTypes = {
  goal: 'goalWorkflow',
  research: 'researchWorkflow',
  webhook: 'webhookWorkflow',
  triage: 'triageWorkflow',
  account: 'accountWorkflow',
} as const;

/** Search attributes registered with the namespace. They never hold personal text. */
export const searchAttributes = {
  goalState: 'GoalState',
  goalOwner: 'GoalOwner',
  goalKind: 'GoalKind',
  pendingApprovals: 'PendingApprovals',
  nextDeadline: 'NextDeadline',
} as const;

/** Reads text as a goal id, or returns undefined when it is not one. */
export function parseGoalId(text: string): GoalId | undefined {
  return /^[0-9a-z]{26}$/.test(text) ? (text as GoalId) : undefined;
}

/** Builds a goal's workflow id, `goal:<goalId>`. */
export function goalWorkflowId(goalId: GoalId): string {
  return `goal:${goalId}`;
}

/** Takes a goal's workflow id apart; undefined when it is of another kind. */
export function goalIdOfWorkflow(workflowId: string): GoalId | undefined {
  return workflowId.startsWith('goal:') ? parseGoalId(workflowId.slice(5)) : undefined;
}

/** Builds the workflow id of a research child, `research:<goalId>:<stepId>:<revision>`. */
export function researchWorkflowId(goalId: GoalId, stepId: StepId, revision: number): string {
  return `research:${goalId}:${stepId}:${revision}`;
}

/** Builds the workflow id of a triage child, `triage:<goalId>:<stepId>:<revision>`. */
export function triageWorkflowId(goalId: GoalId, stepId: StepId, revision: number): string {
  return `triage:${goalId}:${stepId}:${revision}`;
}

/**
 * The workflows whose histories may refer to what a workflow has stored: itself, and for a goal's
 * child the goal, which keeps the child's result or failure longer than the child exists.
 */
export function workflowsReferringTo(workflowId: string): readonly string[] {
  const goalId = parseGoalId(workflowId.split(':')[1] ?? '');
  return goalId === undefined ? [workflowId] : [goalWorkflowId(goalId), workflowId];
}

/** Builds the workflow id of one delivery, `webhook:<endpointId>:<goalId>:<number>`. */
export function webhookWorkflowId(endpointId: string, goalId: GoalId, number: number): string {
  return `webhook:${endpointId}:${goalId}:${number}`;
}

/** Builds the workflow id of one piece of work on accounts, `account:<task>:<id>`. */
export function accountWorkflowId(request: string, id: string): string {
  return `account:${request}:${id}`;
}

/** Builds the id receivers know a journal event by: the same on every attempt, at every endpoint. */
export function webhookMessageId(goalId: GoalId, number: number): string {
  return `evt_${goalId}_${number}`;
}

/** Builds an approval's id. `revision` counts how often the step's payload was prepared anew. */
export function approvalIdOf(goalId: GoalId, stepId: string, revision: number): ApprovalId {
  return `${goalId}.${stepId}.${revision}` as ApprovalId;
}

/** Takes an approval id apart; undefined when the text is not one. */
export function parseApprovalId(
  text: string,
): { goalId: GoalId; stepId: StepId; revision: number } | undefined {
  const match = /^([0-9a-z]{26})\.([a-z][a-z0-9_]{0,47})\.(\d{1,6})$/.exec(text);
  if (match === null) return undefined;
  const [, goalId, stepId, revision] = match;
  return { goalId: goalId as GoalId, stepId: stepId as StepId, revision: Number(revision) };
}

/** Builds the text an effect key is the HMAC of. No run id, clock or randomness, on purpose. */
export function effectKeyMaterial(
  workflowId: string,
  stepId: string,
  revision: number,
  purpose: 'do' | 'undo',
): string {
  return [workflowId, stepId, String(revision), purpose].join('\u0000');
}

/** Task queues of replays that tell what a goal would publish begin with this (workflows/retelling.ts). */
export const retellingQueue = 'retelling';
