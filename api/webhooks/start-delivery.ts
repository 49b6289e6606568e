/** Starts the workflow that delivers one event. The id makes a second start of it harmless. */
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import type { WebhookRequest } from '#contracts/webhooks.ts';
import { limits } from '#contracts/limits.ts';
import { queueName, webhookWorkflowId, workflowTypes } from '#contracts/names.ts';
import type { WebhookWorkflow } from '#contracts/workflows.ts';

/** Starts a delivery, or leaves the one there is alone. */
export type StartDelivery = (request: WebhookRequest) => Promise<void>;

/** A StartDelivery on a Temporal connection. */
export function createDeliveryStarter(client: Client, queuePrefix: string): StartDelivery {
  return async (request) => {
    const { endpointId, event } = request;
    try {
      await client.withDeadline(Date.now() + limits.temporalTimeoutMs, () =>
        client.workflow.start<WebhookWorkflow>(workflowTypes.webhook, {
          args: [request],
          workflowId: webhookWorkflowId(endpointId, event.goalId, event.number),
          taskQueue: queueName(queuePrefix, 'goals'),
          workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
          workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
          staticSummary: `${event.type} to ${endpointId}`,
        }),
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  };
}
