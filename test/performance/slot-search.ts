/**
 * P10: finding a time. First that the answer is right (a brute-force oracle on random calendars, and
 * every arm against the others), then what it costs: a year of ten calendars, against merging them
 * with luxon and scanning them with date-fns; asking again after a change; and how it grows.
 */
import { areIntervalsOverlapping } from 'date-fns';
import fc from 'fast-check';
import { DateTime, Interval } from 'luxon';
import {
  findSlots,
  mergeBusy,
  type Participant,
  type SlotRequest,
} from '#activities/calendar/availability.ts';
import { freeSpans, prepare } from '#activities/calendar/availability-constraints.ts';
import { possibleByOracle } from '#test/support/slot-oracle.ts';
import { searches } from '#test/support/slot-requests.ts';
import { type Busy, peopleWith, yearStartMs } from './calendars.ts';
import { type Effort, ms, ratioText, type Row } from './measurement.ts';
import { bootstrapInterval, interleaved, median } from './statistics.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;
const calendars = 1_000;
const runs = { default: 15, full: 60 } as const;
const people = [100, 300, 1_000, 3_000];
/** date-fns is measured on this part of the year; its cost grows with slots times events. */
const scannedDays = { default: 7, full: 365 } as const;

/** Measures P10. */
export async function measureSlotSearch(effort: Effort): Promise<Row[]> {
  return [
    equality(),
    ...(await yearOfTen(effort)),
    ...again(effort),
    growth(effort, 'with a time to find', (count) => withTime(count)),
    growth(effort, 'without one', (count) => withoutTime(count)),
  ];
}

function equality(): Row {
  const wide = searches({ peopleMax: 4, windowDays: 5, stepMinutes: [5, 15, 30, 60] });
  const outcome = fc.check(
    fc.property(wide, ({ anchorMs, request }) => {
      const found = findSlots(request).slots.map(({ startMs }) => startMs);
      const right = possibleByOracle(request, anchorMs);
      return JSON.stringify(found.sort((a, b) => a - b)) === JSON.stringify(right);
    }),
    { numRuns: calendars },
  );
  return {
    id: 'P10',
    what: 'times found, against every minute tried one by one',
    measured: outcome.failed
      ? `wrong with seed ${outcome.seed}: ${JSON.stringify(outcome.counterexample)}`
      : `the same on ${calendars} random requests`,
    goal: 'the same',
    holds: !outcome.failed,
  };
}

function year(participants: readonly Participant[], days = 365): SlotRequest {
  return {
    participants,
    fromMs: yearStartMs,
    toMs: yearStartMs + days * dayMs,
    durationMinutes: 30,
    bufferMinutes: 0,
    stepMinutes: 15,
    organiserZone: 'UTC',
    nowMs: yearStartMs,
    limit: 5,
    distinct: true,
  };
}

/** Milliseconds of each of several calls, after a first one that is not counted. */
function timings(times: number, work: () => unknown): number[] {
  work();
  return Array.from({ length: times }, () => {
    const from = performance.now();
    work();
    return performance.now() - from;
  });
}

/** Milliseconds of processor time of each of several calls, after a first one that is not counted. */
function processorTimings(times: number, work: () => unknown): number[] {
  work();
  return Array.from({ length: times }, () => {
    const from = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1_000;
  });
}

/** Milliseconds of one call: the median of several. */
function timed(times: number, work: () => unknown): number {
  return median(timings(times, work));
}

async function yearOfTen(effort: Effort): Promise<Row[]> {
  const participants = peopleWith(10, 365, true);
  const request = year(participants);
  const all = participants.flatMap(({ busy }) => (busy === 'unknown' ? [] : busy));
  const intervals = all.map(({ startMs, endMs }) =>
    Interval.fromDateTimes(DateTime.fromMillis(startMs), DateTime.fromMillis(endMs)),
  );
  const nsEach = (millis: number) => (millis * 1e6) / all.length;
  const pairs = await interleaved(
    runs[effort],
    async () => timed(5, () => mergeBusy(all)),
    async () => timed(1, () => Interval.merge(intervals)),
  );
  const ratios = pairs.map(({ a, b }) => b / a);
  const isMergeEqual =
    JSON.stringify(mergeBusy(all).map(({ startMs, endMs }) => [startMs, endMs])) ===
    JSON.stringify(
      Interval.merge(intervals).map((one) => [one.start?.toMillis(), one.end?.toMillis()]),
    );
  const free = timed(runs[effort], () => freeSpans(prepare(request)));
  const whole = timed(runs[effort], () => findSlots(request));
  const scan = scanned(participants, scannedDays[effort]);
  const events = all.length.toLocaleString('en');
  const count = all.length;
  return [
    {
      id: 'P10',
      what: `free time in common of 10 calendars over a year (${events} events), cold`,
      measured:
        `${nsEach(free).toFixed(0)} ns an event (${ms(free)}); with every start scored, ranked ` +
        `and put in words ${nsEach(whole).toFixed(0)} ns (${ms(whole)})`,
      goal: '≤ 100 ns an event',
    },
    {
      id: 'P10',
      what: 'merging the same events, against luxon Interval.merge on intervals it already has',
      measured:
        `${nsEach(median(pairs.map(({ a }) => a))).toFixed(0)} and ` +
        `${nsEach(median(pairs.map(({ b }) => b))).toFixed(0)} ns an event: ` +
        `${ratioText(median(ratios), bootstrapInterval(ratios))} faster, and ` +
        `${isMergeEqual ? 'the same result' : 'ANOTHER RESULT'}`,
      goal: '≥ 10×, the same result',
      holds: isMergeEqual,
    },
    {
      id: 'P10',
      what: `against a scan of every start with date-fns, ${scannedDays[effort]} days of it`,
      measured:
        `${((scan.millis * 1e6 * (365 / scannedDays[effort])) / count).toFixed(0)} ns an event ` +
        `over a year: ${((scan.millis * (365 / scannedDays[effort])) / whole).toFixed(0)}× the ` +
        `whole search, and ${scan.isEqual ? 'the same starts' : 'OTHER STARTS'}`,
      goal: 'the same starts',
      holds: scan.isEqual,
    },
  ];
}

/** What one writes without a library for it: every start, every event of everybody. */
function scanned(
  participants: readonly Participant[],
  days: number,
): { millis: number; isEqual: boolean } {
  const all = participants.flatMap(({ busy }) => (busy === 'unknown' ? [] : busy));
  const events = all.map(({ startMs, endMs }: Busy) => ({
    start: new Date(startMs),
    end: new Date(endMs),
  }));
  const from = performance.now();
  const starts: number[] = [];
  for (let day = 0; day < days; day += 1) {
    const weekday = new Date(yearStartMs + day * dayMs).getUTCDay();
    if (weekday === 0 || weekday === 6) continue;
    for (let minute = 8 * 60; minute + 30 <= 18 * 60; minute += 15) {
      const startMs = yearStartMs + day * dayMs + minute * minuteMs;
      const slot = { start: new Date(startMs), end: new Date(startMs + 30 * minuteMs) };
      if (!events.some((event) => areIntervalsOverlapping(slot, event))) starts.push(startMs);
    }
  }
  const millis = performance.now() - from;
  const found = findSlots({ ...year(participants, days), limit: 100_000, distinct: false });
  const ours = found.slots.map(({ startMs }) => startMs).sort((a, b) => a - b);
  return { millis, isEqual: JSON.stringify(ours) === JSON.stringify(starts) };
}

/** Somebody's calendar changed. Nothing is kept between searches, so asking again is one more. */
function again(effort: Effort): Row[] {
  return [7, 365].map((days) => {
    const participants = peopleWith(10, days, true);
    const [first, ...others] = participants;
    const busy = first === undefined || first.busy === 'unknown' ? [] : first.busy.slice(1);
    const changed = first === undefined ? others : [{ ...first, busy }, ...others];
    const millis = timed(runs[effort] * 4, () => findSlots(year(changed, days)));
    return {
      id: 'P10',
      what: `the whole search again after one change, 10 calendars of ${days} days`,
      measured: `${(millis * 1_000).toFixed(0)} µs`,
      goal: '≤ 50 µs',
    };
  });
}

/** Three have to be there, everybody else may be. */
function withTime(count: number): SlotRequest {
  const participants = peopleWith(count, 7).map((person, index) => ({
    ...person,
    required: index < 3,
  }));
  return { ...year(participants, 7), fairness: true };
}

/** All have to be there, and never are all free. */
function withoutTime(count: number): SlotRequest {
  return year(peopleWith(count, 7), 7);
}

function growth(effort: Effort, what: string, request: (count: number) => SlotRequest): Row {
  const points = people.map((count) => {
    const search = request(count);
    // Processor time, and the least of several: how it grows is the program's, not the machine's.
    return { count, millis: Math.min(...processorTimings(runs[effort], () => findSlots(search))) };
  });
  const told = points
    .map(({ count, millis }) => `${count}: ${((millis * 1_000) / count).toFixed(1)} µs`)
    .join(', ');
  const thousand = points.find(({ count }) => count === 1_000);
  const last = points.at(-1);
  const times = (last?.millis ?? Number.NaN) / (thousand?.millis ?? Number.NaN);
  return {
    id: 'P10',
    what: `search for a week ${what}, by number of people`,
    measured:
      `each of ${told}; 1,000 cost ${ms(thousand?.millis ?? Number.NaN)}, ` +
      `three times as many ${times.toFixed(1)}× that`,
    goal: '≤ 3.3× (linear)',
  };
}
