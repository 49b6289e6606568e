/**
 * The three changes of an event: insert, change (patch or update) and remove. Enforces what
 * Calendar enforces (ids, etags, who may change what), carries every change to the guests'
 * calendars and counts it as an effect.
 */
import { isDeepStrictEqual } from 'node:util';
import { dropExceptions, storeEvent } from '../calendar/event-store.ts';
import { findEvent } from '../calendar/events.ts';
import {
  notifyGuests,
  propagate,
  respondToOrganizer,
  type SendUpdates,
} from '../calendar/guests.ts';
import { answerForRooms } from '../calendar/rooms.ts';
import { GoogleError, invalid, notFound } from '../errors.ts';
import type { Office } from '../office/office.ts';
import type { Person, StoredEvent } from '../office/state.ts';
import { applyFields, type EventBody, guestMayChange } from './event-fields.ts';
import { checkEventTime, checkRecurrence, checkTimeRange } from './event-times.ts';

/** What comes with a change beside the event itself. */
export interface ChangeOptions {
  operation: 'events.insert' | 'events.patch' | 'events.update' | 'events.delete';
  sendUpdates: SendUpdates;
  conference: boolean;
  ifMatch?: string | undefined;
  /** The request's own effect key header, if any. */
  effectKey?: string | undefined;
  /** The request body as it came. */
  raw: string;
}

/** Creates an event on a person's own calendar. @throws GoogleError 400, 409. */
export function insertEvent(
  office: Office,
  owner: Person,
  body: EventBody,
  options: ChangeOptions,
): StoredEvent {
  if (body.id !== undefined && !/^[a-v0-9]{5,1024}$/.test(body.id)) {
    throw invalid('Invalid resource id value.');
  }
  if (body.id !== undefined && body.iCalUID !== undefined) {
    throw invalid('Only one of id and iCalUID may be given.');
  }
  const calendar = office.calendar(owner.email);
  const id = body.id ?? office.nextId('event', 26);
  if (calendar.events[id]) {
    throw new GoogleError(409, 'duplicate', 'The requested identifier already exists.');
  }
  const nowText = office.now().toISOString();
  const actor = { email: owner.email, displayName: owner.name };
  const blank: StoredEvent = {
    id,
    iCalUID: body.iCalUID ?? `${id}@google.com`,
    etag: '',
    revision: 0,
    status: 'confirmed',
    created: nowText,
    updated: nowText,
    sequence: 0,
    organizer: actor,
    creator: actor,
    start: {},
    end: {},
  };
  const event = applyFields(blank, body, 'update', options.conference);
  checkEvent(event, owner);
  answerForRooms(office, owner, event);
  storeEvent(office, owner, event);
  propagate(office, event);
  notifyGuests(office, undefined, event, options.sendUpdates);
  record(office, owner, event, body, options);
  return event;
}

/** Changes an event or one occurrence. @throws GoogleError 400, 403, 404, 412. */
export function changeEvent(
  office: Office,
  owner: Person,
  id: string,
  body: EventBody,
  options: ChangeOptions,
): StoredEvent {
  const current = findEvent(office, owner, id);
  if (!current) throw notFound();
  checkEtag(current, options.ifMatch);
  if (current.status === 'cancelled' && !current.recurringEventId) {
    throw new GoogleError(403, 'forbidden', 'Forbidden');
  }
  if (body.status === 'cancelled') return removeEvent(office, owner, id, options);
  const mode = options.operation === 'events.update' ? 'update' : 'patch';
  const next = applyFields(current, body, mode, options.conference);
  checkEvent(next, owner);
  if (isDeepStrictEqual(plain(next), plain(current))) return current;
  const organizes = current.organizer.email === owner.email;
  if (!organizes && !guestMayChange(current, next, owner.email)) {
    const message = 'Shared properties can only be changed by the organizer of the event.';
    throw new GoogleError(403, 'forbiddenForNonOrganizer', message, { domain: 'calendar' });
  }
  if (organizes && timesDiffer(current, next)) {
    next.sequence += 1;
    dropExceptions(office, owner, current, next);
  }
  if (organizes) answerForRooms(office, owner, next);
  storeEvent(office, owner, next);
  if (organizes) {
    propagate(office, next);
    notifyGuests(office, current, next, options.sendUpdates);
  } else {
    respondToOrganizer(office, owner, next, options.sendUpdates);
  }
  record(office, owner, next, body, options);
  return next;
}

/** Deletes an event or one occurrence; a guest only leaves it. @throws GoogleError 404, 410, 412. */
export function removeEvent(
  office: Office,
  owner: Person,
  id: string,
  options: ChangeOptions,
): StoredEvent {
  const current = findEvent(office, owner, id);
  if (!current) throw notFound();
  if (current.status === 'cancelled') {
    throw new GoogleError(410, 'deleted', 'Resource has been deleted');
  }
  checkEtag(current, options.ifMatch);
  const organizes = current.organizer.email === owner.email;
  const attendees = current.attendees?.map((attendee) =>
    !organizes && attendee.email === owner.email
      ? { ...attendee, responseStatus: 'declined' }
      : attendee,
  );
  const gone: StoredEvent = { ...current, status: 'cancelled', attendees };
  storeEvent(office, owner, gone);
  if (gone.recurrence) cancelExceptions(office, owner, gone.id);
  if (organizes) {
    propagate(office, gone);
    notifyGuests(office, current, gone, options.sendUpdates);
  } else {
    respondToOrganizer(office, owner, gone, options.sendUpdates);
  }
  record(office, owner, gone, {}, options);
  return gone;
}

function checkEvent(event: StoredEvent, owner: Person): void {
  const recurring = event.recurrence !== undefined;
  checkEventTime(event.start, 'start', recurring && event.start.date === undefined);
  checkEventTime(event.end, 'end', recurring && event.end.date === undefined);
  checkTimeRange(event.start, event.end, owner.zone);
  checkRecurrence(event.recurrence ?? []);
}

function checkEtag(event: StoredEvent, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === '*' || ifMatch === event.etag) return;
  const where = { locationType: 'header', location: 'If-Match' };
  throw new GoogleError(412, 'conditionNotMet', 'Precondition Failed', where);
}

function plain(event: StoredEvent): unknown {
  return JSON.parse(JSON.stringify(event));
}

function timesDiffer(before: StoredEvent, after: StoredEvent): boolean {
  const times = ({ start, end, recurrence }: StoredEvent): unknown[] => [start, end, recurrence];
  return !isDeepStrictEqual(times(before), times(after));
}

/** The exceptions of a deleted series go with it, at the guests' calendars too. */
function cancelExceptions(office: Office, owner: Person, masterId: string): void {
  for (const event of Object.values(office.calendar(owner.email).events)) {
    if (event.recurringEventId !== masterId || event.status === 'cancelled') continue;
    const gone: StoredEvent = { ...event, status: 'cancelled' };
    storeEvent(office, owner, gone);
    if (gone.organizer.email === owner.email) propagate(office, gone);
  }
}

function record(
  office: Office,
  owner: Person,
  event: StoredEvent,
  body: EventBody,
  options: ChangeOptions,
): void {
  const sent = body.extendedProperties?.private?.effectKey;
  const kept = event.extendedProperties?.private?.effectKey;
  office.recordEffect({
    vendor: owner.vendor,
    operation: options.operation,
    account: owner.email,
    key: options.effectKey ?? sent ?? kept ?? event.id,
    raw: options.raw,
  });
}
