/**
 * Wall clocks and instants: what an IANA zone's clock shows at an instant, and which instant a
 * wall-clock time means. Integer arithmetic on days and offsets; it never reads the process's own
 * clock or zone, and refuses zone names the platform does not know.
 */
import { IANAZone } from 'luxon';

/** One minute in milliseconds. */
export const MINUTE_MS = 60_000;
/** Twenty-four hours in milliseconds: the length of a day on the wall, not of every real day. */
export const DAY_MS = 86_400_000;

/** A stretch of time during which a zone's offset stays the same; half-open, epoch ms. */
export type OffsetSegment = {
  readonly startMs: number;
  readonly endMs: number;
  /** Wall clock minus UTC. */
  readonly offsetMs: number;
};

/** How a wall-clock time had to be read: it did not exist (gap) or happened twice (overlap). */
export type DstAdjustment = 'gap' | 'overlap';

/** The part-of-day words, as local wall-clock times. One table for phrases and preferences. */
export const PARTS_OF_DAY = {
  morning: { start: '06:00', end: '12:00' },
  midday: { start: '11:00', end: '14:00' },
  afternoon: { start: '12:00', end: '18:00' },
  evening: { start: '17:00', end: '22:00' },
} as const;

/** A word for a part of the day. */
export type PartOfDay = keyof typeof PARTS_OF_DAY;

// Offsets are looked up once per zone and four-day block: one lookup costs microseconds (Intl),
// and no zone in use changes its offset twice in four days.
const BLOCK_MS = 4 * DAY_MS;
const MAX_BLOCKS_PER_ZONE = 4_096;
const MAX_ZONES = 512;
const blocksByZone = new Map<string, Map<number, readonly OffsetSegment[]>>();

/** Whether the platform knows this IANA zone. */
export function isZone(zone: string): boolean {
  return IANAZone.create(zone).isValid;
}

/** The zone's offset from UTC at an instant, in ms. @throws RangeError for an unknown zone. */
export function offsetAt(zone: string, ms: number): number {
  const pieces = blockSegments(zone, Math.floor(ms / BLOCK_MS));
  return (pieces.find((piece) => ms < piece.endMs) ?? pieces[0])?.offsetMs ?? Number.NaN;
}

function lookUpOffset(zone: string, ms: number): number {
  const known = IANAZone.create(zone);
  if (!known.isValid) throw new RangeError(`Unknown time zone "${zone}": use an IANA name.`);
  return known.offset(ms) * MINUTE_MS;
}

/**
 * The constant-offset stretches that cover `[fromMs, toMs)`, in order, clipped to it.
 * @throws RangeError for an unknown zone.
 */
export function offsetSegments(zone: string, fromMs: number, toMs: number): OffsetSegment[] {
  const segments: OffsetSegment[] = [];
  for (let block = Math.floor(fromMs / BLOCK_MS); block * BLOCK_MS < toMs; block += 1) {
    for (const piece of blockSegments(zone, block)) {
      const startMs = Math.max(piece.startMs, fromMs);
      const endMs = Math.min(piece.endMs, toMs);
      if (startMs >= endMs) continue;
      const last = segments.at(-1);
      if (last?.offsetMs === piece.offsetMs) segments[segments.length - 1] = { ...last, endMs };
      else segments.push({ startMs, endMs, offsetMs: piece.offsetMs });
    }
  }
  return segments;
}

function blockSegments(zone: string, block: number): readonly OffsetSegment[] {
  let blocks = blocksByZone.get(zone);
  if (blocks === undefined) {
    if (blocksByZone.size >= MAX_ZONES) blocksByZone.clear();
    blocks = new Map();
    blocksByZone.set(zone, blocks);
  }
  const known = blocks.get(block);
  if (known !== undefined) return known;
  if (blocks.size >= MAX_BLOCKS_PER_ZONE) blocks.clear();
  const segments = findSegments(zone, block * BLOCK_MS, (block + 1) * BLOCK_MS);
  blocks.set(block, segments);
  return segments;
}

function findSegments(zone: string, startMs: number, endMs: number): OffsetSegment[] {
  const before = lookUpOffset(zone, startMs);
  const after = lookUpOffset(zone, endMs);
  if (before === after) return [{ startMs, endMs, offsetMs: before }];
  let low = startMs;
  let high = endMs;
  while (high - low > 1_000) {
    const middle = Math.floor((low + high) / 2_000) * 1_000;
    if (lookUpOffset(zone, middle) === before) low = middle;
    else high = middle;
  }
  return [
    { startMs, endMs: high, offsetMs: before },
    { startMs: high, endMs, offsetMs: after },
  ];
}

/** The number of a local calendar day: days since 1970-01-01, the same in every zone. */
export function dayNumber(year: number, month: number, dayOfMonth: number): number {
  return Date.UTC(year, month - 1, dayOfMonth) / DAY_MS;
}

/** ISO weekday of a local day number: 1 is Monday, 7 is Sunday. */
export function weekdayOf(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}

/** Year, month and day of a local day number. */
export function dateOf(day: number): { year: number; month: number; dayOfMonth: number } {
  const date = new Date(day * DAY_MS);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    dayOfMonth: date.getUTCDate(),
  };
}

/** The local day and minute of the day that a zone's clock shows at an instant. */
export function wallClock(zone: string, ms: number): { day: number; minute: number } {
  const local = ms + offsetAt(zone, ms);
  const day = Math.floor(local / DAY_MS);
  return { day, minute: Math.floor((local - day * DAY_MS) / MINUTE_MS) };
}

/**
 * The instant at which a zone's clock shows a wall-clock time. A time inside a gap moves forward
 * by the gap; of a time that happens twice the first is taken; both are reported.
 * @see https://www.rfc-editor.org/rfc/rfc5545#section-3.3.5 which reads local times the same way
 */
export function instantAt(
  zone: string,
  day: number,
  minute: number,
): { readonly ms: number; readonly adjusted?: DstAdjustment } {
  const local = day * DAY_MS + minute * MINUTE_MS;
  const before = offsetAt(zone, local - DAY_MS);
  const after = offsetAt(zone, local + DAY_MS);
  if (before === after) return { ms: local - before };
  const beforeHolds = offsetAt(zone, local - before) === before;
  const afterHolds = offsetAt(zone, local - after) === after;
  if (beforeHolds && afterHolds) return { ms: local - before, adjusted: 'overlap' };
  if (beforeHolds) return { ms: local - before };
  if (afterHolds) return { ms: local - after };
  return { ms: local - before, adjusted: 'gap' };
}

/** The first instant of a local day. */
export function startOfDay(zone: string, day: number): number {
  return instantAt(zone, day, 0).ms;
}

/**
 * Minutes since midnight of a local `HH:mm`; `24:00` is the end of the day.
 * @throws RangeError for anything else.
 */
export function minutesOf(time: string): number {
  const match = /^(\d{2}):([0-5]\d)$/.exec(time);
  const minutes = match === null ? Number.NaN : Number(match[1]) * 60 + Number(match[2]);
  if (!(minutes <= 1_440)) throw new RangeError(`"${time}" is not a local time HH:mm.`);
  return minutes;
}

/** RFC 3339 with the zone's offset at that instant, to the second: `2026-11-24T15:00:00+01:00`. */
export function toRfc3339(ms: number, zone: string): string {
  const offsetMs = offsetAt(zone, ms);
  const offsetMinutes = Math.round(Math.abs(offsetMs) / MINUTE_MS);
  const hours = String(Math.floor(offsetMinutes / 60)).padStart(2, '0');
  const minutes = String(offsetMinutes % 60).padStart(2, '0');
  const wall = new Date(ms + offsetMs).toISOString().slice(0, 19);
  return `${wall}${offsetMs < 0 ? '-' : '+'}${hours}:${minutes}`;
}
