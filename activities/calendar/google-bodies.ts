/** Writes the port's events and changes as Google's request bodies. Pure. */
import type { calendar_v3 } from 'googleapis/build/src/apis/calendar/index.js';
import type { EventPatch, NewEvent } from './port.ts';
import { isDate, writeRecurrence } from './recurrence-lines.ts';

type Body = calendar_v3.Schema$Event;
type People = Pick<NewEvent, 'guests' | 'optionalGuests' | 'rooms'>;

/** The body of an event to create. */
export function insertBody(event: NewEvent): Body {
  const attendees = attendeesOf(event, []);
  return {
    id: googleEventId(event.effectKey),
    summary: event.title,
    start: timeBody(event.start, event.zone),
    end: timeBody(event.end, event.zone),
    ...(event.location === null ? {} : { location: event.location }),
    ...(event.description === null ? {} : { description: event.description }),
    ...(attendees.length === 0 ? {} : { attendees }),
    ...(event.recurrence === null ? {} : { recurrence: writeRecurrence(event.recurrence) }),
    ...(event.reminderMinutes === null ? {} : { reminders: reminder(event.reminderMinutes) }),
    ...(event.conference ? { conferenceData: conferenceRequest(event.effectKey) } : {}),
    ...(event.private ? { visibility: 'private' } : {}),
    ...(event.showAs === 'free' ? { transparency: 'transparent' } : {}),
    ...(event.showAs === 'tentative' ? { status: 'tentative' } : {}),
    extendedProperties: { private: { effectKey: event.effectKey } },
  };
}

/** The body of a change. `current` is needed where the change names people: they keep their answers. */
export function patchBody(patch: EventPatch, effectKey: string, current: Body | null): Body {
  const { title, start, end, zone = 'UTC', location, description, recurrence, showAs } = patch;
  const people = namesPeople(patch) && current !== null ? peopleAfter(patch, current) : undefined;
  return {
    ...(title === undefined ? {} : { summary: title }),
    ...(start === undefined ? {} : { start: timeBody(start, zone) }),
    ...(end === undefined ? {} : { end: timeBody(end, zone) }),
    ...(location === undefined ? {} : { location: location ?? '' }),
    ...(description === undefined ? {} : { description: description ?? '' }),
    ...(people === undefined ? {} : { attendees: attendeesOf(people, current?.attendees ?? []) }),
    ...(recurrence === undefined
      ? {}
      : { recurrence: recurrence === null ? [] : writeRecurrence(recurrence) }),
    ...(patch.reminderMinutes === undefined ? {} : { reminders: reminder(patch.reminderMinutes) }),
    ...(patch.conference === undefined ? {} : conferenceChange(patch.conference, effectKey)),
    ...(patch.private === undefined ? {} : { visibility: patch.private ? 'private' : 'default' }),
    ...(showAs === undefined
      ? {}
      : {
          transparency: showAs === 'free' ? 'transparent' : 'opaque',
          status: showAs === 'tentative' ? 'tentative' : 'confirmed',
        }),
    extendedProperties: { private: { effectKey } },
  };
}

/** True for a change of who takes part. */
export function namesPeople({ guests, optionalGuests, rooms }: EventPatch): boolean {
  return guests !== undefined || optionalGuests !== undefined || rooms !== undefined;
}

/**
 * The id an effect's event gets: base32hex in lower case, which is what Google allows (a–v, 0–9).
 * @param effectKey 64 hex characters
 */
export function googleEventId(effectKey: string): string {
  const digits = '0123456789abcdefghijklmnopqrstuv';
  let bits = 0;
  let value = 0;
  let id = '';
  for (const byte of Buffer.from(effectKey, 'hex')) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      id += digits[(value >> bits) & 31] ?? '';
    }
    value &= (1 << bits) - 1;
  }
  return bits === 0 ? id : id + (digits[(value << (5 - bits)) & 31] ?? '');
}

function timeBody(time: string, timeZone: string): calendar_v3.Schema$EventDateTime {
  return isDate(time) ? { date: time } : { dateTime: time, timeZone };
}

function reminder(minutes: number | null): NonNullable<Body['reminders']> {
  if (minutes === null) return { useDefault: true };
  return { useDefault: false, overrides: [{ method: 'popup', minutes }] };
}

/** The request id makes a second request for the same conference harmless. */
function conferenceRequest(requestId: string): calendar_v3.Schema$ConferenceData {
  return { createRequest: { requestId, conferenceSolutionKey: { type: 'hangoutsMeet' } } };
}

/** Null takes a conference away; the library's types do not know the null of a patch. */
function conferenceChange(wanted: boolean, effectKey: string): Body {
  const conferenceData = wanted ? conferenceRequest(effectKey) : null;
  return { conferenceData } as Body;
}

/** The people a change leads to: a list it does not name stays as it is. */
function peopleAfter(patch: EventPatch, current: Body): People {
  const now = (current.attendees ?? []).filter(({ self }) => self !== true);
  const emails = (list: typeof now) => list.flatMap(({ email }) => email?.toLowerCase() ?? []);
  const people = now.filter(({ resource }) => resource !== true);
  return {
    guests: patch.guests ?? emails(people.filter(({ optional }) => optional !== true)),
    optionalGuests:
      patch.optionalGuests ?? emails(people.filter(({ optional }) => optional === true)),
    rooms: patch.rooms ?? emails(now.filter(({ resource }) => resource === true)),
  };
}

function attendeesOf(
  { guests, optionalGuests, rooms }: People,
  before: readonly calendar_v3.Schema$EventAttendee[],
): calendar_v3.Schema$EventAttendee[] {
  const known = (email: string) => {
    const found = before.find((attendee) => attendee.email?.toLowerCase() === email);
    const { optional: _optional, resource: _resource, ...kept } = found ?? { email };
    return kept;
  };
  return [
    ...before.filter(({ self }) => self === true),
    ...guests.map(known),
    ...optionalGuests.map((email) => ({ ...known(email), optional: true })),
    ...rooms.map((email) => ({ ...known(email), resource: true })),
  ];
}
