/**
 * Reading events off one person's calendar: single events, occurrences of recurring ones and their
 * exceptions, and busy time. Changes nothing.
 */
import { DateTime } from 'luxon';
import type { Office } from '../office/office.ts';
import type { Person, StoredEvent } from '../office/state.ts';
import { expand, type Occurrence } from './recurrence.ts';
import { toInstantMs } from './times.ts';

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
