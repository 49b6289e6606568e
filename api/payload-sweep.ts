/** Sweeps stored payloads from time to time, as long as the api runs. A failed sweep is only logged. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Pool } from 'pg';
import { limits } from '#contracts/limits.ts';
import type { Logger } from '#infra/logger.ts';
import { sweepPayloads } from '#infra/postgres/payload-sweep.ts';

/** What sweeping from time to time needs. */
export type PayloadSweepOptions = {
  readonly pool: Pool;
  readonly client: Client;
  readonly logger: Logger;
};

/** Sweeps now and then every `limits.payloadSweepMs`, one sweep at a time. Returns what stops it. */
export function startPayloadSweep({ pool, client, logger }: PayloadSweepOptions): () => void {
  let sweeping = false;
  const sweep = () => {
    if (sweeping) return;
    sweeping = true;
    const exists = (workflowId: string) => workflowExists(client, workflowId);
    sweepPayloads({ pool, exists, graceMs: limits.payloadGraceMs })
      .then(
        (count) => count > 0 && logger.info({ count }, 'deleted stored payloads'),
        (error: unknown) => logger.warn({ err: error }, 'stored payloads could not be swept'),
      )
      .finally(() => {
        sweeping = false;
      });
  };
  sweep();
  const timer = setInterval(sweep, limits.payloadSweepMs);
  return () => clearInterval(timer);
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
