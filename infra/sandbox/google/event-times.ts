/** The checks that Calendar v3 makes of times and recurrence, and the times as it shows them. */
import ICAL from 'ical.js';
import { DateTime, IANAZone } from 'luxon';
import { offsetPattern, toInstantMs, toRfc3339 } from '../calendar/times.ts';
import { GoogleError, invalid, required } from '../errors.ts';
import type { EventTime } from '../office/state.ts';

const datePattern = /^\d{4}-\d{2}-\d{2}$/;

/** An instant query parameter, which must carry an offset. @throws GoogleError 400. */
export function parseInstantMs(value: string, parameter: string): number {
  const parsed = DateTime.fromISO(value, { setZone: true });
  if (!parsed.isValid || !offsetPattern.test(value)) throw invalid('Bad Request', parameter);
  return parsed.toMillis();
}

/** Checks a zone name. @throws GoogleError 400. */
export function checkZone(zone: string, message: string): void {
  if (!IANAZone.isValidZone(zone)) throw invalid(message);
}

/** Checks one end of an event as clients send it. @throws GoogleError 400. */
export function checkEventTime(
  time: EventTime | undefined,
  which: 'start' | 'end',
  recurring: boolean,
): asserts time is EventTime {
  if (!time || (time.date === undefined && time.dateTime === undefined)) {
    throw required(`Missing ${which} time.`);
  }
  if (time.timeZone !== undefined) {
    checkZone(time.timeZone, `Invalid time zone definition for ${which} time.`);
  }
  if (time.date !== undefined) {
    const valid = datePattern.test(time.date) && DateTime.fromISO(time.date).isValid;
    if (!valid || time.dateTime !== undefined) throw invalid(`Invalid ${which} time.`);
    return;
  }
  const text = time.dateTime ?? '';
  if (!text.includes('T') || !DateTime.fromISO(text).isValid) {
    throw invalid(`Invalid ${which} time.`);
  }
  const needsZone = recurring || !offsetPattern.test(text);
  if (needsZone && time.timeZone === undefined) {
    throw required(`Missing time zone definition for ${which} time.`);
  }
}

/** Refuses an event that ends before it starts or mixes days with instants. @throws GoogleError 400. */
export function checkTimeRange(start: EventTime, end: EventTime, calendarZone: string): void {
  if ((start.date === undefined) !== (end.date === undefined)) {
    throw invalid('Start and end times must either both be date or both be dateTime.');
  }
  const lengthMs = toInstantMs(end, calendarZone) - toInstantMs(start, calendarZone);
  if (lengthMs < 0 || (lengthMs === 0 && start.date !== undefined)) {
    throw new GoogleError(400, 'timeRangeEmpty', 'The specified time range is empty.', {
      domain: 'calendar',
      locationType: 'parameter',
      location: 'timeMax',
    });
  }
}

/** The same time shown in a zone; all-day dates stay as they are. */
export function showTime(time: EventTime, calendarZone: string, shownZone: string): EventTime {
  if (time.date !== undefined) return { date: time.date };
  const zone = time.timeZone ?? shownZone;
  return { dateTime: toRfc3339(toInstantMs(time, calendarZone), shownZone), timeZone: zone };
}

/** Refuses recurrence lines that cannot be read. @throws GoogleError 400. */
export function checkRecurrence(lines: readonly string[]): void {
  for (const line of lines) {
    try {
      if (/^RRULE:/i.test(line)) ICAL.Recur.fromString(line.slice('RRULE:'.length));
      else if (/^(?:EXDATE|RDATE)[;:]/i.test(line)) ICAL.Property.fromString(line);
      else throw new Error('unknown line');
    } catch {
      throw invalid('Invalid recurrence rule.');
    }
  }
}
