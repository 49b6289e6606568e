/** Who may decide, how often, and what the gateway makes of it later: admission on a real Postgres. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { owner, store } from '../support/effects.ts';
import { ApprovalBench, bob, carla, mail } from './approvals-fixture.ts';

let bench: ApprovalBench;
beforeAll(async () => {
  bench = await ApprovalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(async () => {
  bench.unsigned = 'refuse';
  await bench.pool.query('truncate members, decisions, approvals, effects');
  await bench.member(bob, 'second', 'deputy');
  await bench.member(carla, 'second');
  await bench.ask();
});
const codeOf = async (admission: ReturnType<ApprovalBench['decide']>) =>
  (await admission).outcome.code;

describe('who may decide (seen: 17)', () => {
  it('is the owner, and no member nor stranger without a right of their own', async () => {
    expect(await codeOf(bench.decide(bob))).toBe('not_allowed');
    expect(await codeOf(bench.decide('mallory@evil.example.com'))).toBe('not_allowed');
    expect(await bench.rows()).toEqual([]);
    expect((await bench.decide(owner)).did).toBe('settled');
    expect(await bench.perform()).toBe('confirmed');
  });

  it('is a member with the role it was escalated to, and no other member', async () => {
    await bench.ask({ assignedRole: 'deputy' });
    expect(await codeOf(bench.decide(carla))).toBe('not_allowed');
    expect((await bench.decide(bob)).did).toBe('settled');
    expect(await bench.perform()).toBe('confirmed');
  });

  it('is nobody by a role called owner, nor by one that merely looks like the address', async () => {
    await bench.pool.query(`update members set roles = '{owner}' where email = $1`, [carla]);
    expect(await codeOf(bench.decide(carla))).toBe('not_allowed');
  });

  it('is not a member without a token', async () => {
    await bench.ask({ assignedTo: bob });
    await bench.pool.query('update members set token_hash = null');
    expect(await codeOf(bench.decide(bob))).toBe('not_allowed');
  });

  it('is whoever the signature names: changing the name breaks it', async () => {
    await bench.ask({ assignedTo: bob });
    const { approvalId, digest } = bench.approval;
    const signed = bench.keys.sign({ approvalId, digest, verdict: 'approve', actor: bob });
    expect(await codeOf(bench.admit({ ...signed, actor: owner }))).toBe('not_allowed');
    expect(await codeOf(bench.admit({ ...signed, verdict: 'reject' }))).toBe('not_allowed');
    expect((await bench.admit(signed)).did).toBe('settled');
  });
});

describe('delegating', () => {
  it('hands it on and settles nothing; then the delegate decides, and it is performed', async () => {
    const handed = await bench.decide(owner, { verdict: 'delegate', to: bob });
    expect(handed).toMatchObject({ did: 'delegated', standing: { verdict: 'delegate', to: bob } });
    expect(await bench.queued()).toMatchObject({ state: 'pending', assignedTo: bob });
    expect(await bench.perform()).toBe('NotApprovedError');
    expect((await bench.decide(bob)).did).toBe('settled');
    expect(await bench.perform()).toBe('confirmed');
    expect(await bench.rows()).toEqual([
      { actor: owner, verdict: 'delegate', settles: false },
      { actor: bob, verdict: 'approve', settles: true },
    ]);
  });

  it('can go on to another member, and back to the owner, who may decide all the time', async () => {
    await bench.decide(owner, { verdict: 'delegate', to: bob });
    expect((await bench.decide(bob, { verdict: 'delegate', to: carla })).did).toBe('delegated');
    expect(await codeOf(bench.decide(bob))).toBe('not_allowed');
    expect((await bench.decide(carla, { verdict: 'delegate', to: owner })).did).toBe('delegated');
    expect(await bench.queued()).toMatchObject({ assignedTo: null });
    expect(await codeOf(bench.decide(carla))).toBe('not_allowed');
    expect((await bench.decide(owner)).did).toBe('settled');
    expect(await bench.perform()).toBe('confirmed');
  });

  it('is refused to somebody who is no member', async () => {
    const to = 'nobody@office.example.com';
    const { outcome } = await bench.decide(owner, { verdict: 'delegate', to });
    expect(outcome).toMatchObject({ code: 'malformed', message: expect.stringContaining(to) });
    expect(await bench.queued()).toMatchObject({ assignedTo: null });
  });

  it('is not believed from the workflow alone: the gateway wants the delegation itself', async () => {
    await bench.ask({ assignedTo: bob });
    expect((await bench.decide(bob)).did).toBe('settled');
    expect(await bench.perform()).toBe('NotApprovedError');
  });
});

describe('where two people must approve', () => {
  beforeEach(() => bench.ask({ requiredDecisions: 2 }));

  it('the first is counted, the same person again is refused, a second one settles', async () => {
    const first = await bench.decide(owner);
    expect(first).toMatchObject({ did: 'counted', outcome: { outcome: 'applied' } });
    expect(await bench.queued()).toMatchObject({
      state: 'pending',
      approvedBy: [{ actor: owner }],
    });
    expect(await bench.perform()).toBe('NotApprovedError');
    const again = await bench.decide(owner);
    expect(again.outcome).toMatchObject({
      code: 'not_allowed',
      message: 'You have approved it. A second person must approve.',
    });
    expect(await bench.perform()).toBe('NotApprovedError');
    expect((await bench.decide(bob)).did).toBe('settled');
    expect(await bench.perform()).toBe('confirmed');
    const { rows } = await bench.pool.query(
      'select entry from audit_entries where goal_id = $1 order by seq',
      [bench.goalId],
    );
    expect(rows.map(({ entry }) => entry.decision?.actor ?? entry.approver)).toEqual([
      owner,
      bob,
      `${owner}, ${bob}`,
    ]);
  });

  it('two members may be the two', async () => {
    expect((await bench.decide(bob)).did).toBe('counted');
    expect((await bench.decide(carla)).did).toBe('settled');
    expect(await bench.perform()).toBe('confirmed');
  });

  it('a rejection by either settles it', async () => {
    await bench.decide(bob);
    const rejected = await bench.decide(owner, { verdict: 'reject', comment: 'no' });
    expect(rejected).toMatchObject({ did: 'settled', standing: { verdict: 'reject' } });
    expect(await bench.queued()).toMatchObject({ state: 'rejected' });
    expect(await bench.perform()).toBe('NotApprovedError');
  });

  it('an edit settles it as an edit, and alone lets nothing be performed', async () => {
    await bench.decide(owner);
    const input = { ...mail, body: 'Edited' };
    expect((await bench.decide(bob, { verdict: 'edit', input })).did).toBe('settled');
    const digest = await store(bench.pool, bench.goalId, 'sendEmail', input);
    expect(await bench.perform({ digest, revision: 2 })).toBe('NotApprovedError');
  });

  it('one who cannot be named does not count as one of them', async () => {
    bench.unsigned = 'allow';
    const { approvalId, digest } = bench.approval;
    const unsigned = { approvalId, digest, verdict: 'approve' };
    expect(await codeOf(bench.admit(unsigned))).toBe('not_allowed');
    expect((await bench.admit({ ...unsigned, verdict: 'reject' })).did).toBe('settled');
  });
});

describe('a right that ends before the effect is performed (seen: 44)', () => {
  const approvedByBob = async () => {
    await bench.decide(owner, { verdict: 'delegate', to: bob });
    expect((await bench.decide(bob)).did).toBe('settled');
  };
  const refused = async () => {
    expect(await bench.perform()).toBe('NotApprovedError');
    expect(bench.provider.done.size).toBe(0);
  };

  it('by removing the member takes the approval back', async () => {
    await approvedByBob();
    await bench.pool.query('delete from members where email = $1', [bob]);
    await refused();
  });

  it('by replacing their token takes back what it approved', async () => {
    await approvedByBob();
    await bench.pool.query(`update members set token_hash = 'other' where email = $1`, [bob]);
    await refused();
  });

  it('by taking the role away, where they decided by it', async () => {
    await bench.ask({ assignedRole: 'deputy' });
    await bench.decide(bob);
    await bench.pool.query(`update members set roles = '{second}' where email = $1`, [bob]);
    await refused();
  });

  it('does not hide what had begun: it is looked up, and never begun again', async () => {
    await approvedByBob();
    bench.provider.script = ['drop_after_commit'];
    expect(await bench.perform()).toBe('ProviderUnavailableError');
    await bench.pool.query('delete from members where email = $1', [bob]);
    expect(await bench.perform()).toBe('confirmed');
    await bench.ask();
    await bench.member(bob);
    await approvedByBob();
    bench.provider.script = ['drop_before'];
    expect(await bench.perform()).toBe('ProviderUnavailableError');
    await bench.pool.query('delete from members where email = $1', [bob]);
    expect(await bench.perform()).toBe('NotApprovedError');
    expect(await bench.perform()).toBe('not_done');
    expect(bench.provider.done.size).toBe(0);
  });

  it('leaves one of two, which is not enough', async () => {
    await bench.ask({ requiredDecisions: 2 });
    await bench.decide(bob);
    await bench.decide(owner);
    await bench.pool.query('delete from members where email = $1', [bob]);
    await refused();
  });
});

describe('a decision is for one approval and one content', () => {
  it('a signed decision that is copied under another approval counts for nothing (seen: 11)', async () => {
    await bench.decide(owner);
    const earlier = bench.approval.approvalId;
    await bench.ask();
    await bench.pool.query(
      `insert into decisions (approval_id, decision_id, goal_id, digest, verdict, actor, signed,
                              decided_at, expires_at)
       select $1, decision_id, $2, digest, verdict, actor, signed, decided_at, expires_at
       from decisions where approval_id = $3`,
      [bench.approval.approvalId, bench.goalId, earlier],
    );
    expect(await bench.perform()).toBe('NotApprovedError');
  });

  it('kinds that have no input cannot be edited; a budget is approved or rejected', async () => {
    await bench.ask({ kind: 'budget', tool: null });
    expect(await codeOf(bench.decide(owner, { verdict: 'edit', input: {} }))).toBe('invalid_edit');
    expect((await bench.decide(owner)).did).toBe('settled');
  });

  it.each([
    ['account', 'alex@home.example.org'],
    ['from', 'team@office.example.com'],
    ['attachments', [{ documentId: 'salaries' }]],
    ['mode', 'forward'],
    ['replyToMessageId', 'another'],
  ])('an edit of %s by a member is refused, and by the owner taken', async (field, value) => {
    await bench.ask({ assignedTo: bob }, { ...mail, replyToMessageId: 'm1' });
    const input = { ...bench.approval.input, [field]: value };
    const { outcome } = await bench.decide(bob, { verdict: 'edit', input });
    expect(outcome).toMatchObject({
      code: 'invalid_edit',
      message: `Only ${owner} may change ${field}.`,
    });
    expect(await bench.queued()).toMatchObject({ state: 'pending' });
    expect((await bench.decide(owner, { verdict: 'edit', input })).did).toBe('settled');
  });

  it('an edit by a member is judged by the gateway too, by what was shown', async () => {
    await bench.ask({}, { ...mail, account: owner });
    await bench.decide(owner, { verdict: 'delegate', to: bob });
    const input = { ...mail, account: 'alex@home.example.org' };
    const claimed = { ...bench.approval, input };
    expect((await bench.decide(bob, { verdict: 'edit', input }, claimed)).did).toBe('settled');
    const digest = await store(bench.pool, bench.goalId, 'sendEmail', input);
    expect(await bench.perform({ digest, revision: 2 })).toBe('NotApprovedError');
  });

  it('an edit by a member leaves as it says', async () => {
    await bench.decide(owner, { verdict: 'delegate', to: bob });
    const input = { ...mail, body: 'Edited' };
    expect((await bench.decide(bob, { verdict: 'edit', input })).did).toBe('settled');
    const digest = await store(bench.pool, bench.goalId, 'sendEmail', input);
    expect(await bench.perform({ digest, revision: 2 })).toBe('confirmed');
  });

  it('an edit of the words by a member is taken, however nothing is said of the rest', async () => {
    await bench.ask({ assignedTo: bob }, { ...mail, account: null, attachments: [] });
    const input = { ...mail, body: 'Edited', from: null };
    expect((await bench.decide(bob, { verdict: 'edit', input })).did).toBe('settled');
  });

  it('an edit to an empty object is an edit, and a bad one (seen: 16)', async () => {
    expect(await codeOf(bench.decide(owner, { verdict: 'edit', input: {} }))).toBe('invalid_edit');
    const bare = { decisionId: 'e', approvalId: bench.approval.approvalId, verdict: 'edit' };
    const digest = bench.approval.digest;
    const signed = bench.keys.sign({ ...bare, digest, actor: owner, input: null });
    expect(await codeOf(bench.admit(signed))).toBe('malformed');
    expect(await bench.rows()).toEqual([]);
  });
});

describe('a decision that comes again', () => {
  it('with its id is answered as it was, also by a run that was reset or continued (seen: 11)', async () => {
    const before = bench.approval;
    const decision = { decisionId: 'mine', comment: 'fine' };
    const first = await bench.decide(owner, decision);
    const reset = await bench.decide(owner, decision, before);
    expect([reset.did, reset.standing]).toEqual(['settled', first.standing]);
    const later = await bench.decide(owner, decision, null);
    expect(later).toMatchObject({
      outcome: { outcome: 'applied', standing: first.standing },
      standing: null,
    });
    expect(await bench.rows()).toHaveLength(1);
  });

  it('with its id but another verdict is refused, and the first stands', async () => {
    const before = bench.approval;
    await bench.decide(owner, { decisionId: 'mine' });
    const other = { decisionId: 'mine', verdict: 'reject' };
    const { outcome } = await bench.decide(owner, other, before);
    expect(outcome).toMatchObject({ code: 'repeated', standing: { verdict: 'approve' } });
  });

  it('an edit is given back with its input', async () => {
    const before = bench.approval;
    const edit = { decisionId: 'e', verdict: 'edit', input: { ...mail, body: 'Edited' } };
    const first = await bench.decide(owner, edit);
    const again = await bench.decide(owner, edit, before);
    expect(again.input).toEqual(first.input);
  });

  it('as another one to a workflow that was reset past it is told what stands', async () => {
    const before = bench.approval;
    await bench.decide(owner, { decisionId: 'first' });
    const late = await bench.decide(owner, { verdict: 'reject' }, before);
    expect(late).toMatchObject({
      outcome: { code: 'already_decided', standing: { decisionId: 'first' } },
      standing: { decisionId: 'first', verdict: 'approve' },
    });
  });

  it('and says the same as the one that stands is that one', async () => {
    const before = bench.approval;
    await bench.decide(owner, { decisionId: 'first' });
    const late = await bench.decide(owner, {}, before);
    expect(late).toMatchObject({ did: 'settled', standing: { decisionId: 'first' } });
    expect(await bench.rows()).toHaveLength(1);
  });

  it('to an approval of an earlier run is told how that ended, or that there is none', async () => {
    await bench.decide(owner);
    expect(await codeOf(bench.decide(owner, {}, null))).toBe('already_decided');
    await bench.ask({ state: 'expired' });
    expect(await codeOf(bench.decide(owner, {}, null))).toBe('expired');
    await bench.ask({ state: 'superseded' });
    expect(await codeOf(bench.decide(owner, {}, null))).toBe('already_decided');
    await bench.pool.query('truncate approvals');
    expect(await codeOf(bench.decide(owner, {}, null))).toBe('unknown_approval');
  });
});
