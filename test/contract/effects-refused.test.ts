/** What the effect gateway refuses, on a real Postgres. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { performEffect, type PerformDeps } from '#activities/effects/perform.ts';
import { failureTypeOf } from '#activities/failures.ts';
import type { PerformRequest } from '#contracts/activities.ts';
import { approvalIdOf, type GoalId } from '#contracts/names.ts';
import type { EffectToolName } from '#contracts/tools.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  decide,
  FakeProvider,
  newGoalId,
  owner,
  performDeps,
  store,
  testKeys,
} from '../support/effects.ts';

let database: TestDatabase;
let provider: FakeProvider;
let deps: PerformDeps;
let goalId: GoalId;
const keys = testKeys();
const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };
const signal = new AbortController().signal;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => {
  provider = new FakeProvider();
  deps = performDeps(database.pool, provider, keys);
  goalId = newGoalId();
});

function request(digest: string, changes: Partial<PerformRequest> = {}): PerformRequest {
  return {
    context: { goalId, owner, zone: 'UTC', stepId: 's1', now: new Date().toISOString() },
    tool: 'sendEmail',
    revision: 1,
    digest,
    mode: 'live',
    approvalId: approvalIdOf(goalId, 's1', 1),
    reconcileForMs: 60_000,
    reconcileOnly: false,
    ...changes,
  };
}
async function approved(
  tool: EffectToolName = 'sendEmail',
  input = mail as never,
): Promise<string> {
  const digest = await store(database.pool, goalId, tool, input);
  await decide(database.pool, keys, { goalId, approvalId: approvalIdOf(goalId, 's1', 1), digest });
  return digest;
}
async function typeOfFailure(run: Promise<unknown>): Promise<string | undefined> {
  try {
    await run;
    return 'none';
  } catch (error) {
    return failureTypeOf(error) ?? String(error);
  }
}

describe('the gateway refuses', () => {
  const notDone = async (run: Promise<unknown>) => {
    expect(await typeOfFailure(run)).toBe('NotApprovedError');
    expect(provider.done.size).toBe(0);
  };

  it('an effect without a decision', async () => {
    const digest = await store(database.pool, goalId, 'sendEmail', mail);
    await notDone(performEffect(deps, request(digest), signal));
  });

  it('an effect that claims to need no approval but would tell somebody (seen: 18)', async () => {
    const digest = await store(database.pool, goalId, 'sendEmail', mail);
    await notDone(performEffect(deps, request(digest, { approvalId: null }), signal));
    const invite = await store(database.pool, goalId, 'createEvent', {
      guests: ['bob@x.example.com'],
    });
    await notDone(
      performEffect(deps, request(invite, { approvalId: null, tool: 'createEvent' }), signal),
    );
  });

  it('content other than what was approved (seen: 6)', async () => {
    await approved();
    const other = await store(database.pool, goalId, 'sendEmail', { ...mail, subject: 'Hi!' });
    await notDone(performEffect(deps, request(other), signal));
  });

  it('an unsigned decision, and one signed for somebody else (seen: 17)', async () => {
    const approvalId = approvalIdOf(goalId, 's1', 1);
    const digest = await store(database.pool, goalId, 'sendEmail', mail);
    await decide(database.pool, keys, { goalId, approvalId, digest }, { signed: false });
    await notDone(performEffect(deps, request(digest), signal));
    await database.pool.query('delete from decisions');
    await decide(database.pool, keys, {
      goalId,
      approvalId,
      digest,
      actor: 'mallory@x.example.com',
    });
    await notDone(performEffect(deps, request(digest), signal));
  });

  it('a rejected and an expired decision', async () => {
    const approvalId = approvalIdOf(goalId, 's1', 1);
    const digest = await store(database.pool, goalId, 'sendEmail', mail);
    await decide(database.pool, keys, { goalId, approvalId, digest, verdict: 'reject' });
    await notDone(performEffect(deps, request(digest), signal));
    await database.pool.query('delete from decisions');
    await decide(database.pool, keys, { goalId, approvalId, digest }, { expired: true });
    await notDone(performEffect(deps, request(digest), signal));
  });

  it('a payload whose row was altered after the approval (seen: 6)', async () => {
    const digest = await approved();
    await database.pool.query(
      `update payloads set content = jsonb_set(content, '{payload,to,0}', '"eve@evil.example.com"') where digest = $1`,
      [digest],
    );
    await notDone(performEffect(deps, request(digest), signal));
    await database.pool.query('delete from payloads where digest = $1', [digest]);
  });

  it('another goal’s approval', async () => {
    const digest = await approved();
    goalId = newGoalId();
    await notDone(performEffect(deps, request(digest), signal));
  });

  it('an edit whose input is not the one that was admitted (seen: 16)', async () => {
    const approvalId = approvalIdOf(goalId, 's1', 1);
    const shown = await store(database.pool, goalId, 'sendEmail', mail);
    const edited = { ...mail, body: 'Edited' };
    await decide(database.pool, keys, {
      goalId,
      approvalId,
      digest: shown,
      verdict: 'edit',
      input: edited,
    });
    const other = await store(database.pool, goalId, 'sendEmail', {
      ...mail,
      body: 'Something else',
    });
    await notDone(performEffect(deps, request(other, { revision: 2 }), signal));
    const right = await store(database.pool, goalId, 'sendEmail', edited);
    const receipt = await performEffect(deps, request(right, { revision: 2 }), signal);
    expect(receipt.outcome).toBe('confirmed');
    const { rows } = await database.pool.query(
      'select entry from audit_entries where goal_id = $1',
      [goalId],
    );
    expect(rows[0].entry.difference).toEqual([
      { path: 'body', proposed: 'Hello', executed: 'Edited' },
    ]);
  });
});
