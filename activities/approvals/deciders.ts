/**
 * Who a decision comes from, and by what right. Reads the members; believes a signature of the api and,
 * where the configuration admits it, Temporal's own record of who sent an unsigned signal.
 */
import type { KeyObject } from 'node:crypto';
import type { Pool } from 'pg';
import type { Approval } from '#contracts/approval.ts';
import { type Capacity, capacityOf } from '#contracts/deciders.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { DecisionSignal } from '#contracts/schemas/approval.ts';
import { isSigned } from './signature.ts';

export type DeciderDeps = {
  readonly pool: Pool;
  readonly decisionPublicKey: KeyObject;
  /** `allow` admits unsigned signals from the Temporal CLI and Web UI. */
  readonly unsignedDecisions: 'allow' | 'refuse';
  /** Who sent the newest `decideApproval` signal, for unsigned ones. */
  readonly signalIdentity: () => Promise<string>;
};

/** Somebody who may decide an approval. */
export type Decider = {
  readonly actor: string;
  readonly capacity: Capacity;
  /** The member's token in force; null for the owner. */
  readonly tokenHash: string | null;
  readonly signed: boolean;
};

/** A member as admission needs them. */
export type MemberRow = { readonly roles: readonly string[]; readonly tokenHash: string | null };

/** Finds out who decides; null when they may not. The owner costs no query. */
export async function deciderOf(
  deps: DeciderDeps,
  request: { readonly owner: string; readonly raw: JsonObject; readonly approval: Approval },
  { actor, signature }: DecisionSignal,
): Promise<Decider | null> {
  const { owner, raw, approval } = request;
  if (signature === undefined) {
    if (deps.unsignedDecisions === 'refuse') return null;
    const sender = `temporal:${await deps.signalIdentity()}`;
    return { actor: sender, capacity: 'owner', tokenHash: null, signed: false };
  }
  if (actor === undefined || !isSigned(raw, deps.decisionPublicKey)) return null;
  if (actor === owner) return { actor, capacity: 'owner', tokenHash: null, signed: true };
  const member = await findMember(deps.pool, owner, actor);
  if (member === undefined || member.tokenHash === null) return null;
  const capacity = capacityOf({ email: actor, roles: member.roles }, approval);
  return capacity === null ? null : { actor, capacity, tokenHash: member.tokenHash, signed: true };
}

/** One member of an owner, or undefined. */
export async function findMember(
  pool: Pool,
  owner: string,
  email: string,
): Promise<MemberRow | undefined> {
  const { rows } = await pool.query<MemberRow>(
    'select roles, token_hash as "tokenHash" from members where owner = $1 and email = $2',
    [owner, email],
  );
  return rows[0];
}
