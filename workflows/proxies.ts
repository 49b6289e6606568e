/**
 * Every activity proxy of goalWorkflow: one table of queues, timeouts, retries and heartbeats.
 * Effects are the strict ones: a retry goes through the ledger, which looks before it acts.
 */
import {
  ActivityCancellationType,
  type ActivityOptions,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  EffectActivities,
  GoalLocalActivities,
  PlannerActivities,
  PrepareActivities,
  ReadActivities,
} from '#contracts/activities.ts';
import { permanentFailures } from '#contracts/failures.ts';
import { type QueueKind, siblingQueue } from '#contracts/names.ts';

/**
 * Every worker beats for its activities each 1.5 s (workers/heartbeat-interceptor.ts). One that says
 * nothing four times is taken for dead: soon enough to go on within 15 s of a kill, late enough for a
 * busy machine.
 */
const heartbeatTimeout = '6 seconds';

/**
 * Timeouts and retries by kind of work. What must not be retried says so itself (activities/failures.ts):
 * a list of types would add 290 bytes to the history for every activity.
 */
const options = {
  model: {
    startToCloseTimeout: '4 minutes',
    scheduleToCloseTimeout: '1 hour',
    heartbeatTimeout,
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
  },
  connectors: {
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '1 hour',
    heartbeatTimeout,
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
  },
  effects: {
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '1 day',
    heartbeatTimeout,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
  },
} as const satisfies Record<Exclude<QueueKind, 'goals'>, ActivityOptions>;

function activitiesOn<Activities>(kind: Exclude<QueueKind, 'goals'>) {
  return proxyActivities<Activities>({
    ...options[kind],
    taskQueue: siblingQueue(workflowInfo().taskQueue, kind),
  });
}

/** The planner and the language tools. */
export const modelActivities = () => activitiesOn<PlannerActivities & ReadActivities>('model');
/** Read tools, and preparing effects. */
export const connectorActivities = () =>
  activitiesOn<ReadActivities & PrepareActivities>('connectors');
/** The only activities that change something outside. */
export const effectActivities = () => activitiesOn<EffectActivities>('effects');

/** Options that one call of an activity adds: its line in the Web UI. */
export function withSummary(kind: Exclude<QueueKind, 'goals'>, summary: string): ActivityOptions {
  return {
    ...options[kind],
    taskQueue: siblingQueue(workflowInfo().taskQueue, kind),
    summary,
  };
}

/** Bookkeeping that gives up soon, so that it ends inside its workflow task. See bookkeeping.ts. */
export const briefLocalActivities = () =>
  proxyLocalActivities<GoalLocalActivities>({
    startToCloseTimeout: '2 seconds',
    scheduleToCloseTimeout: '2 seconds',
    retry: {
      initialInterval: '50 milliseconds',
      nonRetryableErrorTypes: [...permanentFailures],
    },
  });

/** Bookkeeping of goals of protocol 1, run inside the workflow task. */
export const localActivities = () =>
  proxyLocalActivities<GoalLocalActivities>({
    startToCloseTimeout: '5 seconds',
    retry: {
      initialInterval: '100 milliseconds',
      maximumInterval: '10 seconds',
      nonRetryableErrorTypes: [...permanentFailures],
    },
  });
