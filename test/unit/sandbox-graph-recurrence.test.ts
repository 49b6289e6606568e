/** Graph's patterns to the sandbox's RRULE and back, on any pattern a client may send. */
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { expect, it } from 'vitest';
import type { SentRecurrence } from '#infra/sandbox/microsoft/event-body.ts';
import {
  firstOccurrence,
  readRecurrence,
  showRecurrence,
} from '#infra/sandbox/microsoft/recurrence.ts';
import type { StoredEvent } from '#infra/sandbox/office/state.ts';

const zone = 'Europe/Berlin';
const weekdays = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
] as const;
const days = fc.subarray([...weekdays], { minLength: 1 });
const interval = fc.integer({ min: 1, max: 99 });
const dayOfMonth = fc.integer({ min: 1, max: 31 });
const month = fc.integer({ min: 1, max: 12 });
const index = fc.constantFrom('first', 'second', 'third', 'fourth', 'last');
const type = <Name extends string>(name: Name) => fc.constant(name);

const pattern: fc.Arbitrary<SentRecurrence['pattern']> = fc.oneof(
  fc.record({ type: type('daily'), interval }),
  fc.record({
    type: type('weekly'),
    interval,
    daysOfWeek: days,
    firstDayOfWeek: fc.constantFrom(...weekdays),
  }),
  fc.record({ type: type('absoluteMonthly'), interval, dayOfMonth }),
  fc.record({ type: type('relativeMonthly'), interval, daysOfWeek: days, index }),
  // Every month has day 28: a date that never comes is no series.
  fc.record({
    type: type('absoluteYearly'),
    interval,
    month,
    dayOfMonth: fc.integer({ min: 1, max: 28 }),
  }),
  fc.record({ type: type('relativeYearly'), interval, month, daysOfWeek: days, index }),
);
const end = fc.oneof(
  fc.record({ type: type('noEnd') }),
  fc.record({ type: type('numbered'), numberOfOccurrences: fc.integer({ min: 1, max: 999 }) }),
  fc.record({ type: type('endDate'), years: fc.integer({ min: 1, max: 20 }) }),
);
const firstDays = fc.integer({ min: 0, max: 3_000 }).map((count) => {
  const start = DateTime.fromISO('2026-01-01T09:00:00', { zone });
  return start.plus({ days: count });
});

it('begins on the first day that the pattern names', () => {
  const first = (line: string, date: string): string | null =>
    firstOccurrence(
      `RRULE:${line}`,
      { dateTime: `${date}T09:00:00+01:00`, timeZone: zone },
      zone,
    ).toISODate();
  expect(first('FREQ=MONTHLY;BYDAY=FR,SA;BYSETPOS=-1', '2026-11-01')).toBe('2026-11-28');
  expect(first('FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1', '2026-11-02')).toBe('2026-11-02');
  expect(first('FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1', '2026-11-03')).toBe('2026-12-01');
  expect(first('FREQ=WEEKLY;BYDAY=FR', '2026-11-03')).toBe('2026-11-06');
  expect(first('FREQ=MONTHLY;BYMONTHDAY=-1', '2026-11-03')).toBe('2026-11-30');
});

it('shows every pattern as it was sent', () => {
  fc.assert(
    fc.property(pattern, end, firstDays, (sent, until, day) => {
      const startDate = day.toFormat('yyyy-MM-dd');
      const range =
        until.type === 'endDate'
          ? { type: until.type, startDate, endDate: day.plus({ years: until.years }).toISODate()! }
          : { ...until, startDate };
      const start = { dateTime: day.toISO()!, timeZone: zone };
      const line = readRecurrence({ pattern: sent, range }, start, zone);
      const begins = firstOccurrence(line, start, zone);
      expect(begins.toMillis()).toBeGreaterThanOrEqual(day.toMillis());
      const event = {
        start: { dateTime: begins.toISO()!, timeZone: zone },
        recurrence: [line],
      } as StoredEvent;
      const shown = showRecurrence(event, zone) as SentRecurrence;
      expect(shown.pattern).toMatchObject({
        ...sent,
        ...(sent.daysOfWeek ? { daysOfWeek: expect.any(Array) as string[] } : {}),
      });
      expect(new Set(shown.pattern.daysOfWeek)).toEqual(new Set(sent.daysOfWeek ?? []));
      expect(shown.range).toMatchObject({ ...range, startDate: begins.toISODate() });
    }),
    { numRuns: 200 },
  );
});
