/** Turns a repetition as a plan says it into a rule, and finds the first start that fits it. */
import ICAL from 'ical.js';
import type { StepContext } from '#contracts/activities.ts';
import type { RepeatInput } from '#contracts/schemas/repeat.ts';
import { failure } from '../failures.ts';
import type { Recurrence } from './port.ts';
import { dateText, dayOf, startsOf, utcTime } from './recurrence.ts';
import { isDate } from './recurrence-lines.ts';
import { resolving } from './summaries.ts';
import { resolveWindow } from './time-phrases.ts';
import { toRfc3339, wallClock, weekdayOf } from './zone-time.ts';

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const POSITIONS = { first: 1, second: 2, third: 3, fourth: 4, last: -1 } as const;

/** A rule with the first start that fits it, at or after the one asked for. */
export type Repetition = {
  readonly recurrence: Recurrence;
  readonly start: string;
  readonly notes: readonly string[];
};

/**
 * Resolves a repetition. `start` is RFC 3339, or a date of an all-day event.
 * @throws InvalidInputError for a contradiction, or a rule that never happens
 */
export function resolveRepeat(
  repeat: RepeatInput,
  start: string,
  zone: string,
  context: StepContext,
): Repetition {
  const { count, until } = repeat;
  if (count != null && until != null) {
    throw failure('InvalidInputError', 'A repetition ends by a day or after a number, not both.');
  }
  const startDay = isDate(start) ? dayOf(start) : wallClock(zone, Date.parse(start)).day;
  const recur = new ICAL.Recur({
    freq: ({ day: 'DAILY', week: 'WEEKLY', month: 'MONTHLY', year: 'YEARLY' } as const)[
      repeat.every
    ],
    interval: repeat.interval ?? 1,
    ...(count == null ? {} : { count }),
    ...(until == null ? {} : { until: untilOf(until, start, zone, context) }),
  });
  Object.assign(recur.parts, partsOf(repeat, startDay, start));
  const recurrence = { rule: recur.toString(), excluded: [] };
  const [first] = startsOf(recurrence, { start, zone });
  if (first === undefined) {
    throw failure('InvalidInputError', 'The repetition ends before it first happens.');
  }
  if (first.day === startDay) return { recurrence, start, notes: [] };
  const moved = isDate(start) ? dateText(first.day) : toRfc3339(first.ms, zone);
  return { recurrence, start: moved, notes: ['it first happens on the first day that fits'] };
}

/** The BY parts. What is not said follows from the start. */
function partsOf(
  { every, interval, weekdays, monthDay, ordinal }: RepeatInput,
  startDay: number,
  start: string,
): Record<string, (string | number)[]> {
  const days = (weekdays ?? []).map((day) => day.slice(0, 2).toUpperCase());
  if (every === 'day' && days.length > 0 && (interval ?? 1) > 1) {
    throw failure('InvalidInputError', 'Days of the week go with every day or with weeks.');
  }
  const month: { BYMONTH?: number[] } =
    every === 'year' ? { BYMONTH: [Number(dateText(startDay).slice(5, 7))] } : {};
  if (every === 'day' || every === 'week') {
    if (monthDay != null || ordinal != null) {
      throw failure('InvalidInputError', `Every ${every} has no day of the month.`);
    }
    if (days.length > 0) return { BYDAY: days };
    return every === 'day' ? {} : { BYDAY: [WEEKDAYS[weekdayOf(startDay) - 1] ?? ''] };
  }
  if (monthDay != null) {
    const [inMonth] = month.BYMONTH ?? [];
    // A leap year has the longest months.
    if (inMonth !== undefined && monthDay > new Date(Date.UTC(2024, inMonth, 0)).getUTCDate()) {
      throw failure('InvalidInputError', `The month it starts in has no day ${monthDay}.`);
    }
    return { BYMONTHDAY: [monthDay], ...month };
  }
  if (ordinal == null) {
    if (days.length > 0) {
      throw failure('InvalidInputError', 'Say which one of the month: first, second, … or last.');
    }
    const date = isDate(start) ? start : dateText(startDay);
    return { BYMONTHDAY: [Number(date.slice(8, 10))], ...month };
  }
  const position = POSITIONS[ordinal];
  const [only, ...more] = days;
  if (only !== undefined && more.length === 0) return { BYDAY: [`${position}${only}`], ...month };
  return { BYDAY: days.length === 0 ? WEEKDAYS : days, BYSETPOS: [position], ...month };
}

/** The last moment of the last day, in UTC as RFC 5545 asks for; a date for all-day events. */
function untilOf(until: string, start: string, zone: string, context: StepContext): ICAL.Time {
  const { toMs } = resolving(resolveWindow, until, { ...context, zone });
  if (!isDate(start)) {
    return utcTime(toMs - 1_000);
  }
  return ICAL.Time.fromDateString(dateText(wallClock(zone, toMs - 1).day));
}
