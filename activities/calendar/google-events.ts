/** Reads Google's events into the port's form. Tolerant of what is missing; it invents nothing. */
import type { calendar_v3 } from 'googleapis/build/src/apis/calendar/index.js';
import { DateTime } from 'luxon';
import type { CalendarEvent, CalendarGuest } from './port.ts';

/** One event. `zone` is used for all-day events and where the event names none. */
export function toCalendarEvent(event: calendar_v3.Schema$Event, zone: string): CalendarEvent {
  const { start, end } = event;
  const from = start?.date ?? null;
  const to = end?.date ?? null;
  const organizer = event.organizer?.email;
  return {
    id: event.id ?? '',
    etag: event.etag ?? '',
    cancelled: event.status === 'cancelled',
    title: event.summary ?? '(no title)',
    startMs: toMs(start, zone),
    endMs: toMs(end, zone),
    allDay: from === null || to === null ? null : { from, to },
    zone: start?.timeZone ?? zone,
    location: event.location ?? null,
    description: event.description ?? null,
    organizer: organizer ? { email: organizer, self: event.organizer?.self === true } : null,
    guests: toGuests(event),
    recurringEventId: event.recurringEventId ?? null,
    isSeries: (event.recurrence?.length ?? 0) > 0,
    busy: event.transparency !== 'transparent',
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

function toGuests(event: calendar_v3.Schema$Event): CalendarGuest[] {
  return (event.attendees ?? []).flatMap((attendee) => {
    const { email, displayName, self, resource } = attendee;
    if (!email || self === true || resource === true) return [];
    const name = displayName ?? null;
    return [{ email: email.toLowerCase(), name, response: toResponse(attendee.responseStatus) }];
  });
}

function toResponse(status: string | null | undefined): CalendarGuest['response'] {
  return status === 'accepted' || status === 'declined' || status === 'tentative' ? status : 'none';
}
