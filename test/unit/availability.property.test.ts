/**
 * Checks findSlots against a brute-force oracle that looks at every single minute. The oracle
 * shares nothing with the solver: it reads wall clocks from Intl, knows no offsets or spans, and
 * decides each minute for itself.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  findSlots,
  type BusyInterval,
  type Participant,
  type SlotRequest,
} from '#activities/calendar/availability.ts';

const MINUTE = 60_000;

const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Australia/Sydney',
  'America/St_Johns',
  'Pacific/Chatham',
  'Pacific/Auckland',
  'America/Santiago',
  'Africa/Cairo',
  'UTC',
];

/** Saturdays 00:00 UTC before clock changes in both hemispheres, and one quiet week. */
const ANCHORS = [
  '2026-03-07', // United States spring forward
  '2026-03-28', // Europe spring forward
  '2026-04-04', // Australia, New Zealand, Chile fall back
  '2026-09-05', // Chile spring forward
  '2026-09-26', // New Zealand spring forward
  '2026-10-24', // Europe fall back
  '2026-10-31', // United States fall back
  '2026-11-21',
].map((date) => Date.parse(`${date}T00:00:00Z`));

/** How far from an anchor wall clocks are ever read, in minutes. */
const TABLE_MINUTES = 6 * 1_440;

type Wall = { readonly weekday: number; readonly minute: number };
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const tables = new Map<string, Wall[]>();

/** What a zone's clock shows at each minute after an anchor, read from Intl one by one. */
function wallTable(zone: string, anchorMs: number): Wall[] {
  const key = `${zone} ${anchorMs}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const table: Wall[] = [];
  for (let index = 0; index < TABLE_MINUTES; index += 1) {
    const [, weekday, hour, minute] = /^(\w{3}),? (\d\d):(\d\d)$/.exec(
      format.format(anchorMs + index * MINUTE),
    )!;
    table.push({
      weekday: WEEKDAYS.indexOf(weekday!) + 1,
      minute: Number(hour) * 60 + Number(minute),
    });
  }
  tables.set(key, table);
  return table;
}

const minuteOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

function works(person: Participant, wall: Wall): boolean {
  const { days } = person.workingHours;
  const start = minuteOf(person.workingHours.start);
  const end = minuteOf(person.workingHours.end);
  if (start <= end) {
    return days.includes(wall.weekday) && start <= wall.minute && wall.minute < end;
  }
  const yesterday = wall.weekday === 1 ? 7 : wall.weekday - 1;
  return (
    (days.includes(wall.weekday) && wall.minute >= start) ||
    (days.includes(yesterday) && wall.minute < end)
  );
}

/** Every start, in epoch ms, that the rules allow; tried minute by minute. */
function oracle(request: SlotRequest, anchorMs: number): number[] {
  const { fromMs, toMs, nowMs, bufferMinutes, durationMinutes, stepMinutes } = request;
  const required = request.participants.filter((person) => person.required);
  const buffer = bufferMinutes * MINUTE;
  const open = Array.from({ length: TABLE_MINUTES }, () => true);
  for (const person of required) {
    const table = wallTable(person.zone, anchorMs);
    for (let index = 0; index < TABLE_MINUTES; index += 1) {
      const startMs = anchorMs + index * MINUTE;
      if (!open[index]) continue;
      if (!works(person, table[index]!)) open[index] = false;
      else if (person.busy === 'unknown') open[index] = false;
      else {
        open[index] = !person.busy.some(
          (busy) =>
            busy.endMs > busy.startMs &&
            busy.startMs - buffer < startMs + MINUTE &&
            startMs < busy.endMs + buffer,
        );
      }
    }
  }
  const home = wallTable(request.organiserZone, anchorMs);
  const { earliestLocal, latestLocal, weekdays, hard } = request.preferences;
  const starts: number[] = [];
  for (let index = 0; index + durationMinutes <= TABLE_MINUTES; index += 1) {
    const startMs = anchorMs + index * MINUTE;
    if (startMs < fromMs || startMs < nowMs) continue;
    if (startMs + durationMinutes * MINUTE > toMs) continue;
    if (home[index]!.minute % stepMinutes !== 0) continue;
    let fits = true;
    for (let minute = index; fits && minute < index + durationMinutes; minute += 1) {
      fits = open[minute]!;
      if (hard !== true) continue;
      const wall = home[minute]!;
      if (earliestLocal !== undefined) fits &&= wall.minute >= minuteOf(earliestLocal);
      if (latestLocal !== undefined) fits &&= wall.minute < minuteOf(latestLocal);
      if (weekdays !== undefined) fits &&= weekdays.includes(wall.weekday);
    }
    if (fits) starts.push(startMs);
  }
  return starts;
}

const zone = fc.constantFrom(...ZONES);
const hours = fc.constantFrom(
  ['09:00', '17:00'],
  ['08:30', '16:45'],
  ['00:00', '24:00'],
  ['22:00', '06:00'], // a night shift, across the hours at which clocks change
  ['02:30', '11:00'], // starts inside the hour that a clock skips or repeats
  ['00:00', '02:15'],
  ['12:00', '12:00'], // no hours
);
const days = fc.constantFrom([1, 2, 3, 4, 5], [7, 1, 2, 3, 4], [6, 7, 1], [1, 2, 3, 4, 5, 6, 7]);

/** Offsets in seconds from the anchor, so that busy times start off the minute as well. */
const interval = (anchorMs: number) =>
  fc
    .tuple(
      fc.integer({ min: -86_400, max: 5 * 86_400 }),
      fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 1, max: 4 * 3_600 }) },
        { weight: 1, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 86_400, max: 3 * 86_400 }) },
      ),
      fc.constantFrom(1, 60, 900),
    )
    .map(([start, length, unit]): BusyInterval => {
      const startMs = anchorMs + Math.floor(start / unit) * unit * 1_000;
      return { startMs, endMs: startMs + Math.ceil(length / unit) * unit * 1_000 };
    });

const participant = (anchorMs: number, index: number) =>
  fc.record({
    email: fc.constant(`p${index}@example.com`),
    zone,
    workingHours: fc.record({ days, hours }).map(({ days: on, hours: [start, end] }) => ({
      days: on,
      start: start!,
      end: end!,
    })),
    busy: fc.oneof(
      { weight: 12, arbitrary: fc.array(interval(anchorMs), { maxLength: 6 }) },
      { weight: 1, arbitrary: fc.constant('unknown' as const) },
    ),
    required: fc.boolean(),
  });

const wallTime = fc.integer({ min: 0, max: 95 }).map((quarter) => {
  const text = (value: number) => String(value).padStart(2, '0');
  return `${text(Math.floor(quarter / 4))}:${text((quarter % 4) * 15)}`;
});

const preferences = fc.record(
  {
    earliestLocal: wallTime,
    latestLocal: wallTime,
    weekdays: days,
    hard: fc.boolean(),
  },
  { requiredKeys: [] },
);

const search = fc.constantFrom(...ANCHORS).chain((anchorMs) =>
  fc.record({
    anchorMs: fc.constant(anchorMs),
    request: fc.record({
      participants: fc
        .integer({ min: 0, max: 4 })
        .chain((count) =>
          fc.tuple(...Array.from({ length: count }, (_, index) => participant(anchorMs, index))),
        ),
      fromMs: fc.integer({ min: 0, max: 3 * 1_440 }).map((minute) => anchorMs + minute * MINUTE),
      toMs: fc
        .integer({ min: 1_440, max: 5 * 1_440 })
        .map((minute) => anchorMs + minute * MINUTE + 17_000),
      durationMinutes: fc.constantFrom(5, 15, 30, 45, 60, 90, 240),
      bufferMinutes: fc.constantFrom(0, 5, 15, 30),
      stepMinutes: fc.constantFrom(5, 15, 30, 60),
      organiserZone: zone,
      nowMs: fc
        .integer({ min: -600, max: 2 * 86_400 })
        .map((seconds) => anchorMs + seconds * 1_000),
      limit: fc.constant(100_000),
      preferences,
    }),
  }),
);

describe('finding a time, against every minute tried one by one', () => {
  it('misses no possible start and offers no wrong one', () => {
    let runsWithSlots = 0;
    fc.assert(
      fc.property(search, ({ anchorMs, request }) => {
        const result = findSlots(request);
        const starts = result.slots.map((slot) => slot.startMs).sort((a, b) => a - b);
        expect(starts).toEqual(oracle(request, anchorMs));
        if (starts.length > 0) runsWithSlots += 1;
        expect(result.noneBecause === undefined).toBe(starts.length > 0);
        expect(result.unknown).toEqual(
          request.participants.filter((p) => p.busy === 'unknown').map((p) => p.email),
        );
      }),
      { numRuns: 400 },
    );
    expect(runsWithSlots).toBeGreaterThan(100);
  });

  it('ranks by score and then by time, and reports instants that parse back', () => {
    fc.assert(
      fc.property(search, ({ request }) => {
        const { slots } = findSlots(request);
        slots.forEach((slot, index) => {
          expect(Date.parse(slot.start)).toBe(slot.startMs);
          const next = slots[index + 1];
          if (next === undefined) return;
          expect(
            slot.score > next.score || (slot.score === next.score && slot.startMs < next.startMs),
          ).toBe(true);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('suggests only relaxations that the oracle confirms, and none when slots exist', () => {
    let confirmed = 0;
    fc.assert(
      fc.property(search, ({ anchorMs, request }) => {
        const { noneBecause } = findSlots(request);
        for (const { relax, example } of noneBecause?.relaxations ?? []) {
          // Wider hours are the solver's own choice of hours, so those are left to other tests.
          const kinds = relax.map((item) => item.kind);
          if (kinds.includes('working_hours') || kinds.includes('calendar_unknown')) continue;
          const { hard: _hard, ...wishes } = request.preferences;
          const optional = relax.flatMap((item) => ('email' in item ? [item.email] : []));
          const relaxed: SlotRequest = {
            ...request,
            bufferMinutes: kinds.includes('buffer') ? 0 : request.bufferMinutes,
            preferences: kinds.includes('preferences') ? wishes : request.preferences,
            participants: request.participants.map((person) =>
              optional.includes(person.email) ? { ...person, required: false } : person,
            ),
          };
          expect(oracle(relaxed, anchorMs)).toContain(Date.parse(example!.start));
          confirmed += 1;
        }
      }),
      { numRuns: 200 },
    );
    expect(confirmed).toBeGreaterThan(20);
  });
});
