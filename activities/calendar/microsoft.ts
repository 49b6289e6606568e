/**
 * Outlook's calendar on Microsoft Graph behind the calendar port. It adds no retry and no judgement of
 * its own.
 *
 * Graph documents `If-Match` for deleting an event only, and neither for cancelling nor for answering.
 * So each change reads the event first and refuses when its tag is not the approved one, sends the tag
 * where a request can carry it, and reads what came of it. Where Graph passes over the tag, somebody's
 * change in the moment between reading and writing is not seen before; a change that overwrote ours is
 * seen after.
 *
 * Graph tells guests of every change by itself, so `notify` decides about answers only.
 * @see https://learn.microsoft.com/en-us/graph/api/resources/event
 */
import { UnknownOutcomeError } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import { type MicrosoftSession, query } from '../microsoft/client.ts';
import { busyTimes } from './microsoft-busy.ts';
import { patchBodyOf, requireKnownGaps } from './microsoft-changes.ts';
import {
  createdUnder,
  eventFields,
  eventPreference,
  type GraphEvent,
  listFields,
  toCalendarEvent,
  toNewBody,
} from './microsoft-events.ts';
import { readSettings } from './microsoft-settings.ts';
import type { CalendarEvent, CalendarPort, EventPrecondition } from './port.ts';

/** Events one page may hold. */
const pageMax = 500;

type Found = { events: CalendarEvent[]; truncated: boolean };
type Page = { readonly value?: GraphEvent[]; readonly '@odata.nextLink'?: string };
type ListQuery = Parameters<CalendarPort['listEvents']>[0];

/** The calendar port of one account's own calendar. */
export function createMicrosoftCalendar(session: MicrosoftSession): CalendarPort {
  const listEvents = (window: ListQuery): Promise<Found> =>
    readEvents(session, '/me/calendarView', 'list events', {
      ...window,
      $orderby: 'start/dateTime',
    });
  return {
    listEvents,
    getEvent: (eventId, zone) => readEvent(session, eventId, zone),
    findCreated: (effectKey, zone) => findCreated(session, effectKey, zone),
    occurrences: ({ seriesId, ...window }) =>
      readEvents(session, `${eventPath(seriesId)}/instances`, 'list the occurrences', window),
    busyTimes: (emails, fromMs, toMs) => busyTimes(session, listEvents, emails, { fromMs, toMs }),
    async insertEvent(event) {
      requireKnownGaps(event.recurrence, null);
      const body = toNewBody(event);
      const data = await session.write(
        'create the event',
        (signal) =>
          request(session, '/me/events', signal)
            .header('X-Effect-Key', event.effectKey)
            .post(body) as Promise<GraphEvent>,
      );
      // The answer leaves extended properties out.
      const made = toCalendarEvent(written(data), event.zone, session.account);
      return { ...made, effectKey: event.effectKey };
    },
    updateEvent: (change) => updateEvent(session, change),
    deleteEvent: (change) => deleteEvent(session, change),
    respond: (change) => respond(session, change),
    settings: () => readSettings(session),
  };
}

async function updateEvent(
  session: MicrosoftSession,
  { eventId, patch, ...change }: Parameters<CalendarPort['updateEvent']>[0],
): Promise<CalendarEvent> {
  const before = await readUnchanged(session, eventId, change);
  const body = patchBodyOf(change.effectKey, patch, before);
  await session.write('change the event', (signal) =>
    request(session, eventPath(eventId), signal)
      .headers({ 'If-Match': change.etag, 'X-Effect-Key': change.effectKey })
      .patch(body),
  );
  const after = await readAfter(session, eventId, patch.zone ?? before.zone);
  if (after?.effectKey === change.effectKey) return after;
  throw new UnknownOutcomeError('The event was changed by somebody else at the same moment.');
}

/** A meeting with guests is cancelled, which can carry a message; anything else is deleted. */
async function deleteEvent(
  session: MicrosoftSession,
  { eventId, message, ...change }: Parameters<CalendarPort['deleteEvent']>[0],
): Promise<void> {
  const before = await readUnchanged(session, eventId, change);
  const isMeeting = before.guests.length + before.rooms.length > 0;
  await session.write('cancel the event', (signal): Promise<unknown> => {
    const headers = { 'If-Match': change.etag, 'X-Effect-Key': change.effectKey };
    if (!isMeeting || before.organizer?.self === false) {
      return request(session, eventPath(eventId), signal).headers(headers).delete();
    }
    const body = message === undefined ? {} : { comment: message };
    return request(session, `${eventPath(eventId)}/cancel`, signal)
      .headers(headers)
      .post(body);
  });
}

const answers = {
  accepted: 'accept',
  declined: 'decline',
  tentative: 'tentativelyAccept',
} as const;

async function respond(
  session: MicrosoftSession,
  { eventId, response, comment, notify, ...change }: Parameters<CalendarPort['respond']>[0],
): Promise<CalendarEvent> {
  const before = await readUnchanged(session, eventId, change);
  if (before.response === null || before.response === 'organizer') {
    throw failure('InvalidInputError', 'Nobody invited you to this event, so there is no answer.');
  }
  const body = { ...(comment === null ? {} : { comment }), sendResponse: notify };
  await session.write('answer the invitation', (signal) =>
    request(session, `${eventPath(eventId)}/${answers[response]}`, signal)
      .header('X-Effect-Key', change.effectKey)
      .post(body),
  );
  // Outlook takes a declined invitation out of the calendar.
  const after = await readAfter(session, eventId, before.zone);
  return { ...(after ?? before), response };
}

async function readEvents(
  session: MicrosoftSession,
  path: string,
  what: string,
  { fromMs, toMs, zone, text, limit, ...order }: ListQuery & { $orderby?: string },
): Promise<Found> {
  const wanted = text?.toLowerCase();
  const found: CalendarEvent[] = [];
  let next: string | undefined = `${path}?${query({
    startDateTime: new Date(fromMs).toISOString(),
    endDateTime: new Date(toMs).toISOString(),
    ...listFields,
    ...order,
    $top: Math.min(limit + 1, pageMax),
  })}`;
  while (next !== undefined && found.length <= limit) {
    const link: string = next;
    const page = await session.read(
      what,
      (signal) => request(session, link, signal).get() as Promise<Page>,
    );
    const events = (page.value ?? []).map((item) => toCalendarEvent(item, zone, session.account));
    found.push(
      ...events.filter(
        (event) => !event.cancelled && overlaps(event, fromMs, toMs) && contains(event, wanted),
      ),
    );
    next = page['@odata.nextLink'];
  }
  const sorted = found.toSorted((a, b) => a.startMs - b.startMs);
  return { events: sorted.slice(0, limit), truncated: found.length > limit };
}

/** Graph counts an event that ends as the window begins. */
function overlaps({ startMs, endMs }: CalendarEvent, fromMs: number, toMs: number): boolean {
  return startMs < toMs && (endMs > fromMs || startMs >= fromMs);
}

/** Graph has no search in calendars. */
function contains(event: CalendarEvent, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  const people = event.guests.flatMap(({ email, name }) => [email, name]);
  const texts = [event.title, event.location, event.description, ...people];
  return texts.some((text) => text?.toLowerCase().includes(wanted));
}

async function readEvent(
  session: MicrosoftSession,
  eventId: string,
  zone: string,
): Promise<CalendarEvent | null> {
  try {
    const event = await session.read(
      'read the event',
      (signal) =>
        request(session, `${eventPath(eventId)}?${eventFields}`, signal).get() as Promise<
          GraphEvent | undefined
        >,
    );
    if (typeof event?.id === 'string') return toCalendarEvent(event, zone, session.account);
  } catch (error) {
    if (failureTypeOf(error) === 'NotFoundError') return null;
    throw error;
  }
  throw failure('ProviderUnavailableError', 'Microsoft sent an answer without an event.');
}

async function findCreated(
  session: MicrosoftSession,
  effectKey: string,
  zone: string,
): Promise<CalendarEvent | null> {
  const path = `/me/events?${query({ $filter: createdUnder(effectKey), ...listFields, $top: 1 })}`;
  const page = await session.read(
    'look for the event',
    (signal) => request(session, path, signal).get() as Promise<Page>,
  );
  const [event] = page.value ?? [];
  return event === undefined ? null : toCalendarEvent(event, zone, session.account);
}

/** The event as it was approved. @throws PreconditionFailedError when it has changed since */
async function readUnchanged(
  session: MicrosoftSession,
  eventId: string,
  { etag }: Pick<EventPrecondition, 'etag'>,
): Promise<CalendarEvent> {
  const event = await readEvent(session, eventId, 'UTC');
  if (event === null) throw new UnknownOutcomeError('The event is not there any more.');
  if (event.etag === etag) return event;
  throw failure('PreconditionFailedError', 'The event was changed since, so it was left alone.');
}

/** The event after a change that Graph took. @throws UnknownOutcomeError when it cannot be read */
async function readAfter(
  session: MicrosoftSession,
  eventId: string,
  zone: string,
): Promise<CalendarEvent | null> {
  try {
    return await readEvent(session, eventId, zone);
  } catch (cause) {
    throw new UnknownOutcomeError('Microsoft took the change and could not show it.', { cause });
  }
}

function request(session: MicrosoftSession, path: string, signal: AbortSignal) {
  return session.api(path).header('Prefer', eventPreference).options({ signal });
}

function eventPath(eventId: string): string {
  return `/me/events/${encodeURIComponent(eventId)}`;
}

function written(data: GraphEvent | undefined): GraphEvent {
  if (typeof data?.id === 'string') return data;
  throw new UnknownOutcomeError('Microsoft sent an answer without an event.');
}
