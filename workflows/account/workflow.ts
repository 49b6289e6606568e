/**
 * One piece of work on connected accounts, for the api, which has no keys to tokens. It holds ids and
 * addresses only: what is secret stays in Postgres.
 */
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { AccountActivities, AccountRequest, AccountOutcome } from '#contracts/accounts.ts';
import { siblingQueue } from '#contracts/names.ts';

/** Does the work, and says no more than whose account it was and what is left to do. */
export async function accountWorkflow(asked: AccountRequest): Promise<AccountOutcome> {
  const activities = proxyActivities<AccountActivities>({
    taskQueue: siblingQueue(workflowInfo().taskQueue, 'connectors'),
    startToCloseTimeout: '15 seconds',
    // Somebody looks at a page meanwhile; they can ask again.
    scheduleToCloseTimeout: '20 seconds',
    retry: { initialInterval: '500 milliseconds', maximumAttempts: 3 },
  });
  switch (asked.request) {
    case 'prepareSignIn':
      return activities.prepareSignIn({ signInId: asked.signInId });
    case 'completeSignIn':
      return activities.completeSignIn({ signInId: asked.signInId });
    case 'disconnectAccount':
      return activities.disconnectAccount({ owner: asked.owner, account: asked.account });
    default:
      throw new TypeError(`There is no such work: ${asked satisfies never as string}`);
  }
}
