/**
 * Graph's patterned recurrence to the stored RRULE and back. A rule that no pattern says is shown
 * as none; what a client may not ask for is refused.
 */
import ICAL from 'ical.js';
import { DateTime } from 'luxon';
import { toInstantMs } from '../calendar/times.ts';
import type { EventTime, StoredEvent } from '../office/state.ts';
import type { SentRecurrence } from './event-body.ts';
import { validationFailure } from './event-times.ts';
import { ianaZone, windowsZone } from './zones.ts';

const days = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
] as const;
const codes = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const;
const indexes = ['first', 'second', 'third', 'fourth', 'last'] as const;
const positions = [1, 2, 3, 4, -1] as const;
const noDate = '0001-01-01';
/** The most occurrences Outlook gives a series. @see Exchange, recurrence limits */
const maxOccurrences = 999;
const lastDay = 31;

type Pattern = SentRecurrence['pattern'];

/** The RRULE line of a recurrence. @throws GraphError 400. */
export function readRecurrence(
  sent: SentRecurrence,
  start: EventTime,
  calendarZone: string,
): string {
  const { pattern, range } = sent;
  const { interval } = pattern;
  if (interval < 1 || interval > 999) throw validationFailure('Interval is out of range.');
  const zone = range.recurrenceTimeZone
    ? ianaZone(range.recurrenceTimeZone)
    : (start.timeZone ?? calendarZone);
  const firstDay = start.date ?? localDate(start, start.timeZone ?? calendarZone);
  if (range.startDate !== firstDay) {
    throw validationFailure('StartDate of the range must be the date of Start.');
  }
  return `RRULE:${readPattern(pattern)};INTERVAL=${interval}${readRange(range, start, zone)}`;
}

function readPattern(pattern: Pattern): string {
  const month = (): string => `BYMONTH=${within(pattern.month, 12, 'Month')}`;
  switch (pattern.type) {
    case 'daily':
      return 'FREQ=DAILY';
    case 'weekly': {
      const first = codes[days.indexOf(pattern.firstDayOfWeek ?? 'sunday')];
      return `FREQ=WEEKLY;BYDAY=${readDays(pattern).join(',')};WKST=${first}`;
    }
    case 'absoluteMonthly':
      return `FREQ=MONTHLY;${readDayOfMonth(pattern)}`;
    case 'relativeMonthly':
      return `FREQ=MONTHLY;${readPosition(pattern)}`;
    case 'absoluteYearly':
      return `FREQ=YEARLY;${month()};${readDayOfMonth(pattern)}`;
    case 'relativeYearly':
      return `FREQ=YEARLY;${month()};${readPosition(pattern)}`;
    default:
      return pattern.type satisfies never;
  }
}

/**
 * Day 31 is Outlook's last day of every month. Days 29 and 30 are its last day of a February too,
 * which no RRULE says: here such a series leaves February out.
 */
function readDayOfMonth(pattern: Pattern): string {
  const day = within(pattern.dayOfMonth, lastDay, 'DayOfMonth');
  return `BYMONTHDAY=${day === lastDay ? -1 : day}`;
}

/** The nth of one weekday, or the nth day that is any of several. */
function readPosition(pattern: Pattern): string {
  const position = positions[indexes.indexOf(pattern.index ?? 'first')] ?? 1;
  const chosen = readDays(pattern);
  if (chosen.length === 1) return `BYDAY=${position}${chosen[0]}`;
  return `BYDAY=${chosen.join(',')};BYSETPOS=${position}`;
}

function readDays({ daysOfWeek }: Pattern): string[] {
  const chosen = new Set(daysOfWeek ?? []);
  if (chosen.size === 0) throw validationFailure('DaysOfWeek is missing.');
  return codes.filter((_, at) => chosen.has(days[at] ?? 'sunday'));
}

function readRange(range: SentRecurrence['range'], start: EventTime, zone: string): string {
  switch (range.type) {
    case 'noEnd':
      return '';
    case 'numbered':
      return `;COUNT=${within(range.numberOfOccurrences, maxOccurrences, 'NumberOfOccurrences')}`;
    case 'endDate': {
      const last = DateTime.fromISO(range.endDate ?? '', { zone });
      if (!last.isValid || (range.endDate ?? '') < range.startDate) {
        throw validationFailure('EndDate of the range is missing or before its StartDate.');
      }
      if (start.date !== undefined) return `;UNTIL=${last.toFormat('yyyyMMdd')}`;
      return `;UNTIL=${last.endOf('day').toUTC().toFormat("yyyyMMdd'T'HHmmss'Z'")}`;
    }
    default:
      return range.type satisfies never;
  }
}

function within(value: number | null | undefined, max: number, name: string): number {
  if (value == null || value < 1 || value > max)
    throw validationFailure(`${name} is out of range.`);
  return value;
}

function localDate(time: EventTime, zone: string): string {
  return DateTime.fromMillis(toInstantMs(time, zone), { zone }).toFormat('yyyy-MM-dd');
}

/** The first day the rule names, from its start on: a series may begin later than it was asked to. */
export function firstOccurrence(line: string, start: EventTime, calendarZone: string): DateTime {
  const zone = start.timeZone ?? calendarZone;
  const local = DateTime.fromMillis(toInstantMs(start, zone), { zone });
  const recur = ICAL.Recur.fromString(line.slice('RRULE:'.length));
  recur.until = null;
  recur.count = null;
  // ical.js 2 miscounts BYSETPOS in the period a rule begins in, so it begins one period earlier.
  const period = recur.freq === 'MONTHLY' ? 'month' : 'year';
  const begin = line.includes('BYSETPOS')
    ? local.startOf(period).minus({ [period]: recur.interval })
    : local;
  const time = local.toFormat("'T'HH:mm:ss");
  const iterator = recur.iterator(ICAL.Time.fromDateTimeString(begin.toISODate() + time));
  for (;;) {
    const next = iterator.next() as ICAL.Time | null;
    if (!next) return local;
    const { year, month, day, hour, minute, second } = next;
    const found = DateTime.fromObject({ year, month, day, hour, minute, second }, { zone });
    if (found >= local) return found;
  }
}

/** The recurrence of a stored series; null when Graph has no pattern for it. */
export function showRecurrence(event: StoredEvent, calendarZone: string): object | null {
  const rules = (event.recurrence ?? []).filter((line) => /^RRULE:/i.test(line));
  const extraDates = (event.recurrence ?? []).some((line) => /^RDATE/i.test(line));
  const [rule] = rules;
  if (rule === undefined || rules.length > 1 || extraDates) return null;
  const zone = event.start.timeZone ?? calendarZone;
  const start = event.start.date
    ? DateTime.fromISO(event.start.date, { zone })
    : DateTime.fromMillis(toInstantMs(event.start, zone), { zone });
  const recur = ICAL.Recur.fromString(rule.slice('RRULE:'.length));
  const shown = showPattern(recur, start);
  if (shown === undefined) return null;
  const unused = {
    month: 0,
    dayOfMonth: 0,
    daysOfWeek: [],
    firstDayOfWeek: 'sunday',
    index: 'first',
  };
  return {
    pattern: { ...unused, interval: recur.interval, ...shown },
    range: {
      type: recur.count ? 'numbered' : recur.until ? 'endDate' : 'noEnd',
      startDate: start.toFormat('yyyy-MM-dd'),
      endDate: recur.until ? untilDate(recur.until, zone) : noDate,
      recurrenceTimeZone: windowsZone(zone),
      numberOfOccurrences: recur.count ?? 0,
    },
  };
}

function untilDate(until: ICAL.Time, zone: string): string {
  if (until.isDate || until.zone?.tzid !== 'UTC') return until.toString().slice(0, 10);
  return DateTime.fromJSDate(until.toJSDate(), { zone }).toFormat('yyyy-MM-dd');
}

function showPattern(recur: ICAL.Recur, start: DateTime): object | undefined {
  const parts = recur.parts as Record<string, (string | number)[] | undefined>;
  const { BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, ...others } = parts;
  if (Object.keys(others).length > 0 || (BYMONTH?.length ?? 1) > 1) return undefined;
  const today = days[start.weekday % 7] ?? 'sunday';
  const firstDayOfWeek = days[recur.wkst - 1] ?? 'monday';
  const month = Number(BYMONTH?.[0] ?? start.month);
  switch (recur.freq) {
    case 'DAILY':
      if (BYMONTHDAY || BYMONTH || BYSETPOS) return undefined;
      if (!BYDAY) return { type: 'daily' };
      if (recur.interval > 1) return undefined;
      return { type: 'weekly', firstDayOfWeek, daysOfWeek: weekdays(BYDAY) };
    case 'WEEKLY':
      if (BYMONTHDAY || BYMONTH || BYSETPOS) return undefined;
      return { type: 'weekly', firstDayOfWeek, daysOfWeek: BYDAY ? weekdays(BYDAY) : [today] };
    case 'MONTHLY':
      if (BYMONTH) return undefined;
      return showInMonth('Monthly', {}, BYDAY, BYMONTHDAY, BYSETPOS, start);
    case 'YEARLY':
      return showInMonth('Yearly', { month }, BYDAY, BYMONTHDAY, BYSETPOS, start);
    default:
      return undefined;
  }
}

type Values = (string | number)[] | undefined;

function showInMonth(
  suffix: 'Monthly' | 'Yearly',
  extra: object,
  byDay: Values,
  byMonthDay: Values,
  bySetPos: Values,
  start: DateTime,
): object | undefined {
  if (byDay) {
    if (byMonthDay) return undefined;
    const placed = /^([+-]?\d+)([A-Z]{2})$/.exec(String(byDay[0]));
    const position = placed && byDay.length === 1 && !bySetPos ? placed[1] : bySetPos?.[0];
    const index = indexes[positions.findIndex((known) => known === Number(position))];
    const daysOfWeek = weekdays(byDay);
    if (index === undefined || daysOfWeek.length !== byDay.length) return undefined;
    return { type: `relative${suffix}`, ...extra, daysOfWeek, index };
  }
  const [day = start.day, ...more] = (byMonthDay ?? []).map(Number);
  // Without -1 a rule for day 31 skips the shorter months, which no pattern does.
  if (more.length > 0 || bySetPos || day < -1 || day === lastDay) return undefined;
  return { type: `absolute${suffix}`, ...extra, dayOfMonth: day === -1 ? lastDay : day };
}

function weekdays(byDay: readonly (string | number)[]): string[] {
  return byDay.flatMap((code) => {
    const at = codes.findIndex((known) => String(code).endsWith(known));
    return days[at] ?? [];
  });
}
