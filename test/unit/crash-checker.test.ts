/** The checker of the crash bench finds each kind of broken promise in logs made by hand. */
import { describe, expect, it } from 'vitest';
import type { EffectReceipt, GoalState } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { OracleEffect } from '#test/support/stack.ts';
import type { Aftermath, ModelUse } from '../crash/aftermath.ts';
import { check, duplicatesIn, type Evidence } from '../crash/checker.ts';
import type { GoalHistory, Performed, Undone } from '../crash/histories.ts';
import type { Call, Entry, Outcome } from '../crash/log.ts';

const goalId = 'g1';
const approvalId = 'g1.send.1';
const input = { subject: 'Late', to: ['bob@office.example.com'] };

const receipt = (effectKey: string, outcome: EffectReceipt['outcome'] = 'confirmed') =>
  ({ effectKey, tool: 'sendEmail', outcome, digest: 'd' }) as EffectReceipt;
const performed = (fields: Partial<Performed> = {}): Performed => ({
  stepId: 'send',
  revision: 1,
  tool: 'sendEmail',
  approvalId,
  digest: 'd',
  scheduledAt: 3_000,
  receipt: receipt('k1'),
  order: 1,
  ...fields,
});
const effect = (fields: Partial<OracleEffect> = {}): OracleEffect => ({
  at: new Date(4_000).toISOString(),
  vendor: 'google',
  operation: 'drafts.send',
  account: 'alex@office.example.com',
  key: 'k1',
  count: 1,
  raw: 'Subject: Late\r\nTo: bob@office.example.com\r\n\r\nI am late.',
  ...fields,
});
const decision = { decisionId: 'x1', approvalId, outcome: 'applied', code: null } as const;
const history = (fields: Partial<GoalHistory> = {}): GoalHistory => ({
  goalId,
  runs: 1,
  ended: 'completed',
  state: 'completed',
  signalled: [{ decisionId: 'x1', approvalId }],
  decisions: [{ ...decision, verdict: 'approve' }],
  performed: [performed()],
  settled: [],
  undone: [],
  taskFailures: [],
  ...fields,
});

let ops = 0;
function call(at: number, made: Call, outcome: Outcome): Entry[] {
  ops += 1;
  return [
    { at, op: ops, phase: 'invoke', ...made },
    { at: at + 10, op: ops, ...outcome },
  ];
}
const start = (outcome: Outcome = { phase: 'ok', status: 202, goalId }) =>
  call(1_000, { call: 'start', key: 'key1', goal: 'write to Bob' }, outcome);
const decide = (verdict: 'approve' | 'reject' = 'approve', decisionId = 'x1') =>
  call(
    2_000,
    { call: 'decide', goalId, approvalId, decisionId, verdict, input },
    { phase: 'ok', status: 200 },
  );
const saw = (at: number, state: GoalState): Entry => ({ at, phase: 'saw', goalId, state });

/** The audit as it is when every confirmed effect has its entry. */
const entriesOf = (goals: readonly GoalHistory[]): Aftermath['audit']['entries'] =>
  goals.flatMap((goal) => {
    const entry = (purpose: 'do' | 'undo', { effectKey }: EffectReceipt) => ({
      goalId: goal.goalId,
      entry: { purpose, effectKey },
    });
    const done = goal.performed.map((one) => entry('do', one.receipt!));
    return [...done, ...goal.undone.map((one) => entry('undo', one.receipt!))];
  });
const use = { calls: 2, inputTokens: 200, outputTokens: 20 };

/** A goal that went well, with what a test changes of it. */
function evidence(fields: Partial<Evidence> = {}): Evidence {
  const { goals = [history()] } = fields;
  return {
    effects: [effect()],
    log: [...start(), saw(1_500, 'awaiting_approval'), ...decide(), saw(5_000, 'completed')],
    goals,
    stillOpen: [],
    deliveries: [{ id: 'w1', goalId, number: 9 }],
    aftermath: {
      audit: { entries: entriesOf(goals), findings: [] },
      rebuild: [],
      settled: use,
      given: use,
    },
    disturbances: 0,
    leftovers: [],
    ...fields,
  };
}
const found = (fields: Partial<Evidence>) => check(evidence(fields)).map((one) => one.invariant);

/** A cancelled goal that created two events and undid both. */
function cancelled(undone: readonly Undone[], keys = ['a', 'b']): Partial<Evidence> {
  const one = (effectKey: string, order: number) =>
    performed({
      tool: 'createEvent',
      stepId: effectKey,
      approvalId: `g1.${effectKey}.1`,
      receipt: receipt(effectKey),
      order,
    });
  const approved = keys.map((key) => ({
    ...decision,
    decisionId: `x-${key}`,
    approvalId: `g1.${key}.1`,
    verdict: 'approve',
  }));
  const content: JsonObject = { title: 'Retro', guests: [] };
  return {
    effects: [
      ...keys.map((key) =>
        effect({ key, operation: 'events.insert', raw: JSON.stringify({ summary: 'Retro' }) }),
      ),
      ...undone.map(({ receipt: back }) =>
        effect({ key: back?.effectKey ?? '', operation: 'events.delete', raw: '' }),
      ),
    ],
    log: [
      ...start(),
      ...approved.flatMap(({ decisionId, approvalId: id }) =>
        call(
          2_000,
          {
            call: 'decide',
            goalId,
            approvalId: id,
            decisionId,
            verdict: 'approve',
            input: content,
          },
          { phase: 'ok', status: 200 },
        ),
      ),
      ...call(3_000, { call: 'cancel', goalId }, { phase: 'ok', status: 202 }),
    ],
    goals: [
      history({
        state: 'cancelled',
        decisions: approved,
        performed: keys.map((key, place) => one(key, place + 1)),
        undone,
      }),
    ],
  };
}
const undo = (of: string, order: number): Undone => ({
  stepId: of,
  tool: 'createEvent',
  of,
  receipt: receipt(`undo-${of}`),
  order,
});

describe('the checker', () => {
  it('finds nothing in a run that kept every promise', () => {
    expect(check(evidence())).toEqual([]);
    expect(check(evidence(cancelled([undo('b', 5), undo('a', 6)])))).toEqual([]);
  });

  it('finds an effect that happened twice', () => {
    expect(found({ effects: [effect({ count: 2 })] })).toContain('INV1');
    expect(duplicatesIn([effect({ count: 3 }), effect()])).toBe(2);
  });

  it('finds an effect without a receipt, and a receipt without an effect', () => {
    expect(found({ effects: [effect(), effect({ key: 'stray' })] })).toEqual(['INV1']);
    expect(found({ effects: [] })).toEqual(['INV1']);
  });

  it('finds an effect that nobody approved, or approved later, or approved otherwise', () => {
    const unapproved = history({ performed: [performed({ approvalId: null })] });
    expect(found({ goals: [unapproved] })).toContain('INV2');
    const undecided = history({ decisions: [] });
    expect(found({ goals: [undecided] })).toContain('INV2');
    expect(found({ effects: [effect({ at: new Date(1_999).toISOString() })] })).toEqual(['INV2']);
    const other = 'Subject: Other\r\nTo: bob@office.example.com\r\n\r\n';
    expect(found({ effects: [effect({ raw: other })] })).toEqual(['INV2']);
    const elsewhere = 'Subject: Late\r\nTo: eve@office.example.com\r\n\r\n';
    expect(found({ effects: [effect({ raw: elsewhere })] })).toEqual(['INV2']);
  });

  it('finds a goal that was accepted and lost, never ended, or started twice', () => {
    expect(found({ goals: [], effects: [] })).toContain('INV3');
    expect(found({ goals: [history({ ended: null, state: null })] })).toEqual(['INV3']);
    expect(found({ goals: [history({ ended: 'failed', state: null })] })).toEqual(['INV3']);
    expect(found({ stillOpen: [goalId] })).toEqual(['INV3']);
    const twice = start({ phase: 'ok', status: 202, goalId: 'g2' });
    const goals = [history(), history({ goalId: 'g2', decisions: [], performed: [] })];
    const deliveries = goals.map((one) => ({ id: one.goalId, goalId: one.goalId, number: 9 }));
    const log = [...evidence().log, ...twice];
    expect(found({ log, goals, deliveries })).toEqual(['INV3']);
  });

  it('finds a decision that was acknowledged and lost, decided against another, or made by nobody', () => {
    const lost = history({ decisions: [], performed: [] });
    expect(found({ goals: [lost], effects: [] })).toEqual(['INV4']);
    const [applied] = history().decisions;
    // A workflow task that was given up has admitted it before: it is the same decision still.
    expect(found({ goals: [history({ decisions: [applied!, applied!] })] })).toEqual([]);
    const forged = { ...applied!, decisionId: 'forged', approvalId: 'g1.other.1' };
    expect(found({ goals: [history({ decisions: [applied!, forged] })] })).toEqual(['INV4']);
    const both = history({ decisions: [applied!, { ...applied!, decisionId: 'x2' }] });
    const log = [...evidence().log, ...decide('reject', 'x2')];
    expect(found({ goals: [both], log })).toEqual(['INV4']);
  });

  it('does not take a decision without a certain answer for lost', () => {
    const unknown = call(
      2_000,
      { call: 'decide', goalId, approvalId, decisionId: 'x9', verdict: 'approve', input },
      { phase: 'unknown', reason: 'reset' },
    );
    expect(found({ log: [...evidence().log, ...unknown] })).toEqual([]);
  });

  it('finds an end that was left, and a read model that says something else', () => {
    const left = [...evidence().log, saw(6_000, 'running'), saw(7_000, 'completed')];
    expect(found({ log: left })).toEqual(['INV5']);
    expect(found({ goals: [history({ state: 'completed_with_issues' })] })).toEqual(['INV9']);
  });

  it('finds what was done although it was rejected, or long after the cancellation', () => {
    const rejected = history({ decisions: [{ ...decision, verdict: 'reject' }] });
    const log = [...start(), ...decide('reject')];
    expect(found({ goals: [rejected], log })).toContain('INV6');
    const stop = call(2_500, { call: 'cancel', goalId }, { phase: 'ok', status: 202 });
    const late = effect({ at: new Date(60_000).toISOString() });
    expect(found({ log: [...evidence().log, ...stop], effects: [late] })).toEqual(['INV6']);
  });

  it('finds an effect that was not undone, or not undone last first', () => {
    expect(found(cancelled([undo('b', 5)]))).toEqual(['INV7']);
    expect(found(cancelled([undo('a', 5), undo('b', 6)]))).toEqual(['INV7']);
  });

  it('finds an end that was never delivered, and an event that came under two ids', () => {
    expect(found({ deliveries: [] })).toEqual(['C14']);
    const [first] = evidence().deliveries;
    expect(found({ deliveries: [first!, { ...first!, id: 'w2' }] })).toEqual(['C14']);
    expect(found({ deliveries: [first!, first!] })).toEqual([]);
  });

  it('finds an audit that does not hold, or does not have each effect once', () => {
    const { aftermath } = evidence();
    const withAudit = (audit: Aftermath['audit']) => found({ aftermath: { ...aftermath, audit } });
    const { entries } = aftermath.audit;
    expect(withAudit({ entries: [], findings: [] })).toEqual(['INV8']);
    expect(withAudit({ entries: [...entries, ...entries], findings: [] })).toEqual(['INV8']);
    expect(withAudit({ entries, findings: ['entry 2 is missing'] })).toEqual(['INV8']);
  });

  it('finds rows that a rebuild does not bring back', () => {
    const rebuild = ['g1: goals g1 state: "completed" → undefined'];
    expect(found({ aftermath: { ...evidence().aftermath, rebuild } })).toEqual(['INV9']);
  });

  it('finds what belongs to another goal in what goes out', () => {
    const log = evidence().log.map((entry) =>
      'goal' in entry ? { ...entry, goal: 'write to Bob that order 1 is late' } : entry,
    );
    const mail = (text: string) => [effect({ raw: `${effect().raw as string} ${text}` })];
    expect(found({ log, effects: mail('order 1 is late') })).toEqual([]);
    expect(found({ log, effects: mail('order 12 is late') })).toEqual(['INV10']);
  });

  it('finds tokens that were settled and never given, and calls that nothing explains', () => {
    const withUse = (given: ModelUse, disturbances = 0) =>
      found({ aftermath: { ...evidence().aftermath, given }, disturbances });
    expect(withUse({ ...use, inputTokens: 199 })).toEqual(['INV11']);
    expect(withUse({ ...use, calls: 3 })).toEqual(['INV11']);
    expect(withUse({ ...use, calls: 3 }, 1)).toEqual([]);
  });

  it('finds what outlived the stack', () => {
    expect(found({ leftovers: ['process 1 still runs'] })).toEqual(['INV12']);
  });
});
