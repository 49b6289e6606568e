/** Checks findSlots against an oracle that looks at every single minute and every set of wishes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findSlots, type RelaxationKind } from '#activities/calendar/availability.ts';
import { possibleByOracle, smallestByOracle, triedWithShorter } from '#test/support/slot-oracle.ts';
import { searches } from '#test/support/slot-requests.ts';

const wide = searches({ peopleMax: 4, windowDays: 5, stepMinutes: [5, 15, 30, 60] });
/** Small enough to try every set of constraints. */
const narrow = searches({ peopleMax: 3, windowDays: 1, stepMinutes: [30, 60], isFull: true });

describe('finding a time, against every minute tried one by one', () => {
  it('misses no possible start and offers no wrong one', { timeout: 120_000 }, () => {
    let runsWithSlots = 0;
    fc.assert(
      fc.property(wide, ({ anchorMs, request }) => {
        const result = findSlots(request);
        const starts = result.slots.map((slot) => slot.startMs).sort((a, b) => a - b);
        expect(starts).toEqual(possibleByOracle(request, anchorMs));
        if (starts.length > 0) runsWithSlots += 1;
        expect(result.noneBecause === undefined).toBe(starts.length > 0);
        expect(result.unknown).toEqual(
          [...request.participants, ...request.rooms!]
            .filter(({ busy }) => busy === 'unknown')
            .map(({ email }) => email),
        );
      }),
      { numRuns: 120 },
    );
    expect(runsWithSlots).toBeGreaterThan(25);
  });

  it('ranks by score and then by time, and reports instants that parse back', () => {
    fc.assert(
      fc.property(wide, ({ request }) => {
        const { slots } = findSlots(request);
        slots.forEach((slot, index) => {
          expect(Date.parse(slot.start)).toBe(slot.startMs);
          const next = slots[index + 1];
          if (next === undefined) return;
          expect(slot.score).toBeGreaterThanOrEqual(next.score);
        });
      }),
      { numRuns: 60 },
    );
  });
});

/** A suggestion in the oracle's words. */
function keyOf(item: RelaxationKind): string {
  switch (item.kind) {
    case 'wish':
      return `wish ${JSON.stringify(item.wish)} ${item.email ?? ''}`;
    case 'working_hours':
      return `hours ${item.email}`;
    case 'calendar_unknown':
      return `calendar ${item.email}`;
    case 'make_optional':
      return `without ${item.email}`;
    case 'tentative':
    case 'travel':
      return `${item.kind} ${item.email}`;
    default:
      return item.kind;
  }
}

describe('what to give up when there is no time, against every set tried one by one', () => {
  it('is as small as it can be, and enough', { timeout: 120_000 }, () => {
    const sizes = new Map<number, number>();
    const kinds = new Set<string>();
    fc.assert(
      fc.property(narrow, ({ anchorMs, request }) => {
        const { noneBecause } = findSlots(request);
        if (noneBecause === undefined) return;
        const tried = triedWithShorter(request, anchorMs);
        const smallest = smallestByOracle(tried, 3);
        if (smallest === null) {
          for (const { relax } of noneBecause.relaxations) {
            expect(relax.length).toBeGreaterThan(3);
          }
          return;
        }
        sizes.set(smallest, (sizes.get(smallest) ?? 0) + 1);
        expect(noneBecause.relaxations.length).toBeGreaterThan(0);
        for (const { relax, example } of noneBecause.relaxations) {
          for (const { kind } of relax) kinds.add(kind);
          expect(relax).toHaveLength(smallest);
          const given = relax.map(keyOf);
          const shorter = relax.flatMap((item) => (item.kind === 'duration' ? [item.minutes] : []));
          const minutes = shorter[0] ?? request.durationMinutes;
          const works = tried.filter(
            (start) =>
              start.minutes === minutes &&
              start.broken.every((lifts) => lifts.some((lift) => given.includes(lift))),
          );
          expect(works).not.toEqual([]);
          if (example === undefined) continue;
          expect(works.map(({ startMs }) => startMs)).toContain(Date.parse(example.start));
          expect(Date.parse(example.end) - Date.parse(example.start)).toBe(minutes * 60_000);
        }
      }),
      { numRuns: 100 },
    );
    // Sets of one and of several, and nearly every kind of constraint, came up.
    expect([...sizes.keys()].sort((a, b) => a - b)).toEqual([1, 2, 3]);
    expect(kinds.size).toBeGreaterThanOrEqual(7);
  });
});
