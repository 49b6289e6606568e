/**
 * Turns what a person or a model wrote about time into instants, always in the person's zone and
 * from a given now, so that a model never does date arithmetic. It refuses rather than guesses, and
 * notes every choice it made; it never reads the process's clock or zone.
 */
import { DateTime } from 'luxon';
import { showDay } from './time-phrases-days.ts';
import { TimePhraseError, Unreadable } from './time-phrases-error.ts';
import { readInstant, type Moment } from './time-phrases-instants.ts';
import { readWindow } from './time-phrases-windows.ts';
import { isZone, startOfDay, toRfc3339, wallClock, type DstAdjustment } from './zone-time.ts';

export { TimePhraseError } from './time-phrases-error.ts';
export type { TimePhraseErrorCode } from './time-phrases-error.ts';

/** From when and where words are meant. */
export type TimeContext = {
  /** RFC 3339 with an offset, or a Date. */
  readonly now: Date | string;
  /** IANA zone. */
  readonly zone: string;
  /** Accept what lies in the past; otherwise only words that say so ("last week") may. */
  readonly allowPast?: boolean;
};

/** One instant, and how it was read. */
export type ResolvedInstant = {
  readonly ms: number;
  /** RFC 3339 with the zone's offset at that instant. */
  readonly iso: string;
  readonly zone: string;
  /** For cards: `Tue 24 Nov 2026, 15:00 (Europe/Berlin)`. */
  readonly label: string;
  /** Set when clocks skip that time (moved forward) or show it twice (the first is taken). */
  readonly adjusted?: DstAdjustment;
  /** What a person should know about the reading; empty when it was plain. */
  readonly notes: readonly string[];
};

/** A stretch of time, half-open, and how it was read. */
export type ResolvedWindow = {
  readonly fromMs: number;
  readonly toMs: number;
  /** RFC 3339 with the zone's offset. */
  readonly from: string;
  readonly to: string;
  readonly zone: string;
  /** For cards: `Mon 23 Nov 2026 to Sun 29 Nov 2026 (Europe/Berlin)`. */
  readonly label: string;
  readonly notes: readonly string[];
};

const MAX_PHRASE_CHARACTERS = 120;

/**
 * Resolves a phrase that means one instant.
 * @throws TimePhraseError when it is not understood, names no time of day, is ambiguous,
 *   contradicts itself, lies in the past, or the zone is unknown.
 */
export function resolveInstant(phrase: string, context: TimeContext): ResolvedInstant {
  const { text, moment } = open(phrase, context, 'instant');
  const reading = guarded(phrase, 'instant', () => readInstant(text, moment));
  if (reading.ms < moment.nowMs && context.allowPast !== true) {
    const when = formatInstant(reading.ms, moment.zone);
    throw new TimePhraseError('past', phrase, `${when} has passed.`, 'instant');
  }
  return {
    ...reading,
    iso: toRfc3339(reading.ms, moment.zone),
    zone: moment.zone,
    label: formatInstant(reading.ms, moment.zone),
  };
}

/**
 * Resolves a phrase that means a stretch of time. Whole days run from local midnight to local
 * midnight, weeks from Monday to Sunday; "rest of", "before", "by" and "the next N" start now.
 * @throws TimePhraseError as {@link resolveInstant} does.
 */
export function resolveWindow(phrase: string, context: TimeContext): ResolvedWindow {
  const { text, moment } = open(phrase, context, 'window');
  const reading = guarded(phrase, 'window', () => readWindow(text, moment));
  const { fromMs, toMs, notes } = reading;
  if (toMs <= moment.nowMs && context.allowPast !== true && reading.saysPast !== true) {
    const when = formatWindow(Math.min(fromMs, toMs), toMs, moment.zone);
    throw new TimePhraseError('past', phrase, `${when} is over.`, 'window');
  }
  if (fromMs >= toMs) {
    throw new TimePhraseError('contradiction', phrase, 'it ends before it starts.', 'window');
  }
  return {
    fromMs,
    toMs,
    from: toRfc3339(fromMs, moment.zone),
    to: toRfc3339(toMs, moment.zone),
    zone: moment.zone,
    label: formatWindow(fromMs, toMs, moment.zone),
    notes,
  };
}

/** An instant for people: `Tue 24 Nov 2026, 15:00 (Europe/Berlin)`. Always English, 24 hours. */
export function formatInstant(ms: number, zone: string): string {
  return `${showDay(wallClock(zone, ms).day)}, ${timeOf(ms, zone)} (${zone})`;
}

/** A stretch of time for people; whole days are shown as days, with the last one included. */
export function formatWindow(fromMs: number, toMs: number, zone: string): string {
  const first = wallClock(zone, fromMs).day;
  const end = wallClock(zone, toMs).day;
  if (startOfDay(zone, first) === fromMs && startOfDay(zone, end) === toMs && end > first) {
    const last = end - 1;
    const shown = first === last ? showDay(first) : `${showDay(first)} to ${showDay(last)}`;
    return `${shown} (${zone})`;
  }
  const start = `${showDay(first)}, ${timeOf(fromMs, zone)}`;
  if (first === end) return `${start}–${timeOf(toMs, zone)} (${zone})`;
  return `${start} to ${showDay(end)}, ${timeOf(toMs, zone)} (${zone})`;
}

function timeOf(ms: number, zone: string): string {
  return toRfc3339(ms, zone).slice(11, 16);
}

function guarded<T>(phrase: string, wanted: 'instant' | 'window', read: () => T | undefined): T {
  try {
    const reading = read();
    if (reading !== undefined) return reading;
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new TimePhraseError(error.code, phrase, error.message, wanted);
  }
  throw new TimePhraseError('not_understood', phrase, 'not understood.', wanted);
}

const ZONE_SUFFIX = /^(.+?),?\s*[[(]?\b([A-Z][A-Za-z_]+(?:\/[A-Z][A-Za-z_+-]+\d*)+|UTC|GMT)[\])]?$/;
// Abbreviations of zones mean different offsets in different places (CST, IST, BST).
const ABBREVIATED = /\d ?(?:am|pm|AM|PM)? ?\(?([A-Z]{2,4}T)\)?$/;

/** Checks the context, takes a zone off the end, and normalises the words. */
function open(
  phrase: string,
  context: TimeContext,
  wanted: 'instant' | 'window',
): { text: string; moment: Moment } {
  const refuse = (code: TimePhraseError['code'], why: string): TimePhraseError =>
    new TimePhraseError(code, phrase, why, wanted);
  const now = context.now instanceof Date ? context.now.getTime() : nowOf(context.now);
  if (!Number.isFinite(now)) throw new RangeError('context.now is not an instant with an offset.');
  if (phrase.length > MAX_PHRASE_CHARACTERS) throw refuse('not_understood', 'too long.');
  const trimmed = phrase.trim().replace(/[.!?]$/, '');
  const suffix = ZONE_SUFFIX.exec(trimmed);
  const zone = suffix?.[2] ?? context.zone;
  if (!isZone(zone)) throw refuse('unknown_zone', `there is no time zone ${zone}.`);
  const abbreviation = suffix === null ? ABBREVIATED.exec(trimmed)?.[1] : undefined;
  if (abbreviation !== undefined) {
    const why = `${abbreviation} is used for more than one zone; name one such as Europe/Berlin.`;
    throw refuse('ambiguous', why);
  }
  const text = (suffix?.[1] ?? trimmed)
    .toLowerCase()
    .replace(/[,\s]+/g, ' ')
    .trim();
  return { text, moment: { nowMs: now, zone } };
}

function nowOf(text: string): number {
  if (!/(?:z|[+-]\d{2}:?\d{2})$/i.test(text)) return Number.NaN;
  return DateTime.fromISO(text).toMillis();
}
