/** Sweeps stored payloads from time to time, as long as the api runs. A failed sweep is only logged. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Pool } from 'pg';
import { limits } from '#contracts/limits.ts';
import type { Logger } from '#infra/logger.ts';
import { sweepPayloads } from '#infra/postgres/payload-sweep.ts';
import { startChore } from './chore.ts';

/** What sweeping from time to time needs. */
export type PayloadSweepOptions = {
  readonly pool: Pool;
  readonly client: Client;
  readonly logger: Logger;
};

/** Sweeps now and then every `limits.payloadSweepMs`, one sweep at a time. Returns what stops it. */
export function startPayloadSweep({ pool, client, logger }: PayloadSweepOptions): () => void {
  const exists = (workflowId: string) => workflowExists(client, workflowId);
  const { now, stop } = startChore({
    everyMs: limits.payloadSweepMs,
    work: () => sweepPayloads({ pool, exists, graceMs: limits.payloadGraceMs }),
    done: 'deleted stored payloads',
    failed: 'stored payloads could not be swept',
    logger,
  });
  now();
  return stop;
}

/** Whether Temporal has a workflow of this id, open or closed. @throws when it does not answer */
export async function workflowExists(client: Client, workflowId: string): Promise<boolean> {
  try {
    await client.withDeadline(Date.now() + limits.temporalTimeoutMs, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    return true;
  } catch (error) {
    // Only this error says so: a namespace that is not there is no reason to delete.
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
