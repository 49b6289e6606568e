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

/** The end of the last local activity's turn; null where they do not take turns. */
let lastTurn: Promise<unknown> | null = null;

/**
 * Makes the local activities of this workflow run one at a time. Of several at once the first run sees
 * the results in the order they come, and a replay in the order they were asked for: whoever acts on
 * them would act in another order after a restart, and the workflow would be stuck.
 * @see https://github.com/temporalio/sdk-python/issues/1578
 */
export function takeTurns(): void {
  lastTurn = Promise.resolve();
}

/** Short bookkeeping in Postgres, run inside the workflow task. */
export function localActivities(): GoalLocalActivities {
  const activities = proxyLocalActivities<GoalLocalActivities>({
    startToCloseTimeout: '5 seconds',
    retry: {
      initialInterval: '100 milliseconds',
      maximumInterval: '10 seconds',
      nonRetryableErrorTypes: [...permanentFailures],
    },
  });
  return new Proxy(activities, {
    get: (calls, name: keyof GoalLocalActivities) => {
      const call = calls[name] as (request: unknown) => Promise<unknown>;
      if (lastTurn === null) return call;
      return (request: unknown) => {
        const turn = (lastTurn ?? Promise.resolve()).then(() => call(request));
        lastTurn = turn.catch(() => undefined);
        return turn;
      };
    },
  });
}
