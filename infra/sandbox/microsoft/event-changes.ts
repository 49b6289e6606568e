/**
 * The changes of an event over Graph: create, change, remove and cancel. Mail is implicit here:
 * whoever must hear of a change is counted, and no parameter stops it.
 */
import { isDeepStrictEqual } from 'node:util';
import { dropExceptions } from '../calendar/event-store.ts';
import { storeEvent } from '../calendar/event-store.ts';
import { findEvent } from '../calendar/events.ts';
import { propagate } from '../calendar/guests.ts';
import { answerForRooms } from '../calendar/rooms.ts';
import { toInstantMs } from '../calendar/times.ts';
import type { Office } from '../office/office.ts';
import type { Person, StoredEvent } from '../office/state.ts';
import {
  accessDenied,
  changeKeyMismatch,
  GraphError,
  invalidRequest,
  itemNotFound,
} from './errors.ts';
import type { EventBody } from './event-body.ts';
import { applyBody } from './event-fields.ts';
import { validationFailure } from './event-times.ts';
import { changeKeyOf, isVisible } from './event-view.ts';
import { writeId } from './ids.ts';
import { newMeetingId } from './meeting-ids.ts';
import { checkNeighbours } from './series.ts';

/** What the oracle calls each change; parallel to Google's where Google has it. */
export type EventOperation =
  | 'events.insert'
  | 'events.patch'
  | 'events.delete'
  | 'events.cancel'
  | 'events.accept'
  | 'events.decline'
  | 'events.tentativelyAccept'
  | 'events.forward';

/** What comes with a change beside the event itself. */
export interface ChangeOptions {
  operation: EventOperation;
  ifMatch?: string | undefined;
  /** The request's own effect key header, if any. */
  effectKey?: string | undefined;
  /** The request body as it came. */
  raw: string;
}

/** An event on its owner's calendar by our own name of it. @throws GraphError 404. */
export function requireEvent(office: Office, owner: Person, key: string): StoredEvent {
  const event = findEvent(office, owner, key);
  if (!event || !isVisible(office, event, owner)) throw itemNotFound();
  return event;
}

/** Creates an event on a person's own calendar. @throws GraphError 400, 409. */
export function createEvent(
  office: Office,
  owner: Person,
  body: EventBody,
  options: ChangeOptions,
): StoredEvent {
  if (!body.start || !body.end) throw validationFailure('Start and End are required.');
  if (body.transactionId) refuseDuplicate(office, owner, body.transactionId);
  const id = office.nextId('event', 26);
  const nowText = office.now().toISOString();
  const actor = { email: owner.email, displayName: owner.name };
  const blank: StoredEvent = {
    id,
    iCalUID: newMeetingId(id),
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
  const event = applyBody(blank, body, owner);
  checkLength(event, owner);
  answerForRooms(office, owner, event);
  storeEvent(office, owner, event);
  propagate(office, event);
  mailGuests(office, undefined, event);
  recordChange(office, owner, event, options);
  return event;
}

/** The same id twice: refused, and which status says so is a knob because both were seen live. */
function refuseDuplicate(office: Office, owner: Person, transactionId: string): void {
  const { events } = office.calendar(owner.email);
  const used = Object.values(events).find(
    (event) => event.outlook?.transactionId === transactionId,
  );
  if (!used) return;
  const { duplicateTransactionStatus: status } = office.knobs;
  const message = `The client-assigned transactionId '${transactionId}' has already been used to create a different event.`;
  const annotations = { '@event.existingEventId': writeId('immutable', owner, used.id) };
  // Only the answer with status 400 was seen to name the event.
  throw new GraphError(
    status,
    'ErrorDuplicateTransactionId',
    message,
    status === 400 ? { annotations } : {},
  );
}

/** Changes an event, a series or one occurrence. @throws GraphError 400, 403, 404, 412. */
export function changeEvent(
  office: Office,
  owner: Person,
  key: string,
  body: EventBody,
  options: ChangeOptions,
): StoredEvent {
  const current = requireEvent(office, owner, key);
  checkMatch(current, options.ifMatch);
  const next = applyBody(current, body, owner);
  checkLength(next, owner);
  if (isDeepStrictEqual(plain(next), plain(current))) return current;
  const organizes = current.organizer.email === owner.email;
  const shared = !isDeepStrictEqual(sharedPart(current), sharedPart(next));
  if (!organizes && (shared || !sameGuests(current, next))) throw accessDenied();
  const moved = !isDeepStrictEqual(times(current), times(next));
  if (moved && next.recurringEventId) checkNeighbours(office, owner, next);
  if (moved) next.sequence += 1;
  if (moved && !next.recurringEventId) dropExceptions(office, owner, current, next);
  if (organizes) answerForRooms(office, owner, next);
  storeEvent(office, owner, next);
  if (organizes) {
    propagate(office, next);
    mailGuests(office, current, next);
  }
  recordChange(office, owner, next, options);
  return next;
}

/** Takes an event away. Its organizer cancels it for everyone; a guest leaves without a word. */
export function removeEvent(
  office: Office,
  owner: Person,
  key: string,
  options: ChangeOptions,
): void {
  const current = requireEvent(office, owner, key);
  checkMatch(current, options.ifMatch);
  const organizes = current.organizer.email === owner.email;
  const outlook = organizes ? current.outlook : { ...current.outlook, removed: true as const };
  const gone: StoredEvent = { ...current, status: 'cancelled', ...(outlook ? { outlook } : {}) };
  storeEvent(office, owner, gone);
  if (gone.recurrence) removeExceptions(office, owner, gone);
  if (organizes) {
    propagate(office, gone);
    mailGuests(office, current, gone);
  }
  recordChange(office, owner, gone, options);
}

/** Cancels a meeting, or one occurrence of it. @throws GraphError 400, 404, 412. */
export function cancelEvent(
  office: Office,
  owner: Person,
  key: string,
  options: ChangeOptions,
): void {
  const current = requireEvent(office, owner, key);
  if (current.organizer.email !== owner.email) {
    throw invalidRequest('You need to be an organizer to cancel a meeting.');
  }
  removeEvent(office, owner, key, options);
}

function checkMatch(event: StoredEvent, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === '*') return;
  if (ifMatch !== `W/"${changeKeyOf(event)}"`) throw changeKeyMismatch();
}

function checkLength(event: StoredEvent, owner: Person): void {
  const { start, end } = event;
  const lengthMs = toInstantMs(end, owner.zone) - toInstantMs(start, owner.zone);
  if ((start.date === undefined) !== (end.date === undefined)) {
    throw validationFailure('Start and End of an all-day event change together.');
  }
  if (lengthMs < 0) throw validationFailure('End is before Start.');
  if (lengthMs === 0 && start.date !== undefined) {
    throw validationFailure('The duration of an all-day event must be at least 24 hours.');
  }
}

const times = ({ start, end, recurrence }: StoredEvent): unknown => [start, end, recurrence];

function plain(event: StoredEvent): unknown {
  return JSON.parse(JSON.stringify(event));
}

/** What the guests see of an event, their own list aside. */
function sharedPart(event: StoredEvent): unknown {
  const { summary, description, location, start, end, recurrence, conferenceData, status } = event;
  const shared = [summary, description, location, start, end, recurrence, conferenceData, status];
  return JSON.parse(JSON.stringify(shared));
}

function sameGuests(a: StoredEvent, b: StoredEvent): boolean {
  const guests = ({ attendees = [] }: StoredEvent): unknown =>
    JSON.parse(JSON.stringify(attendees));
  return isDeepStrictEqual(guests(a), guests(b));
}

/** Invites who is new, tells who is left out, and tells the others only what changed for them. */
function mailGuests(office: Office, before: StoredEvent | undefined, after: StoredEvent): void {
  const emails = (event: StoredEvent | undefined): string[] =>
    event?.attendees?.map(({ email }) => email) ?? [];
  const old = emails(before);
  const current = after.status === 'cancelled' ? [] : emails(after);
  const changed = before && !isDeepStrictEqual(sharedPart(before), sharedPart(after));
  for (const to of new Set([...old, ...current])) {
    if (to === after.organizer.email) continue;
    if (!current.includes(to)) office.recordNotification('cancellation', after.id, to);
    else if (!old.includes(to)) office.recordNotification('invitation', after.id, to);
    else if (changed) office.recordNotification('update', after.id, to);
  }
}

/** The exceptions of a series go with it. */
function removeExceptions(office: Office, owner: Person, master: StoredEvent): void {
  for (const event of Object.values(office.calendar(owner.email).events)) {
    if (event.recurringEventId !== master.id || event.status === 'cancelled') continue;
    const outlook = {
      ...event.outlook,
      ...(master.outlook?.removed ? { removed: true as const } : {}),
    };
    const gone: StoredEvent = { ...event, status: 'cancelled', outlook };
    storeEvent(office, owner, gone);
    if (gone.organizer.email === owner.email) propagate(office, gone);
  }
}

/** The name under which clients keep their own key on an event. */
const effectProperty = / Name EffectKey$/i;

/** Counts a change at the oracle. */
export function recordChange(
  office: Office,
  owner: Person,
  event: StoredEvent,
  options: ChangeOptions,
): void {
  const kept = event.outlook?.properties?.find(({ id }) => effectProperty.test(id))?.value;
  office.recordEffect({
    vendor: owner.vendor,
    operation: options.operation,
    account: owner.email,
    key: options.effectKey ?? kept ?? event.outlook?.transactionId ?? event.id,
    raw: options.raw,
  });
}
