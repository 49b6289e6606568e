/**
 * R19 of the threat model: local times and recurrences around every change of a clock from 2024 to
 * 2032, in every zone the platform knows. The oracles are Intl's own calendar and the library rrule.
 */
import fc from 'fast-check';
import { DateTime, IANAZone } from 'luxon';
import { describe, expect, it } from 'vitest';
import { rrule } from '#test/support/rrule.ts';
import { startsOf } from '#activities/calendar/recurrence.ts';
import { resolveInstant } from '#activities/calendar/time-phrases.ts';
import { instantAt, MINUTE_MS, toRfc3339, wallClock } from '#activities/calendar/zone-time.ts';

const { RRule, Weekday } = rrule;
const dayMs = 86_400_000;
const fromMs = Date.UTC(2024, 0, 1);
const toMs = Date.UTC(2033, 0, 1);
const zones = Intl.supportedValuesOf('timeZone');

type Transition = { zone: string; atMs: number; beforeMs: number; afterMs: number };

/** Every instant at which a zone's offset changes, found by asking Intl through luxon. */
function transitionsOf(zone: string): Transition[] {
  const known = IANAZone.create(zone);
  const offset = (ms: number) => known.offset(ms) * MINUTE_MS;
  const found: Transition[] = [];
  for (let ms = fromMs; ms < toMs; ms += 7 * dayMs) {
    let [low, high] = [ms, ms + 7 * dayMs];
    if (offset(low) === offset(high)) continue;
    const [beforeMs, afterMs] = [offset(low), offset(high)];
    while (high - low > MINUTE_MS) {
      const middle = low + Math.floor((high - low) / 2 / MINUTE_MS) * MINUTE_MS;
      if (offset(middle) === beforeMs) low = middle;
      else high = middle;
    }
    found.push({ zone, atMs: high, beforeMs, afterMs });
  }
  return found;
}

const transitions = zones.flatMap(transitionsOf);
const formats = new Map<string, Intl.DateTimeFormat>();

/** What a zone's clock shows, as minutes of a calendar that knows no zones. */
function shown(zone: string, ms: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      calendar: 'iso8601',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    } as Intl.DateTimeFormatOptions);
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const { year, month, day, hour, minute } = part;
  return (
    Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute)) / MINUTE_MS
  );
}

/** Every instant at which a clock shows a minute, by asking about each offset around a change. */
function showings({ zone, beforeMs, afterMs }: Transition, minutes: number): number[] {
  const candidates = new Set([minutes * MINUTE_MS - beforeMs, minutes * MINUTE_MS - afterMs]);
  return [...candidates].filter((ms) => shown(zone, ms) === minutes).sort((a, b) => a - b);
}

describe('local times around a change of the clock', () => {
  it('knows the zones and changes there are', () => {
    expect(zones.length).toBeGreaterThan(400);
    expect(transitions.length).toBeGreaterThan(1_500);
  });

  it('mean the instant that Intl shows them at; the first of two; moved forward out of a gap', () => {
    const counts = { plain: 0, overlap: 0, gap: 0 };
    for (const change of transitions) {
      const { zone, atMs, beforeMs, afterMs } = change;
      const local = Math.floor((atMs + beforeMs) / MINUTE_MS);
      for (const offset of [-181, -60, -30, -15, -1, 0, 1, 15, 30, 59, 60, 119, 181]) {
        const minutes = local + offset;
        const day = Math.floor(minutes / 1_440);
        const { ms, adjusted } = instantAt(zone, day, minutes - day * 1_440);
        const seen = showings(change, minutes);
        const where = `${zone} ${new Date(minutes * MINUTE_MS).toISOString()}`;
        if (seen.length === 0) {
          expect(adjusted, where).toBe('gap');
          expect(ms, where).toBe(minutes * MINUTE_MS - beforeMs);
          expect(shown(zone, ms), where).toBe(minutes + (afterMs - beforeMs) / MINUTE_MS);
          counts.gap += 1;
        } else {
          expect(ms, where).toBe(seen[0]);
          expect(adjusted, where).toBe(seen.length === 2 ? 'overlap' : undefined);
          counts[seen.length === 2 ? 'overlap' : 'plain'] += 1;
        }
        const back = wallClock(zone, ms);
        expect(back.day * 1_440 + back.minute, where).toBe(shown(zone, ms));
      }
    }
    expect(Math.min(counts.plain, counts.overlap, counts.gap)).toBeGreaterThan(1_000);
  }, 60_000);

  it('read from words, say the instant with the offset that holds then', () => {
    const moments = fc.record({
      change: fc.constantFrom(...transitions),
      minutes: fc.integer({ min: -300, max: 300 }),
    });
    fc.assert(
      fc.property(moments, ({ change, minutes }) => {
        const { zone, atMs, beforeMs } = change;
        const local = Math.floor((atMs + beforeMs) / MINUTE_MS) + minutes;
        const phrase = new Date(local * MINUTE_MS).toISOString().slice(0, 16);
        const found = resolveInstant(phrase, {
          now: '2024-01-01T00:00:00Z',
          zone,
          allowPast: true,
        });
        expect(Date.parse(found.iso)).toBe(found.ms);
        const seen = showings(change, local);
        if (seen.length > 0) expect(found.ms).toBe(seen[0]);
        expect(found.notes.length).toBe(seen.length === 1 ? 0 : 1);
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);
});

/** A rule as both libraries take it. */
const rules = fc.oneof(
  fc.record({ freq: fc.constant('DAILY' as const), interval: fc.integer({ min: 1, max: 5 }) }),
  fc.record({
    freq: fc.constant('WEEKLY' as const),
    interval: fc.integer({ min: 1, max: 3 }),
    days: fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 5 }),
  }),
  fc.record({
    freq: fc.constant('MONTHLY' as const),
    interval: fc.integer({ min: 1, max: 3 }),
    monthDay: fc.integer({ min: 1, max: 31 }),
  }),
  fc.record({
    freq: fc.constant('MONTHLY' as const),
    interval: fc.integer({ min: 1, max: 3 }),
    days: fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 7 }),
    position: fc.constantFrom(1, 2, 3, 4, -1),
  }),
);
type Rule = {
  freq: 'DAILY' | 'WEEKLY' | 'MONTHLY';
  interval: number;
  days?: number[];
  monthDay?: number;
  position?: number;
};
const names = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

function textOf({ freq, interval, days, monthDay, position }: Rule): string {
  return [
    `FREQ=${freq};INTERVAL=${interval}`,
    ...(days === undefined ? [] : [`BYDAY=${days.map((day) => names[day]).join(',')}`]),
    ...(monthDay === undefined ? [] : [`BYMONTHDAY=${monthDay}`]),
    ...(position === undefined ? [] : [`BYSETPOS=${position}`]),
  ].join(';');
}

/** The wall-clock times that rrule gives, each turned into an instant by luxon. */
function byRrule(rule: Rule, start: string, zone: string, count: number): number[] {
  const local = DateTime.fromISO(start, { zone });
  const wall = new Date(Date.UTC(local.year, local.month - 1, local.day, local.hour, local.minute));
  const { freq, interval, days, monthDay, position } = rule;
  const walker = new RRule({
    freq: RRule[freq],
    interval,
    dtstart: wall,
    count,
    ...(days === undefined ? {} : { byweekday: days.map((day) => new Weekday(day)) }),
    ...(monthDay === undefined ? {} : { bymonthday: [monthDay] }),
    ...(position === undefined ? {} : { bysetpos: [position] }),
  });
  return walker.all().map((time) => {
    const [year, month, day] = [time.getUTCFullYear(), time.getUTCMonth() + 1, time.getUTCDate()];
    const clock = { hour: time.getUTCHours(), minute: time.getUTCMinutes() };
    return firstOf(DateTime.fromObject({ year, month, day, ...clock }, { zone }));
  });
}

/** RFC 5545 takes the first of two; luxon knows both. */
function firstOf(time: DateTime): number {
  return Math.min(...time.getPossibleOffsets().map((one) => one.toMillis()));
}

describe('recurrences over changes of the clock', () => {
  it('happen when rrule and luxon say, in every zone', () => {
    const series = fc.record({
      change: fc.constantFrom(...transitions),
      before: fc.integer({ min: 0, max: 20 }),
      minute: fc.integer({ min: 0, max: 95 }).map((quarter) => quarter * 15),
      rule: rules,
    });
    fc.assert(
      fc.property(series, ({ change, before, minute, rule }) => {
        const { zone, atMs } = change;
        const { day } = wallClock(zone, atMs - before * dayMs);
        const begin = instantAt(zone, day, minute);
        // A start inside a gap has another wall clock at once: not what is compared here.
        fc.pre(begin.adjusted !== 'gap');
        const start = toRfc3339(begin.ms, zone);
        const recurrence = { rule: `${textOf(rule)};COUNT=40`, excluded: [] };
        const found = [...startsOf(recurrence, { start, zone })].map(({ ms }) => ms);
        expect(found).toEqual(byRrule(rule, start, zone, 40));
      }),
      { numRuns: 250 },
    );
  }, 120_000);
});
