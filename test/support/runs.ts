/** Makes a goal go on in a new run of the workflow, and reads the timers that a run has open. */
import { setTimeout as sleep } from 'node:timers/promises';
import { tsToMs } from '@temporalio/common/lib/time.js';
import type { RunningGoal } from './goals.ts';

/** What a run of a goal is given in its input, to end when its history is filled. */
export const continueAfterEvents = 80;

/** The id of the run that goes on. */
export const runOf = async ({ handle }: RunningGoal) => (await handle.describe()).runId;

/** Fills the history of a run up to its bound. It ends as soon as nothing but waits keeps it. */
export async function fillHistory(goal: RunningGoal): Promise<void> {
  const { runId } = await goal.handle.describe();
  for (;;) {
    const now = await goal.handle.describe();
    if (now.runId !== runId || now.historyLength > continueAfterEvents) return;
    // It names no account, so nothing comes of it.
    await goal.handle.signal('accountReconnected', {});
    await sleep(20);
  }
}

/** When the timers fire that are open in the run that goes on, milliseconds since 1970. */
export async function openTimers({ handle, bench }: RunningGoal): Promise<number[]> {
  const { runId } = await handle.describe();
  const run = bench.client.workflow.getHandle(handle.workflowId, runId);
  const { events } = await run.fetchHistory();
  const open = new Map<string, number>();
  for (const event of events ?? []) {
    const ended = event.timerFiredEventAttributes ?? event.timerCanceledEventAttributes;
    if (ended != null) open.delete(String(ended.startedEventId));
    const { startToFireTimeout } = event.timerStartedEventAttributes ?? {};
    // The shortest only end a workflow task.
    if (startToFireTimeout == null || tsToMs(startToFireTimeout) < 10) continue;
    open.set(String(event.eventId), tsToMs(event.eventTime) + tsToMs(startToFireTimeout));
  }
  return [...open.values()];
}
