/**
 * Reads one instant out of a phrase, in a given zone and from a given now. A day without a time of
 * day is not an instant, and a time that has passed is not silently moved a year on.
 */
import { takeClock, takePart } from './time-phrases-clock.ts';
import { COUNT, countOf, readDay, showDay } from './time-phrases-days.ts';
import { Unreadable } from './time-phrases-error.ts';
import { instantAt, MINUTE_MS, offsetAt, wallClock, dayNumber } from './zone-time.ts';

/** Now, and the zone in which words are meant. */
export type Moment = { readonly nowMs: number; readonly zone: string };

/** An instant that was read, with what should be said about the reading. */
export type InstantReading = {
  readonly ms: number;
  readonly adjusted?: 'gap' | 'overlap';
  readonly notes: readonly string[];
};

const ABSOLUTE = /^(\d{4}-\d{2}-\d{2})[t ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(z|[+-]\d{2}:?\d{2})$/i;
const LOCAL = /^(\d{4})-(\d{2})-(\d{2})[t ](\d{2}):(\d{2})(?::00(?:\.0+)?)?$/i;

/** Reads normalised text; `undefined` when it is not about an instant at all. */
export function readInstant(text: string, moment: Moment): InstantReading | undefined {
  const { nowMs, zone } = moment;
  if (text === 'now' || text === 'right now') return { ms: nowMs, notes: [] };
  return (
    readAbsolute(text, zone) ??
    readLocal(text, zone) ??
    readRelative(text, nowMs) ??
    readSpoken(text, moment)
  );
}

/** RFC 3339 with an offset: the offset decides, the zone does not. */
function readAbsolute(text: string, zone: string): InstantReading | undefined {
  const match = ABSOLUTE.exec(text);
  const [, date, time, offset] = match ?? [];
  if (date === undefined || time === undefined || offset === undefined) return undefined;
  const ms = Date.parse(`${date}T${time}${offset.toUpperCase()}`);
  if (!Number.isFinite(ms) || !dateExists(date)) {
    throw new Unreadable('contradiction', 'that date or time does not exist.');
  }
  if (offset.toLowerCase() === 'z' || offsetAt(zone, ms) === offsetOf(offset)) {
    return { ms, notes: [] };
  }
  return { ms, notes: [`${offset} is not the offset of ${zone} at that time`] };
}

function offsetOf(offset: string): number {
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return (offset.startsWith('-') ? -minutes : minutes) * MINUTE_MS;
}

function dateExists(date: string): boolean {
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
}

function readLocal(text: string, zone: string): InstantReading | undefined {
  const match = LOCAL.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, dayOfMonth = 0, hour = 0, minute = 0] = match.slice(1).map(Number);
  const day = readDay(text.slice(0, 10), dayNumber(year, month, dayOfMonth))?.day;
  if (day === undefined || hour > 23 || minute > 59) {
    throw new Unreadable('contradiction', 'that time does not exist.');
  }
  return atWallClock(zone, day, hour * 60 + minute);
}

/** "in two hours": real elapsed time, whatever clocks do meanwhile. */
function readRelative(text: string, nowMs: number): InstantReading | undefined {
  const plain = text.replace(/^in half an hour$/, 'in 30 minutes');
  const match =
    new RegExp(`^in ${COUNT} (minute|min|hour)s?(?:'? time)?$`).exec(plain) ??
    new RegExp(`^${COUNT} (minute|min|hour)s? from now$`).exec(plain);
  if (match === null) return undefined;
  const minutes = countOf(match[1] ?? '') * (match[2] === 'hour' ? 60 : 1);
  return { ms: nowMs + Math.round(minutes * MINUTE_MS), notes: [] };
}

function readSpoken(text: string, moment: Moment): InstantReading | undefined {
  const { nowMs, zone } = moment;
  const part = takePart(text);
  const clock = takeClock(part?.rest ?? text, part?.part);
  const dayText = (clock?.rest ?? part?.rest ?? text).replace(/\b(?:at|on)$/, '').trim();
  const today = wallClock(zone, nowMs).day;
  const onlyThis = part !== undefined && dayText === 'this';
  const reading = dayText === '' || onlyThis ? undefined : readDay(dayText, today);
  if (clock === undefined) {
    if (reading === undefined && part === undefined) return undefined;
    throw new Unreadable('no_time', 'it names a day but no time of day.');
  }
  if (dayText !== '' && !onlyThis && reading === undefined) return undefined;
  if (reading === undefined) {
    const found = atWallClock(zone, today, clock.minute, clock.notes);
    if (found.ms >= nowMs || onlyThis) return found;
    const note = `the time has passed today, so ${showDay(today + 1)}`;
    return atWallClock(zone, today + 1, clock.minute, [...clock.notes, note]);
  }
  const notes = [...clock.notes, ...reading.notes];
  const found = atWallClock(zone, reading.day, clock.minute, notes);
  if (found.ms >= nowMs || reading.bareWeekday !== true) return found;
  const note = `the time has passed today, so ${showDay(reading.day + 7)}`;
  return atWallClock(zone, reading.day + 7, clock.minute, [...notes, note]);
}

/** The instant of a wall-clock time, saying so when clocks change around it. */
export function atWallClock(
  zone: string,
  day: number,
  minute: number,
  notes: readonly string[] = [],
): InstantReading {
  const { ms, adjusted } = instantAt(zone, day, minute);
  if (adjusted === undefined) return { ms, notes };
  const note =
    adjusted === 'gap'
      ? 'clocks skip that time on that day, so it moves forward with them'
      : 'clocks show that time twice on that day; the first is taken';
  return { ms, adjusted, notes: [...notes, note] };
}
