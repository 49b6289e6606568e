/** Completes a change of an Outlook event: what Graph replaces as a whole is sent as a whole. Pure. */
import type { Event } from '@microsoft/microsoft-graph-types';
import { DateTime } from 'luxon';
import { failure } from '../failures.ts';
import { toChangeBody } from './microsoft-events.ts';
import type { CalendarEvent, EventPatch, Recurrence } from './port.ts';

/**
 * The body of a change of an event that stands as `before`.
 * @throws InvalidInputError for what Graph cannot change
 */
export function patchBodyOf(effectKey: string, patch: EventPatch, before: CalendarEvent): Event {
  if (patch.conference === false && before.conferenceLink !== null) {
    throw failure('InvalidInputError', 'Microsoft cannot take the meeting link off an event.');
  }
  requireKnownGaps(patch.recurrence, before.recurrence);
  const whole = withTimes(withPeople(patch, before), before);
  return toChangeBody(effectKey, whole, before.isSeries || Boolean(patch.recurrence));
}

/**
 * Graph takes an occurrence out by deleting it, which tells the guests of each: no part of writing a
 * rule. @throws InvalidInputError for occurrences left out that are there
 */
export function requireKnownGaps(
  wanted: Recurrence | null | undefined,
  known: CalendarEvent['recurrence'],
): void {
  const gaps = known === null || known === 'inexpressible' ? [] : known.excluded;
  const out = new Set(gaps.map((start) => Date.parse(start)));
  const more = wanted?.excluded.find((start) => !out.has(Date.parse(start)));
  if (more === undefined) return;
  throw failure(
    'InvalidInputError',
    `Microsoft writes no series with days left out (${more}). Take that occurrence out afterwards.`,
  );
}

/** Attendees are one list: the lists a change does not name are sent as they are. */
function withPeople(patch: EventPatch, before: CalendarEvent): EventPatch {
  const { guests, optionalGuests, rooms } = patch;
  if (guests === undefined && optionalGuests === undefined && rooms === undefined) return patch;
  const known = (optional: boolean) =>
    before.guests.filter((guest) => guest.optional === optional).map(({ email }) => email);
  return {
    ...patch,
    guests: guests ?? known(false),
    optionalGuests: optionalGuests ?? known(true),
    rooms: rooms ?? before.rooms.map(({ email }) => email),
  };
}

/** A series' pattern holds the date it begins with, so the two change together. */
function withTimes(patch: EventPatch, before: CalendarEvent): EventPatch {
  const times =
    patch.start === undefined || patch.end === undefined || patch.zone === undefined
      ? timesOf(before)
      : { start: patch.start, end: patch.end, zone: patch.zone };
  const recurrence = recurrenceAfter(patch, before, times);
  if (recurrence) return { ...patch, ...times, recurrence };
  return patch.start === undefined ? patch : { ...patch, ...times };
}

function recurrenceAfter(
  patch: EventPatch,
  before: CalendarEvent,
  { start, zone }: { start: string; zone: string },
): EventPatch['recurrence'] {
  if (patch.recurrence !== undefined || !before.isSeries || patch.start === undefined) {
    return patch.recurrence;
  }
  const firstDay = before.allDay?.from ?? dayOf(before.startMs, before.zone);
  if (dayOf(DateTime.fromISO(start, { zone }).toMillis(), zone) === firstDay) return undefined;
  if (before.recurrence !== 'inexpressible') return before.recurrence;
  throw failure(
    'InvalidInputError',
    'This series repeats in a way that cannot be moved to other days.',
  );
}

function timesOf({ allDay, startMs, endMs, zone }: CalendarEvent) {
  if (allDay !== null) return { start: allDay.from, end: allDay.to, zone };
  const at = (ms: number) => DateTime.fromMillis(ms, { zone }).toISO() ?? '';
  return { start: at(startMs), end: at(endMs), zone };
}

function dayOf(ms: number, zone: string): string {
  return DateTime.fromMillis(ms, { zone }).toISODate() ?? '';
}
