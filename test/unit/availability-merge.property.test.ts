/** Merging busy time: checked millisecond by millisecond, and both of its ways against each other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeBusy, type BusyInterval } from '#activities/calendar/availability.ts';

describe('merging busy time', () => {
  it('covers exactly the minutes that any interval covers, in order and without touching', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(200), fc.nat(30)), { maxLength: 40 }),
        fc.boolean(),
        (pairs, sorted) => {
          const intervals = pairs.map(([start, length]) => ({
            startMs: start,
            endMs: start + length,
          }));
          if (sorted) intervals.sort((a, b) => a.startMs - b.startMs);
          const merged = mergeBusy(intervals);
          const held = (list: readonly BusyInterval[]) =>
            Array.from({ length: 240 }, (_, ms) =>
              list.some((busy) => busy.startMs <= ms && ms < busy.endMs),
            );
          expect(held(merged)).toEqual(held(intervals));
          merged.forEach((busy, index) => {
            expect(busy.endMs).toBeGreaterThan(busy.startMs);
            expect(busy.startMs).toBeGreaterThan(merged[index - 1]?.endMs ?? -1);
          });
        },
      ),
    );
  });

  it('gives the same for several sorted calendars one after another as for all of it shuffled', () => {
    const calendar = fc
      .array(fc.tuple(fc.nat(100_000), fc.nat(400)), { minLength: 40, maxLength: 120 })
      .map((pairs) =>
        pairs
          .map(([start, length]) => ({ startMs: start, endMs: start + length }))
          .sort((a, b) => a.startMs - b.startMs),
      );
    fc.assert(
      fc.property(fc.array(calendar, { minLength: 1, maxLength: 5 }), (calendars) => {
        const all = calendars.flat();
        // Every seventh interval in turn: no longer sorted runs.
        const shuffled = all
          .map((busy, index) => ({ busy, turn: index % 7 }))
          .sort((a, b) => a.turn - b.turn || b.busy.startMs - a.busy.startMs)
          .map(({ busy }) => busy);
        expect(mergeBusy(all)).toEqual(mergeBusy(shuffled));
      }),
    );
  });
});
