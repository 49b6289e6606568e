/** The activities of triage: taking up mail, classifying it, and choosing what gets a draft. */
import type { TriageActivities } from '#contracts/child-activities.ts';
import { classifyMail } from './classify.ts';
import type { TriageDeps } from './dependencies.ts';
import { planReply, recordReply } from './replies.ts';
import { syncMail } from './sync.ts';

/** Builds the activities. */
export function createTriageActivities(deps: TriageDeps): TriageActivities {
  return {
    syncMail: (request) => syncMail(deps, request),
    classifyMail: (request) => classifyMail(deps, request),
    planReply: (request) => planReply(deps, request),
    recordReply: (request) => recordReply(deps, request),
    repliesDue: ({ context, accounts, limit }) => deps.triage.repliesDue(context, accounts, limit),
    settleReply: ({ context, mail }) => deps.triage.settleReply(context.owner, mail),
  };
}
