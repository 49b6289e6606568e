/**
 * Who may decide an approval besides the owner. One pure rule, asked by the queue, at admission and
 * again before an effect is performed.
 */
import type { Approval } from './approval.ts';

/** The role of members who may give the second approval where two people must approve. */
export const secondRole = 'second';
/** Stands for the owner in `assignedRole`; no member can hold it. */
export const ownerRole = 'owner';

/** What the rule looks at. */
export type Assignment = Pick<Approval, 'assignedTo' | 'assignedRole' | 'requiredDecisions'>;

/** By what right somebody decides: as the owner, as the delegate, or by a role. */
export type Capacity = 'owner' | 'delegate' | `role:${string}`;

/** The right by which a member may decide, or null when they may not even see the approval. */
export function capacityOf(
  member: { readonly email: string; readonly roles: readonly string[] },
  { assignedTo, assignedRole, requiredDecisions }: Assignment,
): Capacity | null {
  if (assignedTo === member.email) return 'delegate';
  const roles = member.roles.filter((role) => role !== ownerRole);
  if (roles.includes(assignedRole)) return `role:${assignedRole}`;
  return requiredDecisions > 1 && roles.includes(secondRole) ? `role:${secondRole}` : null;
}
