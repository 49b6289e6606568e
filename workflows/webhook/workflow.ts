/**
 * Delivers one journal event to one endpoint, for days if need be. One activity does it: its retries
 * are the schedule, so that a delivery costs a handful of history events however often it is tried.
 */
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { WebhookActivities, WebhookOutcome, WebhookRequest } from '#contracts/webhooks.ts';
import { permanentFailures } from '#contracts/failures.ts';
import { siblingQueue } from '#contracts/names.ts';

/**
 * Carries one delivery out. It is auto-upgrading (the worker's default): a delivery may wait for
 * longer than the workers of its release live, and nothing happens between its two decisions.
 */
export async function webhookWorkflow(request: WebhookRequest): Promise<WebhookOutcome> {
  const { goalId, number, type } = request.event;
  const { deliverWebhook } = proxyActivities<WebhookActivities>({
    taskQueue: siblingQueue(workflowInfo().taskQueue, 'connectors'),
    startToCloseTimeout: '1 minute',
    summary: `${type}, event ${number} of ${goalId}`,
    // After an answer the activity says itself when to try again, and when to stop; these pauses are
    // for attempts that were lost with their worker.
    retry: {
      initialInterval: '5 seconds',
      backoffCoefficient: 4,
      maximumInterval: '1 hour',
      nonRetryableErrorTypes: [...permanentFailures],
    },
  });
  return deliverWebhook(request);
}
