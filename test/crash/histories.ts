/**
 * Reads the histories of goals from Temporal and keeps what the checker needs of them: decisions,
 * effects, undos, the end. Follows a goal over all runs of its workflow.
 */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { Admission, PerformRequest, UndoRequest } from '#contracts/activities.ts';
import { effectActivityOf } from '#contracts/activities.ts';
import type { EffectReceipt, GoalState } from '#contracts/goal.ts';
import { type GoalId, goalIdOfWorkflow, goalWorkflowId, workflowTypes } from '#contracts/names.ts';
import type { GoalWorkflowResult } from '#contracts/workflows.ts';

/** A decision as admission answered it. */
export type AdmittedDecision = Pick<
  Admission['outcome'],
  'decisionId' | 'approvalId' | 'outcome' | 'code'
> & { readonly verdict: string | null };

/** One activity that performs an effect. */
export type Performed = {
  readonly stepId: string;
  readonly revision: number;
  readonly tool: string;
  readonly approvalId: string | null;
  readonly digest: string;
  readonly scheduledAt: number;
  /** Null when it failed or has not ended. */
  readonly receipt: EffectReceipt | null;
  /** Place of its confirmation in the history of the goal: what was confirmed last is undone first. */
  readonly order: number;
};
export type Undone = {
  readonly stepId: string;
  readonly tool: string;
  /** The key of the effect that is undone. */
  readonly of: string;
  readonly receipt: EffectReceipt | null;
  readonly order: number;
};

/** What the histories of all runs of a goal say. */
export type GoalHistory = {
  readonly goalId: string;
  readonly runs: number;
  readonly ended: 'completed' | 'failed' | 'terminated' | null;
  readonly state: GoalState | null;
  readonly signalled: readonly { readonly decisionId: string; readonly approvalId: string }[];
  readonly decisions: readonly AdmittedDecision[];
  readonly performed: readonly Performed[];
  /** Receipts that a person settled by what they found out. */
  readonly settled: readonly EffectReceipt[];
  readonly undone: readonly Undone[];
  /** Workflow tasks that failed (not those that timed out with their worker). */
  readonly taskFailures: readonly string[];
};

/** One event as Temporal's client decodes it. */
export type Event = NonNullable<
  Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']
>[number];

/** Ids of all goals that Temporal knows. */
export async function goalIdsIn(client: Client): Promise<GoalId[]> {
  const ids = new Set<GoalId>();
  const query = `WorkflowType = '${workflowTypes.goal}'`;
  for await (const { workflowId } of client.workflow.list({ query })) {
    const goalId = goalIdOfWorkflow(workflowId);
    if (goalId !== undefined) ids.add(goalId);
  }
  return [...ids];
}

/** The events of all runs of a goal's workflow, first run first. @throws WorkflowNotFoundError */
export async function readRuns(client: Client, goalId: GoalId): Promise<Event[][]> {
  const runs: Event[][] = [];
  let runId: string | undefined;
  do {
    const { events } = await client.workflow
      .getHandle(goalWorkflowId(goalId), runId)
      .fetchHistory();
    runs.unshift(events ?? []);
    const started = events?.[0]?.workflowExecutionStartedEventAttributes;
    runId = started?.continuedExecutionRunId || undefined;
  } while (runId !== undefined);
  return runs;
}

const performing = new Set<string>(Object.values(effectActivityOf));

/** What the events of all runs of one goal say. */
export function factsOf(goalId: string, runs: readonly (readonly Event[])[]): GoalHistory {
  const events = runs.flat();
  const last = runs.at(-1)?.at(-1);
  const result = last?.workflowExecutionCompletedEventAttributes?.result?.payloads;
  return {
    goalId,
    runs: runs.length,
    ended: endOf(last),
    state: result === undefined ? null : (first<GoalWorkflowResult>(result)?.state ?? null),
    signalled: events.flatMap(signalled),
    decisions: events.flatMap(admitted),
    ...effectsIn(runs),
    taskFailures: events.flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
      failed == null ? [] : [failed.failure?.message ?? String(failed.cause)],
    ),
  };
}

function endOf(event: Event | undefined): GoalHistory['ended'] {
  if (event?.workflowExecutionCompletedEventAttributes != null) return 'completed';
  if (event?.workflowExecutionFailedEventAttributes != null) return 'failed';
  if (event?.workflowExecutionTimedOutEventAttributes != null) return 'failed';
  if (event?.workflowExecutionTerminatedEventAttributes != null) return 'terminated';
  return null;
}

function signalled(event: Event): { decisionId: string; approvalId: string }[] {
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (signal?.signalName !== 'decideApproval') return [];
  const message = first<{ decisionId?: string; approvalId?: string }>(signal.input?.payloads);
  return [{ decisionId: message?.decisionId ?? '', approvalId: message?.approvalId ?? '' }];
}

function admitted(event: Event): AdmittedDecision[] {
  const marker = event.markerRecordedEventAttributes;
  if (marker?.markerName !== 'core_local_activity') return [];
  const about = first<{ activity_type: string }>(marker.details?.['data']?.payloads);
  if (about?.activity_type !== 'admitDecision') return [];
  const admission = first<Admission>(marker.details?.['result']?.payloads);
  if (admission === undefined) return [];
  const { decisionId, approvalId, outcome, code, standing } = admission.outcome;
  return [{ decisionId, approvalId, outcome, code, verdict: standing?.verdict ?? null }];
}

function effectsIn(runs: readonly (readonly Event[])[]) {
  const performed: Performed[] = [];
  const undone: Undone[] = [];
  const settled: EffectReceipt[] = [];
  let order = 0;
  for (const events of runs) {
    const results = resultsOf(events);
    const places = placesOf(events);
    const before = order;
    for (const event of events) {
      order += 1;
      const scheduled = event.activityTaskScheduledEventAttributes;
      const type = scheduled?.activityType?.name ?? '';
      const payloads = scheduled?.input?.payloads;
      const receipt = results.get(String(event.eventId)) ?? null;
      if (performing.has(type)) {
        const request = first<PerformRequest>(payloads);
        if (request === undefined) continue;
        const { context, revision, tool, approvalId, digest } = request;
        const { stepId } = context;
        const scheduledAt = msOf(event);
        performed.push({
          stepId,
          revision,
          tool,
          approvalId,
          digest,
          scheduledAt,
          receipt,
          order: before + (places.get(String(event.eventId)) ?? order - before),
        });
      } else if (type === 'undoEffect') {
        const request = first<UndoRequest>(payloads);
        if (request === undefined) continue;
        const { context, tool, effectKey } = request;
        undone.push({ stepId: context.stepId, tool, of: effectKey, receipt, order });
      } else if (type === 'settleEffect' && receipt !== null) {
        settled.push(receipt);
      }
    }
  }
  return { performed, undone, settled };
}

/** Where in a run an activity completed, by the number of the event that scheduled it. */
function placesOf(events: readonly Event[]): Map<string, number> {
  return new Map(
    events.flatMap(({ activityTaskCompletedEventAttributes: completed }, place) =>
      completed == null ? [] : [[String(completed.scheduledEventId), place + 1] as const],
    ),
  );
}

/** Receipts by the number of the event that scheduled the activity. */
function resultsOf(events: readonly Event[]): Map<string, EffectReceipt> {
  const found = new Map<string, EffectReceipt>();
  for (const { activityTaskCompletedEventAttributes: completed } of events) {
    const receipt = first<EffectReceipt>(completed?.result?.payloads);
    if (completed == null || receipt?.effectKey === undefined) continue;
    found.set(String(completed.scheduledEventId), receipt);
  }
  return found;
}

/**
 * The first of the payloads. Undefined too for one that is kept outside the history for its size: what
 * the checker needs is small, and a receipt that it does not find is a broken promise.
 */
function first<T>(payloads: readonly Payload[] | null | undefined): T | undefined {
  const payload = payloads?.[0];
  if (payload?.data == null) return undefined;
  if (new TextDecoder().decode(payload.metadata?.['encoding'] ?? undefined) === 'json/protobuf') {
    return undefined;
  }
  return defaultPayloadConverter.fromPayload<T>(payload);
}

function msOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + Number(eventTime?.nanos ?? 0) / 1e6;
}
