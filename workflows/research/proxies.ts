/** Activity proxies of researchWorkflow: queues, timeouts and retries. Everything here only reads. */
import { type ActivityOptions, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ResearchActivities } from '#contracts/child-activities.ts';
import { siblingQueue } from '#contracts/names.ts';

/** As for goals: see workflows/proxies.ts. */
const heartbeatTimeout = '6 seconds';

/** One page is one of several: it is given up soon. The model and the search are worth waiting for. */
const options = {
  model: {
    startToCloseTimeout: '4 minutes',
    scheduleToCloseTimeout: '1 hour',
    heartbeatTimeout,
    retry: { initialInterval: '1 second', maximumInterval: '1 minute', maximumAttempts: 20 },
  },
  search: {
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '15 minutes',
    heartbeatTimeout,
    retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 8 },
  },
  page: {
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: '2 minutes',
    heartbeatTimeout,
    retry: { initialInterval: '500 milliseconds', maximumAttempts: 2 },
  },
} as const satisfies Record<string, ActivityOptions>;

/** The kinds of work research schedules. */
export type ResearchWork = keyof typeof options;

/** Options of one call with its line in the Web UI. */
export function optionsFor(work: ResearchWork, summary: string): ActivityOptions {
  return {
    ...options[work],
    taskQueue: siblingQueue(workflowInfo().taskQueue, work === 'model' ? 'model' : 'connectors'),
    summary: summary.slice(0, 190),
  };
}

/** Every research activity; each call brings its own options. */
export const researchActivities = () =>
  proxyActivities<ResearchActivities>(optionsFor('search', 'Research'));
