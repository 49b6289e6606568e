/**
 * The one place where an event is written to a calendar: every write gets a new etag.
 */
import type { Office } from '../office/office.ts';
import type { Person, StoredEvent } from '../office/state.ts';

/** Puts an event on a calendar with a new etag. */
export function storeEvent(office: Office, owner: Person, event: StoredEvent): void {
  event.revision = office.nextRevision();
  event.etag = `"${3_400_000_000_000_000 + event.revision}"`;
  event.updated = office.now().toISOString();
  office.calendar(owner.email).events[event.id] = event;
  office.changed();
}
