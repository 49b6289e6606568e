/**
 * Graph's events in the port's form and back. Times are read in UTC, so that no clock change makes one
 * ambiguous, and written on the wall clock of the event's zone, by which a series repeats.
 * @see https://learn.microsoft.com/en-us/graph/api/resources/event
 */
import type {
  Attendee,
  DateTimeTimeZone,
  Event,
  FreeBusyStatus,
  ResponseType,
} from '@microsoft/microsoft-graph-types';
import { DateTime } from 'luxon';
import { prefer, query } from '../microsoft/client.ts';
import { meetingUid } from './meeting-uid.ts';
import { toGraphRecurrence, toRule } from './microsoft-recurrence.ts';
import type {
  CalendarEvent,
  CalendarGuest,
  EventPatch,
  NewEvent,
  Recurrence,
  Response,
  Showing,
} from './port.ts';
import { toIanaZone, toWindowsZone, windowsZoneAt } from './windows-zones.ts';

/** An event as Graph sends it: the contract's type leaves its tag out. */
export type GraphEvent = Event & { readonly '@odata.etag'?: string };

// Our own namespace of extended properties, drawn once.
const propertySet = 'String {7c31a6f0-52f1-4b0e-9d0a-2f6f0a3d1c55}';
/** Who wrote the event last, and under which key it was created; searchable. */
const effectKeyId = `${propertySet} Name EffectKey`;
const creationKeyId = `${propertySet} Name CreationKey`;

/** Times in UTC and bodies as text. */
export const eventPreference = prefer('outlook.timezone="UTC"', 'outlook.body-content-type="text"');

const fields =
  'id,iCalUId,changeKey,subject,body,start,end,isAllDay,isCancelled,isOrganizer,organizer,attendees,location,' +
  'originalStart,originalStartTimeZone,type,seriesMasterId,recurrence,responseStatus,sensitivity,showAs,' +
  'isReminderOn,reminderMinutesBeforeStart,isOnlineMeeting,onlineMeeting,onlineMeetingUrl,webLink';
const $expand = `singleValueExtendedProperties($filter=id eq '${effectKeyId}')`;

/** What is asked of each event of a list. */
export const listFields = { $select: fields, $expand };
/** What is asked of one event; Graph tells the dates left out of a series only here. */
export const eventFields = query({ $select: `${fields},cancelledOccurrences`, $expand });
/** The filter that finds the event created under a key. */
export function createdUnder(effectKey: string): string {
  return propertyFilter(creationKeyId, effectKey);
}
/** The filter that finds the event last written under a key. */
export function lastWrittenUnder(effectKey: string): string {
  return propertyFilter(effectKeyId, effectKey);
}
/** The change that lets an event be found as created under its key. */
export function createdMark(effectKey: string): Event {
  return { singleValueExtendedProperties: [{ id: creationKeyId, value: effectKey }] };
}

/** One event. `zone` is used for all-day events and wherever Graph names no zone we know. */
export function toCalendarEvent(event: GraphEvent, zone: string, account: string): CalendarEvent {
  const eventZone = toIanaZone(event.originalStartTimeZone ?? '', zone) ?? zone;
  const allDay =
    event.isAllDay === true ? { from: dateOf(event.start), to: dateOf(event.end) } : null;
  const showAs = showings[event.showAs ?? 'busy'];
  const organizer = event.organizer?.emailAddress?.address?.toLowerCase();
  const body = event.body?.content?.replaceAll('\r\n', '\n').trim();
  return {
    id: event.id ?? '',
    uid: meetingUid(event.iCalUId),
    etag: event['@odata.etag'] ?? '',
    cancelled: event.isCancelled === true,
    title: event.subject || '(no title)',
    startMs: allDay ? startOfDay(allDay.from, zone) : instantOf(event.start),
    endMs: allDay ? startOfDay(allDay.to, zone) : instantOf(event.end),
    allDay,
    zone: eventZone,
    location: event.location?.displayName || null,
    description: body || null,
    organizer: organizer ? { email: organizer, self: event.isOrganizer === true } : null,
    guests: toGuests(event, account, false),
    rooms: toGuests(event, account, true),
    recurringEventId: event.seriesMasterId ?? null,
    originalStartMs: toOriginalStart(event, zone),
    isSeries: event.type === 'seriesMaster',
    recurrence: toRecurrence(event, eventZone),
    busy: showAs !== 'free' && showAs !== 'workingElsewhere',
    showAs,
    kind: kinds[showAs] ?? 'default',
    private: (event.sensitivity ?? 'normal') !== 'normal',
    reminderMinutes:
      event.isReminderOn === true ? (event.reminderMinutesBeforeStart ?? null) : null,
    conferenceLink: event.onlineMeeting?.joinUrl ?? (event.onlineMeetingUrl || null),
    response: toOwnResponse(event),
    link: event.webLink ?? null,
    effectKey: propertyOf(event, effectKeyId),
  };
}

/**
 * The body that creates an event. Its transaction id is the effect key's, which Graph takes once.
 * @param event its effect key is 64 hex characters
 * @throws InvalidInputError for a zone or a recurrence that does not map
 */
export function toNewBody(event: NewEvent): Event {
  const body = toUnmarkedBody(event);
  const marks = createdMark(event.effectKey).singleValueExtendedProperties ?? [];
  const written = body.singleValueExtendedProperties ?? [];
  return { ...body, singleValueExtendedProperties: [...written, ...marks] };
}

/** The same without the mark by which it is found as created. @throws InvalidInputError */
export function toUnmarkedBody({ effectKey, ...event }: NewEvent): Event {
  const change = {
    ...event,
    location: event.location ?? undefined,
    description: event.description ?? undefined,
    recurrence: event.recurrence ?? undefined,
    // Without one Outlook's own default holds.
    reminderMinutes: event.reminderMinutes ?? undefined,
  };
  const body = toChangeBody(effectKey, change, event.recurrence !== null);
  return { ...body, transactionId: toUuid(effectKey) };
}

/** A patch of which any member may be missing or undefined. */
type Change = { readonly [Name in keyof EventPatch]?: EventPatch[Name] | undefined };

/** The body that changes an event: what the patch has, and nothing else. @throws InvalidInputError */
export function toChangeBody(effectKey: string, patch: Change, isSeries: boolean): Event {
  const { start, end, zone, recurrence } = patch;
  const byClock = isSeries || isDate(start ?? '');
  return {
    ...(patch.title === undefined ? {} : { subject: patch.title }),
    ...(start === undefined || end === undefined || zone === undefined
      ? {}
      : {
          isAllDay: isDate(start),
          start: timeBody(start, zone, byClock),
          end: timeBody(end, zone, byClock),
          ...(recurrence ? recurrenceBody(recurrence, start, zone) : {}),
        }),
    ...(recurrence === null ? { recurrence: null } : {}),
    ...(patch.location === undefined ? {} : { location: { displayName: patch.location ?? '' } }),
    ...(patch.description === undefined
      ? {}
      : { body: { contentType: 'text', content: patch.description ?? '' } }),
    ...attendeesBody(patch),
    ...(patch.reminderMinutes === undefined ? {} : reminderBody(patch.reminderMinutes)),
    ...(patch.conference === true ? { isOnlineMeeting: true } : {}),
    ...(patch.private === undefined ? {} : { sensitivity: patch.private ? 'private' : 'normal' }),
    ...(patch.showAs === undefined ? {} : { showAs: patch.showAs }),
    singleValueExtendedProperties: [{ id: effectKeyId, value: effectKey }],
  };
}

/** An instant of Graph's: wall clock in the zone it names, which we ask to be UTC. */
export function instantOf(time: DateTimeTimeZone | null | undefined): number {
  const zone = toIanaZone(time?.timeZone ?? 'UTC');
  if (!time?.dateTime || zone === undefined) return Number.NaN;
  return DateTime.fromISO(time.dateTime, { zone }).toMillis();
}

const showings = {
  free: 'free',
  tentative: 'tentative',
  busy: 'busy',
  oof: 'outOfOffice',
  workingElsewhere: 'workingElsewhere',
  unknown: 'busy',
} as const satisfies Record<FreeBusyStatus, Showing>;

/** Graph has no kinds of events; how they show says as much. */
const kinds: Partial<Record<Showing, CalendarEvent['kind']>> = {
  outOfOffice: 'outOfOffice',
  workingElsewhere: 'workingLocation',
};

const responses: Partial<Record<ResponseType, Response>> = {
  accepted: 'accepted',
  declined: 'declined',
  tentativelyAccepted: 'tentative',
};

function toOwnResponse(event: GraphEvent): CalendarEvent['response'] {
  const response = event.responseStatus?.response ?? 'none';
  if (event.isOrganizer === true || response === 'organizer') return 'organizer';
  return responses[response] ?? 'none';
}

function toGuests(event: GraphEvent, account: string, rooms: boolean): CalendarGuest[] {
  return (event.attendees ?? []).flatMap(({ emailAddress, type, status }: Attendee) => {
    const email = emailAddress?.address?.toLowerCase();
    if (!email || email === account || (type === 'resource') !== rooms) return [];
    const response = responses[status?.response ?? 'none'] ?? 'none';
    return [{ email, name: emailAddress?.name ?? null, response, optional: type === 'optional' }];
  });
}

function toRecurrence(event: GraphEvent, zone: string): CalendarEvent['recurrence'] {
  if (event.type !== 'seriesMaster' || !event.recurrence) return null;
  const allDay = event.isAllDay === true;
  const ownZone = toIanaZone(event.recurrence.range?.recurrenceTimeZone ?? '', zone) ?? zone;
  const local = allDay
    ? DateTime.fromISO(dateOf(event.start), { zone: ownZone })
    : DateTime.fromMillis(instantOf(event.start), { zone: ownZone });
  const rule = toRule(event.recurrence, { local, zone: ownZone, allDay });
  if (rule === undefined) return 'inexpressible';
  // Ids of occurrences end with their date: `OID.<id of the series>.2026-11-24`.
  const excluded = (event.cancelledOccurrences ?? []).flatMap((id) => {
    const date = /\d{4}-\d\d-\d\d$/.exec(id)?.[0];
    if (date === undefined || allDay) return date ?? [];
    const { hour, minute, second } = local;
    const start = DateTime.fromISO(date, { zone: ownZone }).set({ hour, minute, second });
    return start.toISO({ suppressMilliseconds: true }) ?? [];
  });
  return { rule, excluded };
}

/** The instant by the series' rule. That of an all-day one is a date, written as midnight in UTC. */
function toOriginalStart(event: GraphEvent, zone: string): number | null {
  if (!event.originalStart) return null;
  const instant = DateTime.fromISO(event.originalStart, { zone: 'utc' });
  const isDay = event.isAllDay === true && instant.equals(instant.startOf('day'));
  return isDay ? startOfDay(instant.toFormat('yyyy-MM-dd'), zone) : instant.toMillis();
}

function recurrenceBody(recurrence: Recurrence, start: string, zone: string): Event {
  const local = DateTime.fromISO(start, { zone });
  return { recurrence: toGraphRecurrence(recurrence.rule, { local, zone, allDay: isDate(start) }) };
}

function attendeesBody({ guests, optionalGuests, rooms }: Change): Event {
  if (guests === undefined && optionalGuests === undefined && rooms === undefined) return {};
  const of = (emails: readonly string[] | undefined, type: Attendee['type']): Attendee[] =>
    (emails ?? []).map((address) => ({ emailAddress: { address }, type: type ?? null }));
  const attendees = [
    ...of(guests, 'required'),
    ...of(optionalGuests, 'optional'),
    ...of(rooms, 'resource'),
  ];
  return { attendees };
}

function reminderBody(minutes: number | null): Event {
  return minutes === null
    ? { isReminderOn: false }
    : { isReminderOn: true, reminderMinutesBeforeStart: minutes };
}

/**
 * A series repeats by the clock of its zone, and days begin by it. A single instant is the same in UTC
 * where Windows has no such zone.
 */
function timeBody(time: string, zone: string, byClock: boolean): DateTimeTimeZone {
  const local = DateTime.fromISO(time, { zone });
  const timeZone = byClock
    ? toWindowsZone(zone, local.toMillis())
    : (windowsZoneAt(zone, local.toMillis()) ?? 'UTC');
  const shown = timeZone === 'UTC' ? local.toUTC() : local;
  return { dateTime: shown.toFormat("yyyy-MM-dd'T'HH:mm:ss.SSS"), timeZone };
}

function toUuid(hex: string): string {
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function isDate(time: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(time);
}

/** All-day events are midnight to midnight whatever zone was asked for. */
function dateOf(time: DateTimeTimeZone | null | undefined): string {
  return time?.dateTime?.slice(0, 10) ?? '';
}

function startOfDay(date: string, zone: string): number {
  return DateTime.fromISO(date, { zone }).toMillis();
}

function propertyOf(event: GraphEvent, id: string): string | null {
  const found = event.singleValueExtendedProperties?.find(
    (property) => property.id?.toLowerCase() === id.toLowerCase(),
  );
  return found?.value ?? null;
}

function propertyFilter(id: string, value: string): string {
  return `singleValueExtendedProperties/Any(ep: ep/id eq '${id}' and ep/value eq '${value}')`;
}
