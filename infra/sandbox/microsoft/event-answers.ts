/**
 * What a guest does with an invitation over Graph: answers it or passes it on. The organizer hears
 * of an answer unless the guest says otherwise.
 */
import { storeEvent } from '../calendar/event-store.ts';
import { findEvent } from '../calendar/events.ts';
import { propagate, respondToOrganizer } from '../calendar/guests.ts';
import type { Office } from '../office/office.ts';
import type { Attendee, Person, StoredEvent } from '../office/state.ts';
import { invalidRequest } from './errors.ts';
import { type ChangeOptions, recordChange, requireEvent } from './event-changes.ts';

/** A guest's answer. @throws GraphError 400 for the organizer and for who was not invited, 404. */
export function answerEvent(
  office: Office,
  owner: Person,
  key: string,
  answer: { responseStatus: string; comment: string | undefined; tell: boolean },
  options: ChangeOptions,
): void {
  const current = requireEvent(office, owner, key);
  if (current.organizer.email === owner.email) {
    const why = "You can't respond to this meeting because you're the meeting organizer.";
    throw invalidRequest(`Your request can't be completed. ${why}`);
  }
  const invited = current.attendees?.some(({ email }) => email === owner.email);
  if (!invited || current.status === 'cancelled') {
    throw invalidRequest("Your request can't be completed. You were not invited to this meeting.");
  }
  const { responseStatus, comment } = answer;
  const attendees = current.attendees?.map((guest): Attendee => {
    const own = { ...guest, responseStatus, ...(comment ? { comment } : {}) };
    return guest.email === owner.email ? own : guest;
  });
  const { showAs: _showAs, ...outlook } = current.outlook ?? {};
  const next: StoredEvent = { ...current, attendees, outlook };
  storeEvent(office, owner, next);
  if (answer.tell) respondToOrganizer(office, owner, next, 'all');
  recordChange(office, owner, next, options);
}

/** Passes an invitation on: whoever gets it is invited by the organizer's event. */
export function forwardEvent(
  office: Office,
  owner: Person,
  key: string,
  to: readonly { email: string; name?: string | undefined }[],
  options: ChangeOptions,
): void {
  const current = requireEvent(office, owner, key);
  const organizer = office.person(current.organizer.email);
  const event = organizer && findEvent(office, organizer, current.id);
  const known = new Set((event ?? current).attendees?.map(({ email }) => email));
  const added = to
    .filter(({ email }) => !known.has(email))
    .map(({ email, name }) => ({ email, displayName: name, responseStatus: 'needsAction' }));
  for (const { email } of to) office.recordNotification('invitation', current.id, email);
  if (organizer && event && added.length > 0) {
    const next: StoredEvent = { ...event, attendees: [...(event.attendees ?? []), ...added] };
    storeEvent(office, organizer, next);
    propagate(office, next);
  }
  recordChange(office, owner, current, options);
}
