/**
 * Counts the events of a history against the least a Temporal workflow with the same activities can
 * have. Exact: it reads the history and estimates nothing.
 */
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Scenario } from './scenarios.ts';

type History = Parameters<typeof historyToJSON>[0];

/** What a history consists of. */
export type EventCount = {
  readonly events: number;
  readonly activities: number;
  /** Workflow tasks that took in at least one result of an activity. */
  readonly completionTasks: number;
  /** `5 + 3 × activities + 3 × completionTasks`. */
  readonly floor: number;
  /** Number of events by type, such as `TIMER_STARTED`. */
  readonly byType: Readonly<Record<string, number>>;
};

/**
 * Counts. The floor of a wave of n activities is 3n events for the activities (scheduled, started,
 * completed) and 3 for the workflow task that takes their results in. Results of one wave may come in
 * more than one workflow task, which is up to the server's timing; therefore the tasks that did take
 * a result in are counted instead of assumed.
 */
export function countEvents(history: History): EventCount {
  const byType: Record<string, number> = {};
  let completionTasks = 0;
  let untaken = 0;
  let taken = 0;
  const names = eventTypes(history);
  for (const name of names) {
    byType[name] = (byType[name] ?? 0) + 1;
    if (name === 'ACTIVITY_TASK_COMPLETED') untaken += 1;
    // A started task sees what was recorded before it; it counts once it is completed.
    if (name === 'WORKFLOW_TASK_STARTED') taken = untaken;
    if (name === 'WORKFLOW_TASK_COMPLETED' && taken > 0) {
      completionTasks += 1;
      untaken -= taken;
      taken = 0;
    }
  }
  const activities = byType['ACTIVITY_TASK_SCHEDULED'] ?? 0;
  return {
    events: names.length,
    activities,
    completionTasks,
    floor: 5 + 3 * activities + 3 * completionTasks,
    byType,
  };
}

const minimumBookkeeping = 4;

/**
 * The most events a scenario may have: the floor, 6 an approval, 1 a wave (a workflow task that takes
 * results in; parallel steps may end in several) and never less than 4: asking
 * and ending cost two events each (read models and search attributes), however short the plan is. So
 * does a step that ends while another waits for its approval: nothing else would carry the news.
 */
export function eventLimit(count: EventCount, { approvals }: Scenario): number {
  const endsBesideWaits = Math.max(approvals - 1, 0);
  const bookkeeping = Math.max(count.completionTasks, minimumBookkeeping);
  return count.floor + bookkeeping + 6 * approvals + 2 * endsBesideWaits;
}

/** What is above the floor, by type, for people. */
export function extraEvents({ byType, activities, completionTasks }: EventCount): string {
  const needed: Record<string, number> = {
    WORKFLOW_EXECUTION_STARTED: 1,
    WORKFLOW_EXECUTION_COMPLETED: 1,
    ACTIVITY_TASK_SCHEDULED: activities,
    ACTIVITY_TASK_STARTED: activities,
    ACTIVITY_TASK_COMPLETED: activities,
    WORKFLOW_TASK_SCHEDULED: 1 + completionTasks,
    WORKFLOW_TASK_STARTED: 1 + completionTasks,
    WORKFLOW_TASK_COMPLETED: 1 + completionTasks,
  };
  return Object.entries(byType)
    .map(([name, count]) => [name, count - (needed[name] ?? 0)] as const)
    .filter(([, extra]) => extra !== 0)
    .map(([name, extra]) => `${name.toLowerCase()} ${extra > 0 ? '+' : ''}${extra}`)
    .join(', ');
}

/** The types of all events in order, such as `TIMER_STARTED`. */
function eventTypes(history: History): string[] {
  const { events } = JSON.parse(historyToJSON(history)) as { events: { eventType: string }[] };
  return events.map(({ eventType }) => eventType.replace('EVENT_TYPE_', ''));
}
