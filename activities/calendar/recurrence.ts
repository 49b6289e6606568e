/**
 * Works on recurrence rules: their occurrences, how many there are, cutting one in two, and saying
 * one in words. Rules are read, walked and written by ical.js on wall-clock time; each start is then
 * an instant of the zone, so that a meeting at nine stays at nine when clocks change.
 */
import ICAL from 'ical.js';
import { limits } from '#contracts/limits.ts';
import { failure } from '../failures.ts';
import type { Recurrence } from './port.ts';
import { isDate } from './recurrence-lines.ts';
import { showDay } from './time-phrases-days.ts';
import { dateOf, dayNumber, instantAt, startOfDay, wallClock, weekdayOf } from './zone-time.ts';

/** Where a rule starts to run. */
export type SeriesStart = {
  /** RFC 3339 with offset, or a date for all-day events. */
  readonly start: string;
  readonly zone: string;
};

/** One start by the rule. */
export type Start = { readonly ms: number; readonly day: number };

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const SHOWN_WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/**
 * The starts of a series in order, without those left out; at most `limits.occurrencesMax`.
 * @throws InvalidInputError for a rule that cannot be read
 */
export function* startsOf(
  { rule, excluded }: Recurrence,
  { start, zone }: SeriesStart,
): Generator<Start> {
  const recur = readRule(rule);
  const untilMs = recur.until === null ? Infinity : endOfRule(recur.until, zone);
  // The iterator compares UNTIL as wall-clock time; instants are compared below instead.
  recur.until = null;
  const most = Math.min(recur.count ?? Infinity, limits.occurrencesMax);
  const left = new Set(excluded.map((time) => msOf(time, zone)));
  const first = wallTime(start, zone);
  const iterator = bounded(recur.iterator(beginOf(recur, first)));
  for (let count = 0; count < most;) {
    const next = nextOf(iterator);
    if (next === null) return;
    if (next.compare(first) < 0) continue;
    count += 1;
    const day = dayNumber(next.year, next.month, next.day);
    const { ms } = instantAt(zone, day, next.hour * 60 + next.minute);
    if (ms > untilMs) return;
    if (!left.has(ms)) yield { ms, day };
  }
}

/** Days without an occurrence after which a rule is taken to have none: some 130 years. */
const stepsMax = 50_000;
/** Thrown out of an iterator that would go on for ever. */
class NeverAgain extends Error {}

/**
 * ical.js 2.2 looks for ever for what never comes, like 30 February of a daily rule. It asks this of
 * every candidate, so here it can be stopped.
 */
function bounded(iterator: ICAL.RecurIterator): ICAL.RecurIterator {
  const isCandidate = iterator.check_contracting_rules.bind(iterator);
  let steps = 0;
  iterator.check_contracting_rules = () => {
    const found = isCandidate();
    steps = found ? 0 : steps + 1;
    if (steps > stepsMax) throw new NeverAgain();
    return found;
  };
  return iterator;
}

function nextOf(iterator: ICAL.RecurIterator): ICAL.Time | null {
  try {
    return iterator.next();
  } catch (error) {
    if (error instanceof NeverAgain) return null;
    throw error;
  }
}

/**
 * Where the iterator begins. In the period it begins in, ical.js 2.2 gives the first day that fits
 * whatever its position; so it begins one interval early, and what COUNT means is left to the caller.
 */
function beginOf(recur: ICAL.Recur, first: ICAL.Time): ICAL.Time {
  const begin = first.clone();
  if (recur.parts.BYSETPOS === undefined) return begin;
  recur.count = null;
  const months = recur.interval * (recur.freq === 'YEARLY' ? 12 : 1);
  const month = recur.freq === 'YEARLY' ? 0 : begin.month - 1;
  const total = begin.year * 12 + month - months;
  begin.day = 1;
  begin.year = Math.floor(total / 12);
  begin.month = (total % 12) + 1;
  return begin;
}

/** How many occurrences there are; null for a series without an end. */
export function countStarts(recurrence: Recurrence, series: SeriesStart): number | null {
  const { count, until } = readRule(recurrence.rule);
  if (count === null && until === null) return null;
  return [...startsOf(recurrence, series)].length;
}

/**
 * Cuts a series before one of its occurrences: what ends there, and what goes on from it. `earlier` is
 * how many occurrences the first half has by its rule.
 */
export function splitRecurrence(
  recurrence: Recurrence,
  series: SeriesStart,
  cut: string,
): { kept: Recurrence; rest: Recurrence; earlier: number } {
  const { zone } = series;
  const cutMs = msOf(cut, zone);
  let earlier = 0;
  for (const { ms } of startsOf({ ...recurrence, excluded: [] }, series)) {
    if (ms >= cutMs) break;
    earlier += 1;
  }
  const kept = readRule(recurrence.rule);
  const rest = readRule(recurrence.rule);
  kept.count = null;
  // The end of the day before: the same day for providers that end a series by a date.
  kept.until = isDate(cut)
    ? ICAL.Time.fromDateString(dateText(dayOf(cut) - 1))
    : utcTime(startOfDay(zone, wallClock(zone, cutMs).day) - 1_000);
  if (rest.count !== null) rest.count -= earlier;
  const isBefore = (time: string) => msOf(time, zone) < cutMs;
  return {
    kept: { rule: kept.toString(), excluded: recurrence.excluded.filter(isBefore) },
    rest: { rule: rest.toString(), excluded: recurrence.excluded.filter((t) => !isBefore(t)) },
    earlier,
  };
}

/**
 * The rule of a series whose occurrences move from one local day to another.
 * @throws InvalidInputError where more than one rule would do
 */
export function moveRule(rule: string, fromDay: number, toDay: number): string {
  if (fromDay === toDay) return rule;
  const recur = readRule(rule);
  const parts = recur.parts as Record<string, (string | number)[] | undefined>;
  const { BYDAY: days = [], BYMONTHDAY: dates = [], BYMONTH: months = [] } = parts;
  const only = (list: readonly unknown[]) => list.length === 1;
  const known = ['BYDAY', 'BYMONTHDAY', 'BYMONTH'];
  const others = Object.keys(parts).filter((name) => !known.includes(name));
  const to = dateOf(toDay);
  if (others.length === 0 && dates.length === 0 && months.length === 0) {
    if (days.length === 0) return rule;
    if (recur.freq === 'WEEKLY' && only(days)) {
      parts['BYDAY'] = [WEEKDAYS[weekdayOf(toDay) - 1] ?? ''];
      return recur.toString();
    }
  }
  if (others.length === 0 && days.length === 0 && only(dates)) {
    parts['BYMONTHDAY'] = [to.dayOfMonth];
    if (months.length > 0) parts['BYMONTH'] = [to.month];
    return recur.toString();
  }
  throw failure(
    'InvalidInputError',
    `The series repeats ${describeRule(rule, 'UTC')}: moving it to another day needs the new repetition as well.`,
  );
}

/** A rule for people: `every 2 weeks on Mon and Wed, until Wed 31 Mar 2027`. */
export function describeRule(rule: string, zone: string): string {
  const recur = readRule(rule);
  const noun = { DAILY: 'day', WEEKLY: 'week', MONTHLY: 'month', YEARLY: 'year' }[
    recur.freq as string
  ];
  if (noun === undefined) return rule;
  const every = recur.interval > 1 ? `every ${recur.interval} ${noun}s` : `every ${noun}`;
  const parts = recur.parts as Record<string, (string | number)[] | undefined>;
  const { BYDAY: days, BYMONTHDAY: dates, BYMONTH: months, BYSETPOS: positions, ...others } = parts;
  if (Object.keys(others).length > 0) return rule;
  const place = positions === undefined ? '' : `the ${positions.map(ordinalOf).join(' and ')} of `;
  const shown = days?.length === 7 ? 'days' : (days ?? []).map(showWeekday).join(' and ');
  const on = [
    ...(days === undefined ? [] : [`${place}${shown}`]),
    ...(dates === undefined ? [] : [`day ${dates.join(' and ')}`]),
  ].join(', ');
  const inMonth = months === undefined ? '' : ` in ${months.map(showMonth).join(' and ')}`;
  const end =
    recur.count !== null
      ? `, ${recur.count} times`
      : recur.until === null
        ? ', without an end'
        : `, until ${showDay(wallClock(zone, endOfRule(recur.until, zone)).day)}`;
  return `${every}${on === '' ? '' : ` on ${on}`}${inMonth}${end}`;
}

/**
 * True for two rules with the same occurrences: in whatever order they say it, and whether they end by
 * a day or by a moment of it.
 */
export function sameRule(a: string, b: string, zone: string): boolean {
  const canonical = (rule: string) => {
    const recur = readRule(rule);
    const lastDay = recur.until && wallClock(zone, endOfRule(recur.until, zone)).day;
    recur.until = null;
    const parts = recur.toString().split(';');
    return [...parts.filter((part) => !part.startsWith('WKST=')).sort(), lastDay].join(';');
  };
  return canonical(a) === canonical(b);
}

/** An instant as a moment of UTC, the way RFC 5545 wants UNTIL. */
export function utcTime(ms: number): ICAL.Time {
  return ICAL.Time.fromDateTimeString(new Date(ms).toISOString().replace('.000Z', 'Z'));
}

/** The instant of a start: for all-day events the start of the local day. */
export function msOf(time: string, zone: string): number {
  return isDate(time) ? instantAt(zone, dayOf(time), 0).ms : Date.parse(time);
}

/** The local day number of a date. */
export function dayOf(date: string): number {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  return dayNumber(year, month, day);
}

/** A local day number as `YYYY-MM-DD`. */
export function dateText(day: number): string {
  const { year, month, dayOfMonth } = dateOf(day);
  return `${year}-${String(month).padStart(2, '0')}-${String(dayOfMonth).padStart(2, '0')}`;
}

/** Parses a rule. @throws InvalidInputError */
function readRule(rule: string): ICAL.Recur {
  try {
    return ICAL.Recur.fromString(rule);
  } catch (error) {
    throw failure('InvalidInputError', `"${rule}" is not a recurrence rule.`, { cause: error });
  }
}

/** A start as the wall clock of its zone shows it. */
export function wallTime(start: string, zone: string): ICAL.Time {
  if (isDate(start)) return ICAL.Time.fromDateString(start);
  const { day, minute } = wallClock(zone, Date.parse(start));
  const { year, month, dayOfMonth } = dateOf(day);
  const [hour, rest] = [Math.floor(minute / 60), minute % 60];
  return ICAL.Time.fromData({ year, month, day: dayOfMonth, hour, minute: rest, second: 0 });
}

function endOfRule(until: ICAL.Time, zone: string): number {
  const day = dayNumber(until.year, until.month, until.day);
  // A date means the whole of that day.
  if (until.isDate) return instantAt(zone, day + 1, 0).ms - 1;
  const minute = until.hour * 60 + until.minute;
  const isUtc = until.zone.tzid === 'UTC';
  return instantAt(isUtc ? 'UTC' : zone, day, minute).ms + until.second * 1_000;
}

function showWeekday(day: string | number): string {
  const [, position = '', name = ''] = /^([+-]?\d+)?([A-Z]{2})$/.exec(String(day)) ?? [];
  const shown = SHOWN_WEEKDAYS[WEEKDAYS.indexOf(name)] ?? name;
  return position === '' ? shown : `the ${ordinalOf(Number(position))} ${shown}`;
}

function ordinalOf(position: string | number): string {
  const names = ['last', '', 'first', 'second', 'third', 'fourth', 'fifth'];
  return names[Number(position) + 1] ?? String(position);
}

function showMonth(month: string | number): string {
  return 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')[Number(month) - 1] ?? '';
}
