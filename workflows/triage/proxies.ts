/** Activity proxies of triageWorkflow. Drafts go through the same gateway as a goal's effects. */
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { EffectActivities, PrepareActivities, ReadActivities } from '#contracts/activities.ts';
import type { TriageActivities } from '#contracts/child-activities.ts';
import { siblingQueue } from '#contracts/names.ts';
import { withSummary } from '../proxies.ts';

type Work = Parameters<typeof withSummary>[0];

/** The activities of one queue, with a line for the Web UI. */
function on<Activities>(kind: Work, summary: string) {
  return proxyActivities<Activities>({
    ...withSummary(kind, summary),
    taskQueue: siblingQueue(workflowInfo().taskQueue, kind),
  });
}

/** Reading mailboxes and preparing drafts. */
export const mailActivities = (summary: string) =>
  on<Omit<TriageActivities, 'classifyMail'> & PrepareActivities>('connectors', summary);
/** Classifying and writing. */
export const languageActivities = (summary: string) =>
  on<Pick<TriageActivities, 'classifyMail'> & Pick<ReadActivities, 'composeEmail'>>(
    'model',
    summary,
  );
/** The only activities that change something outside. */
export const effectActivities = (summary: string) => on<EffectActivities>('effects', summary);
