/**
 * Reads stretches of the calendar: weeks, weekends, months, "the next 3 days", "the rest of this
 * week". Weeks run from Monday to Sunday. What is not one of these is left to other readers.
 */
import { COUNT, countOf, mondayOf, readDay, type DayReading } from './time-phrases-days.ts';
import type { Moment } from './time-phrases-instants.ts';
import { dateOf, dayNumber, MINUTE_MS, startOfDay } from './zone-time.ts';

/** A stretch that was read, half-open. */
export type WindowReading = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly notes: readonly string[];
  /** The words themselves speak of the past ("last week"). */
  readonly saysPast?: boolean;
};

/** Whole local days, from the start of the first to the start of the one after the last. */
export function wholeDays(
  zone: string,
  first: number,
  end: number,
  more?: Partial<DayReading>,
): WindowReading {
  return {
    fromMs: startOfDay(zone, first),
    toMs: startOfDay(zone, end),
    notes: more?.notes ?? [],
    ...(more?.saysPast === true ? { saysPast: true } : {}),
  };
}

/** Reads any form of this file; `undefined` when none fits. */
export function readCalendarStretch(
  text: string,
  moment: Moment,
  today: number,
): WindowReading | undefined {
  return (
    readRest(text, moment, today) ??
    readWeek(text, moment, today) ??
    readMonth(text, moment, today) ??
    readCount(text, moment, today)
  );
}

function readRest(text: string, { nowMs, zone }: Moment, today: number): WindowReading | undefined {
  const plain = text.replace(/^later (today|this week|this month)$/, 'rest of $1');
  const match = /^(?:the )?rest of (?:this |the )?(today|day|week|month)$/.exec(plain);
  if (match === null) return undefined;
  const end =
    match[1] === 'week'
      ? mondayOf(today) + 7
      : match[1] === 'month'
        ? monthStart(today, 1)
        : today + 1;
  return { fromMs: nowMs, toMs: startOfDay(zone, end), notes: [] };
}

function readWeek(text: string, { zone }: Moment, today: number): WindowReading | undefined {
  const monday = mondayOf(today);
  const weekend = /^(?:on |at |over |during )?(this|the|next|coming|last) weekend$/.exec(text)?.[1];
  if (weekend !== undefined) {
    const shift = weekend === 'next' ? 7 : weekend === 'last' ? -7 : 0;
    return wholeDays(zone, monday + 5 + shift, monday + 7 + shift, { saysPast: shift < 0 });
  }
  const of = /^(?:in )?(?:the )?week (?:of|starting|beginning) (.+)$/.exec(text)?.[1];
  if (of !== undefined) {
    const reading = readDay(of, today);
    if (reading === undefined) return undefined;
    const start = mondayOf(reading.day);
    return wholeDays(zone, start, start + 7, reading);
  }
  if (/^(?:in )?(?:the )?week after next$/.test(text))
    return wholeDays(zone, monday + 14, monday + 21);
  const which = /^(?:in |during )?(?:the )?(this|next|coming|following|last) week$/.exec(text)?.[1];
  if (which === undefined) return undefined;
  const shift = which === 'this' ? 0 : which === 'last' ? -7 : 7;
  return wholeDays(zone, monday + shift, monday + shift + 7, { saysPast: shift < 0 });
}

const MONTHS = (
  'january february march april may june ' + 'july august september october november december'
).split(' ');
const monthPattern = new RegExp(`^(?:in )?(${MONTHS.join('|')})(?: (\\d{4}))?$`);

function readMonth(text: string, { zone }: Moment, today: number): WindowReading | undefined {
  const which = /^(?:in |during )?(?:the )?(this|next|coming|last) month$/.exec(text)?.[1];
  if (which !== undefined) {
    const shift = which === 'this' ? 0 : which === 'last' ? -1 : 1;
    const saysPast = shift < 0;
    return wholeDays(zone, monthStart(today, shift), monthStart(today, shift + 1), { saysPast });
  }
  const named = monthPattern.exec(text);
  if (named === null) return undefined;
  const now = dateOf(today);
  const month = MONTHS.indexOf(named[1] ?? '') + 1;
  const year = Number(named[2] ?? (month < now.month ? now.year + 1 : now.year));
  const first = dayNumber(year, month, 1);
  return wholeDays(zone, first, monthStart(first, 1));
}

function monthStart(day: number, shift: number): number {
  const { year, month } = dateOf(day);
  return dayNumber(year, month + shift, 1);
}

const ahead = new RegExp(
  `^(?:in |within |over |during )?(?:the )?(?:next|coming|following) ${COUNT} (minute|hour|day|week|month)s?$`,
);
const within = new RegExp(`^within (?:the )?${COUNT} (minute|hour|day|week|month)s?$`);
const behind = new RegExp(
  `^(?:in |within |over |during )?(?:the )?(?:last|past) ${COUNT} (minute|hour|day|week|month)s?$`,
);

/** "the next 3 days" run from now to the end of the third day after today. */
function readCount(
  text: string,
  { nowMs, zone }: Moment,
  today: number,
): WindowReading | undefined {
  const forward = ahead.exec(text) ?? within.exec(text);
  const match = forward ?? behind.exec(text);
  const [, written, unit] = match ?? [];
  if (written === undefined || unit === undefined) return undefined;
  const count = countOf(written) * (forward === null ? -1 : 1);
  const saysPast = forward === null ? { saysPast: true } : {};
  if (unit === 'hour' || unit === 'minute') {
    const thenMs = nowMs + count * (unit === 'hour' ? 60 : 1) * MINUTE_MS;
    const [fromMs, toMs] = count < 0 ? [thenMs, nowMs] : [nowMs, thenMs];
    return { fromMs, toMs, notes: [], ...saysPast };
  }
  if (!Number.isInteger(count)) return undefined;
  const then =
    unit === 'month' ? monthsFrom(today, count) : today + count * (unit === 'day' ? 1 : 7);
  return count < 0
    ? { fromMs: startOfDay(zone, then), toMs: nowMs, notes: [], saysPast: true }
    : { fromMs: nowMs, toMs: startOfDay(zone, then + 1), notes: [] };
}

function monthsFrom(day: number, count: number): number {
  const first = monthStart(day, count);
  return Math.min(first + dateOf(day).dayOfMonth - 1, monthStart(first, 1) - 1);
}
