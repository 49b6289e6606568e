/**
 * The one way an effect happens: read the ledger, check the approval, write the intent, call the
 * provider with its own key, write the receipt. An outcome nobody knows is looked up and, failing
 * that, left for a person. It is never blindly repeated.
 */
import type { Pool } from 'pg';
import type { PerformRequest } from '#contracts/activities.ts';
import type { AuditRecord, EffectEntry } from '#contracts/audit.ts';
import { failures } from '#contracts/failures.ts';
import type { EffectReceipt } from '#contracts/goal.ts';
import type { Json, JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { goalWorkflowId } from '#contracts/names.ts';
import { failure, failureTypeOf, withAnchor } from '../failures.ts';
import { reached } from '../points.ts';
import { differenceOf } from './audit.ts';
import {
  authorize,
  type Authorization,
  type AuthorizationDeps,
  notApproved,
} from './authorization.ts';
import { effectKeyOf } from './digest.ts';
import type { EffectContext, EffectHandler, Reconciliation } from './handler.ts';
import {
  beginEffect,
  checkFence,
  isCancelled,
  isStopped,
  type LedgerRow,
  readEffect,
  receiptOf,
  saveProviderRef,
  settleEffect,
  takeOver,
} from './ledger.ts';
import { loadPayload, type StoredPayload } from './payloads.ts';

export type PerformDeps = AuthorizationDeps & {
  readonly pool: Pool;
  readonly ledgerKey: Buffer;
  readonly handlers: ReadonlyMap<string, EffectHandler>;
};

/** One effect on its way through the gateway. */
type Effect = {
  readonly deps: PerformDeps;
  readonly request: PerformRequest;
  readonly handler: EffectHandler;
  readonly stored: StoredPayload;
  readonly payload: JsonObject;
  readonly authorization: Authorization;
  readonly signal: AbortSignal;
};

/**
 * Performs one approved effect.
 * Effect: what the payload says, once. Idempotency: by effect key, over retries, resets and restarts.
 * @throws NotApprovedError, the provider's refusals, and transient failures for Temporal to retry.
 */
export async function performEffect(
  deps: PerformDeps,
  request: PerformRequest,
  signal: AbortSignal,
): Promise<EffectReceipt> {
  const { goalId, stepId, owner } = request.context;
  const workflowId = goalWorkflowId(goalId);
  const effectKey = effectKeyOf(deps.ledgerKey, workflowId, stepId, request.revision, 'do');
  const earlier = await readEffect(deps.pool, effectKey);
  if (earlier !== undefined && earlier.state !== 'intent') return receiptOf(earlier);

  const stored = await loadPayload(deps.pool, request.digest);
  const handler = deps.handlers.get(request.tool);
  if (handler === undefined)
    throw failure('InvalidInputError', `${request.tool} is not available.`);
  const { tool, digest, approvalId } = request;
  const authorization = await authorize(deps, { goalId, owner, tool, digest, approvalId }, stored);
  const payload = handler.payloadSchema.parse(stored.content.payload);
  const effect: Effect = { deps, request, handler, stored, payload, authorization, signal };
  const fresh = {
    effectKey,
    goalId,
    stepId,
    revision: request.revision,
    purpose: 'do',
    tool,
    owner,
    digest,
    approvalId,
  } as const;

  if (earlier !== undefined) return resume(effect, await takeOver(deps.pool, effectKey));
  if (request.reconcileOnly) return neverBegun(effectKey, request);
  if (authorization.lapsed !== null) throw notApproved(authorization.lapsed);
  await handler.checkFresh?.(payload, request.context);
  const row = await beginEffect(deps.pool, fresh);
  if (row === undefined) {
    const other = await readEffect(deps.pool, effectKey);
    if (other === undefined) {
      const stopped = await isStopped(deps.pool, approvalId);
      const what = stopped ? 'It was stopped before it left' : 'The goal was cancelled';
      throw failure('CancelledByPersonError', `${what}; nothing was done.`);
    }
    throw failure('StorageUnavailableError', 'Another attempt has begun this effect.');
  }
  if (request.mode === 'shadow') return settle(effect, row, 'shadow', summaryOf(payload), null);
  return act(effect, row);
}

/** An earlier attempt wrote its intent and nothing more: look before anything else. */
async function resume(effect: Effect, row: LedgerRow): Promise<EffectReceipt> {
  const { request, deps } = effect;
  if (request.mode === 'shadow')
    return settle(effect, row, 'shadow', summaryOf(effect.payload), null);
  const found = await look(effect, row);
  if (found.found === 'done') return settle(effect, row, 'confirmed', found.receipt, null, true);
  if (found.found === 'absent') {
    if (request.reconcileOnly || (await isCancelled(deps.pool, request.context.goalId))) {
      const { reconcileForMs } = request;
      const restMs =
        row.actedAt.getTime() + Math.min(limits.inFlightMs, reconcileForMs) - Date.now();
      if (restMs > 0) throw lookAgain('It is not there, and may be on its way.', restMs);
      return settle(effect, row, 'not_done', null, 'The goal stopped before it was done.');
    }
    const { lapsed } = effect.authorization;
    if (lapsed !== null) {
      await settle(effect, row, 'not_done', null, lapsed);
      throw notApproved(lapsed);
    }
    // Looking may have saved what the provider calls it.
    return act(effect, (await readEffect(deps.pool, row.effectKey)) ?? row);
  }
  const waitedMs = Date.now() - row.intentAt.getTime();
  if (waitedMs >= request.reconcileForMs) {
    return settle(effect, row, 'unknown', null, found.detail);
  }
  const nextMs = Math.min(Math.max(waitedMs, 1_000), request.reconcileForMs - waitedMs + 100);
  throw lookAgain(found.detail, nextMs);
}

function lookAgain(detail: string, retryAfterMs: number): Error {
  return failure(
    'ProviderUnavailableError',
    `Not known yet whether it happened; looking again. ${detail}`,
    { retryAfterMs },
  );
}

/** Looks for the effect. Where nobody may look, nothing is known. */
async function look(effect: Effect, row: LedgerRow): Promise<Reconciliation> {
  try {
    return await effect.handler.reconcile(effect.payload, contextOf(effect, row));
  } catch (error) {
    const type = failureTypeOf(error);
    if (type === undefined || failures[type].category !== 'permanent') throw error;
    return { found: 'unknown', detail: error instanceof Error ? error.message : String(error) };
  }
}

async function act(effect: Effect, row: LedgerRow): Promise<EffectReceipt> {
  await checkFence(effect.deps.pool, row);
  reached('C7');
  try {
    const receipt = await effect.handler.perform(effect.payload, contextOf(effect, row));
    reached('C9');
    return await settle(effect, row, 'confirmed', receipt, null);
  } catch (error) {
    const type = failureTypeOf(error);
    if (type !== undefined && failures[type].category === 'permanent') {
      const done = await foundAfterRefusal(effect, row);
      if (done !== null) return settle(effect, row, 'confirmed', done, null, true);
      const detail = error instanceof Error ? error.message : String(error);
      const { audit } = await settle(effect, row, 'not_done', null, detail);
      throw withAnchor(error, audit);
    }
    if (type !== undefined) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    // The next attempt finds the intent and looks it up before it acts.
    throw failure('ProviderUnavailableError', `No certain answer from the provider: ${reason}`, {
      cause: error,
    });
  }
}

/**
 * What is refused to a later attempt may be refused because an earlier one did it, after it was looked
 * for. Null when it is not there, and for a first attempt, whose refusal says it all.
 */
async function foundAfterRefusal(effect: Effect, row: LedgerRow): Promise<JsonObject | null> {
  if (row.attempts <= 1) return null;
  const found = await look(effect, row);
  return found.found === 'done' ? found.receipt : null;
}

async function settle(
  effect: Effect,
  row: LedgerRow,
  state: 'confirmed' | 'unknown' | 'not_done' | 'shadow',
  receipt: JsonObject | null,
  detail: string | null,
  reconciled = false,
): Promise<EffectReceipt> {
  const settlement = { state, receipt, reconciled, detail };
  const audit = auditOf(effect, row, { outcome: state, receipt, detail, reconciled });
  const settled = await settleEffect(effect.deps.pool, row, settlement, audit);
  reached('C10');
  return receiptOf(settled);
}

function contextOf(effect: Effect, row: LedgerRow): EffectContext {
  return {
    step: effect.request.context,
    effectKey: row.effectKey,
    intentAt: row.intentAt.toISOString(),
    providerRef: row.providerRef,
    saveProviderRef: (ref) => saveProviderRef(effect.deps.pool, row, ref),
    signal: effect.signal,
  };
}

function auditOf(effect: Effect, row: LedgerRow, result: JsonObject): AuditRecord<EffectEntry> {
  const { stored, authorization } = effect;
  const at = new Date().toISOString();
  const proposed = authorization.shown.content;
  return {
    owner: row.owner,
    goalId: row.goalId,
    at,
    entry: {
      kind: 'effect',
      stepId: row.stepId,
      effectKey: row.effectKey,
      tool: row.tool,
      purpose: row.purpose,
      proposedAction: { input: proposed.input, payload: proposed.payload },
      contextShown: {
        card: authorization.shown.card,
        origins: authorization.shown.context,
      } as unknown as Json,
      approver: authorization.approver,
      approvalId: row.approvalId,
      decidedAt: authorization.decidedAt,
      doneAt: at,
      executedContent: stored.content.payload,
      digest: row.digest,
      result,
      difference: differenceOf(proposed.payload, stored.content.payload),
    },
  };
}

function neverBegun(effectKey: string, request: PerformRequest): EffectReceipt {
  return {
    effectKey,
    tool: request.tool,
    outcome: 'not_done',
    receipt: null,
    digest: request.digest,
    at: new Date().toISOString(),
    reconciled: false,
    audit: null,
  };
}

/** What a shadow run reports it would have done. */
function summaryOf(payload: JsonObject): JsonObject {
  const keys = ['title', 'start', 'end', 'guests', 'subject', 'to'];
  return Object.fromEntries(
    keys.flatMap((key) => (payload[key] === undefined ? [] : [[key, payload[key]]])),
  );
}
