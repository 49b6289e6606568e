/** Addresses of what belongs to a goal. Every link may be opened safely: none of them changes anything. */
import type { GoalId } from '#contracts/names.ts';

/** The links of one goal, relative to the api's address. */
export function goalLinks(goalId: GoalId) {
  const self = `/v1/goals/${goalId}`;
  return {
    self,
    journal: `${self}/journal`,
    audit: `${self}/audit`,
    approvals: `/v1/approvals?goalId=${goalId}`,
  };
}
