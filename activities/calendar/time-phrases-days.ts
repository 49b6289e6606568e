/**
 * Reads calendar days out of a phrase: "tomorrow", "next Tuesday", "24 November", "2026-11-24".
 * It works on local day numbers, so no zone and no clock is involved; what may mean two days is
 * refused or noted.
 */
import { en } from 'chrono-node';
import { Unreadable } from './time-phrases-error.ts';
import { dateOf, dayNumber, weekdayOf } from './zone-time.ts';

/** A day that was found. */
export type DayReading = {
  readonly day: number;
  readonly notes: readonly string[];
  /** A weekday alone: it may move a week on when its time has passed today. */
  readonly bareWeekday?: boolean;
  /** The words themselves speak of the past ("yesterday"), so a past day is meant. */
  readonly saysPast?: boolean;
};

const WEEKDAY =
  '(mon|monday|tue|tues|tuesday|wed|weds|wednesday|thu|thur|thurs|thursday|fri|friday|' +
  'sat|saturday|sun|sunday)';
const weekdayPattern = new RegExp(
  `^(?:(this|next|coming|upcoming|last) )?${WEEKDAY}(?: (?:of )?(this|next) week)?$`,
);
const weekFirstPattern = new RegExp(`^(this|next) week(?: on)? ${WEEKDAY}$`);
const weekdayAndDate = new RegExp(`^${WEEKDAY} (?:the )?(.+)$`);
const WEEKDAY_STARTS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const SHOWN_DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const SHOWN_MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

const COUNTS: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  'a couple of': 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
};
/** A small count in digits or words, as a capturing group; read it with {@link countOf}. */
export const COUNT = `(\\d{1,3}(?:\\.5)?|${Object.keys(COUNTS).join('|')})`;

/** The number that a {@link COUNT} match means. */
export function countOf(word: string): number {
  return COUNTS[word] ?? Number(word);
}

/** `Tue 24 Nov 2026`. */
export function showDay(day: number): string {
  const { year, month, dayOfMonth } = dateOf(day);
  const weekday = SHOWN_DAYS[weekdayOf(day) - 1] ?? '';
  return `${weekday} ${dayOfMonth} ${SHOWN_MONTHS[month - 1] ?? ''} ${year}`;
}

/** Monday of the day's ISO week. */
export function mondayOf(day: number): number {
  return day - weekdayOf(day) + 1;
}

/**
 * The day a phrase means, seen from `today`; `undefined` when it is not about a day.
 * @throws Unreadable when it is about a day that does not exist or could be two.
 */
export function readDay(phrase: string, today: number): DayReading | undefined {
  const text = phrase.replace(/^(?:on|the|at|for) /, '').trim();
  return (
    readNamedDay(text, today) ??
    readWeekday(text, today) ??
    readDate(text) ??
    readWeekdayWithDate(text, today) ??
    readOrdinal(text, today) ??
    readWrittenDate(text, today)
  );
}

function readNamedDay(text: string, today: number): DayReading | undefined {
  if (text === 'today') return { day: today, notes: [] };
  if (text === 'tomorrow') return { day: today + 1, notes: [] };
  if (text === 'day after tomorrow') return { day: today + 2, notes: [] };
  if (text === 'yesterday') return { day: today - 1, notes: [], saysPast: true };
  const ago = new RegExp(`^${COUNT} (day|week)s? ago$`).exec(text);
  if (ago !== null && Number.isInteger(countOf(ago[1] ?? ''))) {
    const back = countOf(ago[1] ?? '') * (ago[2] === 'week' ? 7 : 1);
    return { day: today - back, notes: [], saysPast: true };
  }
  const ahead =
    new RegExp(`^in ${COUNT} (day|week)s?(?:'? time)?$`).exec(text) ??
    new RegExp(`^${COUNT} (day|week)s? from (?:now|today)$`).exec(text);
  const count = countOf(ahead?.[1] ?? '');
  if (ahead === null || !Number.isInteger(count)) return undefined;
  return { day: today + count * (ahead[2] === 'week' ? 7 : 1), notes: [] };
}

function readWeekday(text: string, today: number): DayReading | undefined {
  const weekFirst = weekFirstPattern.exec(text);
  const match = weekFirst === null ? weekdayPattern.exec(text) : null;
  const word = weekFirst?.[2] ?? match?.[2];
  if (word === undefined) return undefined;
  const inThisWeek = mondayOf(today) + WEEKDAY_STARTS.indexOf(word.slice(0, 3));
  const week = weekFirst?.[1] ?? match?.[3];
  if (week !== undefined) return { day: inThisWeek + (week === 'next' ? 7 : 0), notes: [] };
  switch (match?.[1]) {
    case 'this':
      return { day: inThisWeek, notes: [] };
    case 'next': {
      const day = inThisWeek + 7;
      const notes = inThisWeek > today ? [`read as ${showDay(day)}, in next week`] : [];
      return { day, notes };
    }
    case 'coming':
    case 'upcoming':
      return { day: inThisWeek > today ? inThisWeek : inThisWeek + 7, notes: [] };
    case 'last':
      return { day: inThisWeek < today ? inThisWeek : inThisWeek - 7, notes: [], saysPast: true };
    case undefined:
    default: {
      const day = inThisWeek >= today ? inThisWeek : inThisWeek + 7;
      return { day, notes: [], bareWeekday: true };
    }
  }
}

/** Dates in digits. A slash date that both orders of day and month allow is refused. */
function readDate(text: string): DayReading | undefined {
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (iso !== null) return existing(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const dotted = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/.exec(text);
  if (dotted !== null) return existing(Number(dotted[3]), Number(dotted[2]), Number(dotted[1]));
  const slashed = /^(\d{1,2})\/(\d{1,2})(?:\/(\d{2}|\d{4}))?$/.exec(text);
  if (slashed === null) return undefined;
  const [, first, second, year] = slashed.map(Number);
  if (first === undefined || second === undefined || year === undefined || !(year > 1_000)) {
    throw new Unreadable('ambiguous', 'write that date with the month as a word or as 2026-11-24.');
  }
  if (first <= 12 && second <= 12 && first !== second) {
    throw new Unreadable('ambiguous', 'day and month could be either way round.');
  }
  return first > 12 ? existing(year, second, first) : existing(year, first, second);
}

/** "the 24th": the next one from today on. */
function readOrdinal(text: string, today: number): DayReading | undefined {
  const wanted = Number(/^(\d{1,2})(?:st|nd|rd|th)$/.exec(text)?.[1]);
  if (!(wanted >= 1 && wanted <= 31)) return undefined;
  let day = today;
  while (dateOf(day).dayOfMonth !== wanted) day += 1;
  return { day, notes: [] };
}

function readWeekdayWithDate(text: string, today: number): DayReading | undefined {
  const match = weekdayAndDate.exec(text);
  const [, word, rest] = match ?? [];
  if (word === undefined || rest === undefined) return undefined;
  const reading = readDate(rest) ?? readOrdinal(rest, today) ?? readWrittenDate(rest, today);
  if (reading === undefined) return undefined;
  if (weekdayOf(reading.day) !== WEEKDAY_STARTS.indexOf(word.slice(0, 3)) + 1) {
    throw new Unreadable('contradiction', `that date is a ${showDay(reading.day).slice(0, 3)}.`);
  }
  return reading;
}

/** Dates with the month as a word, by chrono. */
function readWrittenDate(text: string, today: number): DayReading | undefined {
  const { year: nowYear, month: nowMonth, dayOfMonth: nowDay } = dateOf(today);
  // chrono reads a Date on the process's own clock. Noon of the right day on that clock makes the
  // days it returns the same in every process zone; times of day are never taken from it.
  const reference = new Date(nowYear, nowMonth - 1, nowDay, 12);
  const results = en.strict.parse(text, reference);
  const [result] = results;
  if (results.length !== 1 || result === undefined) return undefined;
  if (result.text.length !== text.length || result.end) return undefined;
  const { start } = result;
  if (!start.isCertain('day') || !start.isCertain('month') || start.isCertain('hour')) {
    return undefined;
  }
  const month = start.get('month');
  const dayOfMonth = start.get('day');
  if (month === null || dayOfMonth === null) return undefined;
  if (start.isCertain('year')) return existing(start.get('year') ?? nowYear, month, dayOfMonth);
  const thisYear = existing(nowYear, month, dayOfMonth);
  return thisYear.day >= today ? thisYear : existing(nowYear + 1, month, dayOfMonth);
}

function existing(year: number, month: number, dayOfMonth: number): DayReading {
  const day = dayNumber(year, month, dayOfMonth);
  const back = dateOf(day);
  if (back.year !== year || back.month !== month || back.dayOfMonth !== dayOfMonth) {
    throw new Unreadable('contradiction', 'that date does not exist.');
  }
  return { day, notes: [] };
}
