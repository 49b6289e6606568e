/** Lines that cards of calendar effects are made of. Nothing is shortened; hidden characters show. */
import type { CardLine } from '#contracts/approval.ts';
import type { EventConflict } from '#contracts/schemas/calendar.ts';
import { makeVisible, visibleAddress } from '../visible-text.ts';
import type { EventPatch } from './port.ts';
import { describeRule } from './recurrence.ts';
import { isDate } from './recurrence-lines.ts';
import { formatInstant } from './time-phrases.ts';

/** A time of a payload for people: an instant in words with its zone, or a whole day. */
export function showTime(time: string, zone: string): string {
  return isDate(time) ? `${time} (all day)` : formatInstant(Date.parse(time), zone);
}

/** One line. */
export function line(label: string, value: string): CardLine {
  return { label, value: makeVisible(value) };
}

/** A line where there is something to say. */
export function optionalLine(label: string, value: string | null): CardLine[] {
  return value === null || value === '' ? [] : [line(label, value)];
}

/** Everyone on a list, by address. */
export function peopleLine(label: string, people: readonly string[]): CardLine {
  const shown = people.map(visibleAddress).join(', ');
  return { label, value: people.length === 0 ? 'nobody' : shown };
}

/** The lines of what an event has beside title, times, guests and texts. */
export function detailLines(fields: EventPatch, zone: string): CardLine[] {
  const { optionalGuests, rooms, recurrence, reminderMinutes, conference, showAs } = fields;
  return [
    ...(optionalGuests?.length ? [peopleLine('Optional guests', optionalGuests)] : []),
    ...(rooms?.length ? [peopleLine('Rooms', rooms)] : []),
    ...(recurrence ? [line('Repeats', describeRule(recurrence.rule, zone))] : []),
    ...(reminderMinutes == null ? [] : [line('Reminder', `${reminderMinutes} minutes before`)]),
    ...(conference === true ? [line('Online', 'with a link to meet')] : []),
    ...(fields.private === true ? [line('Visibility', 'private')] : []),
    ...(showAs === undefined || showAs === 'busy' ? [] : [line('Shown as', showAs)]),
  ];
}

/** Warnings about what else the person has then. */
export function conflictWarnings(
  conflicts: readonly EventConflict[] | null,
  zone: string,
): string[] {
  return (conflicts ?? []).map(
    (other) => `You have "${makeVisible(other.title)}" then: ${showTime(other.start, zone)}.`,
  );
}
