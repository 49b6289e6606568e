/**
 * Times as Graph writes them: a wall clock without offset beside the name of its zone, seven
 * fraction digits out, and all-day events as midnight to midnight whatever zone was preferred.
 */
import { DateTime } from 'luxon';
import { toInstantMs, toRfc3339 } from '../calendar/times.ts';
import type { EventTime } from '../office/state.ts';
import { badRequest, GraphError } from './errors.ts';
import { ianaZone } from './zones.ts';

/** `dateTimeTimeZone` as a client sends it. */
export interface SentTime {
  dateTime: string;
  timeZone?: string | null | undefined;
}

/** A zone as the client called it, and its IANA name. */
export interface ShownZone {
  readonly name: string;
  readonly iana: string;
}

/** What Graph calls "no time". */
export const zeroTime = '0001-01-01T00:00:00Z';

/** 400 for values that contradict each other; Graph's own text says no more. */
export function validationFailure(why: string): GraphError {
  const message = `At least one property failed validation. ${why}`;
  return new GraphError(400, 'ErrorPropertyValidationFailure', message);
}

/** A time as stored. @throws GraphError 400. */
export function readTime(sent: SentTime, allDay: boolean): EventTime {
  const zone = ianaZone(sent.timeZone ?? 'UTC');
  const local = DateTime.fromISO(sent.dateTime, { zone });
  if (!local.isValid) throw badRequest(`Cannot convert the literal '${sent.dateTime}' to a time.`);
  if (!allDay) {
    const timeZone = zone === 'utc' ? 'UTC' : zone;
    return { dateTime: toRfc3339(local.toMillis(), zone), timeZone };
  }
  if (local.toMillis() !== local.startOf('day').toMillis()) {
    throw validationFailure('The start and end of an all-day event need to be set to midnight.');
  }
  return { date: local.toFormat('yyyy-MM-dd') };
}

/** A stored time in the zone that was preferred. */
export function showTime(time: EventTime, calendarZone: string, zone: ShownZone): object {
  if (time.date !== undefined) {
    return { dateTime: `${time.date}T00:00:00.0000000`, timeZone: zone.name };
  }
  return wallClock(toInstantMs(time, calendarZone), zone);
}

/** An instant as `dateTimeTimeZone`. */
export function wallClock(instantMs: number, zone: ShownZone): object {
  const local = DateTime.fromMillis(instantMs, { zone: zone.iana });
  return { dateTime: local.toFormat("yyyy-MM-dd'T'HH:mm:ss.SSS'0000'"), timeZone: zone.name };
}

/** An instant as `DateTimeOffset`: UTC, seven fraction digits. */
export function showInstant(instant: number | string): string {
  return new Date(instant).toISOString().replace('Z', '0000Z');
}

/**
 * A bound of a window. One without offset is UTC; the preferred zone does not touch it.
 * @throws GraphError 400.
 */
export function readBound(text: string | undefined, name: string): number {
  if (text === undefined) {
    const message = `This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.`;
    throw new GraphError(400, 'ErrorInvalidParameter', message);
  }
  const instant = DateTime.fromISO(text, { zone: 'utc' });
  if (instant.isValid) return instant.toMillis();
  throw new GraphError(400, 'ErrorInvalidParameter', `The value of parameter ${name} is invalid.`);
}
