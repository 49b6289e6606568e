/**
 * Finds the anchors of the audit in one history: in the results of effects, in their refusals, and in
 * what the markers of local activities hold.
 */
import type { WorkflowHandle } from '@temporalio/client';
import {
  defaultPayloadConverter,
  type LoadedDataConverter,
  type Payload,
} from '@temporalio/common';
import { effectActivityOf, type GoalLocalActivities } from '#contracts/activities.ts';
import type { AnchorHistory, AuditAnchor } from '#contracts/audit.ts';
import { isJsonObject, type Json } from '#contracts/json.ts';
import { resolvePayload } from '#infra/postgres/payload-storage.ts';

/** The events of a history, as the server sent them. */
export type HistoryEvents = NonNullable<
  Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']
>;
type HistoryEvent = HistoryEvents[number];

/** Activities whose results carry a receipt. */
const effectActivities: ReadonlySet<string> = new Set([
  ...Object.values(effectActivityOf),
  'undoEffect',
  'settleEffect',
]);

/** Local activities whose results say where the chain stands. */
const bookkeeping: ReadonlySet<string> = new Set<keyof GoalLocalActivities>([
  'admitDecision',
  'useStandingRule',
  'publishGoal',
]);

/** What one history says about the audit. */
export async function anchorsIn(
  events: HistoryEvents,
  converter: LoadedDataConverter,
): Promise<Omit<AnchorHistory, 'goalId' | 'runId'>> {
  const open = new Set<string>();
  const anchors: AuditAnchor[] = [];
  let unread = 0;
  let isAtWork = false;
  for (const event of events) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled && effectActivities.has(scheduled.activityType?.name ?? '')) {
      open.add(String(event.eventId));
    }
    isAtWork = isWorkflowTaskOpen(event) ?? isAtWork;
    const end = endOfActivity(event);
    const isEffect = end !== undefined && open.delete(String(end.scheduledEventId));
    for (const payload of isEffect ? end.payloads : resultOfBookkeeping(event)) {
      const value = await decode(payload, converter).catch(() => undefined);
      if (value === undefined) unread += 1;
      const anchor = anchorOf(value);
      if (anchor !== undefined) anchors.push(anchor);
    }
  }
  const last = events.at(-1);
  return {
    anchors,
    openEffects: open.size + (isAtWork ? 1 : 0),
    endedFromOutside: Boolean(
      last?.workflowExecutionTerminatedEventAttributes ??
      last?.workflowExecutionTimedOutEventAttributes ??
      last?.workflowExecutionFailedEventAttributes,
    ),
    problem: unread === 0 ? null : `${unread} results in it could not be decoded`,
  };
}

/** The run that this one continues, or was reset from; undefined for a goal's first run. */
export function runBefore(events: HistoryEvents): string | undefined {
  const reset = events.findLast((event) => event.workflowTaskFailedEventAttributes?.newRunId);
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  return (
    reset?.workflowTaskFailedEventAttributes?.baseRunId ||
    started?.continuedExecutionRunId ||
    undefined
  );
}

/** True from when a workflow task is due until it is completed; undefined for what says nothing of it. */
function isWorkflowTaskOpen(event: HistoryEvent): boolean | undefined {
  if (event.workflowTaskCompletedEventAttributes) return false;
  const isOpen =
    event.workflowTaskScheduledEventAttributes ??
    event.workflowTaskStartedEventAttributes ??
    event.workflowTaskTimedOutEventAttributes ??
    event.workflowTaskFailedEventAttributes;
  return isOpen ? true : undefined;
}

/** The marker in which the SDK keeps what a local activity returned. */
const localActivityMarker = 'core_local_activity';

function resultOfBookkeeping({ markerRecordedEventAttributes: marker }: HistoryEvent): Payload[] {
  if (marker?.markerName !== localActivityMarker) return [];
  const [about] = marker.details?.['data']?.payloads ?? [];
  const what = about ? defaultPayloadConverter.fromPayload<Json>(about) : null;
  const type = isJsonObject(what) ? what['activity_type'] : null;
  if (typeof type !== 'string' || !bookkeeping.has(type)) return [];
  return marker.details?.['result']?.payloads ?? [];
}

function endOfActivity(event: HistoryEvent) {
  const completed = event.activityTaskCompletedEventAttributes;
  const failed = event.activityTaskFailedEventAttributes;
  const end =
    completed ??
    failed ??
    event.activityTaskTimedOutEventAttributes ??
    event.activityTaskCanceledEventAttributes;
  if (!end) return undefined;
  const details = failed?.failure?.applicationFailureInfo?.details;
  const payloads = completed?.result?.payloads ?? details?.payloads ?? [];
  return { scheduledEventId: end.scheduledEventId, payloads };
}

async function decode(payload: Payload, converter: LoadedDataConverter): Promise<Json> {
  let payloads = [await resolvePayload(payload, converter.externalStorage)];
  for (const codec of converter.payloadCodecs.toReversed()) {
    payloads = await codec.decode(payloads);
  }
  const [plain = payload] = payloads;
  return converter.payloadConverter.fromPayload<Json>(plain);
}

/** The anchor that a result or the last detail of a refusal carries. */
function anchorOf(value: Json | undefined): AuditAnchor | undefined {
  const audit = isJsonObject(value) ? value['audit'] : undefined;
  if (!isJsonObject(audit)) return undefined;
  const { seq, hash } = audit;
  return typeof seq === 'number' && typeof hash === 'string' ? { seq, hash } : undefined;
}
