/** The pure part of a day's budget: which day it is where the person is, and which bound is reached. */
import { describe, expect, it } from 'vitest';
import { dayOf, reachedBy } from '#contracts/day-budget.ts';

describe('the day', () => {
  it.each([
    ['2026-11-21T10:59:59Z', 'Pacific/Auckland', '2026-11-21'],
    ['2026-11-21T11:00:00Z', 'Pacific/Auckland', '2026-11-22'],
    ['2026-11-21T07:59:59Z', 'America/Los_Angeles', '2026-11-20'],
    ['2026-11-21T08:00:00Z', 'America/Los_Angeles', '2026-11-21'],
    ['2027-01-01T00:00:00Z', 'UTC', '2027-01-01'],
  ])('at %s in %s is %s', (at, zone, day) => {
    expect(dayOf(new Date(at), zone)).toBe(day);
  });

  it('of an unknown zone is no day', () => {
    expect(() => dayOf(new Date(), 'Mars/Base')).toThrow(RangeError);
  });
});

describe('a bound', () => {
  const nothing = { modelTokens: 0, costMicroUsd: 0 };
  const call = { modelTokens: 10, costMicroUsd: 5 };
  const at = (modelTokens: number, costMicroUsd: number) => ({
    used: { modelTokens, costMicroUsd },
    raised: nothing,
  });

  it('is reached by the call that does not fit, and not by the one that just fits', () => {
    const budget = { modelTokens: 100, costMicroUsd: 50 };
    expect(reachedBy(budget, at(90, 45), call)).toBeNull();
    expect(reachedBy(budget, at(91, 45), call)).toMatchObject({ kind: 'modelTokens', used: 91 });
    expect(reachedBy(budget, at(90, 46), call)).toMatchObject({ kind: 'costMicroUsd', bound: 50 });
  });

  it('that is not set is never reached', () => {
    expect(reachedBy({}, at(1e9, 1e9), call)).toBeNull();
  });

  it('counts what was allowed on top, and approving allows as much again', () => {
    const raised = { modelTokens: 100, costMicroUsd: 0 };
    const day = (modelTokens: number) => ({ used: { modelTokens, costMicroUsd: 0 }, raised });
    expect(reachedBy({ modelTokens: 100 }, day(190), call)).toBeNull();
    expect(reachedBy({ modelTokens: 100 }, day(191), call)).toEqual({
      kind: 'modelTokens',
      used: 191,
      bound: 200,
      raised: 100,
      more: 100,
    });
  });

  it('below one call is raised by at least a call', () => {
    expect(reachedBy({ modelTokens: 3 }, at(0, 0), call)).toMatchObject({ bound: 3, more: 10 });
  });
});
