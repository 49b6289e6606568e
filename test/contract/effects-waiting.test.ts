/** An effect whose provider is away or whose account must be connected again stays open, under its key. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { effectKeyOf } from '#activities/effects/digest.ts';
import { type EffectHandler, UnknownOutcomeError } from '#activities/effects/handler.ts';
import { readEffect } from '#activities/effects/ledger.ts';
import { performEffect, type PerformDeps } from '#activities/effects/perform.ts';
import { undoEffect } from '#activities/effects/undo.ts';
import { failure } from '#activities/failures.ts';
import type { PerformRequest } from '#contracts/activities.ts';
import { approvalIdOf, type GoalId, goalWorkflowId } from '#contracts/names.ts';
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

const types = ['ProviderWaitError', 'ReconnectRequiredError'] as const;
const keys = testKeys();
const signal = new AbortController().signal;
const input = { title: 'Lunch', guests: ['bob@office.example.com'] };
let database: TestDatabase;
let provider: FakeProvider;
let goalId: GoalId;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => {
  provider = new FakeProvider();
  goalId = newGoalId();
});

/** The gateway with some of the handler's moves replaced. */
function depsWith(changes: Partial<EffectHandler>): PerformDeps {
  const deps = performDeps(database.pool, provider, keys);
  const handler = { ...provider.handler('createEvent'), ...changes };
  return { ...deps, handlers: new Map([['createEvent', handler]]) };
}
const healthy = () => depsWith({});
async function approved(): Promise<PerformRequest> {
  const digest = await store(database.pool, goalId, 'createEvent', input);
  const approvalId = approvalIdOf(goalId, 's1', 1);
  await decide(database.pool, keys, { goalId, approvalId, digest });
  return {
    context: { goalId, owner, zone: 'UTC', stepId: 's1', now: new Date().toISOString() },
    tool: 'createEvent',
    revision: 1,
    digest,
    mode: 'live',
    approvalId,
    reconcileForMs: 0,
    reconcileOnly: false,
  };
}
const keyOf = (purpose: 'do' | 'undo') =>
  effectKeyOf(keys.ledgerKey, goalWorkflowId(goalId), 's1', 1, purpose);
const row = (purpose: 'do' | 'undo' = 'do') => readEffect(database.pool, keyOf(purpose));

describe.each(types)('after %s', (type) => {
  const away = () => Promise.reject(failure(type, 'Not now.'));

  it('an effect that was not sent is open, and is done once under the same key', async () => {
    const request = await approved();
    await expect(performEffect(depsWith({ perform: away }), request, signal)).rejects.toMatchObject(
      { type },
    );
    expect(await row()).toMatchObject({ state: 'intent', attempts: 1 });
    const receipt = await performEffect(healthy(), request, signal);
    expect(receipt).toMatchObject({ outcome: 'confirmed', effectKey: keyOf('do') });
    expect(provider.count(keyOf('do'))).toBe(1);
  });

  it('an effect that cannot be looked up stays open, however long ago it was sent', async () => {
    const request = await approved();
    provider.script = ['drop_after_commit'];
    await expect(performEffect(healthy(), request, signal)).rejects.toThrow();
    for (const reconcileOnly of [false, true]) {
      const looking = performEffect(
        depsWith({ reconcile: away }),
        { ...request, reconcileOnly },
        signal,
      );
      await expect(looking).rejects.toMatchObject({ type });
      expect((await row())!.state).toBe('intent');
    }
    const receipt = await performEffect(healthy(), request, signal);
    expect(receipt).toMatchObject({ outcome: 'confirmed', reconciled: true });
    expect(provider.count(keyOf('do'))).toBe(1);
  });

  it('an undo is open, and goes on under the same key', async () => {
    const request = await approved();
    await performEffect(healthy(), request, signal);
    const undo = { ...request, effectKey: keyOf('do') };
    await expect(undoEffect(depsWith({ undo: away }), undo, signal)).rejects.toMatchObject({
      type,
    });
    expect((await row('undo'))!.state).toBe('intent');
    expect((await undoEffect(healthy(), undo, signal)).outcome).toBe('confirmed');
    expect(provider.undone).toHaveLength(1);
  });
});

it('an effect that was refused for good is settled as not done', async () => {
  const request = await approved();
  const refuse = () => Promise.reject(failure('PermissionDeniedError', 'No.'));
  await expect(performEffect(depsWith({ perform: refuse }), request, signal)).rejects.toMatchObject(
    {
      type: 'PermissionDeniedError',
    },
  );
  expect((await row())!.state).toBe('not_done');
});

it('an effect without an answer is looked up, also when the failure began a wait', async () => {
  const request = await approved();
  const silent = () => Promise.reject(new UnknownOutcomeError('no answer'));
  await expect(performEffect(depsWith({ perform: silent }), request, signal)).rejects.toMatchObject(
    {
      type: 'ProviderUnavailableError',
    },
  );
  expect((await row())!.state).toBe('intent');
});
