/** Random requests for a time: people in odd zones, around clock changes, with every kind of wish. */
import fc from 'fast-check';
import type {
  BusyInterval,
  Participant,
  Room,
  SlotRequest,
  Wish,
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

const zone = fc.constantFrom(...ZONES);
const allDay = ['00:00', '24:00'];
const hours = fc.constantFrom(
  allDay,
  allDay,
  allDay,
  ['09:00', '17:00'],
  ['08:30', '16:45'],
  ['22:00', '06:00'], // a night shift, across the hours at which clocks change
  ['02:30', '11:00'], // starts inside the hour that a clock skips or repeats
  ['00:00', '02:15'],
  ['12:00', '12:00'], // no hours
);
const everyDay = [1, 2, 3, 4, 5, 6, 7];
const days = fc.constantFrom([1, 2, 3, 4, 5], [7, 1, 2, 3, 4], [6, 7, 1], everyDay, everyDay);

/** Offsets in seconds from the anchor, so that busy times start off the minute as well. */
const interval = (anchorMs: number) =>
  fc
    .record({
      start: fc.integer({ min: -86_400, max: 5 * 86_400 }),
      length: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 1, max: 4 * 3_600 }) },
        { weight: 1, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.constant(86_400) },
        { weight: 1, arbitrary: fc.integer({ min: 86_400, max: 3 * 86_400 }) },
      ),
      unit: fc.constantFrom(1, 60, 900),
      tentative: fc.boolean(),
      elsewhere: fc.boolean(),
    })
    .map(({ start, length, unit, tentative, elsewhere }): BusyInterval => {
      const startMs = anchorMs + Math.floor(start / unit) * unit * 1_000;
      const endMs = startMs + Math.ceil(length / unit) * unit * 1_000;
      return { startMs, endMs, tentative, elsewhere };
    });

/** One meeting after the other with short pauses: times are missed by minutes here. */
const fullCalendar = (anchorMs: number) =>
  fc
    .array(
      fc.record({
        pause: fc.constantFrom(0, 15, 30, 45, 75),
        length: fc.constantFrom(30, 60, 120),
        tentative: fc.boolean(),
        elsewhere: fc.boolean(),
      }),
      { minLength: 20, maxLength: 40 },
    )
    .map((meetings) => {
      let endMs = anchorMs;
      return meetings.map(({ pause, length, ...kind }): BusyInterval => {
        const startMs = endMs + pause * MINUTE;
        endMs = startMs + length * MINUTE;
        return { startMs, endMs, ...kind };
      });
    });

const calendar = (anchorMs: number, isFull: boolean) =>
  fc.oneof(
    {
      weight: 12,
      arbitrary: isFull ? fullCalendar(anchorMs) : fc.array(interval(anchorMs), { maxLength: 6 }),
    },
    { weight: 1, arbitrary: fc.constant('unknown' as const) },
  );

const wallTime = fc.integer({ min: 0, max: 95 }).map((quarter) => {
  const text = (value: number) => String(value).padStart(2, '0');
  return `${text(Math.floor(quarter / 4))}:${text((quarter % 4) * 15)}`;
});

const hard = fc.boolean();
const wish: fc.Arbitrary<Wish> = fc.oneof(
  fc.record({
    kind: fc.constant('part_of_day' as const),
    part: fc.constantFrom('morning', 'midday', 'afternoon', 'evening'),
    hard,
  }),
  fc.record({ kind: fc.constant('hours' as const), from: wallTime, to: wallTime, hard }),
  fc.record({ kind: fc.constant('weekdays' as const), days, hard }),
  fc.record({ kind: fc.constant('lunch' as const), hard }),
  fc.record({ kind: fc.constant('gap' as const), minutes: fc.constantFrom(5, 20, 45), hard }),
);

/** At most one of a kind, as findTime builds them. */
const wishes = fc.uniqueArray(wish, { maxLength: 2, selector: ({ kind }) => kind });

const participant = (anchorMs: number, index: number, isFull: boolean): fc.Arbitrary<Participant> =>
  fc.record({
    email: fc.constant(`p${index}@example.com`),
    zone,
    workingHours: fc.oneof(
      {
        weight: 8,
        arbitrary: fc
          .record({ days, hours })
          .map(({ days: on, hours: [start, end] }) => ({ days: on, start: start!, end: end! })),
      },
      { weight: 1, arbitrary: fc.constant('unknown' as const) },
    ),
    busy: calendar(anchorMs, isFull),
    required: isFull ? fc.constant(true) : fc.boolean(),
    wishes: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: wishes }),
    travelMinutes: fc.constantFrom(0, 10, 45),
    inconvenienced: fc.integer({ min: 0, max: 3 }),
  });

const rooms = (anchorMs: number, isFull: boolean): fc.Arbitrary<Room[]> =>
  fc
    .array(calendar(anchorMs, isFull), { maxLength: 2 })
    .map((all) => all.map((busy, index) => ({ email: `room${index}@example.com`, busy })));

/** A request with the anchor its days begin at. `windowDays` at most five. */
export function searches(options: {
  readonly peopleMax: number;
  readonly windowDays: number;
  readonly stepMinutes: readonly number[];
  /** People with little time, all of them required. */
  readonly isFull?: boolean;
}): fc.Arbitrary<{ anchorMs: number; request: SlotRequest }> {
  const day = 1_440;
  const { isFull = false } = options;
  return fc.constantFrom(...ANCHORS).chain((anchorMs) =>
    fc.record({
      anchorMs: fc.constant(anchorMs),
      request: fc.record({
        participants: fc
          .integer({ min: 0, max: options.peopleMax })
          .chain((count) =>
            fc.tuple(
              ...Array.from({ length: count }, (_, index) => participant(anchorMs, index, isFull)),
            ),
          ),
        fromMs: fc
          .integer({ min: 0, max: Math.round((options.windowDays * day * 3) / 5) })
          .map((minute) => anchorMs + minute * MINUTE),
        toMs: fc
          .integer({
            min: Math.round((options.windowDays * day) / 5),
            max: options.windowDays * day,
          })
          .map((minute) => anchorMs + minute * MINUTE + 17_000),
        durationMinutes: fc.constantFrom(5, 15, 30, 45, 60, 90, 240),
        bufferMinutes: fc.constantFrom(0, 5, 15, 30),
        stepMinutes: fc.constantFrom(...options.stepMinutes),
        organiserZone: zone,
        nowMs: fc
          .integer({ min: -600, max: options.windowDays * 34_560 })
          .map((seconds) => anchorMs + seconds * 1_000),
        limit: fc.constant(100_000),
        wishes: fc.oneof(
          { weight: 2, arbitrary: fc.constant([]) },
          { weight: 1, arbitrary: wishes },
        ),
        rooms: fc.oneof(
          { weight: 2, arbitrary: fc.constant([]) },
          { weight: 1, arbitrary: rooms(anchorMs, isFull) },
        ),
        fairness: fc.boolean(),
      }),
    }),
  );
}
