/**
 * Turns a recurring event into its occurrences: RRULE, RDATE and EXDATE in the event's own zone,
 * so wall-clock times hold over a change of the clock. Stored exceptions are applied elsewhere.
 */
import ICAL from 'ical.js';
import { DateTime } from 'luxon';
import type { EventTime, StoredEvent } from '../office/state.ts';
import { toInstantMs, toRfc3339 } from './times.ts';

/** One occurrence as the rule says, before exceptions. */
export interface Occurrence {
  /** `<master>_YYYYMMDDTHHMMSSZ`, or `<master>_YYYYMMDD` for all-day events. */
  id: string;
  startMs: number;
  start: EventTime;
  end: EventTime;
}

/** Bounds an open-ended rule. */
const maxOccurrences = 3_000;

/** Occurrences that end after `fromMs` and start before `toMs`, in order. */
export function expand(
  master: StoredEvent,
  fromMs: number,
  toMs: number,
  calendarZone: string,
): Occurrence[] {
  const zone = master.start.timeZone ?? calendarZone;
  const allDay = master.start.date !== undefined;
  const lengthMs = toInstantMs(master.end, zone) - toInstantMs(master.start, zone);
  const days = allDay ? Math.round(lengthMs / 86_400_000) : 0;
  const { starts, excluded } = readRules(master, zone, toMs);
  const kept = [...starts].filter((ms) => !excluded.has(ms)).sort((a, b) => a - b);
  return kept
    .filter((ms) => ms < toMs && ms + lengthMs > fromMs)
    .map((startMs) => {
      const local = DateTime.fromMillis(startMs, { zone });
      if (allDay) {
        const start = { date: local.toFormat('yyyy-MM-dd') };
        const end = { date: local.plus({ days }).toFormat('yyyy-MM-dd') };
        return { id: `${master.id}_${local.toFormat('yyyyMMdd')}`, startMs, start, end };
      }
      const stamp = local.toUTC().toFormat("yyyyMMdd'T'HHmmss'Z'");
      const start = { dateTime: toRfc3339(startMs, zone), timeZone: zone };
      const end = { dateTime: toRfc3339(startMs + lengthMs, zone), timeZone: zone };
      return { id: `${master.id}_${stamp}`, startMs, start, end };
    });
}

function readRules(
  master: StoredEvent,
  zone: string,
  toMs: number,
): { starts: Set<number>; excluded: Set<number> } {
  const starts = new Set<number>([toInstantMs(master.start, zone)]);
  const excluded = new Set<number>();
  for (const line of master.recurrence ?? []) {
    if (/^RRULE:/i.test(line)) {
      for (const ms of ruleStarts(line.slice('RRULE:'.length), master, zone, toMs)) starts.add(ms);
    } else {
      const into = /^RDATE/i.test(line) ? starts : excluded;
      for (const ms of listedDates(line, zone)) into.add(ms);
    }
  }
  return { starts, excluded };
}

/** The starts one RRULE gives. The rule runs on wall-clock time; each start is then an instant. */
function* ruleStarts(
  rule: string,
  master: StoredEvent,
  zone: string,
  toMs: number,
): Generator<number> {
  const recur = ICAL.Recur.fromString(rule);
  const untilMs = recur.until ? endOfRuleMs(recur.until, zone) : Infinity;
  // The iterator compares UNTIL as wall-clock time; the check below compares instants.
  recur.until = null;
  const startMs = toInstantMs(master.start, zone);
  const local = DateTime.fromMillis(startMs, { zone });
  const first = master.start.date
    ? ICAL.Time.fromDateString(master.start.date)
    : ICAL.Time.fromDateTimeString(local.toFormat("yyyy-MM-dd'T'HH:mm:ss"));
  const iterator = recur.iterator(first);
  for (let count = 0; count < maxOccurrences; count += 1) {
    const next = iterator.next() as ICAL.Time | null;
    if (!next) return;
    const ms = wallClockMs(next, zone);
    if (ms > untilMs || ms >= toMs) return;
    yield ms;
  }
}

function endOfRuleMs(until: ICAL.Time, zone: string): number {
  if (!until.isDate) return wallClockMs(until, isUtc(until) ? 'utc' : zone);
  return DateTime.fromMillis(wallClockMs(until, zone), { zone }).endOf('day').toMillis();
}

/** The instants an EXDATE or RDATE line names. */
export function listedDates(line: string, zone: string): number[] {
  const property = ICAL.Property.fromString(line);
  const named = property.getFirstParameter('tzid');
  const values = property.getValues() as ICAL.Time[];
  return values.map((value) => wallClockMs(value, isUtc(value) ? 'utc' : (named ?? zone)));
}

function isUtc(time: ICAL.Time): boolean {
  return time.zone?.tzid === 'UTC';
}

/** Instants already worked out; series are expanded again at every question. */
const knownInstants = new Map<string, number>();
const maxKnownInstants = 50_000;

function wallClockMs(time: ICAL.Time, zone: string): number {
  const { year, month, day, hour, minute, second } = time;
  const key = `${year}-${month}-${day}T${hour}:${minute}:${second} ${zone}`;
  const known = knownInstants.get(key);
  if (known !== undefined) return known;
  const local = { year, month, day, hour, minute, second };
  const instantMs = DateTime.fromObject(local, { zone }).toMillis();
  if (knownInstants.size >= maxKnownInstants) knownInstants.clear();
  knownInstants.set(key, instantMs);
  return instantMs;
}
