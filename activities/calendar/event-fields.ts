/** The fields of an event that a change may set: read off an event, compared, and handed to a port. */
import type { EventFields } from '#contracts/schemas/event-changes.ts';
import { sameMoment, timesOf } from './existing-event.ts';
import type { CalendarEvent, EventPatch, NewEvent } from './port.ts';
import { sameRule } from './recurrence.ts';

/** Every field of an event, as a payload holds it. */
export type WholeEvent = Omit<NewEvent, 'effectKey'>;

/** Fields that guests see: a change of one of them is told. */
const shared = [
  'title',
  'start',
  'end',
  'location',
  'description',
  'guests',
  'optionalGuests',
  'rooms',
  'recurrence',
  'conference',
] as const;

/** An event as fields. `zone` is the one its times are written in. */
export function fieldsOf(event: CalendarEvent, zone: string): WholeEvent {
  const emails = (optional: boolean) =>
    event.guests.filter((guest) => guest.optional === optional).map(({ email }) => email);
  return {
    title: event.title,
    ...timesOf(event, zone),
    zone,
    location: event.location,
    description: event.description,
    guests: emails(false),
    optionalGuests: emails(true),
    rooms: event.rooms.map(({ email }) => email),
    recurrence: event.recurrence === 'inexpressible' ? null : event.recurrence,
    reminderMinutes: event.reminderMinutes,
    conference: event.conferenceLink !== null,
    private: event.private,
    showAs: event.showAs === 'free' || event.showAs === 'tentative' ? event.showAs : 'busy',
  };
}

/** The values of one set of fields for the names of another. */
export function pick(from: WholeEvent, names: EventFields): EventFields {
  return Object.fromEntries(
    Object.keys(names).map((name) => [name, from[name as keyof WholeEvent]]),
  );
}

/** A change as the port takes it. The schema leaves absent fields out, so none is undefined. */
export function patchOf(fields: EventFields): EventPatch {
  return fields as EventPatch;
}

/** True when guests notice the change. */
export function isShared(fields: EventFields): boolean {
  return shared.some((name) => fields[name] !== undefined);
}

/** True when an event has these values. */
export function hasFields(event: CalendarEvent, fields: EventFields): boolean {
  const now = fieldsOf(event, event.zone);
  const { start, end, recurrence, zone: _zone, ...rest } = fields;
  return (
    (start === undefined || sameMoment(now.start, start)) &&
    (end === undefined || sameMoment(now.end, end)) &&
    (recurrence === undefined || sameRecurrence(now.recurrence, recurrence, event.zone)) &&
    Object.entries(rest).every(([name, value]) => {
      const current = now[name as keyof WholeEvent] ?? null;
      return current === (value ?? null) || isSamePeople(current, value) || isBlank(current, value);
    })
  );
}

/** True for two recurrences with the same rule. What is left out may be kept elsewhere. */
export function sameRecurrence(
  a: WholeEvent['recurrence'],
  b: WholeEvent['recurrence'],
  zone: string,
): boolean {
  return a === null || b === null ? a === b : sameRule(a.rule, b.rule, zone);
}

function isSamePeople(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return false;
  return a.length === b.length && a.every((email) => b.includes(email));
}

/** Providers keep no text as empty text, or the other way about. */
function isBlank(a: unknown, b: unknown): boolean {
  return (a ?? '') === '' && (b ?? '') === '';
}
