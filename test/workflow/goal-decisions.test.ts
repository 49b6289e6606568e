/** Everything a decision cannot do: stale, repeated, late, unsigned, malformed. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GoalBench, plan, step } from '../support/goals.ts';

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());

const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };
const sendMail = () => plan(step('send', 'sendEmail', mail));
beforeEach(() => {
  bench.planner = sendMail;
  bench.reads = {};
  bench.unsignedDecisions = 'refuse';
  bench.provider.done.clear();
  bench.provider.script = [];
  bench.provider.blind = false;
});
const effects = () => [...bench.provider.done.values()].reduce((sum, count) => sum + count, 0);

describe('a decision changes nothing', () => {
  it('when it is for another digest', async () => {
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    const digest = `v1:sha256:${'0'.repeat(64)}`;
    expect(await goal.decide({ ...approval!, digest })).toMatchObject({
      outcome: 'refused',
      code: 'stale_digest',
    });
    expect((await goal.view()).state).toBe('awaiting_approval');
    await goal.decide(approval!, { verdict: 'reject' });
    await goal.result();
  });

  it('when the approval is unknown, or of another goal (seen: 11)', async () => {
    const goal = await bench.goal();
    const other = await bench.goal();
    const [approval] = await goal.approvals();
    const [foreign] = await other.approvals();
    expect(await goal.decide(foreign!)).toMatchObject({ code: 'unknown_approval' });
    expect(await goal.decide({ ...approval!, approvalId: 'nonsense' as never })).toMatchObject({
      code: 'unknown_approval',
    });
    await goal.handle.cancel();
    await other.handle.cancel();
    await Promise.all([goal.result(), other.result()]);
    expect(effects()).toBe(0);
  });

  it('when it comes twice, or late: the first one stands (seen: 11)', async () => {
    bench.planner = () =>
      plan(step('send', 'sendEmail', mail), step('other', 'sendEmail', { ...mail, subject: 'B' }));
    const goal = await bench.goal();
    const approvals = await goal.approvals(2);
    const first = approvals.find(({ stepId }) => stepId === 'send')!;
    const outcome = await goal.decide(first, { verdict: 'reject', decisionId: 'mine' });
    expect(outcome.outcome).toBe('applied');
    expect(await goal.decide(first)).toMatchObject({
      outcome: 'refused',
      code: 'already_decided',
      standing: { verdict: 'reject', decisionId: 'mine' },
    });
    await goal.decide(first, { verdict: 'reject', decisionId: 'mine' });
    expect(await goal.journal()).toContainEqual(
      expect.objectContaining({
        type: 'decision_refused',
        data: expect.objectContaining({ code: 'repeated' }),
      }),
    );
    await goal.decide(
      approvals.find(({ stepId }) => stepId === 'other')!,
      { verdict: 'reject' },
    );
    await goal.result();
    expect(effects()).toBe(0);
  });

  it('when it is not signed by the api for this owner (seen: 14, 17)', async () => {
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    const { approvalId, digest } = approval!;
    await goal.handle.signal('decideApproval', {
      decisionId: 'u1',
      approvalId,
      digest,
      verdict: 'approve',
    });
    expect(await goal.outcome('u1')).toMatchObject({ code: 'not_allowed' });
    expect(
      await goal.decide(approval!, { verdict: 'approve', actor: 'mallory@evil.example.com' }),
    ).toMatchObject({
      code: 'not_allowed',
    });
    const signed = bench.keys.sign({
      decisionId: 'u2',
      approvalId,
      digest,
      verdict: 'reject',
      actor: 'alex@office.example.com',
    });
    await goal.handle.signal('decideApproval', { ...signed, verdict: 'approve' });
    expect(await goal.outcome('u2')).toMatchObject({ code: 'not_allowed' });
    expect(effects()).toBe(0);
    await goal.handle.cancel();
    await goal.result();
  });

  it('when it is malformed, whatever it is (seen: 13)', async () => {
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    const { approvalId, digest } = approval!;
    for (const junk of [
      null,
      17,
      'approve',
      [],
      {},
      { approvalId },
      { approvalId, digest, verdict: 'yes' },
      { approvalId, digest, verdict: 'approve', extra: 1 },
    ]) {
      await goal.handle.signal('decideApproval', junk);
    }
    await goal.handle.signal('answerQuestion', 'nonsense');
    await expect
      .poll(
        async () =>
          (await goal.journalTypes()).filter((type) => type === 'decision_refused').length,
      )
      .toBe(8);
    expect((await goal.view()).state).toBe('awaiting_approval');
    await goal.decide(approval!);
    expect((await goal.result()).state).toBe('completed');
    expect(effects()).toBe(1);
  });

  it('when an edit breaks the schema; the approval keeps waiting', async () => {
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    const outcome = await goal.decide(approval!, {
      verdict: 'edit',
      input: { ...mail, to: 'not a list' },
    });
    expect(outcome).toMatchObject({ code: 'invalid_edit' });
    expect(outcome.message).toContain('to:');
    expect((await goal.view()).state).toBe('awaiting_approval');
    await goal.decide(approval!);
    expect((await goal.result()).report.done).toHaveLength(1);
  });

  it('unsigned signals are admitted only where the installation allows them, and journaled as such', async () => {
    bench.unsignedDecisions = 'allow';
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    const { approvalId, digest } = approval!;
    await goal.handle.signal('decideApproval', { approvalId, digest, verdict: 'reject' });
    await goal.result();
    expect(await goal.journal()).toContainEqual(
      expect.objectContaining({
        type: 'decision_admitted',
        data: expect.objectContaining({ actor: 'temporal:tester' }),
      }),
    );
  });
});
