/**
 * RRULE and Graph's recurrence pattern, both ways. What one cannot say of the other is refused with the
 * part's name, never approximated: RDATE, several rules, lists of days of a month, hours.
 * @see https://learn.microsoft.com/en-us/graph/api/resources/recurrencepattern
 */
import type {
  DayOfWeek,
  PatternedRecurrence,
  RecurrencePattern,
  WeekIndex,
} from '@microsoft/microsoft-graph-types';
import ICAL from 'ical.js';
import { DateTime } from 'luxon';
import { failure } from '../failures.ts';
import { toWindowsZone } from './windows-zones.ts';

/** When a series starts. For an all-day one `local` is midnight of its first day. */
export type SeriesStart = {
  readonly local: DateTime;
  readonly zone: string;
  readonly allDay: boolean;
};

const dayNames = {
  SU: 'sunday',
  MO: 'monday',
  TU: 'tuesday',
  WE: 'wednesday',
  TH: 'thursday',
  FR: 'friday',
  SA: 'saturday',
} as const satisfies Record<string, DayOfWeek>;
type DayCode = keyof typeof dayNames;
const dayCodes = Object.keys(dayNames) as DayCode[];

const indexes: ReadonlyMap<number, WeekIndex> = new Map([
  [1, 'first'],
  [2, 'second'],
  [3, 'third'],
  [4, 'fourth'],
  [-1, 'last'],
]);

/** Parts that both can say, each in some form. */
const knownParts = new Set(
  'FREQ INTERVAL COUNT UNTIL WKST BYDAY BYMONTHDAY BYMONTH BYSETPOS'.split(' '),
);

/** Graph's form of a rule. @throws InvalidInputError naming the part that does not map */
export function toGraphRecurrence(rule: string, start: SeriesStart): PatternedRecurrence {
  const recur = parseRule(rule);
  const pattern = { ...patternOf(recur, start), interval: recur.interval };
  requireFirst(rule, recur, start);
  return { pattern, range: rangeOf(recur, start) };
}

/** The rule of a series; undefined when it holds something no rule can say. */
export function toRule(recurrence: PatternedRecurrence, start: SeriesStart): string | undefined {
  const { pattern, range } = recurrence;
  const parts = pattern ? ruleParts(pattern) : undefined;
  if (!pattern || parts === undefined) return undefined;
  const { interval = 1, firstDayOfWeek } = pattern;
  if (interval > 1) parts.push(`INTERVAL=${interval}`);
  // Where a week starts matters only when weeks are skipped; a rule's weeks start on Monday.
  if (pattern.type === 'weekly' && interval > 1 && firstDayOfWeek !== 'monday') {
    parts.push(`WKST=${codesOf([firstDayOfWeek ?? 'sunday'])}`);
  }
  if (range?.type === 'numbered') parts.push(`COUNT=${range.numberOfOccurrences}`);
  if (range?.type === 'endDate' && range.endDate)
    parts.push(`UNTIL=${lastOf(range.endDate, start)}`);
  return parts.join(';');
}

function parseRule(rule: string): ICAL.Recur {
  const names = rule.split(';').map((part) => part.split('=')[0]?.toUpperCase() ?? '');
  // The library passes over what it does not know, and takes the last of two.
  for (const name of names) if (!knownParts.has(name)) refuse(name, rule);
  if (new Set(names).size < names.length) refuse('a part given twice', rule);
  try {
    return ICAL.Recur.fromString(rule);
  } catch (cause) {
    throw failure('InvalidInputError', `"${rule}" is no repetition rule.`, { cause });
  }
}

function patternOf(recur: ICAL.Recur, start: SeriesStart): RecurrencePattern {
  const { BYDAY: days, BYMONTHDAY, BYMONTH, BYSETPOS } = partsOf(recur);
  switch (recur.freq) {
    case 'DAILY':
      refuseAny(recur, ['BYDAY', 'BYMONTHDAY', 'BYMONTH', 'BYSETPOS']);
      return { type: 'daily' };
    case 'WEEKLY':
      refuseAny(recur, ['BYMONTHDAY', 'BYMONTH', 'BYSETPOS']);
      return {
        type: 'weekly',
        daysOfWeek: plainDays(recur, days ?? [dayCodes[start.local.weekday % 7] ?? '']),
        // The library counts days from 1 for Sunday.
        firstDayOfWeek: dayNames[dayCodes[recur.wkst - 1] ?? 'MO'],
      };
    case 'MONTHLY':
      refuseAny(recur, ['BYMONTH']);
      return days === undefined
        ? { type: 'absoluteMonthly', dayOfMonth: dayOfMonth(recur, start) }
        : { type: 'relativeMonthly', ...relativeDays(recur, days) };
    case 'YEARLY': {
      if (BYMONTH !== undefined && BYMONTH.length > 1) refuse('several months', recur);
      // Without a month these count through the year.
      if (BYMONTH === undefined && (days ?? BYMONTHDAY ?? BYSETPOS)) refuse('BYMONTH', recur);
      const month = Number(BYMONTH?.[0] ?? start.local.month);
      return days === undefined
        ? { type: 'absoluteYearly', month, dayOfMonth: dayOfMonth(recur, start, month) }
        : { type: 'relativeYearly', month, ...relativeDays(recur, days) };
    }
    default:
      return refuse(`FREQ=${recur.freq}`, recur);
  }
}

/**
 * The day of the month. A rule skips months that are too short, Outlook takes their last day: only the
 * last day of every month means the same to both.
 */
function dayOfMonth(recur: ICAL.Recur, start: SeriesStart, month?: number): number {
  const { BYMONTHDAY: days = [start.local.day] } = partsOf(recur);
  refuseAny(recur, ['BYSETPOS']);
  const [day = 0] = days.map(Number);
  if (days.length > 1) refuse('a list in BYMONTHDAY', recur);
  if (day === -1) return longestOf(month);
  if (day < 1) refuse('a negative BYMONTHDAY', recur);
  if (day > shortestOf(month)) refuse(`day ${day}, which not every month of it has,`, recur);
  return day;
}

/** Days of a month in a year that is none or one of leap years; of any month when none is given. */
function shortestOf(month = 2): number {
  return new Date(Date.UTC(2023, month, 0)).getUTCDate();
}
function longestOf(month = 1): number {
  return new Date(Date.UTC(2024, month, 0)).getUTCDate();
}

function relativeDays(
  recur: ICAL.Recur,
  days: readonly string[],
): { daysOfWeek: DayOfWeek[]; index: WeekIndex } {
  refuseAny(recur, ['BYMONTHDAY']);
  const { BYSETPOS } = partsOf(recur);
  const single = /^([+-]?\d+)([A-Z]{2})$/.exec(days.length === 1 ? (days[0] ?? '') : '');
  const position = Number(single?.[1] ?? (BYSETPOS?.length === 1 ? BYSETPOS[0] : undefined));
  const index = indexes.get(position);
  if (index === undefined || (single !== null && BYSETPOS !== undefined)) {
    refuse('a position other than first to fourth or last', recur);
  }
  const codes = single === null ? days : [single[2] ?? ''];
  return { daysOfWeek: plainDays(recur, codes), index };
}

function plainDays(recur: ICAL.Recur, days: readonly string[]): DayOfWeek[] {
  return days.map((day) => {
    const code = dayCodes.find((known) => known === day);
    return code === undefined ? refuse(`BYDAY=${day}`, recur) : dayNames[code];
  });
}

function rangeOf(recur: ICAL.Recur, { local, zone, allDay }: SeriesStart) {
  const recurrenceTimeZone = toWindowsZone(zone, local.toMillis());
  const range = { startDate: local.toISODate() ?? '', recurrenceTimeZone };
  if (recur.count && recur.until) refuse('COUNT with UNTIL', recur);
  if (recur.count) {
    return { ...range, type: 'numbered' as const, numberOfOccurrences: recur.count };
  }
  if (!recur.until) return { ...range, type: 'noEnd' as const };
  const endDate = lastDayOf(recur.until, { local, zone, allDay });
  if (endDate < range.startDate) refuse('an end before its start', recur);
  return { ...range, type: 'endDate' as const, endDate };
}

/** Graph ends with a day: the last one whose occurrence is not after UNTIL. */
function lastDayOf(written: ICAL.Time, { local, zone, allDay }: SeriesStart): string {
  if (written.isDate) return written.toString();
  const until = DateTime.fromISO(written.toString(), { zone });
  const isReached = allDay || until >= local.set(dayPart(until));
  return (isReached ? until : until.minus({ days: 1 })).toISODate() ?? '';
}

function dayPart({ year, month, day }: DateTime) {
  return { year, month, day };
}

/** UNTIL as a rule has it: the start of the last possible occurrence. */
function lastOf(endDate: string, { local, zone, allDay }: SeriesStart): string {
  const date = DateTime.fromISO(endDate, { zone });
  if (allDay) return date.toFormat('yyyyMMdd');
  return local.set(dayPart(date)).toUTC().toFormat("yyyyMMdd'T'HHmmss'Z'");
}

function ruleParts(pattern: RecurrencePattern): string[] | undefined {
  const { type, daysOfWeek, index, dayOfMonth: day = 0, month = 0 } = pattern;
  const days = `BYDAY=${codesOf(daysOfWeek ?? [])}`;
  const position = [...indexes].find(([, name]) => name === (index ?? 'first'))?.[0];
  // Members that a type does not use come filled with zeros: the type decides.
  switch (type) {
    case 'daily':
      return ['FREQ=DAILY'];
    case 'weekly':
      return ['FREQ=WEEKLY', days];
    case 'absoluteMonthly':
      // The 29th or 30th, or else the last: no rule says that.
      if (day === 29 || day === 30) return undefined;
      return ['FREQ=MONTHLY', `BYMONTHDAY=${day > 28 ? -1 : day}`];
    case 'relativeMonthly':
      return ['FREQ=MONTHLY', ...relativeParts(daysOfWeek ?? [], days, position)];
    case 'absoluteYearly':
      return [
        'FREQ=YEARLY',
        `BYMONTH=${month}`,
        `BYMONTHDAY=${day > shortestOf(month) ? -1 : day}`,
      ];
    case 'relativeYearly':
      return [
        'FREQ=YEARLY',
        `BYMONTH=${month}`,
        ...relativeParts(daysOfWeek ?? [], days, position),
      ];
    default:
      return undefined;
  }
}

function relativeParts(
  daysOfWeek: readonly DayOfWeek[],
  days: string,
  position: number | undefined,
): string[] {
  if (daysOfWeek.length === 1) return [`BYDAY=${position}${codesOf(daysOfWeek)}`];
  return [days, `BYSETPOS=${position}`];
}

function codesOf(days: readonly DayOfWeek[]): string {
  return days.map((day) => dayCodes.find((code) => dayNames[code] === day)).join(',');
}

/** Graph begins a series with its pattern, a rule begins it with its start: they must agree. */
function requireFirst(rule: string, recur: ICAL.Recur, { local }: SeriesStart): void {
  const start = ICAL.Time.fromString(local.toFormat("yyyy-MM-dd'T'HH:mm:ss"), undefined);
  // Whether it is one of the days depends neither on the end nor on what is skipped after it.
  const endless = recur.clone();
  endless.until = null;
  endless.interval = 1;
  const first = endless.iterator(start).next();
  if (first !== null && first.compare(start) === 0) return;
  throw failure(
    'InvalidInputError',
    `The series starts on ${local.toISODate()}, which is not one of its days ("${rule}").`,
  );
}

type RuleParts = Partial<
  Record<'BYDAY' | 'BYMONTHDAY' | 'BYMONTH' | 'BYSETPOS', readonly (string | number)[]>
>;

function partsOf(recur: ICAL.Recur): Omit<RuleParts, 'BYDAY'> & { BYDAY?: readonly string[] } {
  return recur.parts as ReturnType<typeof partsOf>;
}

function refuseAny(recur: ICAL.Recur, names: readonly (keyof RuleParts)[]): void {
  for (const name of names) if (partsOf(recur)[name] !== undefined) refuse(name, recur);
}

function refuse(part: string, rule: ICAL.Recur | string): never {
  throw failure(
    'InvalidInputError',
    `Microsoft's calendar cannot repeat an event like this: ${part} in "${rule.toString()}".`,
  );
}
