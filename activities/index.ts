/** Every activity, built from what it depends on. Which worker hosts which is decided in workers/. */
import type {
  AllActivities,
  EffectActivities,
  GoalLocalActivities,
  PerformRequest,
} from '#contracts/activities.ts';
import { admitDecision, type AdmitDeps } from './approvals/admit.ts';
import { useStandingRule } from './approvals/standing-rules.ts';
import { raiseDayBudget } from './budgets/day-budgets.ts';
import { performEffect, type PerformDeps } from './effects/perform.ts';
import { prepareEffect } from './effects/prepare.ts';
import { listEffects } from './effects/ledger.ts';
import { settleByPerson, undoEffect } from './effects/undo.ts';
import { closeGoal, publishGoal } from './journal/publish.ts';
import type { Accounts } from './accounts.ts';
import type { Directory } from './people.ts';
import { checkAmendment } from './planner/amend.ts';

/** What connectors and planner contribute: everything that is not bookkeeping. */
export type ConnectorActivities = Omit<
  AllActivities,
  keyof EffectActivities | 'prepareEffect' | keyof GoalLocalActivities
>;

export type ActivityDeps = PerformDeps &
  AdmitDeps & {
    readonly directory: Directory;
    readonly accounts: Pick<Accounts, 'list'>;
    readonly connectors: ConnectorActivities;
  };

/** An effect is not interrupted: its outcome must be known. */
const neverAborted = new AbortController().signal;

/** Builds all activities. */
export function createActivities(deps: ActivityDeps): AllActivities {
  const perform = (request: PerformRequest) => performEffect(deps, request, neverAborted);
  return {
    ...deps.connectors,
    prepareEffect: (request) => prepareEffect(deps, request),
    createEmailDraft: perform,
    createCalendarEvent: perform,
    moveCalendarEvent: perform,
    cancelCalendarEvent: perform,
    updateCalendarEvent: perform,
    respondToInvitation: perform,
    holdCalendarSlots: perform,
    releaseCalendarHolds: perform,
    sendEmail: perform,
    changeMail: perform,
    undoEffect: (request) => undoEffect(deps, request, neverAborted),
    settleEffect: (request) => settleByPerson(deps, request),
    admitDecision: (request) => admitDecision(deps, request),
    publishGoal: (request) => publishGoal(deps.pool, request),
    useStandingRule: (request) => useStandingRule(deps.pool, request),
    raiseDayBudget: (request) => raiseDayBudget(deps.pool, request),
    checkAmendment: (request) => Promise.resolve(checkAmendment(request)),
    listEffects: (request) => listEffects(deps.pool, request),
    closeGoal: (request) => closeGoal(deps.pool, request),
  } satisfies AllActivities;
}
