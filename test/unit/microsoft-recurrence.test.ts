/** RRULE and Graph's pattern: what maps means the same days, what does not is refused by its part. */
import * as fc from 'fast-check';
import { DateTime } from 'luxon';
import type { DayOfWeek, PatternedRecurrence } from '@microsoft/microsoft-graph-types';
import { rrulestr } from 'rrule';
import { describe, expect, it } from 'vitest';
import { toGraphRecurrence, toRule } from '#activities/calendar/microsoft-recurrence.ts';

const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Sydney', 'UTC'];
const codes = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
const dayNames: DayOfWeek[] = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
];

/** The days of a rule from a date on, by another library; floating, so that no zone is involved. */
function daysByRule(rule: string, from: string, limit: number): string[] {
  const floating = rule.replace(/UNTIL=(\d{8})(T\d{6}Z)?/, 'UNTIL=$1T235959Z');
  const start = `${from.replaceAll('-', '')}T000000Z`;
  const parsed = rrulestr(`DTSTART:${start}\nRRULE:${floating}`);
  return parsed.all((_, i) => i < limit).map((date) => date.toISOString().slice(0, 10));
}

/** The days of a pattern as Microsoft describes it, found by looking at every day. */
function daysByPattern({ pattern, range }: PatternedRecurrence, limit: number): string[] {
  const days: string[] = [];
  const start = new Date(range!.startDate!);
  const count = range!.type === 'numbered' ? range!.numberOfOccurrences! : Infinity;
  const end = new Date(range!.type === 'endDate' ? range!.endDate! : '2090-01-01');
  const day = new Date(start);
  for (; days.length < Math.min(limit, count) && day <= end; day.setUTCDate(day.getUTCDate() + 1)) {
    if (isDayOf(pattern!, start, day)) days.push(day.toISOString().slice(0, 10));
  }
  return days;
}

const dayMs = 86_400_000;
type Pattern = NonNullable<PatternedRecurrence['pattern']>;

function isDayOf(pattern: Pattern, start: Date, day: Date): boolean {
  const interval = pattern.interval!;
  switch (pattern.type) {
    case 'daily':
      return ((+day - +start) / dayMs) % interval === 0;
    case 'weekly': {
      const first = dayNames.indexOf(pattern.firstDayOfWeek!);
      const weekOf = (at: Date) => +at / dayMs - ((at.getUTCDay() - first + 7) % 7);
      return isNamed(pattern, day) && ((weekOf(day) - weekOf(start)) / 7) % interval === 0;
    }
    default:
      return isMonthOf(pattern, start, day) && day.getUTCDate() === dayInMonth(pattern, day);
  }
}

function isMonthOf({ type, month, interval }: Pattern, start: Date, day: Date): boolean {
  const years = day.getUTCFullYear() - start.getUTCFullYear();
  if (type!.endsWith('Yearly')) return day.getUTCMonth() + 1 === month && years % interval! === 0;
  return (years * 12 + day.getUTCMonth() - start.getUTCMonth()) % interval! === 0;
}

function dayInMonth(pattern: Pattern, day: Date): number | undefined {
  const [year, month] = [day.getUTCFullYear(), day.getUTCMonth()];
  const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  if (pattern.type!.startsWith('absolute')) return Math.min(pattern.dayOfMonth!, length);
  const all = Array.from({ length }, (_, i) => new Date(Date.UTC(year, month, i + 1)));
  const named = all.filter((one) => isNamed(pattern, one));
  const at = ['first', 'second', 'third', 'fourth'].indexOf(pattern.index!);
  return named.at(at)?.getUTCDate();
}

function isNamed({ daysOfWeek }: Pattern, day: Date): boolean {
  return daysOfWeek!.includes(dayNames[day.getUTCDay()]!);
}

const position = fc.constantFrom(1, 2, 3, 4, -1);
const someDays = fc.subarray([...codes], { minLength: 1 });
const month = fc.integer({ min: 1, max: 12 });
const relative = fc.oneof(
  fc.tuple(position, fc.constantFrom(...codes)).map(([at, day]) => `BYDAY=${at}${day}`),
  fc
    .tuple(position, fc.subarray([...codes], { minLength: 2 }))
    .map(([at, days]) => `BYDAY=${days.join(',')};BYSETPOS=${at}`),
);
const rules = fc.oneof(
  fc.constant('FREQ=DAILY'),
  fc
    .tuple(someDays, fc.constantFrom(...codes))
    .map(([days, first]) => `FREQ=WEEKLY;BYDAY=${days.join(',')};WKST=${first}`),
  fc.integer({ min: 1, max: 28 }).map((day) => `FREQ=MONTHLY;BYMONTHDAY=${day}`),
  fc.constant('FREQ=MONTHLY;BYMONTHDAY=-1'),
  relative.map((days) => `FREQ=MONTHLY;${days}`),
  fc
    .tuple(month, fc.integer({ min: 1, max: 28 }))
    .map(([m, day]) => `FREQ=YEARLY;BYMONTH=${m};BYMONTHDAY=${day}`),
  month.map((m) => `FREQ=YEARLY;BYMONTH=${m};BYMONTHDAY=-1`),
  fc.tuple(month, relative).map(([m, days]) => `FREQ=YEARLY;BYMONTH=${m};${days}`),
);
const ends = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 1, max: 30 }).map((count) => `;COUNT=${count}`),
  fc.integer({ min: 0, max: 2_000 }).map((days) => `;UNTIL+${days}`),
);
const cases = fc.record({
  rule: rules,
  interval: fc.integer({ min: 1, max: 4 }),
  end: ends,
  zone: fc.constantFrom(...zones),
  allDay: fc.boolean(),
  from: fc.integer({ min: 0, max: 2_000 }),
  hour: fc.integer({ min: 0, max: 23 }),
});

/** Graph fills the members that a type does not use with zeros. */
function asSent({ pattern, range }: PatternedRecurrence): PatternedRecurrence {
  const zeros = { month: 0, dayOfMonth: 0, index: 'first', firstDayOfWeek: 'sunday' } as const;
  const noEnd = { endDate: '0001-01-01', numberOfOccurrences: 0 };
  return {
    pattern: { ...zeros, daysOfWeek: [], ...pattern },
    range: { ...noEnd, ...range },
  };
}

describe('a rule and its pattern', () => {
  it('mean the same days, there and back', () => {
    fc.assert(
      fc.property(cases, ({ rule, interval, end, zone, allDay, from, hour }) => {
        const repeated = interval === 1 ? rule : `${rule};INTERVAL=${interval}`;
        const earliest = DateTime.fromISO('2024-01-01').plus({ days: from }).toISODate()!;
        const first = daysByRule(rule, earliest, 1)[0]!;
        const local = DateTime.fromISO(first, { zone }).set({ hour: allDay ? 0 : hour });
        const until = local.plus({ days: Number(end.split('+')[1] ?? 0) });
        const untilText = allDay
          ? until.toFormat('yyyyMMdd')
          : until.toUTC().toFormat("yyyyMMdd'T'HHmmss'Z'");
        const whole = repeated + end.replace(/UNTIL.*/, `UNTIL=${untilText}`);
        const start = { local, zone, allDay };
        const graph = asSent(toGraphRecurrence(whole, start));
        const asked = repeated + end.replace(/UNTIL.*/, `UNTIL=${until.toFormat('yyyyMMdd')}`);
        const wanted = daysByRule(asked, first, 12);
        expect(daysByPattern(graph, 12)).toEqual(wanted);
        const back = toRule(graph, start)!;
        expect(daysByPattern(toGraphRecurrence(back, start), 12)).toEqual(wanted);
      }),
      { numRuns: 150 },
    );
  });

  it('end with the last occurrence that is not after UNTIL', () => {
    const local = DateTime.fromISO('2026-10-05T09:00', { zone: 'Europe/Berlin' });
    const start = { local, zone: 'Europe/Berlin', allDay: false };
    const endOf = (until: string) =>
      toGraphRecurrence(`FREQ=DAILY;UNTIL=${until}`, start).range!.endDate;
    expect(endOf('20261031T080000Z')).toBe('2026-10-31');
    expect(endOf('20261031T075959Z')).toBe('2026-10-30');
    expect(endOf('20261031T230000Z')).toBe('2026-10-31');
    expect(endOf('20261101T080000Z')).toBe('2026-11-01');
  });

  it('keep the words of a plain rule', () => {
    const local = DateTime.fromISO('2026-10-05T09:00', { zone: 'Europe/Berlin' });
    const start = { local, zone: 'Europe/Berlin', allDay: false };
    for (const rule of ['FREQ=WEEKLY;BYDAY=MO', 'FREQ=DAILY;COUNT=4', 'FREQ=MONTHLY;BYDAY=1MO']) {
      expect(toRule(asSent(toGraphRecurrence(rule, start)), start)).toBe(rule);
    }
    const { range } = toGraphRecurrence('FREQ=DAILY', start);
    expect(range).toMatchObject({
      startDate: '2026-10-05',
      recurrenceTimeZone: 'W. Europe Standard Time',
    });
  });

  it('has no rule for a day that short months put off to their last', () => {
    const local = DateTime.fromISO('2026-10-30T09:00', { zone: 'Europe/Berlin' });
    const start = { local, zone: 'Europe/Berlin', allDay: false };
    const monthly = (dayOfMonth: number) =>
      toRule({ pattern: { type: 'absoluteMonthly', interval: 1, dayOfMonth } }, start);
    expect([28, 29, 30, 31].map(monthly)).toEqual([
      'FREQ=MONTHLY;BYMONTHDAY=28',
      undefined,
      undefined,
      'FREQ=MONTHLY;BYMONTHDAY=-1',
    ]);
  });

  it.each([
    ['FREQ=MONTHLY;BYMONTHDAY=1,15', 'a list in BYMONTHDAY'],
    ['FREQ=MONTHLY;BYMONTHDAY=-2', 'a negative BYMONTHDAY'],
    ['FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1', 'BYSETPOS'],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29', 'day 29, which not every month'],
    ['FREQ=MONTHLY;BYMONTHDAY=31', 'day 31, which not every month'],
    ['FREQ=MONTHLY;BYDAY=5MO', 'a position other than'],
    ['FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1,2', 'a position other than'],
    ['FREQ=YEARLY;BYDAY=20MO', 'BYMONTH'],
    ['FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=5', 'several months'],
    ['FREQ=DAILY;BYDAY=MO', 'BYDAY'],
    ['FREQ=HOURLY', 'FREQ=HOURLY'],
    ['FREQ=DAILY;BYHOUR=9,15', 'BYHOUR'],
    ['FREQ=YEARLY;BYWEEKNO=20', 'BYWEEKNO'],
    ['FREQ=DAILY;COUNT=3;UNTIL=20261231', 'COUNT with UNTIL'],
    ['FREQ=DAILY;FREQ=WEEKLY', 'a part given twice'],
    ['FREQ=SOMETIMES', 'is no repetition rule'],
    ['rubbish', 'RUBBISH'],
    ['FREQ=WEEKLY;BYDAY=TU', 'not one of its days'],
  ])('%s is refused: %s', (rule, part) => {
    const local = DateTime.fromISO('2026-10-05T09:00', { zone: 'Europe/Berlin' });
    const refused = () => toGraphRecurrence(rule, { local, zone: 'Europe/Berlin', allDay: false });
    expect(refused).toThrow(expect.objectContaining({ type: 'InvalidInputError' }));
    expect(refused).toThrow(part);
  });
});
