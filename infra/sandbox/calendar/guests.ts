/**
 * How an event reaches its guests: the organizer's event is copied to every colleague invited, and
 * a guest's answer goes back to the organizer. Mail the vendor would send is counted, not written.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Office } from '../office/office.ts';
import { roomAt } from '../office/rooms.ts';
import type { Person, StoredEvent } from '../office/state.ts';
import { storeEvent } from './event-store.ts';
import { findEvent } from './events.ts';

/** Fields each person keeps for themselves; a guest may change these on their own copy. */
export const ownFields = ['colorId', 'reminders', 'transparency', 'visibility'] as const;

/** Who is told of a change by mail. */
export type SendUpdates = 'all' | 'externalOnly' | 'none';

/** Brings the organizer's event to every colleague's calendar, and takes it from those dropped. */
export function propagate(office: Office, event: StoredEvent): void {
  const invited = new Set(event.attendees?.map((attendee) => attendee.email));
  for (const person of office.calendarOwners) {
    if (person.email === event.organizer.email) continue;
    const copy = office.calendar(person.email).events[event.id];
    if (!copy && (!invited.has(person.email) || event.status === 'cancelled')) {
      if (!event.recurringEventId || !findEvent(office, person, event.id)) continue;
    }
    const stays = invited.has(person.email) && !hasLeft(copy, person);
    const status = stays ? event.status : 'cancelled';
    const next = withOwnFields({ ...structuredClone(event), status }, copy);
    if (!copy || !isDeepStrictEqual(content(copy), content(next))) storeEvent(office, person, next);
  }
}

/** A guest who deleted the event keeps it off their calendar, whatever the organizer changes. */
function hasLeft(copy: StoredEvent | undefined, person: Person): boolean {
  const self = copy?.attendees?.find((attendee) => attendee.email === person.email);
  return copy?.status === 'cancelled' && self?.responseStatus === 'declined';
}

/** The organizer's event, with what this guest keeps for themselves. */
function withOwnFields(event: StoredEvent, copy: StoredEvent | undefined): StoredEvent {
  for (const field of ownFields) {
    if (copy?.[field] !== undefined) Object.assign(event, { [field]: copy[field] });
    else if (field === 'reminders' || field === 'colorId') delete event[field];
  }
  delete event.outlook;
  if (copy?.outlook) {
    // An update from the organizer brings back what a guest only took off their own calendar.
    const { removed: _removed, ...kept } = copy.outlook;
    event.outlook = kept;
  }
  const shared = event.extendedProperties?.shared;
  const own = copy?.extendedProperties?.private;
  delete event.extendedProperties;
  if (shared || own) {
    event.extendedProperties = { ...(own ? { private: own } : {}), ...(shared ? { shared } : {}) };
  }
  return event;
}

function content(event: StoredEvent): unknown {
  const { etag: _etag, revision: _revision, updated: _updated, ...rest } = event;
  return JSON.parse(JSON.stringify(rest));
}

/** Carries a guest's answer to the organizer's event, and from there to the other guests. */
export function respondToOrganizer(
  office: Office,
  guest: Person,
  copy: StoredEvent,
  sendUpdates: SendUpdates,
): void {
  const organizer = office.person(copy.organizer.email);
  const answer = copy.attendees?.find((attendee) => attendee.email === guest.email);
  if (!answer) return;
  if (sendUpdates === 'all') office.recordNotification('reply', copy.id, copy.organizer.email);
  const event = organizer && findEvent(office, organizer, copy.id);
  if (!event || event.status === 'cancelled') return;
  const attendees = event.attendees?.map((attendee) =>
    attendee.email === guest.email ? { ...attendee, ...answer } : attendee,
  );
  const next: StoredEvent = { ...event, attendees };
  if (isDeepStrictEqual(content(event), content(next))) return;
  storeEvent(office, organizer, next);
  propagate(office, next);
}

/** Counts the mail a change sends: invitations to new guests, updates, cancellations. */
export function notifyGuests(
  office: Office,
  before: StoredEvent | undefined,
  after: StoredEvent,
  sendUpdates: SendUpdates,
): void {
  if (sendUpdates === 'none') return;
  const emails = (event: StoredEvent | undefined): string[] =>
    event?.attendees?.map((attendee) => attendee.email) ?? [];
  const old = emails(before);
  const current = after.status === 'cancelled' ? [] : emails(after);
  for (const to of new Set([...old, ...current])) {
    const outside = !office.person(to);
    if (roomAt(to)) continue;
    if (to === after.organizer.email || (sendUpdates === 'externalOnly' && !outside)) continue;
    if (!current.includes(to)) office.recordNotification('cancellation', after.id, to);
    else office.recordNotification(old.includes(to) ? 'update' : 'invitation', after.id, to);
  }
}
