/** Decisions over HTTP: every outcome, the signature, and what a repeated request means. */
import { verify } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isSigned } from '#activities/approvals/signature.ts';
import { decisionText } from '#contracts/canonical.ts';
import type { Approval, RefusalCode } from '#contracts/approval.ts';
import { decisionSignalSchema } from '#contracts/schemas/approval.ts';
import {
  alice,
  applied,
  approvalOf,
  bob,
  createFixture,
  digest,
  type Fixture,
  viewOf,
} from './api-fixture.ts';

let api: Fixture;
let goalId: string;
let approval: Approval;
beforeAll(async () => {
  api = await createFixture();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  await api.database.pool.query('truncate approvals');
  Object.assign(api.temporal, { down: false, decisions: [], nextOutcome: null });
  api.temporal.outcomes.clear();
  goalId = await api.goal();
  approval = await api.approval(goalId);
});

const decide = (payload: object, id = approval.approvalId as string, who = alice) =>
  api.request(who, { method: 'POST', url: `/v1/approvals/${id}/decision`, payload });

describe('a decision that counts', () => {
  it('is signed over all its fields and sent with the actor and the digest of the request', async () => {
    const answer = await decide({ digest, verdict: 'approve', comment: 'Fine — ünïcode ✓' });
    expect(answer.statusCode).toBe(200);
    const sent = api.temporal.decisions[0]!;
    expect(decisionSignalSchema.parse(sent)).toMatchObject({
      approvalId: approval.approvalId,
      digest,
      verdict: 'approve',
      actor: alice,
    });
    const signature = Buffer.from(sent.signature ?? '', 'base64');
    const signed = (text: string) => verify(null, Buffer.from(text), api.publicKey, signature);
    expect(signed(decisionText(sent as never))).toBe(true);
    expect(signed(decisionText({ ...sent, verdict: 'reject' } as never))).toBe(false);
    expect(isSigned(sent as never, api.publicKey)).toBe(true);
  });

  it('is answered with the approval as it stands and the decision that stands', async () => {
    const answer = await decide({ digest, verdict: 'reject', comment: 'Not this week' });
    expect(answer.json()).toMatchObject({
      outcome: 'applied',
      decision: { verdict: 'reject', actor: alice, comment: 'Not this week' },
      approval: { approvalId: approval.approvalId, state: 'rejected', mode: 'live' },
    });
  });

  it('carries the whole edited input (seen: 16)', async () => {
    const input = { title: 'Sync', guests: ['bob@example.com', 'carla@example.com'] };
    expect((await decide({ digest, verdict: 'edit', input })).statusCode).toBe(200);
    expect(api.temporal.decisions[0]).toMatchObject({ verdict: 'edit', input });
  });

  it('is the same decision when repeated with its decisionId, and is not sent again (seen: 11)', async () => {
    const first = await decide({ digest, verdict: 'approve', decisionId: 'mine' });
    const again = await decide({ digest, verdict: 'approve', decisionId: 'mine' });
    expect([first.statusCode, again.statusCode]).toEqual([200, 200]);
    expect(api.temporal.decisions).toHaveLength(1);
  });
});

describe('a decision that changes nothing', () => {
  const cases: [RefusalCode, number, string][] = [
    ['already_decided', 409, 'already-decided'],
    ['repeated', 409, 'already-decided'],
    ['stale_digest', 412, 'stale-digest'],
    ['expired', 410, 'approval-expired'],
    ['invalid_edit', 422, 'invalid-edit'],
    ['not_allowed', 403, 'not-allowed'],
    ['unknown_approval', 404, 'not-found'],
    ['malformed', 422, 'invalid-decision'],
  ];
  it.each(cases)(
    'is answered %s with %i and the decision that stands',
    async (code, status, type) => {
      const standing = {
        decisionId: 'earlier',
        verdict: 'reject' as const,
        actor: 'someone',
        decidedAt: '2026-11-20T10:00:00Z',
        comment: null,
      };
      api.temporal.nextOutcome = (decision) => ({
        ...applied(decision),
        outcome: 'refused',
        code,
        message: 'No.',
        standing,
      });
      const answer = await decide({ digest, verdict: 'approve' });
      expect(answer.statusCode).toBe(status);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(answer.json()).toMatchObject({
        type: `urn:adjutant:problem:${type}`,
        detail: expect.stringMatching(/^No\. ./),
        decision: standing,
      });
    },
  );

  it('is 202 with where to look when the workflow does not confirm it in time', async () => {
    api.temporal.nextOutcome = () => 'no_answer';
    const answer = await decide({ digest, verdict: 'approve' });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({ outcome: 'pending', decision: null });
    expect(answer.json().links.approval).toBe(`/v1/approvals/${approval.approvalId}`);
  });

  it('is 503 with Retry-After while Temporal is away', async () => {
    api.temporal.down = true;
    const answer = await decide({ digest, verdict: 'approve' });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBeDefined();
  });

  it.each([
    ['approved', 409],
    ['expired', 410],
    ['cancelled', 409],
  ] as const)('is told how a %s approval of an ended goal stands (%i)', async (state, status) => {
    await api.database.pool.query(
      `update approvals set state = $1, approval = approval || jsonb_build_object('state', $1::text)`,
      [state],
    );
    api.temporal.nextOutcome = () => 'ended';
    const answer = await decide({ digest, verdict: 'approve' });
    expect(answer.statusCode).toBe(status);
    expect(answer.json().approvalState).toBe(state);
  });

  it('is refused when its decisionId belongs to another decision', async () => {
    await decide({ digest, verdict: 'approve', decisionId: 'x' });
    const other = await decide({ digest, verdict: 'reject', decisionId: 'x' });
    expect(other.json().type).toBe('urn:adjutant:problem:decision-id-reused');
    const elsewhere = await api.approval(goalId, approvalOf(goalId, 'other'));
    const misused = await decide(
      { digest, verdict: 'approve', decisionId: 'x' },
      elsewhere.approvalId,
    );
    expect(misused.statusCode).toBe(409);
    expect(api.temporal.decisions).toHaveLength(1);
  });

  it.each([
    ['no digest', { verdict: 'approve' }, 'digest'],
    ['a digest of another form', { digest: 'abc', verdict: 'approve' }, 'digest'],
    ['an unknown verdict', { digest, verdict: 'yes' }, 'verdict'],
    ['an edit without an input', { digest, verdict: 'edit' }, 'input'],
    ['an input without an edit', { digest, verdict: 'approve', input: {} }, 'input'],
    ['an empty comment', { digest, verdict: 'reject', comment: ' ' }, 'comment'],
    ['an actor of its own', { digest, verdict: 'approve', actor: 'boss@example.com' }, ''],
  ])('is refused before it is sent with %s', async (_name, payload, path) => {
    const answer = await decide(payload);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0].path).toBe(path);
    expect(api.temporal.decisions).toHaveLength(0);
  });

  it('is unknown to anyone but the owner, and for ids that are none (seen: 17)', async () => {
    const ids = [approval.approvalId, 'nonsense', `${goalId}.other.1`, `${'0'.repeat(26)}.a.1`];
    const answers = [
      await decide({ digest, verdict: 'approve' }, ids[0], bob),
      await decide({ digest, verdict: 'approve' }, ids[1]),
      await decide({ digest, verdict: 'approve' }, ids[2]),
      await decide({ digest, verdict: 'approve' }, ids[3]),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404, 404, 404]);
    expect(api.temporal.decisions).toHaveLength(0);
  });
});

describe('the review queue', () => {
  it('lists pending approvals over all goals of one person, with goal and mode', async () => {
    const second = await api.goal(alice, 'A second goal');
    await api.approval(second);
    await api.approval(goalId, { ...approvalOf(goalId, 'done'), state: 'approved' });
    const { approvals } = (await api.request(alice, { url: '/v1/approvals?state=pending' })).json();
    expect(approvals.map((item: { goalId: string }) => item.goalId)).toEqual([second, goalId]);
    expect(approvals[0]).toMatchObject({ goal: 'A second goal', mode: 'live', digest });
    const bobs = await api.request(bob, { url: '/v1/approvals' });
    expect(bobs.json().approvals).toEqual([]);
    const ofGoal = await api.request(alice, { url: `/v1/approvals?goalId=${goalId}&limit=1` });
    expect(ofGoal.json().nextCursor).toBe(ofGoal.json().approvals[0].approvalId);
  });

  it('shows one approval as its workflow knows it now', async () => {
    api.temporal.approvals.set(approval.approvalId, { ...approval, state: 'approved' });
    const answer = await api.request(alice, { url: `/v1/approvals/${approval.approvalId}` });
    expect(answer.json().state).toBe('approved');
    expect(
      (await api.request(bob, { url: `/v1/approvals/${approval.approvalId}` })).statusCode,
    ).toBe(404);
  });

  it('shows an approval the read model does not have yet', async () => {
    await api.database.pool.query('truncate approvals');
    api.temporal.views.set(goalId, viewOf(goalId));
    const url = `/v1/approvals/${approval.approvalId}`;
    expect((await api.request(alice, { url })).statusCode).toBe(200);
    expect((await api.request(bob, { url })).statusCode).toBe(404);
  });
});
