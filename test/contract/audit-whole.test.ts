/**
 * The audit has one entry for every effect, decision and refusal of real goals, and for nothing else;
 * each is written once, however often it is told, and is vouched for by the goal's own history.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { anchorsIn } from '#api/audit/anchors.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { createMemberStore } from '#api/members/member-store.ts';
import { createRuleStore } from '#api/rules/rule-store.ts';
import { createActivities } from '#activities/index.ts';
import type { GoalPublication } from '#contracts/activities.ts';
import type { AnchorHistory, AuditEntry, ChainedEntry } from '#contracts/audit.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { targetOf } from '#contracts/standing-rule.ts';
import { verifyAudit } from '#infra/audit-verification.ts';
import { newGoalId, owner } from '../support/effects.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';
import { scenes } from '../support/scenes.ts';

const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello' };
const carla = 'carla@office.example.com';
const timers = { ...defaultTimers, sendDelayMs: 0 };
const delayed = { ...defaultTimers, sendDelayMs: 60_000 };
let bench: GoalBench;
const goals: RunningGoal[] = [];

beforeAll(async () => {
  bench = await GoalBench.start();
  const members = createMemberStore(bench.database.pool);
  await members.put(owner, { email: carla, name: 'Carla', roles: ['second'] });
  await members.setToken(owner, carla, 'adjm_carla');
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(() => {
  bench.planner = () => plan(step('send', 'sendEmail', mail));
});

const sql = (text: string, ...values: unknown[]) => bench.database.pool.query(text, values);
const chain = () => createGoalStore(bench.database.pool).audit(owner, null, 0, 10_000);

async function asked(changes: Parameters<GoalBench['goal']>[0] = {}) {
  const goal = await bench.goal({ timers, ...changes });
  goals.push(goal);
  const [approval] = await goal.approvals();
  return { goal, approval: approval! };
}
async function entriesOf({ input }: RunningGoal): Promise<AuditEntry[]> {
  const entries = await createGoalStore(bench.database.pool).audit(owner, input.goalId, 0, 100);
  return entries.map(({ entry }) => entry as unknown as AuditEntry);
}
/** What an entry is about, in a few words. */
function gist(entry: AuditEntry): string {
  if (entry.kind === 'effect')
    return `effect ${entry.purpose} ${entry.result['outcome'] as string}`;
  if (entry.kind === 'decision') return `${entry.decision.verdict} by ${entry.decision.actor}`;
  const { reasons, type, code } = entry.data as Record<string, string>;
  return entry.kind === 'step_refused'
    ? `refused step: ${String(reasons ?? type)}`
    : `refused decision: ${code}`;
}
const gists = async (goal: RunningGoal) => (await entriesOf(goal)).map(gist);

/** What the histories of all goals of this file vouch for, run by run. */
async function histories(): Promise<AnchorHistory[]> {
  const { workflow, options } = bench.client;
  const read = async (workflowId: string, runId: string, goalId: string) => {
    const { events } = await workflow.getHandle(workflowId, runId).fetchHistory();
    return { goalId, runId, ...(await anchorsIn(events ?? [], options.loadedDataConverter)) };
  };
  return Promise.all(
    goals.map(async ({ handle, input }) =>
      read(handle.workflowId, (await handle.describe()).runId, input.goalId),
    ),
  );
}
async function verify(entries: readonly ChainedEntry[]) {
  const { findings, unconfirmed, unread } = verifyAudit({
    owner,
    entries,
    histories: await histories(),
  });
  return [...findings, ...unconfirmed, ...unread];
}

describe('the audit has an entry for', () => {
  it('an approval and its effect, with what the person was shown and the signed word', async () => {
    const { goal, approval } = await asked();
    await goal.decide(approval, { verdict: 'approve', comment: 'Good.' });
    await goal.result();
    expect(await gists(goal)).toEqual([`approve by ${owner}`, 'effect do confirmed']);
    const [decision] = await entriesOf(goal);
    expect(decision).toMatchObject({
      approvalId: approval.approvalId,
      digest: approval.digest,
      decision: { comment: 'Good.' },
      contextShown: { card: approval.card, reasons: approval.reasons, tier: 3 },
      signed: { verdict: 'approve', signature: expect.any(String) },
    });
  });

  it('an edit, and in its effect the difference between proposed and executed (seen: 16)', async () => {
    const { goal, approval } = await asked();
    const input = { ...mail, subject: 'Edited' };
    await goal.decide(approval, { verdict: 'edit', input });
    await goal.result();
    expect(await gists(goal)).toEqual([`edit by ${owner}`, 'effect do confirmed']);
    const [edit, effect] = await entriesOf(goal);
    expect(edit).toMatchObject({ digest: approval.digest, signed: { input } });
    expect(effect).toMatchObject({
      approvalId: approval.approvalId,
      difference: [{ path: 'subject', proposed: 'Hi', executed: 'Edited' }],
    });
  });

  it('a rejection, with what the person said', async () => {
    const { goal, approval } = await asked();
    bench.planner = () => ({ problems: ['nothing else to do'] });
    await goal.decide(approval, { verdict: 'reject', comment: 'Ask Carla instead.' });
    await goal.result();
    expect(await gists(goal)).toEqual([`reject by ${owner}`]);
    expect((await entriesOf(goal))[0]).toMatchObject({
      decision: { comment: 'Ask Carla instead.' },
    });
  });

  it('each refused decision with its reason, and one for a decision that comes again', async () => {
    bench.planner = () => plan(step('a', 'sendEmail', mail), step('b', 'sendEmail', mail));
    const { goal, approval } = await asked();
    await goal.decide({ ...approval, digest: `v1:sha256:${'0'.repeat(64)}` });
    const mallory = { actor: 'mallory@evil.example.com', decisionId: 'm' };
    await goal.decide(approval, { verdict: 'approve', ...mallory });
    await goal.handle.signal('decideApproval', { verdict: 'approve', decisionId: 'nothing' });
    for (let times = 0; times < 3; times += 1) {
      await goal.decide(approval, { verdict: 'reject', decisionId: 'mine' });
    }
    await goal.handle.cancel();
    await goal.result();
    // What names no approval decides nothing.
    expect((await gists(goal)).toSorted()).toEqual([
      'refused decision: not_allowed',
      'refused decision: repeated',
      'refused decision: stale_digest',
      `reject by ${owner}`,
    ]);
    const foreign = (await entriesOf(goal)).find((entry) => gist(entry).includes('not_allowed'));
    expect(foreign).toMatchObject({
      stepId: approval.stepId,
      data: { decisionId: 'm', verdict: 'approve', actor: 'mallory@evil.example.com' },
    });
  });

  it('a request that nobody answered', async () => {
    const { goal } = await asked({ timers: { ...timers, approvalExpiresMs: 400 } });
    await goal.result();
    expect(await gists(goal)).toEqual(['expire by adjutant']);
  });

  it('a decision handed on, and the delegate’s', async () => {
    const { goal, approval } = await asked();
    await goal.decide(approval, { verdict: 'delegate', to: carla });
    await goal.decide(approval, { verdict: 'approve', actor: carla });
    await goal.result();
    expect(await gists(goal)).toEqual([
      `delegate by ${owner}`,
      `approve by ${carla}`,
      'effect do confirmed',
    ]);
    expect((await entriesOf(goal))[0]).toMatchObject({ decision: { to: carla } });
  });

  it('each of two people', async () => {
    const policy = { ...defaultPolicy, secondPerson: true, raiseTiers: { sendEmail: 4 } };
    const { goal, approval } = await asked({ policy });
    await goal.decide(approval);
    await goal.decide(approval, { verdict: 'approve', actor: carla });
    await goal.result();
    expect(await gists(goal)).toEqual([
      `approve by ${owner}`,
      `approve by ${carla}`,
      'effect do confirmed',
    ]);
  });

  it('a decision by a standing rule', async () => {
    const id = newGoalId();
    await createRuleStore(bench.database.pool).add(owner, {
      id,
      tool: 'sendEmail',
      target: targetOf({ ...mail, to: ['dana@office.example.com'] }),
      createdFrom: 'a',
      createdBy: owner,
      dailyCap: 3,
      expiresInDays: 1,
    });
    bench.planner = () =>
      plan(step('send', 'sendEmail', { ...mail, to: ['dana@office.example.com'] }));
    const goal = await bench.goal({ timers });
    goals.push(goal);
    await goal.result();
    expect(await gists(goal)).toEqual([`approve by rule:${id}`, 'effect do confirmed']);
  });

  it('a go-ahead that was taken back', async () => {
    const { goal, approval } = await asked({ timers: delayed });
    await goal.decide(approval);
    await goal.until(({ steps }) => steps[0]?.status === 'delayed');
    await goal.control('stopEffect', { approvalId: approval.approvalId });
    await goal.result();
    expect(await gists(goal)).toEqual([`approve by ${owner}`, `stop by ${owner}`]);
  });

  it('a step that policy refuses', async () => {
    bench.planner = () => plan(step('send', 'sendEmail', mail), step('x', 'createDraft', mail));
    const policy = { ...defaultPolicy, refuseTools: ['sendEmail', 'createDraft'] } as const;
    const goal = await bench.goal({ timers, policy });
    goals.push(goal);
    await goal.result();
    expect((await gists(goal)).toSorted()).toEqual([
      'refused step: Your policy for this goal refuses createDraft.',
      'refused step: Your policy for this goal refuses sendEmail.',
    ]);
  });

  it('a step that the effect gateway refuses', async () => {
    const { goal, approval } = await asked({ timers: { ...timers, sendDelayMs: 1_000 } });
    await goal.decide(approval);
    await sql(`update decisions set signed = '{}' where approval_id = $1`, approval.approvalId);
    await goal.result();
    expect(await gists(goal)).toEqual([`approve by ${owner}`, 'refused step: NotApprovedError']);
  });

  it('an undo, and one that failed', async () => {
    goals.push(await scenes['failed and was undone']!(bench));
    expect(await gists(goals.at(-1)!)).toEqual(['effect do confirmed', 'effect undo confirmed']);
    goals.push(await scenes['failed and waits for an undo by hand']!(bench));
    expect(await gists(goals.at(-1)!)).toEqual(['effect do confirmed', 'effect undo not_done']);
  });
});

describe('the audit of all these goals', () => {
  it('has as many entries as there are effects, decisions and refusals, and its chain holds', async () => {
    const { rows } = await sql(
      `select (select count(*) from effects) as effects, (select count(*) from decisions) as decisions,
         (select count(*) from approvals where approval->'decision'->>'verdict' in ('expire', 'stop'))
           as unheard,
         (select count(distinct (goal_id, data->>'approvalId', data->>'decisionId', data->>'code'))
          from journal_events
          where type = 'decision_refused' and data->>'approvalId' <> '') as refused,
         (select count(*) from journal_events
          where type = 'step_refused' or data->>'type' = 'NotApprovedError') as steps`,
    );
    const expected = Object.values(rows[0] as Record<string, string>).map(Number);
    const entries = await chain();
    expect(expected.every((count) => count > 0)).toBe(true);
    expect(entries).toHaveLength(expected.reduce((sum, count) => sum + count, 0));
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    expect(await verify(entries)).toEqual([]);
  });

  it('is vouched for while a goal waits, too', async () => {
    const { goal, approval } = await asked();
    await goal.decide({ ...approval, digest: `v1:sha256:${'0'.repeat(64)}` });
    await expect.poll(() => gists(goal)).toEqual(['refused decision: stale_digest']);
    expect(await verify(await chain())).toEqual([]);
    await goal.decide(approval, { verdict: 'reject' });
    await goal.result();
  });

  it('knows nothing of an entry that somebody appended', async () => {
    const entries = await chain();
    const { goalId } = goals[0]!.input;
    await sql(
      `insert into audit_entries select owner, seq + 1, $1, at, entry, hash, hash
       from audit_entries where owner = $2 order by seq desc limit 1`,
      goalId,
      owner,
    );
    const problems = (await verify(await chain())).map(({ problem }) => problem);
    expect(problems).toContain('the history of its goal knows nothing of it');
    await sql('delete from audit_entries where seq > $1', entries.length);
  });

  it('does not grow when everything is told again, by many at the same moment', async () => {
    const before = await chain();
    const activities = createActivities({ pool: bench.database.pool } as never);
    const publications = await Promise.all(
      goals.map(({ handle }) => handle.query<GoalPublication>('getPublication')),
    );
    const again = publications.flatMap((publication) => [publication, publication, publication]);
    await Promise.all(again.map((publication) => activities.publishGoal(publication)));
    expect(await chain()).toEqual(before);
  });

  it('takes up what was told and not yet entered, once, when a goal is closed from outside', async () => {
    const { goal, approval } = await asked();
    await goal.decide({ ...approval, digest: `v1:sha256:${'0'.repeat(64)}` });
    await expect.poll(() => gists(goal)).toHaveLength(1);
    await goal.handle.terminate();
    const { goalId } = goal.input;
    await sql('delete from audit_entries where goal_id = $1', goalId);
    const activities = createActivities({ pool: bench.database.pool } as never);
    const close = () => activities.closeGoal({ goalId, owner, reason: 'Terminated.' });
    await Promise.all([close(), close(), close()]);
    expect(await gists(goal)).toEqual(['refused decision: stale_digest']);
  });
});
