/**
 * The recurrence lines of RFC 5545 as Google keeps them (RRULE, EXDATE, RDATE), read and written.
 * What the port cannot express is said to be so, never shortened to what it can.
 * @see https://www.rfc-editor.org/rfc/rfc5545#section-3.8.5
 */
import ICAL from 'ical.js';
import { DateTime } from 'luxon';
import type { Recurrence } from './port.ts';

/** Reads the lines of a series. `zone` is the one its local times are in. */
export function readRecurrence(
  lines: readonly string[],
  zone: string,
): Recurrence | 'inexpressible' {
  const rules: string[] = [];
  const excluded: string[] = [];
  for (const line of lines) {
    const rule = /^RRULE:(.+)$/i.exec(line)?.[1];
    if (rule !== undefined) rules.push(rule);
    else if (/^EXDATE[;:]/i.test(line)) excluded.push(...readDates(line, zone));
    else return 'inexpressible';
  }
  const [rule, ...more] = rules;
  return rule === undefined || more.length > 0 ? 'inexpressible' : { rule, excluded };
}

/** Writes a recurrence as lines; instants left out are written in UTC. */
export function writeRecurrence({ rule, excluded }: Recurrence): string[] {
  const dates = excluded.filter(isDate);
  const instants = excluded.filter((start) => !isDate(start));
  const lines = [`RRULE:${rule}`];
  if (dates.length > 0) lines.push(`EXDATE;VALUE=DATE:${dates.map(compact).join(',')}`);
  if (instants.length > 0) lines.push(`EXDATE:${instants.map(compactUtc).join(',')}`);
  return lines;
}

/** True for `YYYY-MM-DD`. */
export function isDate(time: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(time);
}

function readDates(line: string, zone: string): string[] {
  const property = ICAL.Property.fromString(line);
  const named = property.getFirstParameter('tzid');
  return (property.getValues() as ICAL.Time[]).map((value) => {
    const text = value.toString();
    if (value.isDate) return text;
    const local = DateTime.fromISO(text, { zone: text.endsWith('Z') ? 'utc' : (named ?? zone) });
    return local.toUTC().toISO({ suppressMilliseconds: true }) ?? text;
  });
}

function compact(date: string): string {
  return date.replaceAll('-', '');
}

/** An instant as `20261126T090000Z`. */
function compactUtc(instant: string): string {
  return DateTime.fromISO(instant).toUTC().toFormat("yyyyMMdd'T'HHmmss'Z'");
}
