/**
 * Keeps queries from carrying a workflow on. When a query reaches a worker that has to replay the
 * workflow for it, and something came since the last workflow task, SDK 1.24.0 lets the code go on with
 * that, in the time of the last workflow task, and keeps the result in its cache: what the workflow tells
 * then differs from what every replay tells (measured 2026-11-22: 4 of 40 workflows queried while a
 * worker starts).
 */
import type { Next, WorkflowInternalsInterceptor } from '@temporalio/workflow';

type Internals = Required<WorkflowInternalsInterceptor>;
type Activation = Parameters<Internals['activate']>[0]['activation'];

/**
 * Refuses such an activation. Its query fails, which may be asked again, the history stays as it is, and
 * the worker forgets the workflow: the next workflow task replays it.
 * @throws Error from `activate`
 */
export function queryGuard(): WorkflowInternalsInterceptor {
  let last = { length: 0, bytes: -1, ms: -1 };
  return {
    activate(input, next: Next<Internals, 'activate'>): void {
      const now = standingOf(input.activation);
      // A workflow task always comes with a later time and the size that the history has then.
      const isTask = now.ms > last.ms || now.bytes !== last.bytes;
      if (!isTask && now.length > last.length && !onlyAsks(input.activation)) {
        throw new Error('This query came between two workflow tasks. Ask again.');
      }
      last = now;
      next(input);
    },
  };
}

function standingOf({ historyLength, historySizeBytes, timestamp }: Activation): {
  length: number;
  bytes: number;
  ms: number;
} {
  const ms = Number(timestamp?.seconds ?? 0) * 1_000 + (timestamp?.nanos ?? 0) / 1e6;
  return { length: Number(historyLength ?? 0), bytes: Number(historySizeBytes ?? 0), ms };
}

function onlyAsks({ jobs }: Activation): boolean {
  return (jobs ?? []).every(({ queryWorkflow }) => queryWorkflow != null);
}
