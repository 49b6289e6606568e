/** Workflows that are short and that a later run replaces: they end on the release they began on. */
import { setWorkflowOptions, workflowInfo } from '@temporalio/workflow';

/**
 * Pins a workflow to its release. A server refuses a versioning behaviour from a worker without a
 * release, as in tests (seen 2026-11-21).
 */
export function pinToRelease(workflow: Parameters<typeof setWorkflowOptions>[1]): void {
  setWorkflowOptions(() => {
    const release = workflowInfo().currentDeploymentVersion?.deploymentName ?? '';
    return release === '' ? {} : { versioningBehavior: 'PINNED' };
  }, workflow);
}
