/** States of a goal, ids and the audit chain: small pure rules the rest relies on. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chainHash, differenceOf } from '#activities/effects/audit.ts';
import { effectKeyOf } from '#activities/effects/digest.ts';
import { genesisHash } from '#contracts/audit.ts';
import { canMove, type GoalState, goalTransitions, isTerminal } from '#contracts/goal.ts';
import type { Json } from '#contracts/json.ts';
import {
  approvalIdOf,
  type GoalId,
  goalIdOfWorkflow,
  goalWorkflowId,
  parseApprovalId,
  siblingQueue,
} from '#contracts/names.ts';

const states = Object.keys(goalTransitions) as GoalState[];
const walk = fc.array(fc.constantFrom(...states), { maxLength: 30 });

describe('the states of a goal', () => {
  it('never leave a terminal state, on any walk', () => {
    fc.assert(
      fc.property(walk, (wishes) => {
        let state: GoalState = 'planning';
        let ended: GoalState | null = null;
        for (const wish of wishes) {
          if (!canMove(state, wish)) continue;
          state = wish;
          if (ended !== null) expect(state).toBe(ended);
          if (isTerminal(state)) ended = state;
        }
      }),
    );
  });

  it('lead from every state to an end, and every state can be reached', () => {
    const reach = (from: GoalState): Set<GoalState> => {
      const seen = new Set<GoalState>([from]);
      for (const state of seen) for (const next of goalTransitions[state]) seen.add(next);
      return seen;
    };
    expect([...reach('planning')].toSorted()).toEqual(states.toSorted());
    for (const state of states) expect([...reach(state)].some(isTerminal)).toBe(true);
  });
});

describe('ids', () => {
  const goalId = '01m7yzzdqhz51fm753e56gmn8a' as GoalId;

  it('come apart as they were put together', () => {
    expect(goalIdOfWorkflow(goalWorkflowId(goalId))).toBe(goalId);
    expect(parseApprovalId(approvalIdOf(goalId, 'send', 2))).toEqual({
      goalId,
      stepId: 'send',
      revision: 2,
    });
    for (const text of ['', 'x.y.1', `${goalId}.Send.1`, `${goalId}.send`, `${goalId}.send.1.2`]) {
      expect(parseApprovalId(text)).toBeUndefined();
    }
    expect(siblingQueue('adjutant-goals', 'effects')).toBe('adjutant-effects');
  });

  it('effect keys differ by workflow, step, revision and purpose, and by nothing else', () => {
    const secret = Buffer.alloc(32, 1);
    const key = (...[w, s, r, p]: [string, string, number, 'do' | 'undo']) =>
      effectKeyOf(secret, w, s, r, p);
    const keys = [
      key('goal:a', 's', 1, 'do'),
      key('goal:b', 's', 1, 'do'),
      key('goal:a', 't', 1, 'do'),
      key('goal:a', 's', 2, 'do'),
      key('goal:a', 's', 1, 'undo'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(key('goal:a', 's', 1, 'do')).toBe(keys[0]);
    expect(key('goal:as', '', 1, 'do')).not.toBe(key('goal:a', 's', 1, 'do'));
  });
});

describe('the audit', () => {
  const record = (n: number) =>
    ({ owner: 'a', goalId: 'g', at: '2026-11-21T00:00:00Z', entry: { stepId: `s${n}` } }) as never;

  it('chains entries so that a change of any is seen', () => {
    const first = chainHash(genesisHash, 1, record(1));
    const second = chainHash(first, 2, record(2));
    expect(chainHash(chainHash(genesisHash, 1, record(9)), 2, record(2))).not.toBe(second);
    expect(chainHash(first, 3, record(2))).not.toBe(second);
  });

  it('names every path at which proposed and executed differ, and none other', () => {
    expect(
      differenceOf({ a: 1, b: { c: [1], d: 2 } }, { a: 1, b: { c: [2], d: 2 }, e: 3 }),
    ).toEqual([
      { path: 'b.c', proposed: [1], executed: [2] },
      { path: 'e', proposed: null, executed: 3 },
    ]);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const json = JSON.parse(JSON.stringify(value)) as Json;
        expect(differenceOf(json, json)).toEqual([]);
      }),
    );
  });
});
