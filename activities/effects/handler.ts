/**
 * What a connector provides for each effect tool. The one function that makes effects happen
 * (perform.ts) calls these and nothing else; a handler never touches the ledger.
 */
import type { z } from 'zod';
import type { Card } from '#contracts/approval.ts';
import type { StepContext } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { EffectToolName } from '#contracts/tools.ts';

/** What `prepare` resolves a step to. */
export type PreparedPayload<Payload> = {
  /** Complete and vendor-neutral: what is approved is exactly what is sent. */
  readonly payload: Payload;
  /** Everyone who would be told, lower case. */
  readonly recipients: readonly string[];
  readonly card: Omit<Card, 'undo'>;
  /** One line for the Web UI, without private text: "Send mail to 2 people". */
  readonly summary: string;
};

/** What a handler may know while acting. */
export type EffectContext = {
  readonly step: StepContext;
  /** 64 hex characters. Provider keys and ids derive from it. */
  readonly effectKey: string;
  /** When the intent was written, RFC 3339: the same for every attempt. A mail's Date. */
  readonly intentAt: string;
  /** What an earlier attempt saved at the provider (a draft's id), or null. */
  readonly providerRef: string | null;
  /** Saves such a reference in the ledger BEFORE the act that uses it. Throws if another attempt took over. */
  saveProviderRef(ref: string): Promise<void>;
  readonly signal: AbortSignal;
};

/** The request may have been acted on: the answer never came or could not be read. */
export class UnknownOutcomeError extends Error {
  override readonly name = 'UnknownOutcomeError';
}

/** What a look at the provider found after an attempt whose answer never came. */
export type Reconciliation =
  | { readonly found: 'done'; readonly receipt: JsonObject }
  | { readonly found: 'absent' }
  | { readonly found: 'unknown'; readonly detail: string };

/** How one effect tool is prepared, performed, looked for and undone. */
export type EffectHandler<Payload extends JsonObject = JsonObject> = {
  readonly tool: EffectToolName;
  /** Validates a payload read back from storage. */
  readonly payloadSchema: z.ZodType<Payload>;
  /** Resolves an input (already valid for the tool's schema). Reads only. */
  prepare(context: StepContext, input: JsonObject): Promise<PreparedPayload<Payload>>;
  /**
   * Looks whether the world still is as it was when the payload was prepared, before the first attempt
   * writes its intent. Reads only. @throws PreconditionFailedError, saying what changed
   */
  checkFresh?(payload: Payload, context: StepContext): Promise<void>;
  /**
   * Maps the payload to the vendor's request and sends it once, client-library retries off.
   * @throws a failure of the closed list (failures.ts) when the provider surely did nothing: refused
   * before sending, connection refused, 400, 401, 403, 422, 429, and 412. Anything else it throws
   * (UnknownOutcomeError for timeouts, resets, 408, 5xx, an unreadable 2xx, and 404, 409 or 410,
   * which often mean "already done") is taken as "it may have happened" and is looked up.
   */
  perform(payload: Payload, context: EffectContext): Promise<JsonObject>;
  /** Looks for the effect by its key. Reads only. */
  reconcile(payload: Payload, context: EffectContext): Promise<Reconciliation>;
  /** Undoes a confirmed effect, respecting etags; null when nothing can undo it. */
  readonly undo:
    ((payload: Payload, receipt: JsonObject, context: EffectContext) => Promise<JsonObject>) | null;
};
