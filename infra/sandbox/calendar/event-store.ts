/**
 * The one place where an event is written to a calendar: every write gets a new etag, and a series
 * that moves loses its exceptions.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Office } from '../office/office.ts';
import type { Person, StoredEvent } from '../office/state.ts';
import { expand } from './recurrence.ts';
import { toInstantMs } from './times.ts';

/** Puts an event on a calendar with a new etag. */
export function storeEvent(office: Office, owner: Person, event: StoredEvent): void {
  event.revision = office.nextRevision();
  event.etag = `"${3_400_000_000_000_000 + event.revision}"`;
  event.updated = office.now().toISOString();
  office.calendar(owner.email).events[event.id] = event;
  office.changed();
}

/**
 * A moved series starts afresh, on every calendar that holds it; one that only ends at another time
 * keeps the exceptions that are still part of it.
 */
export function dropExceptions(
  office: Office,
  owner: Person,
  before: StoredEvent,
  after: StoredEvent,
): void {
  const moved = !isDeepStrictEqual([before.start, before.end], [after.start, after.end]);
  for (const { events } of Object.values(office.state.calendars)) {
    for (const event of Object.values(events)) {
      if (event.recurringEventId !== after.id) continue;
      if (moved || !isOccurrence(after, event, owner.zone)) delete events[event.id];
    }
  }
}

function isOccurrence(master: StoredEvent, exception: StoredEvent, zone: string): boolean {
  const originalMs = toInstantMs(exception.originalStartTime ?? exception.start, zone);
  return expand(master, originalMs - 1, originalMs + 1, zone).some(({ id }) => id === exception.id);
}
