/** The effect gateway on a real Postgres: once, only as approved, and never blindly repeated. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { effectKeyOf } from '#activities/effects/digest.ts';
import type { EffectHandler } from '#activities/effects/handler.ts';
import { performEffect, type PerformDeps } from '#activities/effects/perform.ts';
import { undoEffect } from '#activities/effects/undo.ts';
import { readEffect } from '#activities/effects/ledger.ts';
import { failure, failureTypeOf } from '#activities/failures.ts';
import type { PerformRequest } from '#contracts/activities.ts';
import { approvalIdOf, type GoalId, goalWorkflowId } from '#contracts/names.ts';
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
const keyOf = (revision = 1) =>
  effectKeyOf(keys.ledgerKey, goalWorkflowId(goalId), 's1', revision, 'do');
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

describe('performing an effect', () => {
  it('does an approved effect once, however often it is asked to (seen: 25)', async () => {
    const digest = await approved();
    const first = await performEffect(deps, request(digest), signal);
    const second = await performEffect(deps, request(digest), signal);
    expect(first.outcome).toBe('confirmed');
    expect(second).toEqual(first);
    expect(provider.count(keyOf())).toBe(1);
  });

  it('finds an effect whose answer was lost, and does not repeat it (seen: 5)', async () => {
    const digest = await approved();
    provider.script = ['drop_after_commit'];
    expect(await typeOfFailure(performEffect(deps, request(digest), signal))).toBe(
      'ProviderUnavailableError',
    );
    const receipt = await performEffect(deps, request(digest), signal);
    expect(receipt).toMatchObject({ outcome: 'confirmed', reconciled: true });
    expect(provider.count(keyOf())).toBe(1);
  });

  it('does it after all when the provider never got it', async () => {
    const digest = await approved();
    provider.script = ['drop_before'];
    expect(await typeOfFailure(performEffect(deps, request(digest), signal))).toBe(
      'ProviderUnavailableError',
    );
    expect((await performEffect(deps, request(digest), signal)).outcome).toBe('confirmed');
    expect(provider.count(keyOf())).toBe(1);
  });

  it('leaves an outcome nobody can look up to a person, and never sends again (seen: 4)', async () => {
    const digest = await approved();
    provider.script = ['drop_after_commit'];
    provider.blind = true;
    await typeOfFailure(performEffect(deps, request(digest), signal));
    const again = request(digest, { reconcileForMs: 0 });
    expect((await performEffect(deps, again, signal)).outcome).toBe('unknown');
    expect((await performEffect(deps, again, signal)).outcome).toBe('unknown');
    expect(provider.count(keyOf())).toBe(1);
  });

  /** The gateway on a provider whose second attempt goes differently. */
  const withHandler = (changes: Partial<EffectHandler>): PerformDeps => {
    const handler = { ...provider.handler('sendEmail'), ...changes };
    return { ...deps, handlers: new Map([['sendEmail', handler]]) };
  };

  it('does not take a refusal for an end when the earlier attempt has arrived by then', async () => {
    const digest = await approved();
    provider.script = ['drop_before'];
    await typeOfFailure(performEffect(deps, request(digest), signal));
    const late = withHandler({
      async perform(payload, context) {
        await provider.handler('sendEmail').perform(payload, context);
        throw failure('PreconditionFailedError', 'It was changed since.');
      },
    });
    const receipt = await performEffect(late, request(digest), signal);
    expect(receipt).toMatchObject({ outcome: 'confirmed', reconciled: true });
    expect(provider.count(keyOf())).toBe(1);
  });

  it('takes a refusal for an end when nothing is there', async () => {
    const digest = await approved();
    provider.script = ['drop_before'];
    await typeOfFailure(performEffect(deps, request(digest), signal));
    provider.refusal = failure('PermissionDeniedError', 'Not any more.');
    expect(await typeOfFailure(performEffect(deps, request(digest), signal))).toBe(
      'PermissionDeniedError',
    );
    expect((await readEffect(database.pool, keyOf()))?.state).toBe('not_done');
  });

  it('says it does not know when it may not look', async () => {
    const digest = await approved();
    provider.script = ['drop_after_commit'];
    await typeOfFailure(performEffect(deps, request(digest), signal));
    const shut = withHandler({
      reconcile: () => Promise.reject(failure('PermissionDeniedError', 'Not any more.')),
    });
    expect(await typeOfFailure(performEffect(shut, request(digest), signal))).toBe(
      'ProviderUnavailableError',
    );
    const last = request(digest, { reconcileForMs: 0 });
    expect((await performEffect(shut, last, signal)).outcome).toBe('unknown');
  });

  it('keeps looking while the time for it is not over', async () => {
    const digest = await approved();
    provider.script = ['drop_after_commit'];
    provider.blind = true;
    await typeOfFailure(performEffect(deps, request(digest), signal));
    expect(await typeOfFailure(performEffect(deps, request(digest), signal))).toBe(
      'ProviderUnavailableError',
    );
    provider.blind = false;
    expect((await performEffect(deps, request(digest), signal)).outcome).toBe('confirmed');
  });

  it('only looks and starts nothing when asked to reconcile', async () => {
    const digest = await approved();
    const only = request(digest, { reconcileOnly: true });
    expect((await performEffect(deps, only, signal)).outcome).toBe('not_done');
    expect(provider.count(keyOf())).toBe(0);
    provider.script = ['drop_before'];
    await typeOfFailure(performEffect(deps, request(digest), signal));
    const last = { ...only, reconcileForMs: 0 };
    expect((await performEffect(deps, last, signal)).outcome).toBe('not_done');
    expect((await performEffect(deps, request(digest), signal)).outcome).toBe('not_done');
    expect(provider.count(keyOf())).toBe(0);
  });

  it('does not say that it did not happen while the request may be on its way', async () => {
    const digest = await approved();
    provider.script = ['drop_before', 'drop_before'];
    const attempt = (changes: Partial<PerformRequest> = {}) =>
      typeOfFailure(performEffect(deps, request(digest, changes), signal));
    const age = (seconds: number) =>
      database.pool.query(
        `update effects set acted_at = acted_at - make_interval(secs => $2) where effect_key = $1`,
        [keyOf(), seconds],
      );
    await attempt();
    await age(11);
    // The time is that of the newest attempt.
    await attempt();
    const only = { reconcileOnly: true };
    expect(await attempt(only)).toBe('ProviderUnavailableError');
    provider.done.set(keyOf(), 1);
    expect((await performEffect(deps, request(digest, only), signal)).outcome).toBe('confirmed');
  });

  it('starts nothing after the goal was cancelled', async () => {
    const digest = await approved();
    await database.pool.query(`insert into cancellations (goal_id, actor) values ($1, 'x')`, [
      goalId,
    ]);
    expect(await typeOfFailure(performEffect(deps, request(digest), signal))).toBe(
      'CancelledByPersonError',
    );
    expect(provider.count(keyOf())).toBe(0);
  });

  it('two attempts at the same moment do it once (seen: 5, 7)', async () => {
    const digest = await approved();
    const results = await Promise.all(
      Array.from({ length: 8 }, () => typeOfFailure(performEffect(deps, request(digest), signal))),
    );
    expect(results).toContain('none');
    expect(provider.count(keyOf())).toBe(1);
  });

  it('in shadow mode records what it would have done, and does nothing', async () => {
    const digest = await approved();
    const receipt = await performEffect(deps, request(digest, { mode: 'shadow' }), signal);
    expect(receipt).toMatchObject({ outcome: 'shadow', receipt: { subject: 'Hi' } });
    expect(provider.done.size).toBe(0);
  });

  it('writes one audit entry with the six elements for each effect', async () => {
    const digest = await approved();
    await performEffect(deps, request(digest), signal);
    const { rows } = await database.pool.query(
      'select entry from audit_entries where goal_id = $1',
      [goalId],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0].entry).toMatchObject({
      proposedAction: { payload: { subject: 'Hi' } },
      contextShown: { card: { title: 'sendEmail' } },
      approver: owner,
      executedContent: { body: 'Hello' },
      result: { outcome: 'confirmed' },
      difference: [],
    });
  });
});

describe('undoing an effect', () => {
  const event = { title: 'Talk', start: 'x', guests: [] };

  it('undoes it once under its own key, and says when it cannot', async () => {
    const digest = await approved('createEvent', event as never);
    const done = await performEffect(deps, request(digest, { tool: 'createEvent' }), signal);
    const undo = {
      context: request(digest).context,
      tool: 'createEvent',
      revision: 1,
      effectKey: done.effectKey,
    } as const;
    provider.failUndo = failure('ConflictError', 'Somebody changed it.');
    expect(await typeOfFailure(undoEffect(deps, undo, signal))).toBe('ConflictError');
    expect(provider.undone).toEqual([]);
    expect((await readEffect(database.pool, done.effectKey))?.state).toBe('confirmed');
  });

  it('a repeated undo changes nothing further', async () => {
    const digest = await approved('createEvent', event as never);
    const done = await performEffect(deps, request(digest, { tool: 'createEvent' }), signal);
    const undo = {
      context: request(digest).context,
      tool: 'createEvent',
      revision: 1,
      effectKey: done.effectKey,
    } as const;
    const first = await undoEffect(deps, undo, signal);
    expect(await undoEffect(deps, undo, signal)).toEqual(first);
    expect(provider.undone).toEqual(['Talk']);
  });
});
