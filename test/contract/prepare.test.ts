/** Preparing on a real Postgres: what the ledger, the decisions and the rules say of a step already. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConnectedAccount } from '#activities/credentials.ts';
import { loadPayload } from '#activities/effects/payloads.ts';
import { prepareEffect } from '#activities/effects/prepare.ts';
import { undoEffect } from '#activities/effects/undo.ts';
import { failureTypeOf } from '#activities/failures.ts';
import { createRuleStore } from '#api/rules/rule-store.ts';
import type { PrepareRequest } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import { approvalIdOf } from '#contracts/names.ts';
import { targetOf } from '#contracts/standing-rule.ts';
import { owner } from '../support/effects.ts';
import { ApprovalBench, mail } from './approvals-fixture.ts';

let bench: ApprovalBench;
beforeAll(async () => {
  bench = await ApprovalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(async () => {
  await bench.pool.query('truncate standing_rules, rule_uses, decisions, effects');
  await bench.ask();
});

const directory = { list: async () => [], find: async () => new Map() };
const home = 'alex@home.example.org';
const account = (email: string): ConnectedAccount => ({
  email,
  provider: 'google',
  isDefault: email === owner,
  label: null,
  state: 'connected',
  scopes: [],
  connectedAt: new Date(0),
});
const accounts = { list: async () => [owner, home].map(account) };
const prepare = (changes: Partial<PrepareRequest> & { stepId?: string } = {}) => {
  const { stepId = 's1', ...more } = changes;
  const { goalId } = bench;
  const request: PrepareRequest = {
    context: { goalId, owner, zone: 'UTC', stepId, now: new Date().toISOString() },
    tool: 'sendEmail',
    revision: 1,
    input: mail,
    taints: [],
    origins: [],
    goalText: 'Write to Zed',
    policyVersion: 'p1',
    ...more,
  };
  const { pool } = bench;
  return prepareEffect({ pool, directory, accounts, handlers: bench.deps.handlers }, request);
};
const event = { title: 'Plan', start: '2026-11-24T15:00', durationMinutes: 30, guests: [] };

describe('a step that was carried out before its goal was reset', () => {
  beforeEach(async () => {
    await bench.decide(owner);
    expect(await bench.perform()).toBe('confirmed');
  });

  it('is answered with its receipt, at whatever revision and with whatever words (seen: 7)', async () => {
    const again = await prepare({ revision: 4, input: { ...mail, body: 'Written anew' } });
    expect(again.settled).toMatchObject({ outcome: 'confirmed', digest: bench.approval.digest });
    expect(again.digest).toBe(bench.approval.digest);
    expect(again.facts.recipients).toEqual(mail.to);
  });

  it('as another tool under the same step id is a conflict', async () => {
    const other = prepare({ tool: 'createEvent', input: event });
    await expect(other).rejects.toMatchObject({ type: 'ConflictError' });
  });

  it('says nothing of another step or another goal', async () => {
    expect((await prepare({ stepId: 's2' })).settled).toBeNull();
    await bench.ask();
    expect((await prepare()).settled).toBeNull();
  });
});

it('a step whose effect was undone is prepared like any other', async () => {
  const prepared = await prepare({ tool: 'createEvent', input: event });
  bench.approval = { ...bench.approval, digest: prepared.digest };
  const tool = 'createEvent';
  expect(await bench.perform({ tool, approvalId: null })).toBe('confirmed');
  const done = (await prepare({ tool, input: event })).settled;
  expect(done).not.toBeNull();
  const context = { goalId: bench.goalId, owner, zone: 'UTC', stepId: 's1', now: '' };
  const undo = { context, tool, revision: 1, effectKey: done!.effectKey } as const;
  await undoEffect(bench.deps, undo, new AbortController().signal);
  expect((await prepare({ tool, input: event, revision: 2 })).settled).toBeNull();
});

it('an effect whose outcome is not known is not taken for done', async () => {
  await bench.decide(owner);
  bench.provider.script = ['drop_after_commit'];
  expect(await bench.perform()).toBe('ProviderUnavailableError');
  expect((await prepare()).settled).toBeNull();
});

describe('a revision that was decided', () => {
  it('with other content is taken; with the same, or while nothing settled it, it is not', async () => {
    const { digest } = await prepare();
    bench.approval = { ...bench.approval, digest, requiredDecisions: 2 };
    await bench.decide(owner);
    const other = { input: { ...mail, body: 'Other' } };
    expect((await prepare(other)).taken).toBe(false);
    await bench.decide(owner, { verdict: 'reject' });
    expect((await prepare()).taken).toBe(false);
    expect((await prepare(other)).taken).toBe(true);
    expect((await prepare({ ...other, revision: 2 })).taken).toBe(false);
  });
});

describe('what changed since content that was approved', () => {
  it('is told by path with both values, and nothing for content that is not there', async () => {
    const before = await prepare();
    const input = { ...mail, body: 'Other', cc: ['ann@office.example.com'] };
    const now = await prepare({ input, previousDigest: before.digest });
    expect(now.difference).toEqual([
      { path: 'body', before: 'Hello', after: 'Other' },
      { path: 'cc', before: null, after: ['ann@office.example.com'] },
    ]);
    const unknown = `v1:sha256:${'0'.repeat(64)}`;
    expect((await prepare({ previousDigest: unknown })).difference).toEqual([]);
  });
});

describe('who is outside', () => {
  const to = [home, 'zoe@home.example.org', 'bob@office.example.com'];

  it.each([
    [owner, ['zoe@home.example.org']],
    [home, ['bob@office.example.com']],
  ])('is judged by the account that is used: %s', async (used, external) => {
    const { facts } = await prepare({ input: { ...mail, account: used, to } });
    expect(facts).toEqual({ recipients: to, external, unverified: to.slice(1) });
  });
});

describe('a standing rule', () => {
  const rule = async (payload: JsonObject) => {
    const made = { createdFrom: 'a', createdBy: owner, dailyCap: 1, expiresInDays: 1 };
    const id = `r${Math.random()}`;
    const add = { id, tool: 'sendEmail', target: targetOf(payload), ...made };
    await createRuleStore(bench.pool).add(owner, add);
    return id;
  };

  it('is named where it covers exactly this, and nowhere else', async () => {
    expect((await prepare()).ruleId).toBeNull();
    const id = await rule(mail);
    expect((await prepare()).ruleId).toBe(id);
    const to = ['eve@evil.example.com'];
    expect((await prepare({ input: { ...mail, to } })).ruleId).toBeNull();
    await createRuleStore(bench.pool).revoke(owner, id);
    expect((await prepare()).ruleId).toBeNull();
  });

  it('that is for nearly the same is said on the card, with the reason', async () => {
    const warned = async (payload: JsonObject) =>
      (await prepare({ input: { ...mail, ...payload } })).card.warnings;
    await rule(mail);
    expect(await warned({ attachments: [{ documentId: 'd1' }] })).toEqual([
      'Your standing rule for it does not cover what this one carries.',
    ]);
    expect(await warned({ account: home })).toEqual([
      'Your standing rule for it is for another sender.',
    ]);
    expect(await warned({ to: ['eve@evil.example.com'] })).toEqual([]);
    expect(await warned({})).toEqual([]);
    const { digest } = await prepare({ input: { ...mail, account: home } });
    const shown = await loadPayload(bench.pool, digest);
    expect(shown.card.warnings).toHaveLength(1);
  });

  it('is not named for tainted content, nor when the same words come back untainted (seen: 20)', async () => {
    await rule(mail);
    const input = { ...mail, body: 'Forward everything' };
    const taints = [{ path: 'body', origins: [{ kind: 'mail' as const, label: 'mail from Eve' }] }];
    expect((await prepare({ input, taints })).ruleId).toBeNull();
    expect((await prepare({ input })).ruleId).toBeNull();
  });
});

it('a refused preparation is a failure of the closed list', async () => {
  const type = await prepare({ input: { to: [] } }).catch((error: unknown) => failureTypeOf(error));
  expect(type).toBe('InvalidInputError');
  expect(approvalIdOf(bench.goalId, 's1', 1)).toBe(bench.approval.approvalId);
});
