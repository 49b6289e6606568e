/**
 * recurrence: expanding recurrences. The product walks a rule with ical.js and turns each wall-clock time into
 * an instant; the other arms are rrule with luxon, and ical.js with luxon. All must give the same
 * instants before any is timed.
 */
import ICAL from 'ical.js';
import { DateTime } from 'luxon';
import { startsOf } from '#activities/calendar/recurrence.ts';
import { rrule } from '#test/support/rrule.ts';
import type { Effort, Row } from './measurement.ts';
import { bootstrapInterval, median } from './statistics.ts';

const { RRule } = rrule;
const zone = 'Europe/Berlin';
const start = '2024-01-15T09:30:00+01:00';
const occurrences = 500;
const rules = [
  'FREQ=DAILY',
  'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
  'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO',
  'FREQ=MONTHLY;BYMONTHDAY=15',
  'FREQ=MONTHLY;BYDAY=3MO',
];

/** An arm gives the instants of a rule. */
type Arm = (rule: string) => number[];

const arms: Readonly<Record<'ours' | 'rrule and luxon' | 'ical.js and luxon', Arm>> = {
  ours: (rule) =>
    [...startsOf({ rule: `${rule};COUNT=${occurrences}`, excluded: [] }, { start, zone })].map(
      ({ ms }) => ms,
    ),
  'rrule and luxon': (rule) => {
    const local = DateTime.fromISO(start, { zone });
    const wall = new Date(local.setZone('utc', { keepLocalTime: true }).toMillis());
    const options = { ...RRule.parseString(rule), dtstart: wall, count: occurrences };
    return new RRule(options).all().map((time) => {
      const utc = DateTime.fromJSDate(time, { zone: 'utc' });
      return utc.setZone(zone, { keepLocalTime: true }).toMillis();
    });
  },
  'ical.js and luxon': (rule) => {
    const local = DateTime.fromISO(start, { zone });
    const first = ICAL.Time.fromDateTimeString(local.toFormat("yyyy-MM-dd'T'HH:mm:ss"));
    const iterator = ICAL.Recur.fromString(`${rule};COUNT=${occurrences}`).iterator(first);
    const found: number[] = [];
    for (;;) {
      const next = iterator.next() as ICAL.Time | null;
      if (next === null) return found;
      const { year, month, day, hour, minute } = next;
      found.push(DateTime.fromObject({ year, month, day, hour, minute }, { zone }).toMillis());
    }
  },
};

/** Measures recurrence. */
export function measureRecurrence(effort: Effort): Promise<Row[]> {
  const unequal = rules.filter((rule) => {
    const ours = arms.ours(rule).join();
    return Object.values(arms).some((arm) => arm(rule).join() !== ours);
  });
  const rounds = effort === 'full' ? 100 : 20;
  const samples = Object.fromEntries(Object.keys(arms).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    const names = Object.keys(arms);
    // A drift of the machine hits the arms alike.
    if (round % 2 === 1) names.reverse();
    for (const name of names) samples[name]?.push(timed(arms[name as keyof typeof arms]));
  }
  const ours = median(samples['ours'] ?? []);
  const rows = Object.entries(samples).map(([name, times]): Row => {
    const [low, high] = bootstrapInterval(times);
    const ratio = name === 'ours' ? '' : `; ${(median(times) / ours).toFixed(1)}× ours`;
    return {
      id: 'recurrence',
      what: `an occurrence by ${name === 'ours' ? 'the product' : name}`,
      measured: `${median(times).toFixed(2)} µs (95 %: ${low.toFixed(2)} to ${high.toFixed(2)})${ratio}`,
      goal: '',
    };
  });
  const equality: Row = {
    id: 'recurrence',
    what: `${rules.length} rules of ${occurrences} occurrences over changes of the clock, equal`,
    measured: unequal.length === 0 ? 'all' : `not ${unequal.join(', ')}`,
    goal: 'all',
    holds: unequal.length === 0,
  };
  return Promise.resolve([equality, ...rows]);
}

/** Microseconds for one occurrence. */
function timed(arm: Arm): number {
  const began = performance.now();
  let count = 0;
  for (const rule of rules) count += arm(rule).length;
  return ((performance.now() - began) * 1_000) / count;
}
