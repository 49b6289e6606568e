/** Rules from typed repetitions, in words, cut in two and moved to another day. */
import { describe, expect, it } from 'vitest';
import type { GoalId } from '#contracts/names.ts';
import type { RepeatInput } from '#contracts/schemas/repeat.ts';
import {
  countStarts,
  describeRule,
  moveRule,
  sameRule,
  splitRecurrence,
  startsOf,
} from '#activities/calendar/recurrence.ts';
import { readRecurrence, writeRecurrence } from '#activities/calendar/recurrence-lines.ts';
import { resolveRepeat } from '#activities/calendar/repeat.ts';
import { dayNumber } from '#activities/calendar/zone-time.ts';

const zone = 'Europe/Berlin';
const context = {
  goalId: '0123456789abcdefghijklmnop' as GoalId,
  owner: 'alex@office.example.com',
  zone,
  stepId: 's',
  now: '2026-10-07T08:00:00Z',
};
const thursday = '2026-10-15T11:00:00+02:00';
const resolve = (repeat: RepeatInput, start = thursday) =>
  resolveRepeat(repeat, start, zone, context);
const days = (rule: string, start = thursday, excluded: string[] = []) =>
  [...startsOf({ rule, excluded }, { start, zone })].map(({ ms }) =>
    new Date(ms).toISOString().slice(0, 16),
  );

describe('a repetition as said', () => {
  it.each<[RepeatInput, string, string]>([
    [{ every: 'week' }, 'FREQ=WEEKLY;BYDAY=TH', 'every week on Thu, without an end'],
    [
      { every: 'week', interval: 2, weekdays: ['thu', 'fri'], count: 4 },
      'FREQ=WEEKLY;COUNT=4;INTERVAL=2;BYDAY=TH,FR',
      'every 2 weeks on Thu and Fri, 4 times',
    ],
    [
      { every: 'day', until: '31 October' },
      'FREQ=DAILY;UNTIL=20261031T225959Z',
      'every day, until Sat 31 Oct 2026',
    ],
    [
      { every: 'month', ordinal: 'third', weekdays: ['thu'] },
      'FREQ=MONTHLY;BYDAY=3TH',
      'every month on the third Thu, without an end',
    ],
    [{ every: 'month' }, 'FREQ=MONTHLY;BYMONTHDAY=15', 'every month on day 15, without an end'],
    [
      { every: 'year' },
      'FREQ=YEARLY;BYMONTHDAY=15;BYMONTH=10',
      'every year on day 15 in Oct, without an end',
    ],
    [
      { every: 'month', ordinal: 'last' },
      'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-1',
      'every month on the last of days, without an end',
    ],
  ])('%j is a rule and can be said', (repeat, rule, words) => {
    const { recurrence } = resolve(repeat);
    expect(recurrence.rule).toBe(rule);
    expect(describeRule(rule, zone)).toBe(words);
  });

  it('first happens on the first day that fits, and says so', () => {
    const monday = resolve({ every: 'week', weekdays: ['mon'] });
    expect(monday).toMatchObject({ start: '2026-10-19T11:00:00+02:00' });
    expect(monday.notes).toHaveLength(1);
    const last = resolve({ every: 'month', ordinal: 'last' });
    expect(last.start).toBe('2026-10-31T11:00:00+01:00');
    expect(resolve({ every: 'week', weekdays: ['mon'] }, '2026-10-15').start).toBe('2026-10-19');
  });

  it('that contradicts itself or never happens is refused', () => {
    const refused = (repeat: RepeatInput) => () => resolve(repeat);
    expect(refused({ every: 'day', count: 2, until: '31 October' })).toThrow(/not both/);
    expect(refused({ every: 'week', monthDay: 3 })).toThrow(/no day of the month/);
    expect(refused({ every: 'month', weekdays: ['mon'] })).toThrow(/which one/);
    expect(refused({ every: 'week', until: '9 October' })).toThrow(/before it first happens/);
    expect(refused({ every: 'day', interval: 7, weekdays: ['mon'] })).toThrow(/with weeks/);
    const february = () => resolve({ every: 'year', monthDay: 30 }, '2027-02-10');
    expect(february).toThrow(/no day 30/);
  });
});

describe('occurrences', () => {
  it('stay at their wall-clock time, and leave out what is excluded', () => {
    const excluded = ['2026-10-22T09:00:00Z'];
    expect(days('FREQ=WEEKLY;BYDAY=TH;COUNT=4', thursday, excluded)).toEqual([
      '2026-10-15T09:00',
      '2026-10-29T10:00',
      '2026-11-05T10:00',
    ]);
  });

  it('count positions from the start of the month, not from the first occurrence', () => {
    // ical.js 2.2 by itself begins this one with Monday the 9th.
    const start = '2026-11-08T10:00:00+01:00';
    expect(days('FREQ=MONTHLY;BYDAY=MO;BYSETPOS=3;COUNT=2', start)).toEqual([
      '2026-11-16T09:00',
      '2026-12-21T09:00',
    ]);
  });

  it.each([
    ['FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30', 0],
    ['FREQ=DAILY;INTERVAL=7;BYDAY=MO', 1],
    ['FREQ=SECONDLY;BYMONTH=1', 0],
  ])('of %s, which never come, are not looked for for ever', (rule, most) => {
    // The start itself counts for some rules, as providers have it.
    expect(days(rule).length).toBeLessThanOrEqual(most + 1);
  });

  it('end with UNTIL as an instant or as a whole day, and are counted', () => {
    const series = { start: thursday, zone };
    const count = (rule: string) => countStarts({ rule, excluded: [] }, series);
    expect(count('FREQ=DAILY;UNTIL=20261017T085959Z')).toBe(2);
    expect(count('FREQ=DAILY;UNTIL=20261017T090000Z')).toBe(3);
    expect(count('FREQ=DAILY;UNTIL=20261017')).toBe(3);
    expect(count('FREQ=DAILY')).toBeNull();
    expect(
      countStarts(
        { rule: 'FREQ=DAILY;COUNT=3', excluded: ['2026-10-16'] },
        { start: '2026-10-15', zone },
      ),
    ).toBe(2);
  });
});

describe('a series cut in two', () => {
  const series = { start: thursday, zone };
  it.each([
    ['FREQ=WEEKLY;BYDAY=TH;COUNT=5', 'FREQ=WEEKLY;COUNT=3;BYDAY=TH'],
    ['FREQ=WEEKLY;BYDAY=TH;UNTIL=20261231T225959Z', 'FREQ=WEEKLY;BYDAY=TH;UNTIL=20261231T225959Z'],
    ['FREQ=WEEKLY;BYDAY=TH', 'FREQ=WEEKLY;BYDAY=TH'],
  ])('%s loses and doubles nothing', (rule, rest) => {
    const excluded = ['2026-10-22T09:00:00Z', '2026-11-05T10:00:00Z'];
    const cut = '2026-10-29T10:00:00.000Z';
    const halves = splitRecurrence({ rule, excluded }, series, cut);
    expect(halves.rest.rule).toBe(rest);
    expect(halves.earlier).toBe(2);
    expect(halves.kept.excluded).toEqual([excluded[0]]);
    const first = days(halves.kept.rule, thursday, [...halves.kept.excluded]);
    const second = days(halves.rest.rule, cut, [...halves.rest.excluded]);
    expect([...first, ...second].slice(0, 20)).toEqual(days(rule, thursday, excluded).slice(0, 20));
  });

  it('ends all-day series by a date', () => {
    const recurrence = { rule: 'FREQ=DAILY;COUNT=5', excluded: [] };
    const { kept } = splitRecurrence(recurrence, { start: '2026-10-15', zone }, '2026-10-17');
    expect(kept.rule).toBe('FREQ=DAILY;UNTIL=20261016');
  });
});

describe('rules', () => {
  it('move to another day where only one rule can be meant', () => {
    const [from, to] = [dayNumber(2026, 10, 15), dayNumber(2026, 10, 16)];
    expect(moveRule('FREQ=WEEKLY;BYDAY=TH', from, to)).toBe('FREQ=WEEKLY;BYDAY=FR');
    expect(moveRule('FREQ=MONTHLY;BYMONTHDAY=15', from, to)).toBe('FREQ=MONTHLY;BYMONTHDAY=16');
    expect(moveRule('FREQ=DAILY', from, to)).toBe('FREQ=DAILY');
    expect(moveRule('FREQ=WEEKLY;BYDAY=TU,TH', from, from)).toBe('FREQ=WEEKLY;BYDAY=TU,TH');
    expect(() => moveRule('FREQ=WEEKLY;BYDAY=TU,TH', from, to)).toThrow(/new repetition/);
    expect(() => moveRule('FREQ=MONTHLY;BYDAY=3TH', from, to)).toThrow(/new repetition/);
  });

  it('are the same in any order, and whether they end by a day or by a moment of it', () => {
    const a = 'FREQ=WEEKLY;BYDAY=MO;UNTIL=20261109T225959Z';
    expect(sameRule(a, 'FREQ=WEEKLY;WKST=SU;UNTIL=20261109;BYDAY=MO', zone)).toBe(true);
    expect(sameRule(a, 'FREQ=WEEKLY;BYDAY=MO;UNTIL=20261110', zone)).toBe(false);
    expect(sameRule(a, 'FREQ=WEEKLY;BYDAY=MO', zone)).toBe(false);
  });

  it('are read from and written to the lines of RFC 5545; what is more than one rule is said', () => {
    const lines = ['RRULE:FREQ=DAILY', 'EXDATE;TZID=Europe/Berlin:20261026T110000,20261027T110000'];
    const read = readRecurrence(lines, zone);
    if (read === 'inexpressible') throw new Error('not read');
    expect(read.excluded).toEqual(['2026-10-26T10:00:00Z', '2026-10-27T10:00:00Z']);
    expect(readRecurrence(writeRecurrence(read), zone)).toEqual(read);
    const daily = { rule: 'FREQ=DAILY', excluded: ['2026-10-26'] };
    expect(writeRecurrence(daily)).toEqual(['RRULE:FREQ=DAILY', 'EXDATE;VALUE=DATE:20261026']);
    expect(readRecurrence(writeRecurrence(daily), zone)).toEqual(daily);
    expect(readRecurrence(['RRULE:FREQ=DAILY', 'RDATE:20261101T090000Z'], zone)).toBe(
      'inexpressible',
    );
    expect(readRecurrence(['RRULE:FREQ=DAILY', 'RRULE:FREQ=WEEKLY'], zone)).toBe('inexpressible');
  });
});
