/**
 * The audit: what is kept of each effect, decision and refusal, the text an entry's hash is over, and
 * the anchors that Temporal's histories hold. It hashes nothing; whoever writes or verifies brings
 * SHA-256.
 */
import type { StandingDecision } from './approval.ts';
import { canonicalJson } from './canonical.ts';
import type { Json, JsonObject } from './json.ts';

/** What is kept of one effect: the six elements an auditor asks for. */
export type EffectEntry = {
  /** Absent in entries of releases that kept effects only. */
  readonly kind: 'effect';
  readonly stepId: string;
  readonly effectKey: string;
  readonly tool: string;
  readonly purpose: 'do' | 'undo';
  /** 1. what was proposed first: input and payload. */
  readonly proposedAction: JsonObject | null;
  /** 2. what the person was shown. */
  readonly contextShown: Json;
  /** 3. who decided; null where the gate let it run. */
  readonly approver: string | null;
  readonly approvalId: string | null;
  /** 4. when it was decided and when it was done. */
  readonly decidedAt: string | null;
  readonly doneAt: string;
  /** 5. the payload that was sent, and its digest. */
  readonly executedContent: JsonObject;
  readonly digest: string;
  /** 6. what came of it. */
  readonly result: JsonObject;
  /** The difference proposed → executed: paths with both values. Empty when nothing was edited. */
  readonly difference: readonly { path: string; proposed: Json; executed: Json }[];
};

/** What is kept of one decision that counts: a person's, a standing rule's, or no answer in time. */
export type DecisionEntry = {
  readonly kind: 'decision';
  /** Names the decision within its goal, so that it has one entry however often it is told. */
  readonly id: string;
  readonly approvalId: string;
  readonly decision: StandingDecision;
  /** The content that was decided about. */
  readonly digest: string;
  /** What the person was shown; null where a standing rule took their place. */
  readonly contextShown: Json;
  /** The signal as it came, with its signature; null where nobody sent one. */
  readonly signed: JsonObject | null;
};

/** What is kept of a decision that was refused, and of a step that policy or the gateway refused. */
export type RefusalEntry = {
  readonly kind: 'decision_refused' | 'step_refused';
  /** Names the refusal within its goal. */
  readonly id: string;
  readonly stepId: string | null;
  /** As the journal tells it, with the reason. */
  readonly data: JsonObject;
};

/** What is kept of one thing that was done, decided or refused. */
export type AuditEntry = EffectEntry | DecisionEntry | RefusalEntry;

/** The name of a decision's entry. */
export function decisionEntryId(approvalId: string, decisionId: string): string {
  return `decision ${approvalId} ${decisionId}`;
}

/** An entry with whose chain it belongs to, before it is chained. `at` is RFC 3339. */
export type AuditRecord<Entry = AuditEntry> = {
  readonly owner: string;
  readonly goalId: string;
  readonly at: string;
  readonly entry: Entry;
};

/** An entry as it stands in its owner's chain; `seq` counts from 1 without gaps. */
export type ChainedEntry = Omit<AuditRecord<JsonObject>, 'owner'> & {
  readonly seq: number;
  readonly previousHash: string;
  readonly hash: string;
};

/** Where the chain stood with one entry. It goes back to the workflow with what wrote it. */
export type AuditAnchor = { readonly seq: number; readonly hash: string };

/** The anchors in the history of one run of a goal's workflow. */
export type AnchorHistory = {
  readonly goalId: string;
  readonly runId: string;
  readonly anchors: readonly AuditAnchor[];
  /** Effects and workflow tasks under way: their entries may be written before their anchors are. */
  readonly openEffects: number;
  /** True when it was terminated, timed out or failed: a receipt may never have arrived. */
  readonly endedFromOutside: boolean;
  /** Why not all of the history could be read; null when it was. */
  readonly problem: string | null;
};

/** The hash before the first entry. */
export const genesisHash = '0'.repeat(64);

/** The text whose SHA-256, in hex, is the hash of an entry on top of the one before. */
export function auditText(
  previousHash: string,
  seq: number,
  record: AuditRecord<AuditEntry | JsonObject>,
): string {
  const { owner, goalId, at, entry } = record;
  return `${previousHash}\n${canonicalJson({ seq, owner, goalId, at, entry } as unknown as Json)}`;
}
