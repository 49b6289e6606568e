/** Approvals and decisions as the workflow keeps them and people see them. No schemas here. */
import type { Json, JsonObject } from './json.ts';
import type { ApprovalId, GoalId } from './names.ts';
import type { Tier, ToolName } from './tools.ts';
import type { Origin } from './trust.ts';

/** What kind of decision is asked for. */
export type ApprovalKind = 'action' | 'plan' | 'question' | 'intervention' | 'budget';

/** Where a request for a decision stands. Only `pending` can be decided; a go-ahead can be taken back. */
export type ApprovalState =
  | 'pending'
  | 'approved'
  | 'edited'
  | 'rejected'
  | 'expired'
  | 'answered'
  | 'cancelled'
  | 'superseded'
  | 'stopped';

/** What a person is shown, rendered by code from the canonical payload and from nothing else. */
export type Card = {
  readonly title: string;
  readonly lines: readonly CardLine[];
  /** Things to look at twice: external recipients, unverified addresses, hidden characters. */
  readonly warnings: readonly string[];
  readonly undo: string | null;
};
export type CardLine = {
  readonly label: string;
  readonly value: string;
  /** Where an untrusted value came from: "address found in a mail from X". */
  readonly origin?: string | undefined;
  /** Long and not written for this: shown on demand. */
  readonly collapsed?: boolean | undefined;
};

/** `delegate` settles nothing: it hands the request to somebody else. */
export type Verdict = 'approve' | 'edit' | 'reject' | 'delegate';

/** One place at which two versions of a content differ. */
export type Difference = { readonly path: string; readonly before: Json; readonly after: Json };

/** A request for a human decision. Times are RFC 3339. */
export type Approval = {
  readonly approvalId: ApprovalId;
  readonly goalId: GoalId;
  readonly stepId: string;
  readonly revision: number;
  readonly kind: ApprovalKind;
  readonly tier: Tier;
  readonly tool: ToolName | null;
  readonly reasons: readonly string[];
  readonly card: Card;
  /** The step's input as resolved, which an edit replaces as a whole. */
  readonly input: JsonObject;
  /** What the person was shown besides the card: where the values came from. */
  readonly context: readonly Origin[];
  readonly digest: string;
  /**
   * The instant of the oldest reading that the content rests on. Null where nothing was read for it,
   * and in requests of releases that did not keep it.
   */
  readonly contentAsOf: string | null;
  readonly requestedAt: string;
  readonly expiresAt: string;
  /** Who is asked: the owner, or after an escalation the members with this role. */
  readonly assignedRole: string;
  /** The member it was delegated to: an e-mail address. The owner may still decide. */
  readonly assignedTo: string | null;
  /** How many different people must approve: 2 where policy asks for a second person. */
  readonly requiredDecisions: number;
  /** Approvals that were given and do not suffice yet. */
  readonly approvedBy: readonly StandingDecision[];
  readonly remindedAt: string | null;
  /** The approval whose content changed before it could be performed, and what changed. */
  readonly supersedes: ApprovalId | null;
  readonly difference: readonly Difference[];
  /** When an approved mail leaves; until then it can be stopped. */
  readonly leavesAt: string | null;
  readonly state: ApprovalState;
  readonly decision: StandingDecision | null;
};

/** The decision that stands for an approval. */
export type StandingDecision = {
  readonly decisionId: string;
  readonly verdict: Verdict | 'expire' | 'answer' | 'cancel' | 'supersede' | 'stop';
  readonly actor: string;
  readonly decidedAt: string;
  readonly comment: string | null;
  /** The member it was delegated to. */
  readonly to?: string;
};

/** Why a decision changed nothing. */
export type RefusalCode =
  | 'malformed'
  | 'unknown_approval'
  | 'already_decided'
  | 'repeated'
  | 'stale_digest'
  | 'expired'
  | 'invalid_edit'
  | 'not_allowed';

/** What became of one decision; kept by decision id so that the caller can read it back. */
export type DecisionOutcome = {
  readonly decisionId: string;
  readonly approvalId: string;
  readonly outcome: 'applied' | 'refused';
  readonly code: RefusalCode | null;
  readonly message: string;
  readonly standing: StandingDecision | null;
};
