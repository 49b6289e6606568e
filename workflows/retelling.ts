/**
 * What a goal would publish, told by a replay of its history. A run that was ended from outside with
 * something unprocessed cannot be asked by query (query-guard.ts), so `npm run rebuild` replays it.
 */
import {
  type Next,
  proxySinks,
  type WorkflowInternalsInterceptor,
  workflowInfo,
} from '@temporalio/workflow';
import type { GoalPublication, RetellingSinks } from '#contracts/activities.ts';
import { retellingQueue } from '#contracts/names.ts';

type Internals = Required<WorkflowInternalsInterceptor>;

let publicationNow: (() => GoalPublication) | undefined;

/** Says how a replay finds what this workflow would publish. One per workflow. */
export function setPublication(now: () => GoalPublication): void {
  publicationNow = now;
}

/** Tells it after each activation, in a replay that was started for that. */
export function retelling(): WorkflowInternalsInterceptor {
  return {
    concludeActivation(input, next: Next<Internals, 'concludeActivation'>) {
      if (publicationNow !== undefined && workflowInfo().taskQueue.startsWith(retellingQueue)) {
        proxySinks<RetellingSinks>().retelling.told(publicationNow());
      }
      return next(input);
    },
  };
}
