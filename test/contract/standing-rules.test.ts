/** Standing rules on a real Postgres: what they cover, how often, and what the gateway makes of it. */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useStandingRule } from '#activities/approvals/standing-rules.ts';
import { createRuleStore } from '#api/rules/rule-store.ts';
import type { RuleUse } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import { approvalIdOf } from '#contracts/names.ts';
import { targetOf } from '#contracts/standing-rule.ts';
import { newGoalId, owner, store } from '../support/effects.ts';
import { ApprovalBench, mail } from './approvals-fixture.ts';

let bench: ApprovalBench;
beforeAll(async () => {
  bench = await ApprovalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(async () => {
  await bench.pool.query('truncate standing_rules, rule_uses, decisions, approvals, payloads');
  await bench.ask();
});

async function rule(
  changes: { tool?: string; payload?: JsonObject; cap?: number; days?: number } = {},
) {
  const id = newGoalId();
  const { tool = 'sendEmail', payload = mail, cap = 5, days = 7 } = changes;
  await createRuleStore(bench.pool).add(owner, {
    id,
    tool,
    target: targetOf(payload),
    createdFrom: 'a',
    createdBy: owner,
    dailyCap: cap,
    expiresInDays: days,
  });
  return id;
}
const file = {
  documentId: 'd1',
  name: 'plan.pdf',
  mimeType: 'application/pdf',
  bytes: 9,
  sha256: 'aa',
};
const use = (ruleId: string, changes: Partial<RuleUse> = {}) =>
  useStandingRule(bench.pool, {
    goalId: bench.goalId,
    owner,
    ruleId,
    approvalId: bench.approval.approvalId,
    digest: bench.approval.digest,
    now: new Date().toISOString(),
    expiresAt: bench.approval.expiresAt,
    ...changes,
  });
const uses = async () => (await bench.pool.query('select * from rule_uses order by number')).rows;

describe('a standing rule', () => {
  it('decides what it covers, in its own name, and the effect is performed', async () => {
    const id = await rule();
    expect(await use(id)).toMatchObject({ verdict: 'approve', actor: `rule:${id}` });
    expect(await bench.perform()).toBe('confirmed');
    const { rows } = await bench.pool.query(
      'select entry from audit_entries where goal_id = $1 order by seq',
      [bench.goalId],
    );
    expect(rows[0].entry).toMatchObject({ kind: 'decision', decision: { actor: `rule:${id}` } });
    expect(rows[1].entry).toMatchObject({ kind: 'effect', approver: `rule:${id}` });
  });

  it('counts one use when it is taken again for the same approval', async () => {
    const id = await rule();
    const [first, again] = [await use(id), await use(id)];
    expect(again).toEqual(first);
    expect(await uses()).toHaveLength(1);
  });

  it('covers other words to the same people, and nobody else, nothing else (seen: 19)', async () => {
    const id = await rule();
    const covers = async (input: JsonObject, tool = 'sendEmail', tainted = false) => {
      bench.goalId = newGoalId();
      const digest = await store(bench.pool, bench.goalId, tool, input, tainted);
      const approvalId = approvalIdOf(bench.goalId, 's1', 1);
      return (await use(id, { goalId: bench.goalId, approvalId, digest })) !== null;
    };
    expect(await covers({ ...mail, body: 'Other words' })).toBe(true);
    expect(await covers({ ...mail, to: [...mail.to, 'eve@evil.example.com'] })).toBe(false);
    expect(await covers({ ...mail, optionalGuests: ['eve@evil.example.com'] })).toBe(false);
    expect(await covers({ ...mail, from: 'team@office.example.com' })).toBe(false);
    expect(await covers({ ...mail, bcc: ['eve@evil.example.com'] })).toBe(false);
    expect(await covers({ ...mail, attachments: [file] })).toBe(false);
    const reply = { messageId: 'm1', threadId: 't1' };
    expect(await covers({ ...mail, reply, mode: 'reply' })).toBe(true);
    expect(await covers({ ...mail, reply, mode: 'forward' })).toBe(false);
    expect(await covers({ ...mail, to: ['eve@evil.example.com'] })).toBe(false);
    expect(await covers({ ...mail, body: 'x' }, 'createDraft')).toBe(false);
    expect(await covers({ ...mail, body: 'from a mail' }, 'sendEmail', true)).toBe(false);
    expect(await covers({ ...mail, body: 'from a mail' }, 'sendEmail', false)).toBe(false);
  });

  it('made from a mail with files covers exactly those files, from exactly that sender', async () => {
    const made = { ...mail, account: owner, from: 'team@office.example.com', attachments: [file] };
    const id = await rule({ payload: made });
    const covers = async (changes: JsonObject) => {
      const goalId = newGoalId();
      const digest = await store(bench.pool, goalId, 'sendEmail', { ...made, ...changes });
      return (
        (await use(id, { goalId, digest, approvalId: approvalIdOf(goalId, 's1', 1) })) !== null
      );
    };
    expect(await covers({ body: 'Other words' })).toBe(true);
    expect(await covers({ attachments: [{ ...file, sha256: 'bb' }] })).toBe(false);
    expect(await covers({ attachments: [{ ...file, name: 'plan.exe' }] })).toBe(false);
    expect(await covers({ attachments: [file, { ...file, name: 'salaries.xlsx' }] })).toBe(false);
    expect(await covers({ attachments: [] })).toBe(false);
    expect(await covers({ account: 'alex@home.example.org' })).toBe(false);
  });

  it('is used no more often on one day than its cap, also by many at the same moment', async () => {
    const id = await rule({ cap: 3 });
    const goals = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const goalId = newGoalId();
        const digest = await store(bench.pool, goalId, 'sendEmail', { ...mail, body: `n${i}` });
        return { goalId, digest, approvalId: approvalIdOf(goalId, 's1', 1) };
      }),
    );
    const taken = await Promise.all(goals.map((goal) => use(id, goal)));
    expect(taken.filter((decision) => decision !== null)).toHaveLength(3);
    expect((await uses()).map(({ number }) => number)).toEqual([1, 2, 3]);
    const tomorrow = new Date(Date.now() + 24 * 3_600_000).toISOString();
    expect(await use(id, { now: tomorrow, expiresAt: tomorrow })).not.toBeNull();
  });

  it.each([
    ['is revoked', 'update standing_rules set revoked_at = now()'],
    ['has expired', `update standing_rules set expires_at = now() - interval '1 minute'`],
    ['is somebody else’s', `update standing_rules set owner = 'bob@example.com'`],
  ])('decides nothing when it %s', async (_name, sql) => {
    const id = await rule();
    await bench.pool.query(sql);
    expect(await use(id)).toBeNull();
    expect(await bench.rows()).toEqual([]);
  });

  it('decides nothing that a person has decided', async () => {
    const id = await rule();
    await bench.decide(owner, { verdict: 'reject' });
    expect(await use(id)).toBeNull();
    expect(await uses()).toEqual([]);
    expect(await bench.perform()).toBe('NotApprovedError');
  });

  it('that is revoked after its use and before the effect takes the use back (seen: 44)', async () => {
    const id = await rule();
    await use(id);
    await createRuleStore(bench.pool).revoke(owner, id);
    expect(await bench.perform()).toBe('NotApprovedError');
  });

  it('is nothing one can claim: a decision in a rule’s name without a use is refused (seen: 18)', async () => {
    const id = await rule();
    await bench.pool.query(
      `insert into decisions (approval_id, decision_id, goal_id, digest, verdict, actor, signed,
                              decided_at, expires_at, capacity)
       values ($1, 'forged', $2, $3, 'approve', $4, '{}', now(), now() + interval '1 hour', 'rule')`,
      [bench.approval.approvalId, bench.goalId, bench.approval.digest, `rule:${id}`],
    );
    expect(await bench.perform()).toBe('NotApprovedError');
  });
});

describe('whatever a rule approves', () => {
  it('was untainted, of the same tool and target, of a live rule under its cap (2,000 cases)', async () => {
    const people = ['a@x.example', 'b@x.example', 'C@x.example'];
    const some = fc.uniqueArray(fc.constantFrom(...people), { maxLength: 3 });
    const many = fc.constant(
      Array.from({ length: limits.recipientsHighStakes + 1 }, (_, i) => `p${i}@x.example`),
    );
    const to = fc.oneof({ weight: 9, arbitrary: some }, { weight: 1, arbitrary: many });
    const tool = fc.constantFrom('sendEmail', 'createEvent', 'listEvents');
    const side = fc.record({
      tool,
      to,
      cc: some,
      account: fc.constantFrom('me@x', 'you@x', 'Me@x'),
    });
    const scenario = fc.record({
      rule: side,
      effect: fc.option(side, { nil: null, freq: 2 }),
      tainted: fc.boolean(),
      revoked: fc.boolean(),
      expired: fc.boolean(),
      foreign: fc.boolean(),
      cap: fc.integer({ min: 1, max: 2 }),
      used: fc.integer({ min: 0, max: 2 }),
    });
    let approved = 0;
    let n = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async (given) => {
        n += 1;
        const effect = given.effect ?? given.rule;
        const id = newGoalId();
        await bench.pool.query(
          `with added as (
             insert into standing_rules (id, owner, tool, target, created_from, created_by, daily_cap,
                                         revoked_at, expires_at)
             values ($1, case when $5 then 'bob@example.com' else $6 end, $7, $8, 'a', $6, $9,
               case when $3 then now() end,
               now() + case when $4 then -1 else 1 end * interval '1 minute'))
           insert into rule_uses (approval_id, rule_id, day, number, at)
           select $1 || '.' || i, $1, (now() at time zone 'UTC')::date, i, now()
           from generate_series(1, $2) i`,
          [id, given.used, given.revoked, given.expired, given.foreign, owner].concat(
            given.rule.tool,
            JSON.stringify(targetOf(given.rule)),
            given.cap,
          ),
        );
        const goalId = newGoalId();
        const input = { ...effect, n };
        const digest = await store(bench.pool, goalId, effect.tool, input, given.tainted);
        const approvalId = approvalIdOf(goalId, 's1', 1);
        const decision = await use(id, { goalId, digest, approvalId });
        const lower = (list: string[]) => [...new Set(list.map((e) => e.toLowerCase()))].sort();
        const told = (one: typeof effect) => lower([...one.to, ...one.cc]).join();
        const predicate =
          !given.tainted &&
          !given.revoked &&
          !given.expired &&
          !given.foreign &&
          given.used < given.cap &&
          effect.tool !== 'listEvents' &&
          effect.tool === given.rule.tool &&
          effect.account.toLowerCase() === given.rule.account.toLowerCase() &&
          told(effect) === told(given.rule) &&
          lower([...effect.to, ...effect.cc]).length <= limits.recipientsHighStakes;
        if (decision !== null) approved += 1;
        expect(decision !== null).toBe(predicate);
      }),
      { numRuns: 2_000 },
    );
    // Cases that nothing passes would prove nothing.
    expect(approved).toBeGreaterThan(10);
  }, 120_000);
});
