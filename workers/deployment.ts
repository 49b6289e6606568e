/** Worker Deployment Versioning: makes a release the one that gets new work. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';

/** A release of the workflow code. */
export type Release = { readonly deployment: string; readonly buildId: string };

const registeredWithinMs = 30_000;

/**
 * Makes a release current as soon as the server has seen a worker of it poll. Paused goals move to it
 * at their next signal; new goals start on it.
 * @throws the server's error when the release did not register within 30 s
 */
export async function makeCurrent(
  client: Client,
  namespace: string,
  { deployment, buildId }: Release,
): Promise<void> {
  const deadline = Date.now() + registeredWithinMs;
  for (;;) {
    try {
      await client.workflowService.setWorkerDeploymentCurrentVersion({
        namespace,
        deploymentName: deployment,
        buildId,
        identity: 'adjutant',
        ignoreMissingTaskQueues: true,
      });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}
