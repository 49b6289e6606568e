/** Reads Google's events into the port's form. Tolerant of what is missing; it invents nothing. */
import type { calendar_v3 } from 'googleapis/build/src/apis/calendar/index.js';
import { DateTime } from 'luxon';
import { failure } from '../failures.ts';
import { meetingUid } from './meeting-uid.ts';
import type { CalendarEvent, CalendarGuest, Response, Showing } from './port.ts';
import { readRecurrence } from './recurrence-lines.ts';

/** One event. `zone` is used for all-day events and where the event names none. */
export function toCalendarEvent(event: calendar_v3.Schema$Event, zone: string): CalendarEvent {
  const { start, end, recurrence } = event;
  const from = start?.date ?? null;
  const to = end?.date ?? null;
  const organizer = event.organizer?.email;
  const showAs = toShowing(event);
  const eventZone = start?.timeZone ?? zone;
  return {
    id: event.id ?? '',
    uid: meetingUid(event.iCalUID),
    etag: event.etag ?? '',
    cancelled: event.status === 'cancelled',
    title: event.summary ?? '(no title)',
    startMs: toMs(start, zone),
    endMs: toMs(end, zone),
    allDay: from === null || to === null ? null : { from, to },
    zone: eventZone,
    location: event.location ?? null,
    description: event.description ?? null,
    organizer: organizer ? { email: organizer, self: event.organizer?.self === true } : null,
    guests: toGuests(event, false),
    rooms: toGuests(event, true),
    recurringEventId: event.recurringEventId ?? null,
    originalStartMs: event.originalStartTime ? toMs(event.originalStartTime, zone) : null,
    isSeries: (recurrence?.length ?? 0) > 0,
    recurrence: recurrence?.length ? readRecurrence(recurrence, eventZone) : null,
    busy: showAs !== 'free' && showAs !== 'workingElsewhere',
    showAs,
    kind: toKind(event.eventType),
    private: event.visibility === 'private' || event.visibility === 'confidential',
    reminderMinutes: toReminder(event.reminders),
    conferenceLink: event.hangoutLink ?? videoLink(event.conferenceData) ?? null,
    response: toOwnResponse(event),
    link: event.htmlLink ?? null,
    effectKey: event.extendedProperties?.private?.['effectKey'] ?? null,
  };
}

function toMs(time: calendar_v3.Schema$EventDateTime | undefined, zone: string): number {
  if (time?.dateTime)
    return DateTime.fromISO(time.dateTime, { zone: time.timeZone ?? zone }).toMillis();
  if (time?.date) return DateTime.fromISO(time.date, { zone }).toMillis();
  return Number.NaN;
}

function toShowing({ transparency, eventType, status }: calendar_v3.Schema$Event): Showing {
  if (eventType === 'workingLocation') return 'workingElsewhere';
  if (transparency === 'transparent') return 'free';
  if (eventType === 'outOfOffice') return 'outOfOffice';
  return status === 'tentative' ? 'tentative' : 'busy';
}

function toKind(type: string | null | undefined): CalendarEvent['kind'] {
  if (type === undefined || type === null || type === 'default') return 'default';
  const known = ['outOfOffice', 'workingLocation', 'focusTime'] as const;
  return known.find((kind) => kind === type) ?? 'other';
}

function toReminder(reminders: calendar_v3.Schema$Event['reminders']): number | null {
  if (reminders?.useDefault !== false) return null;
  const minutes = (reminders.overrides ?? []).flatMap((one) => one.minutes ?? []);
  return minutes.length === 0 ? null : Math.max(...minutes);
}

function videoLink(conference: calendar_v3.Schema$ConferenceData | undefined): string | undefined {
  const video = conference?.entryPoints?.find((entry) => entry.entryPointType === 'video');
  return video?.uri ?? undefined;
}

function toGuests(event: calendar_v3.Schema$Event, rooms: boolean): CalendarGuest[] {
  return (event.attendees ?? []).flatMap((attendee) => {
    const { email, displayName, self, resource, optional } = attendee;
    if (!email || self === true || (resource === true) !== rooms) return [];
    return [
      {
        email: email.toLowerCase(),
        name: displayName ?? null,
        response: toResponse(attendee.responseStatus),
        optional: optional === true,
      },
    ];
  });
}

function toOwnResponse(event: calendar_v3.Schema$Event): CalendarEvent['response'] {
  if (event.organizer?.self === true) return 'organizer';
  const own = event.attendees?.find((attendee) => attendee.self === true);
  return own === undefined ? null : toResponse(own.responseStatus);
}

function toResponse(status: string | null | undefined): Response {
  return status === 'accepted' || status === 'declined' || status === 'tentative' ? status : 'none';
}

/** The body of an answer to a read. @throws ProviderUnavailableError when there is none */
export function requireAnswer<Data extends object>(data: Data): Data {
  if (typeof data === 'object' && data !== null) return data;
  throw failure('ProviderUnavailableError', 'Google sent an empty answer.');
}
