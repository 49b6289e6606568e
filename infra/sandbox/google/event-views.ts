/** The forms in which Calendar v3 shows an event: whole, cancelled, and as busy time only. */
import type { Attendee, Person, StoredEvent } from '../office/state.ts';
import { showTime } from './event-times.ts';

/** An event as its owner sees it. */
export function showEvent(event: StoredEvent, owner: Person, shownZone = owner.zone): object {
  const { revision: _revision, start, end, originalStartTime, attendees, ...rest } = event;
  const { organizer, creator } = event;
  const encoded = Buffer.from(`${event.id} ${owner.email}`).toString('base64url');
  return {
    kind: 'calendar#event',
    ...rest,
    htmlLink: `https://www.google.com/calendar/event?eid=${encoded}`,
    eventType: event.eventType ?? 'default',
    reminders: event.reminders ?? { useDefault: true },
    creator: { ...creator, ...(creator.email === owner.email ? { self: true } : {}) },
    organizer: { ...organizer, ...(organizer.email === owner.email ? { self: true } : {}) },
    start: showTime(start, owner.zone, shownZone),
    end: showTime(end, owner.zone, shownZone),
    ...(originalStartTime
      ? { originalStartTime: showTime(originalStartTime, owner.zone, shownZone) }
      : {}),
    ...(attendees
      ? { attendees: attendees.map((attendee) => showAttendee(attendee, event, owner)) }
      : {}),
  };
}

function showAttendee(attendee: Attendee, event: StoredEvent, owner: Person): object {
  return {
    ...attendee,
    ...(attendee.email === event.organizer.email ? { organizer: true } : {}),
    ...(attendee.email === owner.email ? { self: true } : {}),
  };
}

/** What lists guarantee of a cancelled event: its identity and nothing else. */
export function showCancelled(event: StoredEvent, owner: Person): object {
  const { id, etag, recurringEventId, originalStartTime } = event;
  return {
    kind: 'calendar#event',
    etag,
    id,
    status: 'cancelled',
    ...(recurringEventId && originalStartTime
      ? {
          recurringEventId,
          originalStartTime: showTime(originalStartTime, owner.zone, owner.zone),
        }
      : {}),
  };
}

/** What a colleague who may only read free/busy sees of an event: that the time is taken. */
export function showBusyOnly(event: StoredEvent, owner: Person, shownZone: string): object {
  const { id, etag, status, transparency } = event;
  return {
    kind: 'calendar#event',
    etag,
    id,
    status,
    ...(transparency ? { transparency } : {}),
    visibility: 'private',
    start: showTime(event.start, owner.zone, shownZone),
    end: showTime(event.end, owner.zone, shownZone),
  };
}
