/** A provider in memory for effect tests: it counts what happened by effect key, and can misbehave. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { z } from 'zod';
import { digestOf } from '#activities/effects/digest.ts';
import { type EffectHandler, UnknownOutcomeError } from '#activities/effects/handler.ts';
import { storePayload } from '#activities/effects/payloads.ts';
import type { PerformDeps } from '#activities/effects/perform.ts';
import { decisionText } from '#contracts/canonical.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { GoalId } from '#contracts/names.ts';
import { type EffectToolName, effectToolNames } from '#contracts/tools.ts';

/** What a fake provider does with the next calls. */
export type Behaviour = 'answer' | 'drop_after_commit' | 'drop_before' | 'reject';

/** How a provider treats one payload, where it does not treat all alike. */
export type Rule = {
  readonly perform?: Behaviour;
  /** Thrown instead of preparing. */
  readonly refusePrepare?: Error;
  readonly delayMs?: number;
  readonly blind?: boolean;
  readonly failUndo?: Error | undefined;
};

/** A provider that keeps what was done by effect key. */
export class FakeProvider {
  readonly done = new Map<string, number>();
  readonly undone: string[] = [];
  script: Behaviour[] = [];
  /** When true nobody can look anything up. */
  blind = false;
  failUndo: Error | null = null;
  /** Titles or subjects in the order in which they were done. */
  readonly order: string[] = [];
  /** What is different for one payload; asked at every call. */
  rule: (payload: JsonObject) => Rule = () => ({});
  /** What every act is refused with for good. */
  refusal: Error | null = null;

  count(effectKey: string): number {
    return this.done.get(effectKey) ?? 0;
  }

  handler(tool: EffectToolName): EffectHandler {
    return {
      tool,
      payloadSchema: z.record(z.string(), z.json()) as unknown as EffectHandler['payloadSchema'],
      prepare: (_context, input) => {
        const { refusePrepare } = this.rule(input);
        if (refusePrepare !== undefined) throw refusePrepare;
        return Promise.resolve({
          payload: { kind: tool, ...input },
          recipients: recipientsOf(input),
          card: { title: `${tool}`, lines: [], warnings: [] },
          summary: `Do ${tool}`,
        });
      },
      perform: async (payload, { effectKey }) => {
        if (this.refusal !== null) throw this.refusal;
        const rule = this.rule(payload);
        if (rule.delayMs !== undefined) await sleep(rule.delayMs);
        const behaviour = rule.perform ?? this.script.shift() ?? 'answer';
        if (behaviour === 'drop_before') throw new UnknownOutcomeError('connection reset');
        if (behaviour === 'reject') throw new Error('unexpected');
        this.done.set(effectKey, this.count(effectKey) + 1);
        this.order.push(nameOf(payload));
        if (behaviour === 'drop_after_commit') throw new UnknownOutcomeError('connection reset');
        return receipt(payload);
      },
      reconcile: (payload, { effectKey }) => {
        if (this.rule(payload).blind ?? this.blind)
          return Promise.resolve({ found: 'unknown', detail: 'the search is down' });
        if (this.count(effectKey) === 0) return Promise.resolve({ found: 'absent' });
        return Promise.resolve({ found: 'done', receipt: receipt(payload) });
      },
      undo: (payload, _receipt, { effectKey }) => {
        const refusal = this.rule(payload).failUndo ?? this.failUndo;
        if (refusal !== null) throw refusal;
        this.undone.push(nameOf(payload) || effectKey);
        return Promise.resolve({});
      },
    };
  }
}

function nameOf(payload: JsonObject): string {
  const name = payload['title'] ?? payload['subject'];
  return typeof name === 'string' ? name : '';
}

function recipientsOf(input: JsonObject): string[] {
  const list = input['guests'] ?? input['to'] ?? [];
  return Array.isArray(list) ? list.map(String) : [];
}

function receipt(payload: JsonObject): JsonObject {
  return {
    eventId: 'e1',
    title: payload['title'] ?? '',
    start: payload['start'] ?? '',
    guests: payload['guests'] ?? [],
    subject: payload['subject'] ?? '',
    to: payload['to'] ?? [],
  };
}

export const owner = 'alex@office.example.com';

/** A new goal id in the right form. */
export function newGoalId(): GoalId {
  return randomBytes(13).toString('hex') as GoalId;
}

/** The keys of one installation. */
export function testKeys() {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    ledgerKey: randomBytes(32),
    decisionPublicKey: publicKey,
    /** Signs a decision as the api does. */
    sign(decision: JsonObject): JsonObject {
      const signature = sign(null, Buffer.from(decisionText(decision)), privateKey);
      return { ...decision, signature: signature.toString('base64') };
    },
  };
}

/** Dependencies of the effect gateway over a fake provider. */
export function performDeps(pool: Pool, provider: FakeProvider, keys = testKeys()): PerformDeps {
  const tools = effectToolNames;
  return {
    pool,
    ledgerKey: keys.ledgerKey,
    decisionPublicKey: keys.decisionPublicKey,
    unsignedDecisions: 'refuse',
    handlers: new Map(tools.map((tool) => [tool, provider.handler(tool)])),
  };
}

/** Stores a payload of a step and returns its digest. */
export function store(
  pool: Pool,
  goalId: string,
  tool: string,
  input: JsonObject,
  tainted = false,
) {
  return storePayload(
    pool,
    { goalId, stepId: 's1' },
    {
      content: { tool, input, payload: { kind: tool, ...input }, policyVersion: 'p1' },
      card: { title: tool, lines: [], warnings: [], undo: null },
      context: [],
      tainted,
    },
  );
}

/** Stores an admitted decision, signed unless told otherwise. */
export async function decide(
  pool: Pool,
  keys: ReturnType<typeof testKeys>,
  decision: {
    goalId: string;
    approvalId: string;
    digest: string;
    verdict?: string;
    input?: JsonObject;
    actor?: string;
  },
  changes: { signed?: boolean; expired?: boolean } = {},
): Promise<void> {
  const { goalId, approvalId, digest, verdict = 'approve', actor = owner, input } = decision;
  const plain: JsonObject = {
    approvalId,
    digest,
    verdict,
    actor,
    decisionId: 'd1',
    ...(input ? { input } : {}),
  };
  const signed = changes.signed === false ? plain : keys.sign(plain);
  const expiresInMs = changes.expired === true ? -1_000 : 60_000;
  await pool.query(
    `insert into decisions (approval_id, decision_id, goal_id, digest, verdict, input_digest, actor,
                            comment, signed, decided_at, expires_at)
     values ($1, 'd1', $2, $3, $4, $5, $6, null, $7, now(), $8)`,
    [
      approvalId,
      goalId,
      digest,
      verdict,
      input ? digestOf(input) : null,
      actor,
      JSON.stringify(signed),
      new Date(Date.now() + expiresInMs),
    ],
  );
}
