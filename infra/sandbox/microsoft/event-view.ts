/**
 * A stored event as Graph shows it to the person whose calendar it lies on. A guest sees no other
 * guest's answer, and a meeting that was called off until they take it away.
 */
import { toInstantMs } from '../calendar/times.ts';
import type { Office } from '../office/office.ts';
import type { Attendee, Person, StoredEvent } from '../office/state.ts';
import { bodyOf, isTeams, joinUrl, reminderOf, sameProperty } from './event-fields.ts';
import { showInstant, showTime, zeroTime } from './event-times.ts';
import { writeId } from './ids.ts';
import { occurrenceId } from './meeting-ids.ts';
import type { Preferences } from './prefer.ts';
import { showRecurrence } from './recurrence.ts';
import { windowsZone } from './zones.ts';

/** What a request wants to see beside the event's own members. */
export interface EventWish {
  readonly preferences: Preferences;
  /** The extended properties that `$expand` asks for. */
  readonly properties?: readonly string[];
}

/** Whether an event is on its owner's calendar at all. */
export function isVisible(office: Office, event: StoredEvent, owner: Person): boolean {
  if (event.organizer.email === owner.email) return event.status !== 'cancelled';
  if (event.outlook?.removed) return false;
  const declined = ownAnswer(event, owner) === 'declined';
  return !declined || office.knobs.keepsDeclined;
}

/** The etag of an event, and the key of its version inside it. */
export function changeKeyOf(event: StoredEvent): string {
  return Buffer.from(`outlook:${event.revision}`).toString('base64');
}

/** How an event shows in free/busy. */
export function showAsOf(event: StoredEvent, owner: Person): string {
  if (event.status === 'cancelled' || event.transparency === 'transparent') return 'free';
  if (event.eventType === 'outOfOffice') return 'oof';
  if (event.eventType === 'workingLocation') return 'workingElsewhere';
  if (event.outlook?.showAs) return event.outlook.showAs;
  const answer = ownAnswer(event, owner);
  const open = answer === 'needsAction' || answer === 'tentative';
  const invited = event.organizer.email !== owner.email && open;
  return invited || event.status === 'tentative' ? 'tentative' : 'busy';
}

/** What kind of event this is in Graph's words. */
export function typeOf(office: Office, event: StoredEvent, owner: Person): string {
  if (event.recurrence) return 'seriesMaster';
  if (!event.recurringEventId) return 'singleInstance';
  const stored = office.calendar(owner.email).events[event.id] !== undefined;
  return stored ? 'exception' : 'occurrence';
}

/** The event as its owner sees it. */
export function showEvent(
  office: Office,
  event: StoredEvent,
  owner: Person,
  { preferences, properties = [] }: EventWish,
): object {
  const { zone, bodyType } = preferences;
  const isOrganizer = event.organizer.email === owner.email;
  const isCancelled = event.status === 'cancelled';
  const changeKey = changeKeyOf(event);
  const { outlook = {}, summary = '' } = event;
  const type = typeOf(office, event, owner);
  return {
    '@odata.etag': `W/"${changeKey}"`,
    ...identity(event, owner, preferences),
    createdDateTime: showInstant(event.created),
    lastModifiedDateTime: showInstant(event.updated),
    changeKey,
    categories: outlook.categories ?? [],
    ...(outlook.transactionId && type !== 'occurrence'
      ? { transactionId: outlook.transactionId }
      : {}),
    originalStartTimeZone: outlook.startZone ?? windowsZone(event.start.timeZone ?? owner.zone),
    originalEndTimeZone: outlook.endZone ?? windowsZone(event.end.timeZone ?? owner.zone),
    ...reminderOf(event),
    hasAttachments: false,
    subject: isCancelled ? `Canceled: ${summary}` : summary,
    ...bodyOf(event, bodyType),
    importance: outlook.importance ?? 'normal',
    sensitivity: outlook.sensitivity ?? (event.visibility === 'private' ? 'private' : 'normal'),
    isAllDay: event.start.date !== undefined,
    isCancelled,
    isOrganizer,
    isDraft: false,
    responseRequested: outlook.responseRequested ?? true,
    allowNewTimeProposals: outlook.allowNewTimeProposals ?? true,
    hideAttendees: outlook.hideAttendees ?? false,
    showAs: showAsOf(event, owner),
    type,
    ...meetingOf(event),
    responseStatus: showAnswer(isOrganizer ? 'organizer' : ownAnswer(event, owner), event),
    start: showTime(event.start, owner.zone, zone),
    end: showTime(event.end, owner.zone, zone),
    ...placeOf(event),
    recurrence: event.recurrence ? showRecurrence(event, owner.zone) : null,
    attendees: guestsOf(event).map((guest) => showGuest(guest, event, isOrganizer)),
    organizer: { emailAddress: showAddress(event.organizer) },
    ...expanded(event, properties),
  };
}

/** The members that name an event, and its series. */
export function identity(event: StoredEvent, owner: Person, preferences: Preferences): object {
  const kind = preferences.immutableIds ? 'immutable' : 'ordinary';
  const { originalStartTime, recurringEventId } = event;
  const original = originalStartTime && toInstantMs(originalStartTime, owner.zone);
  const day = original === undefined ? undefined : new Date(original).toISOString().slice(0, 10);
  const id = writeId(kind, owner, event.id);
  return {
    id,
    iCalUId: day ? occurrenceId(event.iCalUID, day.replaceAll('-', '')) : event.iCalUID,
    webLink: `https://outlook.office365.com/owa/?itemid=${id}&exvsurl=1&path=/calendar/item`,
    seriesMasterId: recurringEventId ? writeId(kind, owner, recurringEventId) : null,
    ...(original === undefined ? {} : { originalStart: showInstant(original) }),
  };
}

function meetingOf(event: StoredEvent): object {
  if (!isTeams(event)) {
    const none = { onlineMeeting: null, onlineMeetingUrl: null };
    return { isOnlineMeeting: false, onlineMeetingProvider: 'unknown', ...none };
  }
  return {
    isOnlineMeeting: true,
    onlineMeetingProvider: 'teamsForBusiness',
    onlineMeetingUrl: null,
    onlineMeeting: { joinUrl: joinUrl(event) },
  };
}

function placeOf(event: StoredEvent): object {
  const displayName = typeof event.location === 'string' ? event.location : '';
  const location = {
    displayName,
    locationType: 'default',
    uniqueId: displayName,
    uniqueIdType: displayName === '' ? 'unknown' : 'private',
  };
  return { location, locations: displayName === '' ? [] : [location] };
}

/** Everybody invited but the organizer, who is no attendee here. */
function guestsOf(event: StoredEvent): Attendee[] {
  return (event.attendees ?? []).filter(({ email }) => email !== event.organizer.email);
}

function showGuest(guest: Attendee, event: StoredEvent, toOrganizer: boolean): object {
  const type = guest.resource ? 'resource' : guest.optional ? 'optional' : 'required';
  // Whoever has not answered yet is `none` in the list of guests.
  const given = guest.responseStatus === 'needsAction' ? undefined : guest.responseStatus;
  const status = showAnswer(toOrganizer ? given : undefined, event);
  return { type, status, emailAddress: showAddress(guest) };
}

function showAddress(from: { email: string; displayName?: string | undefined }): object {
  return { name: from.displayName ?? from.email, address: from.email };
}

const answers: Record<string, string> = {
  organizer: 'organizer',
  accepted: 'accepted',
  declined: 'declined',
  tentative: 'tentativelyAccepted',
};

function showAnswer(answer: string | undefined, event: StoredEvent): object {
  const given = answers[answer ?? ''];
  if (given === undefined) {
    return { response: answer === 'needsAction' ? 'notResponded' : 'none', time: zeroTime };
  }
  return { response: given, time: given === 'organizer' ? zeroTime : showInstant(event.updated) };
}

function ownAnswer(event: StoredEvent, owner: Person): string | undefined {
  return event.attendees?.find(({ email }) => email === owner.email)?.responseStatus;
}

function expanded(event: StoredEvent, wanted: readonly string[]): object {
  const found = (event.outlook?.properties ?? []).filter(({ id }) =>
    wanted.some((other) => sameProperty(id, other)),
  );
  return found.length > 0 ? { singleValueExtendedProperties: found } : {};
}
