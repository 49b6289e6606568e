/** Many decisions in one request, standing rules over HTTP, reconnected accounts, and old rows. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createReconnector } from '#api/approvals/reconnect.ts';
import type { Approval } from '#contracts/approval.ts';
import { limits } from '#contracts/limits.ts';
import { alice, approvalOf, bob, createFixture, digest, type Fixture } from './api-fixture.ts';

let api: Fixture;
let goalId: string;
beforeAll(async () => {
  api = await createFixture();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  await api.database.pool.query(
    'truncate approvals, payloads, standing_rules, rule_uses, accounts',
  );
  Object.assign(api.temporal, { decisions: [], nextOutcome: null, reconnected: [] });
  api.temporal.outcomes.clear();
  goalId = await api.goal();
});
const post = (url: string, payload: object, who = alice) =>
  api.request(who, { method: 'POST', url, payload });

describe('a batch of decisions', () => {
  const decide = (...decisions: object[]) => post('/v1/approvals/decisions', { decisions });

  it('decides each by its own digest, and one that is refused holds up no other', async () => {
    const [a, b, c] = await Promise.all(
      ['a', 'b', 'c'].map((stepId) => api.approval(goalId, approvalOf(goalId, stepId))),
    );
    const stale = { outcome: 'refused' as const, code: 'stale_digest' as const, message: 'No.' };
    api.temporal.nextOutcome = ({ decisionId, approvalId }) =>
      approvalId === b!.approvalId
        ? { decisionId, approvalId, ...stale, standing: null }
        : (null as never);
    const answer = await decide(
      { approvalId: a!.approvalId, digest, verdict: 'approve' },
      { approvalId: b!.approvalId, digest, verdict: 'approve' },
      { approvalId: c!.approvalId, digest, verdict: 'reject', comment: 'No need' },
      { approvalId: `${goalId}.none.1`, digest, verdict: 'approve' },
    );
    expect(answer.statusCode).toBe(200);
    const { results } = answer.json();
    expect(results.map(({ status }: { status: number }) => status)).toEqual([200, 412, 200, 404]);
    expect(results[1].problem).toMatchObject({ type: 'urn:adjutant:problem:stale-digest' });
    expect(results[2].decision).toMatchObject({ verdict: 'reject', actor: alice });
    expect(api.temporal.decisions.map(({ digest: sent }) => sent)).toEqual([
      digest,
      digest,
      digest,
    ]);
  });

  it.each([
    ['nothing', []],
    ['an edit', [{ approvalId: 'a', digest, verdict: 'edit', input: {} }]],
    ['no digest', [{ approvalId: 'a', verdict: 'approve' }]],
    [
      'the same approval twice',
      [
        { approvalId: 'a', digest, verdict: 'approve' },
        { approvalId: 'a', digest, verdict: 'reject' },
      ],
    ],
    [
      'too many',
      Array.from({ length: limits.batchDecisionsMax + 1 }, (_, i) => ({
        approvalId: `a${i}`,
        digest,
        verdict: 'approve',
      })),
    ],
  ])('with %s is refused as a whole', async (_name, decisions) => {
    expect((await decide(...decisions)).statusCode).toBe(422);
    expect(api.temporal.decisions).toEqual([]);
  });
});

describe('standing rules over HTTP', () => {
  const payload = { kind: 'createEvent', account: alice, guests: ['Bob@example.com'] };
  const ask = async (changes: Partial<Approval> = {}, tainted = false) => {
    await api.payload(goalId, 'createEvent', payload, digest, tainted);
    return (await api.approval(goalId, { tier: 3, ...changes })).approvalId as string;
  };
  const make = (approvalId: string, changes: object = {}, who = alice) =>
    post('/v1/rules', { approvalId, expiresInDays: 7, dailyCap: 2, ...changes }, who);
  const decision = (actor: string) => ({
    decision: { decisionId: 'd', verdict: 'approve' as const, actor, decidedAt: '', comment: null },
  });

  it('are made from a pending approval, listed with their uses, and revoked', async () => {
    const approvalId = await ask();
    const made = await make(approvalId);
    expect([made.statusCode, made.json()]).toMatchObject([
      201,
      {
        tool: 'createEvent',
        target: { account: alice, recipients: ['bob@example.com'], eventId: null },
        createdFrom: approvalId,
        createdBy: alice,
        state: 'live',
        uses: 0,
      },
    ]);
    const { id } = made.json();
    await api.database.pool.query(
      `insert into rule_uses values ('x', $1, (now() at time zone 'UTC')::date, 1, now()),
         ('y', $1, '2026-01-01', 1, '2026-01-01T10:00:00Z')`,
      [id],
    );
    const [listed] = (await api.request(alice, { url: '/v1/rules' })).json().rules;
    expect(listed).toMatchObject({ id, uses: 2, usesToday: 1 });
    expect((await api.request(bob, { url: '/v1/rules' })).json().rules).toEqual([]);
    const url = `/v1/rules/${id}`;
    expect((await api.request(bob, { method: 'DELETE', url })).statusCode).toBe(404);
    const revoked = await api.request(alice, { method: 'DELETE', url });
    expect(revoked.json()).toMatchObject({ state: 'revoked' });
  });

  it('are made from what the person has approved themselves, and from nobody else’s', async () => {
    const approvalId = await ask({ state: 'approved', ...decision(alice) });
    expect((await make(approvalId)).statusCode).toBe(201);
    await api.setApproval(approvalId, decision('dora@example.com'));
    expect((await make(approvalId)).json().type).toBe('urn:adjutant:problem:no-rule');
    expect((await make(approvalId, {}, bob)).statusCode).toBe(404);
  });

  it.each<[string, Partial<Approval>, boolean]>([
    ['tier 4', { tier: 4 }, false],
    ['a rejected one', { state: 'rejected' }, false],
    ['an edited one', { state: 'edited' }, false],
    ['a question of another kind', { kind: 'plan' }, false],
    ['what was filled from a mail', {}, true],
  ])('are never made from %s (seen: 19)', async (_name, changes, tainted) => {
    const approvalId = await ask(changes, tainted);
    const answer = await make(approvalId);
    expect([answer.statusCode, answer.json().type]).toEqual([422, 'urn:adjutant:problem:no-rule']);
    expect((await api.request(alice, { url: '/v1/rules' })).json().rules).toEqual([]);
  });

  it('are bounded in days and uses', async () => {
    const approvalId = await ask();
    const tooLong = { expiresInDays: limits.ruleDaysMax + 1 };
    expect((await make(approvalId, tooLong)).statusCode).toBe(422);
    const tooOften = { dailyCap: limits.ruleDailyCapMax + 1 };
    expect((await make(approvalId, tooOften)).statusCode).toBe(422);
  });

  it('are not made from content of a release that did not say what it touches', async () => {
    const approvalId = await ask();
    await api.database.pool.query('update payloads set target = null');
    expect((await make(approvalId)).json().type).toBe('urn:adjutant:problem:no-rule');
  });
});

describe('an account that works again', () => {
  const account = (state: string, at: string) =>
    api.database.pool.query(
      `insert into accounts (owner, provider, email, sealed_refresh_token, state, connected_at)
       values ($1, 'google', $1, '', $2, ${at})
       on conflict (owner, email) do update set state = excluded.state,
         connected_at = excluded.connected_at`,
      [alice, state],
    );
  const reconnect = () => createReconnector({ pool: api.database.pool, goalClient: api.temporal });

  it('is told to the goals that asked to reconnect it, once', async () => {
    const input = { provider: 'google', account: alice };
    const request = {
      ...approvalOf(goalId, 'send_reconnect'),
      kind: 'intervention' as const,
      input,
    };
    await api.approval(goalId, request);
    await api.approval(goalId, { ...approvalOf(goalId, 'other'), input });
    const look = reconnect();
    await account('reconnect_required', 'now()');
    expect(await look()).toBe(0);
    await account('connected', `now() - interval '1 hour'`);
    expect(await look()).toBe(0);
    await account('connected', `now() + interval '1 second'`);
    expect([await look(), await look()]).toEqual([1, 0]);
    expect(api.temporal.reconnected).toEqual([{ goalId, provider: 'google', account: alice }]);
  });
});

describe('requests to reconnect', () => {
  const looks = async (input: object, connected: string) => {
    await api.database.pool.query('truncate approvals, accounts');
    api.temporal.reconnected = [];
    const kind = 'intervention' as const;
    await api.approval(goalId, {
      ...approvalOf(goalId, 'send_reconnect'),
      kind,
      input: input as never,
    });
    await api.database.pool.query(
      `insert into accounts (owner, provider, email, sealed_refresh_token, connected_at)
       values ($1, 'google', $2, '', now() + interval '1 second')`,
      [alice, connected],
    );
    const look = createReconnector({ pool: api.database.pool, goalClient: api.temporal });
    return [await look(), api.temporal.reconnected];
  };
  const home = 'alice@home.example.org';

  it('wait for the account they name, not for another one of the same vendor', async () => {
    const asked = { provider: 'google', account: alice };
    expect(await looks(asked, home)).toEqual([0, []]);
    expect(await looks(asked, alice)).toEqual([1, [{ goalId, ...asked }]]);
  });

  it('take any account where none was connected, and any of the vendor where none is named', async () => {
    expect(await looks({ account: alice }, home)).toEqual([1, [{ goalId, account: alice }]]);
    expect(await looks({ provider: 'google' }, home)).toEqual([
      1,
      [{ goalId, provider: 'google' }],
    ]);
    expect(await looks({ provider: 'model', account: '*' }, home)).toEqual([0, []]);
  });
});

describe('rows that an earlier release stored', () => {
  it('are read with what it did not know, and can be decided', async () => {
    const { approvalId } = await api.approval(goalId);
    const unknown = `'{assignedRole,assignedTo,requiredDecisions,approvedBy,remindedAt,supersedes,difference,leavesAt}'::text[]`;
    await api.database.pool.query(`update approvals set approval = approval - ${unknown}`);
    await api.database.pool.query(
      `update goals set view = (view - 'waitingOn' - 'aftercareOf') ||
         jsonb_build_object('usage', (view->'usage') - 'costMicroUsd', 'pendingApprovals',
           jsonb_build_array((select approval from approvals)))
       where goal_id = $1`,
      [goalId],
    );
    const [listed] = (await api.request(alice, { url: '/v1/approvals' })).json().approvals;
    const defaults = { assignedRole: 'owner', assignedTo: null, requiredDecisions: 1 };
    expect(listed).toMatchObject({ ...defaults, approvedBy: [], difference: [], leavesAt: null });
    const goal = (await api.request(alice, { url: `/v1/goals/${goalId}` })).json();
    expect(goal).toMatchObject({ waitingOn: [], aftercareOf: null, usage: { costMicroUsd: 0 } });
    expect(goal.pendingApprovals[0]).toMatchObject(defaults);
    api.temporal.approvals.clear();
    const answer = await post(`/v1/approvals/${approvalId}/decision`, {
      digest,
      verdict: 'reject',
    });
    expect([answer.statusCode, answer.json().approval.state]).toEqual([200, 'rejected']);
  });
});
