/**
 * The fields a client may write on an event, and how patch and update apply them. Fields that
 * Calendar owns (etag, organizer, times of creation) are ignored when sent, as Calendar does.
 */
import { isDeepStrictEqual } from 'node:util';
import { ownFields } from '../calendar/guests.ts';
import { invalid } from '../errors.ts';
import type { Attendee, EventTime, ExtendedProperties, StoredEvent } from '../office/state.ts';

/** An event as a client sends it. */
export interface EventBody {
  id?: string | undefined;
  iCalUID?: string | undefined;
  status?: unknown;
  start?: EventTime | undefined;
  end?: EventTime | undefined;
  extendedProperties?: ExtendedProperties | undefined;
  [field: string]: unknown;
}

const writable = [
  'anyoneCanAddSelf',
  'attachments',
  'attendees',
  'colorId',
  'description',
  'end',
  'eventType',
  'extendedProperties',
  'focusTimeProperties',
  'guestsCanInviteOthers',
  'guestsCanModify',
  'guestsCanSeeOtherGuests',
  'location',
  'outOfOfficeProperties',
  'recurrence',
  'reminders',
  'source',
  'start',
  'status',
  'summary',
  'transparency',
  'visibility',
  'workingLocationProperties',
] as const;

/** The event with a body applied: `patch` merges and null removes, `update` replaces. */
export function applyFields(
  current: StoredEvent,
  body: EventBody,
  mode: 'patch' | 'update',
  conference: boolean,
): StoredEvent {
  const next: StoredEvent = structuredClone(current);
  for (const field of writable) {
    const value = body[field];
    // An instance stays one occurrence, whatever the body of its series says.
    if (field === 'recurrence' && current.recurringEventId) continue;
    if (value === undefined && mode === 'patch') continue;
    if (value === undefined || value === null) delete next[field];
    else Object.assign(next, { [field]: mode === 'patch' ? merge(current[field], value) : value });
  }
  next.status = readStatus(next.status);
  next.start = wholeTime(current.start, body.start, next.start);
  next.end = wholeTime(current.end, body.end, next.end);
  if (next.recurrence?.length === 0) delete next.recurrence;
  if (next.attendees) {
    const before = current.attendees ?? [];
    const sent = readAttendees(next.attendees, before);
    next.attendees = body.attendeesOmitted === true ? withOmitted(sent, before) : sent;
  }
  if (conference) applyConference(next, body.conferenceData);
  return next;
}

/** Whether a guest's change touches only what is the guest's own. */
export function guestMayChange(current: StoredEvent, next: StoredEvent, email: string): boolean {
  return isDeepStrictEqual(sharedPart(current, email), sharedPart(next, email));
}

function sharedPart(event: StoredEvent, email: string): unknown {
  const copy: Record<string, unknown> = structuredClone(event);
  for (const field of ownFields) delete copy[field];
  copy.extendedProperties = event.extendedProperties?.shared ?? {};
  copy.attendees = event.attendees?.map((attendee) =>
    attendee.email === email ? { email } : attendee,
  );
  return JSON.parse(JSON.stringify(copy));
}

function merge(current: unknown, value: unknown): unknown {
  if (!isPlainObject(value) || !isPlainObject(current)) return structuredClone(value);
  const merged: Record<string, unknown> = { ...current };
  for (const [key, part] of Object.entries(value)) {
    if (part === null) delete merged[key];
    else merged[key] = merge(current[key], part);
  }
  return merged;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A patch that turns an all-day time into a timed one, or back, replaces it whole. */
function wholeTime(
  current: EventTime,
  sent: EventTime | undefined,
  merged: EventTime | undefined,
): EventTime {
  if (!sent) return merged ?? {};
  const changesKind =
    (sent.date != null && current.dateTime !== undefined) ||
    (sent.dateTime != null && current.date !== undefined);
  const time = { ...(changesKind ? sent : merged) };
  return Object.fromEntries(Object.entries(time).filter(([, part]) => part != null));
}

function readStatus(status: unknown): string {
  if (status === undefined) return 'confirmed';
  if (status === 'confirmed' || status === 'tentative' || status === 'cancelled') return status;
  throw invalid('Invalid event status.');
}

/** Attendees as stored: addresses in lower case, known guests keep an answer that was not sent. */
function readAttendees(sent: Attendee[], before: Attendee[]): Attendee[] {
  return sent.map((attendee) => {
    const email = String(attendee.email ?? '').toLowerCase();
    if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) throw invalid('Invalid attendee email.');
    const known = before.find((other) => other.email === email);
    const {
      organizer: _organizer,
      self: _self,
      ...rest
    } = { ...attendee } as Attendee & {
      organizer?: unknown;
      self?: unknown;
    };
    const responseStatus = attendee.responseStatus ?? known?.responseStatus ?? 'needsAction';
    return { ...rest, email, responseStatus };
  });
}

/** The whole list when a client sends only some guests and says so. */
function withOmitted(sent: Attendee[], before: Attendee[]): Attendee[] {
  const merged = before.map((guest) => sent.find(({ email }) => email === guest.email) ?? guest);
  return [...merged, ...sent.filter((guest) => !merged.includes(guest))];
}

/** Answers a conference request at once; the same request id gives the same conference. */
function applyConference(event: StoredEvent, sent: unknown): void {
  if (sent === undefined) return;
  const request = isPlainObject(sent) ? sent.createRequest : undefined;
  if (!isPlainObject(request)) {
    delete event.conferenceData;
    delete event.hangoutLink;
    return;
  }
  const letters = event.id.replace(/[^a-v]/g, '').padEnd(10, 'a');
  const code = `${letters.slice(0, 3)}-${letters.slice(3, 7)}-${letters.slice(7, 10)}`;
  const uri = `https://meet.google.com/${code}`;
  event.hangoutLink = uri;
  event.conferenceData = {
    createRequest: {
      requestId: typeof request.requestId === 'string' ? request.requestId : '',
      conferenceSolutionKey: { type: 'hangoutsMeet' },
      status: { statusCode: 'success' },
    },
    entryPoints: [{ entryPointType: 'video', uri, label: `meet.google.com/${code}` }],
    conferenceSolution: { key: { type: 'hangoutsMeet' }, name: 'Google Meet' },
    conferenceId: code,
  };
}
