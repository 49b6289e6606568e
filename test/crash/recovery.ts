/**
 * Measures how long goals stand still after a kill: from the moment the killed part is ready again
 * until each goal that had work to do has moved. Reads Temporal only.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { type GoalId, goalWorkflowId } from '#contracts/names.ts';

/** Where a goal stands: its run and the number of its events. */
type Standing = {
  readonly runId: string;
  readonly events: number;
  readonly isOpen: boolean;
  /** True when somebody owes it work: a workflow task or an activity. */
  readonly hasWork: boolean;
  readonly waitsFor: string;
};

export type Recovery = {
  /** How many goals had work to do. */
  readonly owed: number;
  /** How long the slowest of them took; milliseconds. */
  readonly slowestMs: number;
  /** Goals that had not moved when the time was over, with what they waited for. */
  readonly stuck: ReadonlyMap<string, string>;
};

const pollMs = 100;

/** Waits until every goal that has work to do has moved, at most `limitMs` after `since`. */
export async function measureRecovery(
  client: Client,
  goalIds: readonly string[],
  since: number,
  limitMs: number,
): Promise<Recovery> {
  const before = new Map<string, Standing>();
  await Promise.all(
    goalIds.map(async (goalId) => {
      const standing = await untilAnswered(() => standingOf(client, goalId), since + limitMs);
      if (standing?.hasWork === true) before.set(goalId, standing);
    }),
  );
  const owed = before.size;
  let slowestMs = 0;
  const last = new Map<string, Standing>();
  while (before.size > 0 && Date.now() < since + limitMs) {
    await sleep(pollMs);
    for (const [goalId, then] of before) {
      const now = await standingOf(client, goalId).catch(() => undefined);
      if (now === undefined) continue;
      last.set(goalId, now);
      const moved = now.runId !== then.runId || now.events > then.events || !now.isOpen;
      if (!moved && now.hasWork) continue;
      before.delete(goalId);
      slowestMs = Math.max(slowestMs, Date.now() - since);
    }
  }
  if (before.size > 0) slowestMs = Date.now() - since;
  const stuck = new Map(
    [...before].map(([goalId, then]) => [goalId, (last.get(goalId) ?? then).waitsFor]),
  );
  return { owed, slowestMs, stuck };
}

async function untilAnswered<T>(ask: () => Promise<T>, deadline: number): Promise<T | undefined> {
  for (;;) {
    try {
      return await ask();
    } catch {
      if (Date.now() > deadline) return undefined;
      await sleep(pollMs);
    }
  }
}

async function standingOf(client: Client, goalId: string): Promise<Standing | undefined> {
  const handle = client.workflow.getHandle(goalWorkflowId(goalId as GoalId));
  try {
    const found = await client.withDeadline(Date.now() + 2_000, () => handle.describe());
    const { pendingActivities, pendingWorkflowTask } = found.raw;
    const activities = (pendingActivities ?? []).map(
      ({ activityType, attempt }) => `${activityType?.name} attempt ${attempt}`,
    );
    const waitsFor = [...activities, ...(pendingWorkflowTask == null ? [] : ['a workflow task'])];
    return {
      runId: found.runId,
      events: found.historyLength,
      isOpen: found.status.name === 'RUNNING',
      hasWork: waitsFor.length > 0,
      waitsFor: waitsFor.join(', '),
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
