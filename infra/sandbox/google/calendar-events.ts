/**
 * Reading events off one person's calendar: single events, occurrences of recurring ones and their
 * exceptions, busy time, and the form in which Calendar v3 shows them. Changes nothing.
 */
import { DateTime } from 'luxon';
import type { Office } from '../office/office.ts';
import type { Attendee, Person, StoredEvent } from '../office/state.ts';
import { showTime, toInstantMs } from './event-times.ts';
import { expand, type Occurrence } from './recurrence.ts';

/** A span of instants; touching its edges does not count as inside. */
export interface Window {
  fromMs: number;
  toMs: number;
}

/** One event by id, stored or as an occurrence of a stored recurring event. */
export function findEvent(office: Office, owner: Person, id: string): StoredEvent | undefined {
  const { events } = office.calendar(owner.email);
  const stored = events[id];
  if (stored) return stored;
  const [, masterId = '', stamp = ''] = /^(.+)_(\d{8}(?:T\d{6}Z)?)$/.exec(id) ?? [];
  const master = events[masterId];
  if (!master?.recurrence) return undefined;
  const zone = stamp.endsWith('Z') ? 'utc' : (master.start.timeZone ?? owner.zone);
  const format = stamp.endsWith('Z') ? "yyyyMMdd'T'HHmmss'Z'" : 'yyyyMMdd';
  const startMs = DateTime.fromFormat(stamp, format, { zone }).toMillis();
  const found = expand(master, startMs - 1, startMs + 1, owner.zone);
  const occurrence = found.find((candidate) => candidate.id === id);
  return occurrence && instanceOf(master, occurrence);
}

/** An occurrence in the form of an event. */
export function instanceOf(master: StoredEvent, occurrence: Occurrence): StoredEvent {
  const { recurrence: _recurrence, ...shared } = master;
  return {
    ...shared,
    id: occurrence.id,
    recurringEventId: master.id,
    originalStartTime: occurrence.start,
    start: occurrence.start,
    end: occurrence.end,
  };
}

/** Whether an event lies in a window: it ends after the start of it and starts before the end. */
export function overlaps(event: StoredEvent, window: Window, zone: string): boolean {
  const startMs = toInstantMs(event.start, zone);
  const endMs = toInstantMs(event.end, zone);
  return startMs < window.toMs && endMs > window.fromMs;
}

/** Everything in a window, cancelled events included; recurring ones expanded when asked. */
export function eventsIn(
  office: Office,
  owner: Person,
  window: Window,
  singleEvents: boolean,
): StoredEvent[] {
  const { events } = office.calendar(owner.email);
  return Object.values(events).flatMap((event) => {
    if (!event.recurrence) return overlaps(event, window, owner.zone) ? [event] : [];
    const occurrences = expand(event, window.fromMs, window.toMs, owner.zone);
    if (!singleEvents) return occurrences.length > 0 ? [event] : [];
    return occurrences
      .filter((occurrence) => events[occurrence.id] === undefined)
      .map((occurrence) => instanceOf(event, occurrence));
  });
}

/** Merged busy time of a person inside a window, in order. */
export function busyTime(office: Office, owner: Person, window: Window): Window[] {
  const spans = eventsIn(office, owner, window, true)
    .filter((event) => blocks(event, owner))
    .map((event) => ({
      fromMs: Math.max(window.fromMs, toInstantMs(event.start, owner.zone)),
      toMs: Math.min(window.toMs, toInstantMs(event.end, owner.zone)),
    }))
    .filter((span) => span.toMs > span.fromMs)
    .sort((a, b) => a.fromMs - b.fromMs);
  const merged: Window[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last && span.fromMs <= last.toMs) last.toMs = Math.max(last.toMs, span.toMs);
    else merged.push({ ...span });
  }
  return merged;
}

/** Cancelled, transparent, declined and working-location events block nothing. */
export function blocks(event: StoredEvent, owner: Person): boolean {
  if (event.status === 'cancelled' || event.transparency === 'transparent') return false;
  if (event.eventType === 'workingLocation') return false;
  const self = event.attendees?.find((attendee) => attendee.email === owner.email);
  return self?.responseStatus !== 'declined';
}

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
