/**
 * The members of a Graph event on the one stored event both vendors share, and back. What only
 * Outlook knows lies under `outlook` and stays with the copy it was set on.
 */
import { convert } from 'html-to-text';
import { toRfc3339 } from '../calendar/times.ts';
import type { Attendee, OutlookFields, Person, StoredEvent } from '../office/state.ts';
import { invalidRequest } from './errors.ts';
import type { EventBody } from './event-body.ts';
import { readTime, validationFailure } from './event-times.ts';
import { firstOccurrence, readRecurrence } from './recurrence.ts';

/** Outlook reminds this long before an event when nobody says otherwise. */
const defaultReminderMinutes = 15;

/** The event with a body applied: members that are absent stay, null takes away. */
export function applyBody(current: StoredEvent, body: EventBody, owner: Person): StoredEvent {
  const next = structuredClone(current);
  if (body.subject !== undefined) next.summary = body.subject ?? '';
  if (body.location !== undefined) setOrDelete(next, 'location', body.location?.displayName);
  if (body.body !== undefined) applyText(next, body.body);
  applyTimes(next, body, owner);
  if (body.attendees) next.attendees = readAttendees(body.attendees, current);
  if (body.showAs) applyShowAs(next, body.showAs);
  applyReminder(next, body);
  if (body.isOnlineMeeting !== undefined) applyMeeting(next, body.isOnlineMeeting === true);
  if (body.sensitivity) {
    setOrDelete(next, 'visibility', body.sensitivity === 'normal' ? undefined : 'private');
  }
  applyOutlook(next, body);
  return next;
}

function setOrDelete(event: StoredEvent, field: string, value: string | null | undefined): void {
  if (value) event[field] = value;
  else delete event[field];
}

function applyText(event: StoredEvent, sent: EventBody['body']): void {
  setOrDelete(event, 'description', sent?.content);
  event.outlook = { ...event.outlook, bodyType: sent?.contentType ?? 'text' };
}

function applyTimes(next: StoredEvent, body: EventBody, owner: Person): void {
  const wasAllDay = next.start.date !== undefined;
  const allDay = body.isAllDay ?? wasAllDay;
  if (allDay !== wasAllDay && next.revision > 0 && !(body.start && body.end)) {
    throw validationFailure('IsAllDay changes together with Start and End.');
  }
  if (allDay && body.start && body.end && body.start.timeZone !== body.end.timeZone) {
    throw validationFailure('Start and End of an all-day event need the same time zone.');
  }
  if (body.start) {
    next.start = readTime(body.start, allDay);
    next.outlook = { ...next.outlook, startZone: body.start.timeZone ?? 'UTC' };
  }
  if (body.end) {
    next.end = readTime(body.end, allDay);
    next.outlook = { ...next.outlook, endZone: body.end.timeZone ?? 'UTC' };
  }
  if (body.recurrence === undefined) return;
  if (next.recurringEventId) throw invalidRequest('An occurrence cannot have a recurrence.');
  const left = body.start ? [] : (next.recurrence ?? []).filter((line) => /^EXDATE/i.test(line));
  delete next.recurrence;
  if (body.recurrence === null) return;
  const line = readRecurrence(body.recurrence, next.start, owner.zone);
  // Days that were taken out stay out as long as the series keeps its start.
  next.recurrence = [line, ...left];
  beginOnPattern(next, line, owner);
}

/** Outlook's series begin on the first day of their pattern, whatever start was given. */
function beginOnPattern(event: StoredEvent, line: string, owner: Person): void {
  const { start, end } = event;
  const zone = start.timeZone ?? owner.zone;
  const first = firstOccurrence(line, start, owner.zone);
  if (start.date !== undefined && end.date !== undefined) {
    const days = Math.round((Date.parse(end.date) - Date.parse(start.date)) / 86_400_000);
    event.start = { date: first.toFormat('yyyy-MM-dd') };
    event.end = { date: first.plus({ days }).toFormat('yyyy-MM-dd') };
    return;
  }
  const lengthMs = Date.parse(end.dateTime ?? '') - Date.parse(start.dateTime ?? '');
  event.start = { ...start, dateTime: toRfc3339(first.toMillis(), zone) };
  event.end = { ...end, dateTime: toRfc3339(first.toMillis() + lengthMs, end.timeZone ?? zone) };
}

/** The whole list, as sent; guests who were there keep their answers, the organizer stays. */
function readAttendees(
  sent: NonNullable<EventBody['attendees']>,
  current: StoredEvent,
): Attendee[] {
  const before = current.attendees ?? [];
  const guests = sent.map(({ emailAddress, type }): Attendee => {
    const email = (emailAddress.address ?? '').toLowerCase();
    if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) {
      throw validationFailure(`'${email}' is no address of an attendee.`);
    }
    const known = before.find((other) => other.email === email);
    return {
      email,
      ...(emailAddress.name ? { displayName: emailAddress.name } : {}),
      ...(type === 'optional' ? { optional: true } : {}),
      ...(type === 'resource' ? { resource: true } : {}),
      responseStatus: known?.responseStatus ?? 'needsAction',
    };
  });
  const host = before.find(({ email }) => email === current.organizer.email);
  const others = guests.filter(({ email }) => email !== current.organizer.email);
  return host && others.length > 0 ? [host, ...others] : others;
}

/** Free, out of office and elsewhere have a meaning at both vendors; the rest is Outlook's own. */
function applyShowAs(next: StoredEvent, showAs: NonNullable<EventBody['showAs']>): void {
  setOrDelete(next, 'transparency', showAs === 'free' ? 'transparent' : undefined);
  const types: Partial<Record<typeof showAs, string>> = {
    oof: 'outOfOffice',
    workingElsewhere: 'workingLocation',
  };
  setOrDelete(next, 'eventType', types[showAs]);
  next.outlook = { ...next.outlook, showAs };
}

function applyReminder(next: StoredEvent, body: EventBody): void {
  const { isReminderOn, reminderMinutesBeforeStart } = body;
  if (isReminderOn == null && reminderMinutesBeforeStart == null) return;
  const now = reminderOf(next);
  const isOn = isReminderOn ?? now.isReminderOn;
  const minutes = reminderMinutesBeforeStart ?? now.reminderMinutesBeforeStart;
  next.reminders = { useDefault: false, overrides: isOn ? [{ method: 'popup', minutes }] : [] };
}

/** The reminder of an event in Graph's two members. */
export function reminderOf(event: StoredEvent): {
  isReminderOn: boolean;
  reminderMinutesBeforeStart: number;
} {
  const reminders = event.reminders as
    { useDefault?: boolean; overrides?: { minutes: number }[] } | undefined;
  const minutes = reminders?.overrides?.[0]?.minutes;
  return {
    isReminderOn: minutes !== undefined || (reminders?.useDefault ?? true),
    reminderMinutesBeforeStart: minutes ?? defaultReminderMinutes,
  };
}

/** A Teams meeting, kept in the form that shows at both vendors. */
function applyMeeting(next: StoredEvent, wanted: boolean): void {
  // Once a meeting is online it stays so. @see the reference of `isOnlineMeeting`
  if (!wanted || isTeams(next)) return;
  const uri = `https://teams.microsoft.com/l/meetup-join/${next.id}`;
  next.conferenceData = {
    conferenceId: next.id,
    conferenceSolution: { key: { type: 'addOn' }, name: 'Microsoft Teams' },
    entryPoints: [{ entryPointType: 'video', uri, label: 'teams.microsoft.com' }],
  };
}

interface Conference {
  conferenceSolution?: { key?: { type?: string }; name?: string };
  entryPoints?: { uri?: string }[];
}

/** Whether the event's conference is one that Outlook made. */
export function isTeams(event: StoredEvent): boolean {
  const conference = event.conferenceData as Conference | undefined;
  return conference?.conferenceSolution?.key?.type === 'addOn';
}

/** Where the event's conference is joined. */
export function joinUrl(event: StoredEvent): string | undefined {
  return (event.conferenceData as Conference | undefined)?.entryPoints?.[0]?.uri;
}

function applyOutlook(next: StoredEvent, body: EventBody): void {
  const { singleValueExtendedProperties: sent, categories, transactionId } = body;
  const kept: OutlookFields = { ...next.outlook };
  if (next.revision === 0 && transactionId) kept.transactionId = transactionId;
  if (categories) kept.categories = categories;
  for (const name of ['importance', 'sensitivity'] as const) {
    const value = body[name];
    if (value) kept[name] = value;
  }
  for (const name of ['allowNewTimeProposals', 'hideAttendees', 'responseRequested'] as const) {
    const value = body[name];
    if (value != null) kept[name] = value;
  }
  if (sent) {
    const named = (id: string): boolean => sent.some((property) => sameProperty(property.id, id));
    const others = (kept.properties ?? []).filter(({ id }) => !named(id));
    kept.properties = [...others, ...sent];
  }
  if (Object.keys(kept).length > 0) next.outlook = kept;
}

/** Whether two spellings name the same extended property: only its own name minds the case. */
export function sameProperty(a: string, b: string): boolean {
  const parts = (id: string): string => {
    const [, kind = id, guid = '', name = ''] =
      /^(\w+)\s+\{([^}]+)\}\s+Name\s+(.+)$/i.exec(id) ?? [];
    return `${kind.toLowerCase()} ${guid.toLowerCase()} ${name}`;
  };
  return parts(a) === parts(b);
}

/** The text of an event's body in the type that was preferred, and its first words. */
export function bodyOf(
  event: StoredEvent,
  contentType: 'html' | 'text',
): { body: object; bodyPreview: string } {
  const stored = typeof event.description === 'string' ? event.description : '';
  const meet = isTeams(event) ? undefined : joinUrl(event);
  const isHtml = event.outlook?.bodyType === 'html' || /<\/?[a-z][^>]*>/i.test(stored);
  const plain = isHtml ? convert(stored, { wordwrap: false }) : stored;
  // Another vendor's link to a call reaches Outlook only as text of the invitation.
  const words = meet === undefined ? plain : `${plain}\nJoin: ${meet}`.trim();
  const html = isHtml ? stored : `<html><body><p>${escapeHtml(words)}</p></body></html>`;
  return {
    body: { contentType, content: contentType === 'html' ? html : words },
    bodyPreview: words.slice(0, 255),
  };
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('\n', '<br>');
}
