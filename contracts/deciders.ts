/**
 * Who may decide an approval besides the owner. One pure rule, asked by the queue, at admission and
 * again before an effect is performed.
 */
import type { Approval } from './approval.ts';
import { canonicalJson } from './canonical.ts';
import type { Json, JsonObject } from './json.ts';

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

/**
 * Input that says which of the owner's things a step uses: accounts and addresses, files, mail and
 * events. A member decides about those that were put before them, and about no others.
 */
const ownersFields = [
  'account',
  'from',
  'attachments',
  'mode',
  'replyToMessageId',
  'messageIds',
  'eventId',
] as const;

/** The fields of an edit that only the owner may change, as far as it changes them. */
export function ownersFieldsChanged(before: JsonObject, after: JsonObject): readonly string[] {
  return ownersFields.filter((name) => textOf(before[name]) !== textOf(after[name]));
}

/** Nothing may be said in several ways. */
function textOf(value: Json | undefined): string {
  return value === undefined || (Array.isArray(value) && value.length === 0)
    ? 'null'
    : canonicalJson(value);
}
