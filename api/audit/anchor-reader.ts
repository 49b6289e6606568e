/**
 * Reads the audit's anchors out of Temporal's histories: the receipts of effects as Temporal recorded
 * them. It asks no worker and believes nothing that is in Postgres, which is what the anchors are for.
 */
import { type Client, isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import type { AnchorHistory } from '#contracts/audit.ts';
import { isJsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import {
  type GoalId,
  goalIdOfWorkflow,
  goalWorkflowId,
  searchAttributes,
} from '#contracts/names.ts';
import { anchorsIn, type HistoryEvents, runBefore } from './anchors.ts';

/** Part of the histories of an owner's goals, and where to read on. */
export type AnchorPage = {
  readonly histories: readonly AnchorHistory[];
  readonly nextCursor: string | null;
};

/** Reads histories of the goals whose `GoalOwner` is this key. Throws what the Temporal client throws. */
export type AnchorReader = {
  /** A page of all runs that Temporal still has, newest first; null for a cursor that is none. */
  page(ownerKey: string, cursor: string | null, limit: number): Promise<AnchorPage | null>;
  /** All runs of one goal, newest first; none when it is unknown or somebody else's. */
  ofGoal(ownerKey: string, goalId: GoalId): Promise<readonly AnchorHistory[]>;
};

/** How many histories are read at the same time. */
const parallel = 5;
/** gRPC's code for what is not there. */
const notFound = 5;

/** Creates the reader on a Temporal client. `taskQueue` is the goals' queue of this installation. */
export function createAnchorReader(client: Client, taskQueue: string): AnchorReader {
  const { namespace, loadedDataConverter } = client.options;
  const within = <T>(work: () => Promise<T>) =>
    client.withDeadline(Date.now() + limits.temporalTimeoutMs, work);

  async function readRun({ goalId, runId }: Run): Promise<ReadRun | undefined> {
    try {
      const handle = client.workflow.getHandle(goalWorkflowId(goalId), runId);
      const events: HistoryEvents = (await within(() => handle.fetchHistory())).events ?? [];
      const history = { goalId, runId, ...(await anchorsIn(events, loadedDataConverter)) };
      return { history, before: runBefore(events) };
    } catch (error) {
      // Past its retention, which is no fault: later anchors stand for the entries of its effects.
      if (isGrpcServiceError(error) && error.code === notFound) return undefined;
      const problem = error instanceof Error ? error.message : String(error);
      const nothing = { anchors: [], openEffects: 0, endedFromOutside: false };
      return { history: { goalId, runId, ...nothing, problem }, before: undefined };
    }
  }

  return {
    async page(ownerKey, cursor, limit) {
      const nextPageToken = tokenOf(cursor);
      if (nextPageToken === null) return null;
      const answer = await within(() =>
        client.workflowService.listWorkflowExecutions({
          namespace,
          query: `TaskQueue = '${taskQueue}' and ${searchAttributes.goalOwner} = '${ownerKey}'`,
          pageSize: limit,
          nextPageToken,
        }),
      );
      const waiting = (answer.executions ?? []).flatMap(({ execution }): Run[] => {
        const goalId = goalIdOfWorkflow(execution?.workflowId ?? '');
        return goalId === undefined ? [] : [{ goalId, runId: execution?.runId ?? '' }];
      });
      const histories: AnchorHistory[] = [];
      while (waiting.length > 0) {
        const read = await Promise.all(waiting.splice(0, parallel).map(readRun));
        histories.push(...read.flatMap((run) => run?.history ?? []));
      }
      const token = Buffer.from(answer.nextPageToken ?? []).toString('base64url');
      return { histories, nextCursor: token === '' ? null : token };
    },
    async ofGoal(ownerKey, goalId) {
      const handle = client.workflow.getHandle(goalWorkflowId(goalId));
      const current = await within(() => handle.describe()).catch((error: unknown) => {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      });
      const [owner] = current?.searchAttributes[searchAttributes.goalOwner] ?? [];
      if (current === undefined || owner !== ownerKey) return [];
      const histories: AnchorHistory[] = [];
      let next: string | undefined = current.runId;
      while (next !== undefined) {
        const read: ReadRun | undefined = await readRun({ goalId, runId: next });
        histories.push(...(read === undefined ? [] : [read.history]));
        next = read?.before;
      }
      return histories;
    },
  };
}

/**
 * The page token in a cursor. Temporal's are JSON, and it takes anything else for a fault of its own,
 * tried again for 20 s (server 1.29.2, measured 2026-11-21).
 */
function tokenOf(cursor: string | null): Buffer | null {
  const token = Buffer.from(cursor ?? '', 'base64url');
  if (token.length === 0) return cursor === null ? token : null;
  try {
    return isJsonObject(JSON.parse(token.toString('utf8'))) ? token : null;
  } catch {
    return null;
  }
}

type Run = { readonly goalId: GoalId; readonly runId: string };
type ReadRun = { readonly history: AnchorHistory; readonly before: string | undefined };
