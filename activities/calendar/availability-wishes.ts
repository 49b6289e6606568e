/**
 * Wishes about a time: which time each one rules out, and how it reads. A wish of the meeting is on
 * the organiser's wall clock, a wish of a person on their own. It decides nothing.
 */
import type { BusyInterval, WorkingHours } from './availability.ts';
import { NO_SPANS, packSpans, span, subtract, type Spans } from './availability-spans.ts';
import {
  DAY_MS,
  MINUTE_MS,
  minutesOf,
  offsetSegments,
  type PartOfDay,
  PARTS_OF_DAY,
  weekdayOf,
} from './zone-time.ts';

/** One wish. A hard one excludes what does not match it, a soft one ranks it lower. */
export type Wish = WishedTime & { readonly hard: boolean };

/** What is wished. */
export type WishedTime =
  | { readonly kind: 'part_of_day'; readonly part: PartOfDay }
  /** `HH:mm`: no start before `from`, no end after `to`. */
  | { readonly kind: 'hours'; readonly from: string; readonly to: string }
  /** ISO weekdays on which it may be. */
  | { readonly kind: 'weekdays'; readonly days: readonly number[] }
  /** Noon to one stays free. Of a meeting: for everyone, on their own clock. */
  | { readonly kind: 'lunch' }
  /** Clear time to one's other meetings, so that none is back to back. Of a meeting: for everyone. */
  | { readonly kind: 'gap'; readonly minutes: number };

/** A stretch of time and the zone whose clock counts in it. */
export type LocalWindow = { readonly zone: string; readonly fromMs: number; readonly toMs: number };

const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const LUNCH: WorkingHours = { days: EVERY_DAY, start: '12:00', end: '13:00' };
const DAY_NAMES = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
] as const;

/** Wishes that each participant has for themselves when the meeting has them. */
export function isForEach({ kind }: WishedTime): boolean {
  return kind === 'lunch' || kind === 'gap';
}

/** The time, within a window, that a wish rules out. `busy` is the wisher's, for gaps. */
export function ruledOut(
  wish: WishedTime,
  window: LocalWindow,
  busy: readonly BusyInterval[],
): Spans {
  const outside = (days: readonly number[], start: string, end: string): Spans => {
    const none = minutesOf(end) <= minutesOf(start);
    const open = none ? NO_SPANS : localSpans({ days, start, end }, window);
    return subtract(span(window.fromMs, window.toMs), open);
  };
  switch (wish.kind) {
    case 'part_of_day':
      return outside(EVERY_DAY, PARTS_OF_DAY[wish.part].start, PARTS_OF_DAY[wish.part].end);
    case 'hours':
      return outside(EVERY_DAY, wish.from, wish.to);
    case 'weekdays':
      return outside(wish.days, '00:00', '24:00');
    case 'lunch':
      return lunchSpans(window);
    case 'gap':
      return packSpans(busy, wish.minutes * MINUTE_MS, window.fromMs, window.toMs);
    default:
      return wish satisfies never;
  }
}

/** Noon to one of every day. */
export function lunchSpans(window: LocalWindow): Spans {
  return localSpans(LUNCH, window);
}

/** A wish in words that follow "it is": "in the afternoon", "not on Friday". */
export function wishWords(wish: WishedTime): string {
  switch (wish.kind) {
    case 'part_of_day':
      return wish.part === 'midday' ? 'around midday' : `in the ${wish.part}`;
    case 'hours':
      if (wish.to === '24:00') return `not before ${wish.from}`;
      return wish.from === '00:00' ? `not after ${wish.to}` : `between ${wish.from} and ${wish.to}`;
    case 'weekdays':
      return weekdayWords(wish.days);
    case 'lunch':
      return 'not over lunch';
    case 'gap':
      return `not within ${wish.minutes} minutes of another meeting`;
    default:
      return wish satisfies never;
  }
}

/** The opposite of `wishWords`. */
export function missedWords(wish: WishedTime): string {
  const words = wishWords(wish);
  return words.startsWith('not ') ? words.slice(4) : `not ${words}`;
}

function weekdayWords(days: readonly number[]): string {
  const left = EVERY_DAY.filter((day) => !days.includes(day));
  const not = left.length < days.length;
  const names = (not ? left : days).map((day) => DAY_NAMES[day - 1] ?? String(day));
  const last = names.at(-1) ?? '';
  const list = names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
  return `${not ? 'not ' : ''}on ${list === '' ? 'any day' : list}`;
}

/**
 * The instants of a window at which its zone's clock shows a time inside the given hours on the
 * given days. Worked out per stretch of constant offset, so a minute that the clock skips is never
 * inside and one that it shows twice is inside twice.
 */
export function localSpans(hours: WorkingHours, { zone, fromMs, toMs }: LocalWindow): Spans {
  const start = minutesOf(hours.start) * MINUTE_MS;
  let end = minutesOf(hours.end) * MINUTE_MS;
  if (end < start) end += DAY_MS;
  if (fromMs >= toMs) return NO_SPANS;
  const pieces: BusyInterval[] = [];
  for (const segment of offsetSegments(zone, fromMs, toMs)) {
    const localFrom = segment.startMs + segment.offsetMs;
    const localTo = segment.endMs + segment.offsetMs;
    for (let day = Math.floor(localFrom / DAY_MS) - 1; day * DAY_MS < localTo; day += 1) {
      if (!hours.days.includes(weekdayOf(day))) continue;
      const from = Math.max(day * DAY_MS + start, localFrom);
      const to = Math.min(day * DAY_MS + end, localTo);
      if (from >= to) continue;
      pieces.push({ startMs: from - segment.offsetMs, endMs: to - segment.offsetMs });
    }
  }
  return packSpans(pieces);
}
