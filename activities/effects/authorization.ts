/**
 * The effect gateway's own check of the approval, just before acting. It believes stored decisions
 * that the api has signed, the members and rules as they are now, and the digest of what is about to
 * be sent; never the workflow's word.
 */
import type { Pool } from 'pg';
import { ownerRole, ownersFieldsChanged } from '#contracts/deciders.ts';
import { type EffectToolName, tools } from '#contracts/tools.ts';
import { failure } from '../failures.ts';
import {
  type DecisionRow,
  isEntitled,
  isGenuine,
  readDecisions,
  type SignatureDeps,
} from './decision-rights.ts';
import { digestOf } from './digest.ts';
import { loadPayload, type PayloadContent, type StoredPayload } from './payloads.ts';

export type AuthorizationDeps = SignatureDeps & { readonly pool: Pool };

/** The decision an effect runs under, and what was shown when it was made. */
export type Authorization = {
  /** Everyone whose approval counted, joined by commas; `rule:<id>` for a standing rule. */
  readonly approver: string | null;
  readonly decidedAt: string | null;
  readonly shown: StoredPayload;
  /**
   * Why nothing may be begun under it any more: a right has ended since. Null while it holds. An
   * attempt that has begun is still looked up, and recorded as what it was: approved.
   */
  readonly lapsed: string | null;
};

/** What is to be performed, and on whose behalf. */
export type AuthorizationRequest = {
  readonly goalId: string;
  readonly owner: string;
  readonly tool: EffectToolName;
  readonly digest: string;
  readonly approvalId: string | null;
};

/** Checks that exactly this payload was approved. @throws NotApprovedError */
export async function authorize(
  deps: AuthorizationDeps,
  request: AuthorizationRequest,
  payload: StoredPayload,
): Promise<Authorization> {
  const { goalId, owner, approvalId, digest } = request;
  if (payload.content.tool !== request.tool) throw notApproved('It was approved for another tool.');
  if (approvalId === null) {
    if (!mayRunUnapproved(payload.content)) throw notApproved('It needs an approval and has none.');
    return { approver: null, decidedAt: null, shown: payload, lapsed: null };
  }
  const rows = await readDecisions(deps.pool, { approvalId, goalId, owner });
  const settling = rows.find(({ settles }) => settles);
  if (settling === undefined) throw notApproved('No decision is stored for it.');
  if (rows.some((row) => row.decidedAt >= row.expiresAt)) {
    throw notApproved('It was decided too late.');
  }
  const approvals =
    settling.verdict === 'edit' ? [settling] : rows.filter(({ verdict }) => verdict === 'approve');
  const covering = approvals.filter((row) => covers(row, digest, payload));
  if (!covering.includes(settling)) throw notApproved('The approval is for other content.');
  const genuine = covering.filter((row) => isGenuine(deps, row, rows, owner, payload));
  const required = Math.max(...rows.map((row) => row.required));
  if (!genuine.includes(settling) || peopleOf(genuine).length < required) {
    const enough = required > 1 ? `${required} people who may decide` : 'somebody who may decide';
    throw notApproved(`Its decision is not signed by ${enough}.`);
  }
  const shown =
    settling.digest === digest ? payload : await loadPayload(deps.pool, settling.digest);
  if (settling.verdict === 'edit' && settling.capacity !== ownerRole) {
    const fields = ownersFieldsChanged(shown.content.input, payload.content.input);
    if (fields.length > 0) throw notApproved(`Only ${owner} may change ${fields.join(', ')}.`);
  }
  const entitled = genuine.filter((row) => isEntitled(row, rows, owner));
  const holds = entitled.includes(settling) && peopleOf(entitled).length >= required;
  return {
    approver: peopleOf(genuine).join(', '),
    decidedAt: settling.decidedAt.toISOString(),
    shown,
    lapsed: holds ? null : 'Whoever approved it may not decide any more.',
  };
}

/** The failure of acting under an approval that does not hold. */
export function notApproved(reason: string): Error {
  return failure('NotApprovedError', `Not approved, so nothing was done. ${reason}`);
}

function peopleOf(rows: readonly DecisionRow[]): string[] {
  return [...new Set(rows.map(({ actor }) => actor))];
}

/** An approval covers its digest; an edit whatever was prepared from exactly its input. */
function covers(row: DecisionRow, digest: string, { content }: StoredPayload): boolean {
  if (row.verdict === 'approve') return row.digest === digest;
  return row.verdict === 'edit' && row.inputDigest === digestOf(content.input);
}

/** Private preparation, or a change of one's own things that nobody else is told of. */
function mayRunUnapproved({ tool, payload }: PayloadContent): boolean {
  const entry = tools[tool as EffectToolName];
  if (entry.effectClass === 'prepare') return true;
  const guests = payload['guests'];
  return entry.effectClass === 'reversible' && Array.isArray(guests) && guests.length === 0;
}
