/**
 * Payloads by digest. What a person approves is stored once under the digest of its content, and read
 * back under the same check: an altered row is not performed.
 */
import type { Pool } from 'pg';
import { z } from 'zod';
import type { Card } from '#contracts/approval.ts';
import type { JsonObject } from '#contracts/json.ts';
import { targetOf } from '#contracts/standing-rule.ts';
import type { Origin } from '#contracts/trust.ts';
import { failure } from '../failures.ts';
import { digestOf } from './digest.ts';

/** What the digest is over: the tool, the input as resolved, the payload and the policy's version. */
export type PayloadContent = {
  readonly tool: string;
  readonly input: JsonObject;
  readonly payload: JsonObject;
  readonly policyVersion: string;
};
export type StoredPayload = {
  readonly content: PayloadContent;
  readonly card: Card;
  readonly context: readonly Origin[];
  /** True when any of its input was filled from text that somebody else wrote. */
  readonly tainted: boolean;
};

const contentSchema = z.strictObject({
  tool: z.string(),
  input: z.record(z.string(), z.json()),
  payload: z.record(z.string(), z.json()),
  policyVersion: z.string(),
});

/**
 * Stores a payload and returns its digest. Storing it again changes nothing, except that content which
 * was tainted once stays tainted: a plan that repeats the words does not clean them.
 */
export async function storePayload(
  pool: Pool,
  owner: { goalId: string; stepId: string },
  stored: StoredPayload,
): Promise<string> {
  const digest = digestOf(stored.content);
  await pool.query(
    `insert into payloads (digest, goal_id, step_id, tool, content, card, context, target, tainted)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (digest) do update set tainted = true
     where excluded.tainted and not payloads.tainted`,
    [
      digest,
      owner.goalId,
      owner.stepId,
      stored.content.tool,
      JSON.stringify(stored.content),
      JSON.stringify(stored.card),
      JSON.stringify(stored.context),
      JSON.stringify(targetOf(stored.content.payload)),
      stored.tainted,
    ],
  );
  return digest;
}

/** Reads a payload and checks that it still is what its digest says. @throws NotApprovedError */
export async function loadPayload(pool: Pool, digest: string): Promise<StoredPayload> {
  const { rows } = await pool.query<Omit<StoredPayload, 'content'> & { content: unknown }>(
    'select content, card, context, tainted from payloads where digest = $1',
    [digest],
  );
  const row = rows[0];
  const content = contentSchema.safeParse(row?.content);
  if (row === undefined || !content.success || digestOf(content.data) !== digest) {
    throw failure(
      'NotApprovedError',
      'The approved content is not stored as it was approved. Nothing was done; ask for it again.',
    );
  }
  const { card, context, tainted } = row;
  return { content: content.data, card, context, tainted };
}
