/** Undoing one confirmed effect, under its own effect key; and recording what a person found out. */
import type { UndoRequest } from '#contracts/activities.ts';
import type { AuditRecord, EffectEntry } from '#contracts/audit.ts';
import { failures } from '#contracts/failures.ts';
import type { EffectReceipt } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import { goalWorkflowId } from '#contracts/names.ts';
import { failure, failureTypeOf, withAnchor } from '../failures.ts';
import { reached } from '../points.ts';
import { effectKeyOf } from './digest.ts';
import {
  beginEffect,
  checkFence,
  type LedgerRow,
  readEffect,
  receiptOf,
  saveProviderRef,
  settleEffect,
  takeOver,
} from './ledger.ts';
import { loadPayload } from './payloads.ts';
import type { PerformDeps } from './perform.ts';

/**
 * Undoes a confirmed effect. Effect: the inverse, once. Idempotency: by the undo's own key; handlers'
 * undos are absolute (delete this, set these values) and look first, so a repeat finds it done.
 * @throws ConflictError when somebody changed it since; nothing is overwritten.
 */
export async function undoEffect(
  deps: PerformDeps,
  request: UndoRequest,
  signal: AbortSignal,
): Promise<EffectReceipt> {
  const { goalId, stepId, owner } = request.context;
  const original = await readEffect(deps.pool, request.effectKey);
  const handler = deps.handlers.get(request.tool);
  if (original?.state !== 'confirmed' || original.goalId !== goalId) {
    throw failure('NotFoundError', 'There is no confirmed effect to undo.');
  }
  const undo = handler?.undo ?? null;
  if (handler === undefined || undo === null) {
    throw failure('InvalidInputError', `${request.tool} cannot be undone.`);
  }
  const workflowId = goalWorkflowId(goalId);
  const effectKey = effectKeyOf(deps.ledgerKey, workflowId, stepId, request.revision, 'undo');
  const earlier = await readEffect(deps.pool, effectKey);
  if (earlier !== undefined && earlier.state !== 'intent') return receiptOf(earlier);
  const { revision, tool } = request;
  const { digest, approvalId } = original;
  const begun =
    earlier === undefined
      ? await beginEffect(deps.pool, {
          effectKey,
          goalId,
          stepId,
          revision,
          purpose: 'undo',
          tool,
          owner,
          digest,
          approvalId,
        })
      : undefined;
  const row = begun ?? (await takeOver(deps.pool, effectKey));
  const { content } = await loadPayload(deps.pool, original.digest);
  const payload = handler.payloadSchema.parse(content.payload);
  await checkFence(deps.pool, row);
  try {
    const receipt = await lookingTwice(() =>
      undo(payload, original.receipt ?? {}, {
        step: request.context,
        effectKey,
        intentAt: row.intentAt.toISOString(),
        providerRef: row.providerRef,
        saveProviderRef: (ref) => saveProviderRef(deps.pool, row, ref),
        signal,
      }),
    );
    const settlement = { state: 'confirmed', receipt, reconciled: false, detail: null } as const;
    const audit = auditOf(row, payload, { outcome: 'confirmed', receipt });
    const settled = await settleEffect(deps.pool, row, settlement, audit);
    reached('C11');
    return receiptOf(settled);
  } catch (error) {
    const type = failureTypeOf(error);
    if (type !== undefined && failures[type].category === 'permanent') {
      const detail = error instanceof Error ? error.message : String(error);
      const settlement = { state: 'not_done', receipt: null, reconciled: false, detail } as const;
      const audit = auditOf(row, payload, { outcome: 'not_done', detail });
      throw withAnchor(error, (await settleEffect(deps.pool, row, settlement, audit)).audit);
    }
    if (type !== undefined) throw error;
    throw failure('ProviderUnavailableError', 'No certain answer from the provider.', {
      cause: error,
    });
  }
}

/**
 * What was changed since may have been changed by this very undo, delivered twice: looking at it once
 * more finds it as it should be. Anybody else's change is refused again.
 */
async function lookingTwice<Result>(undo: () => Promise<Result>): Promise<Result> {
  try {
    return await undo();
  } catch (error) {
    const type = failureTypeOf(error);
    if (type !== 'ConflictError' && type !== 'PreconditionFailedError') throw error;
    return undo();
  }
}

/** Records what a person found out about an effect whose outcome was unknown. */
export async function settleByPerson(
  deps: PerformDeps,
  request: { effectKey: string; as: 'confirmed' | 'not_done'; actor: string },
): Promise<EffectReceipt> {
  const row = await readEffect(deps.pool, request.effectKey);
  if (row === undefined) throw failure('NotFoundError', 'There is no such effect.');
  if (row.state !== 'unknown' && row.state !== 'intent') return receiptOf(row);
  const taken = await takeOver(deps.pool, request.effectKey);
  const { content } = await loadPayload(deps.pool, row.digest);
  const detail = `Settled by ${request.actor}`;
  const settlement = { state: request.as, receipt: null, reconciled: true, detail } as const;
  const audit = auditOf(taken, content.payload, { outcome: request.as, detail });
  return receiptOf(await settleEffect(deps.pool, taken, settlement, audit));
}

function auditOf(
  row: LedgerRow,
  payload: JsonObject,
  result: JsonObject,
): AuditRecord<EffectEntry> {
  const at = new Date().toISOString();
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
      proposedAction: null,
      contextShown: null,
      approver: null,
      approvalId: row.approvalId,
      decidedAt: null,
      doneAt: at,
      executedContent: payload,
      digest: row.digest,
      result,
      difference: [],
    },
  };
}
