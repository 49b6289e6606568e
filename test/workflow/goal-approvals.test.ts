/** Approvals as signals: what a decision does, and everything a decision cannot do. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
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

describe('a step that commits the person', () => {
  it('waits for approval and is then done once', async () => {
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    expect(approval).toMatchObject({
      tier: 3,
      tool: 'sendEmail',
      state: 'pending',
      kind: 'action',
    });
    expect((await goal.view()).state).toBe('awaiting_approval');
    expect(effects()).toBe(0);
    expect(await goal.decide(approval!)).toMatchObject({ outcome: 'applied' });
    const { state, report } = await goal.result();
    expect(state).toBe('completed');
    expect(report.done).toEqual(['Sent “Hi” to bob@office.example.com.']);
    expect(effects()).toBe(1);
  });

  it('is in the queue while it waits, and no longer when decided', async () => {
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    const queue = async () => {
      const sql = 'select approval_id from approvals where goal_id = $1 and state = $2';
      const { rows } = await bench.database.pool.query(sql, [goal.input.goalId, 'pending']);
      return rows.map((row) => row.approval_id);
    };
    await expect.poll(queue).toEqual([approval!.approvalId]);
    await goal.decide(approval!);
    expect(await queue()).toEqual([]);
    await goal.result();
  });

  it('is not done when rejected, and the goal says so', async () => {
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    await goal.decide(approval!, { verdict: 'reject' });
    const { state, report } = await goal.result();
    expect(state).toBe('completed_with_issues');
    expect(report.notDone).toEqual(['send (sendEmail) was not approved.']);
    expect(effects()).toBe(0);
  });

  it('is not done when nobody answers: no answer means no', async () => {
    const goal = await bench.goal({ timers: { ...defaultTimers, approvalExpiresMs: 400 } });
    const [approval] = await goal.approvals();
    const { state } = await goal.result();
    expect(state).toBe('completed_with_issues');
    expect(await goal.journalTypes()).toContain('approval_expired');
    expect(effects()).toBe(0);
    const { rows } = await bench.database.pool.query(
      'select state from approvals where approval_id = $1',
      [approval!.approvalId],
    );
    expect(rows).toEqual([{ state: 'expired' }]);
  });

  it('does what the edit says, not what was proposed (seen: 16)', async () => {
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    const input = { ...mail, subject: 'Good morning' };
    expect(await goal.decide(approval!, { verdict: 'edit', input })).toMatchObject({
      outcome: 'applied',
    });
    const { state, report } = await goal.result();
    expect(state).toBe('completed');
    expect(report.done).toEqual(['Sent “Good morning” to bob@office.example.com.']);
    expect(effects()).toBe(1);
  });

  it('says of an edit that reaches outside what it would have said of a request', async () => {
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    expect(approval!.reasons.join()).not.toContain('Outside');
    const to = [...mail.to, 'zed@partner.example.net'];
    await goal.decide(approval!, { verdict: 'edit', input: { ...mail, to } });
    expect((await goal.result()).state).toBe('completed');
    const { rows } = await bench.database.pool.query(
      'select approval from approvals where approval_id = $1',
      [approval!.approvalId],
    );
    expect(rows[0].approval).toMatchObject({ state: 'edited', tier: 3 });
    expect(rows[0].approval.reasons).toEqual([
      ...approval!.reasons,
      'As edited: 2 people will be told by mail.',
      'As edited: Outside your organisation: zed@partner.example.net.',
      `As edited: Not in your directory and not named by you: ${to.join(', ')}.`,
    ]);
  });

  it('asks again when policy raises what is edited to the tier of two people', async () => {
    const policy = { ...defaultPolicy, raiseTiers: { sendEmail: 4 }, secondPerson: true };
    const goal = await bench.goal({ policy });
    const [approval] = await goal.approvals();
    expect(approval).toMatchObject({ tier: 4, requiredDecisions: 2 });
    const to = ['zed@partner.example.net'];
    await goal.decide(approval!, { verdict: 'edit', input: { ...mail, to } });
    const view = await goal.until(({ pendingApprovals }) => pendingApprovals[0]?.revision === 2);
    expect(view.pendingApprovals[0]).toMatchObject({ tier: 4, requiredDecisions: 2 });
    expect(effects()).toBe(0);
    await goal.decide(view.pendingApprovals[0]!, { verdict: 'reject' });
    await goal.result();
  });

  it('asks again when an edit raises the tier (seen: 16)', async () => {
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    const many = Array.from({ length: 12 }, (_, i) => `guest${i}@office.example.com`);
    await goal.decide(approval!, { verdict: 'edit', input: { ...mail, to: many } });
    const view = await goal.until(({ pendingApprovals }) => pendingApprovals[0]?.revision === 2);
    expect(view.pendingApprovals[0]).toMatchObject({ tier: 4, revision: 2 });
    expect(view.pendingApprovals[0]?.reasons.join(' ')).toContain('raises the tier from 3 to 4');
    expect(effects()).toBe(0);
    await goal.decide(view.pendingApprovals[0]!);
    expect((await goal.result()).state).toBe('completed');
    expect(effects()).toBe(1);
  });

  it('lets independent steps go on while it waits', async () => {
    bench.planner = () =>
      plan(
        step('send', 'sendEmail', mail),
        step('look', 'listEvents', { window: 'today' }),
        step('after', 'listEvents', { window: 'today' }, { dependsOn: ['send'] }),
      );
    bench.reads['listEvents'] = () => ({ value: { events: [] }, trust: 'trusted', origins: [] });
    const goal = await bench.goal();
    const view = await goal.until(
      ({ steps }) => steps[1]?.status === 'completed' && steps[0]?.status !== 'running',
    );
    expect(view.steps.map(({ status }) => status)).toEqual([
      'awaiting_approval',
      'completed',
      'pending',
    ]);
    const [approval] = await goal.approvals();
    await goal.decide(approval!, { verdict: 'reject' });
    expect((await goal.result()).state).toBe('completed_with_issues');
    expect((await goal.view()).steps.map(({ status }) => status)).toEqual([
      'rejected',
      'completed',
      'skipped',
    ]);
  });

  it('asks again with the difference when the world changed after the approval (seen: 8, 12)', async () => {
    const { failure } = await import('#activities/failures.ts');
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    bench.provider.count = () => {
      Reflect.deleteProperty(bench.provider, 'count');
      throw failure('PreconditionFailedError', 'the thread has a newer message');
    };
    await goal.decide(approval!);
    const view = await goal.until(({ pendingApprovals }) => pendingApprovals[0]?.revision === 2);
    expect(view.pendingApprovals[0]?.reasons[0]).toContain('the thread has a newer message');
    await goal.decide(view.pendingApprovals[0]!);
    expect((await goal.result()).state).toBe('completed');
    expect(effects()).toBe(1);
  });
});

describe('the gate', () => {
  it('refuses tools the person’s policy refuses', async () => {
    const goal = await bench.goal({ policy: { ...defaultPolicy, refuseTools: ['sendEmail'] } });
    const { state, report } = await goal.result();
    expect(state).toBe('completed_with_issues');
    expect(report.notDone[0]).toContain('refuses sendEmail');
  });

  it('shows the plan first when policy asks for it', async () => {
    const goal = await bench.goal({ policy: { ...defaultPolicy, planApproval: true } });
    const [first] = await goal.approvals();
    expect(first).toMatchObject({ kind: 'plan' });
    expect((await goal.view()).state).toBe('awaiting_plan_approval');
    await goal.decide(first!);
    const view = await goal.until(({ pendingApprovals }) => pendingApprovals[0]?.kind === 'action');
    await goal.decide(view.pendingApprovals[0]!, { verdict: 'reject' });
    expect((await goal.result()).state).toBe('completed_with_issues');
  });

  it('says on the card where an untrusted recipient came from', async () => {
    bench.reads['searchMail'] = () => ({
      value: { messages: [{ from: { email: 'eve@evil.example.com' } }] },
      trust: 'untrusted',
      origins: [{ kind: 'mail', label: 'mail from Eve' }],
    });
    bench.planner = () =>
      plan(
        step('find', 'searchMail', { query: 'x' }),
        step(
          'send',
          'sendEmail',
          { ...mail, to: ['{{steps.find.output.messages[0].from.email}}'] },
          { dependsOn: ['find'] },
        ),
      );
    const goal = await bench.goal();
    const [approval] = await goal.approvals();
    expect(approval!.reasons.join(' ')).toContain('to[0] comes from mail from Eve');
    expect(approval!.context).toEqual([{ kind: 'mail', label: 'mail from Eve' }]);
    await goal.decide(approval!, { verdict: 'reject' });
    await goal.result();
  });

  it('lets private preparation run without asking', async () => {
    bench.planner = () => plan(step('draft', 'createDraft', mail));
    const goal = await bench.goal();
    expect((await goal.result()).state).toBe('completed');
    expect(effects()).toBe(1);
  });
});
