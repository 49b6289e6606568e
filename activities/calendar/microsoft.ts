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
import type { MicrosoftSession } from '../microsoft/client.ts';
import { busyTimes } from './microsoft-busy.ts';
import { patchBodyOf } from './microsoft-changes.ts';
import { createdUnder, type GraphEvent, toCalendarEvent, toNewBody } from './microsoft-events.ts';
import { insertWithGaps } from './microsoft-gaps.ts';
import {
  eventPath,
  findEvent,
  type Found,
  type ListQuery,
  readEvent,
  readEvents,
  request,
} from './microsoft-reading.ts';
import { readSettings } from './microsoft-settings.ts';
import type { CalendarEvent, CalendarPort, EventPrecondition, NewEvent } from './port.ts';

/** The calendar port of one account's own calendar. */
export function createMicrosoftCalendar(session: MicrosoftSession): CalendarPort {
  const listEvents = (window: ListQuery): Promise<Found> =>
    readEvents(session, '/me/calendarView', 'list events', {
      ...window,
      $orderby: 'start/dateTime',
    });
  return {
    dropsConference: false,
    listEvents,
    getEvent: (eventId, zone) => readEvent(session, eventId, zone),
    findCreated: (effectKey, zone) => findEvent(session, createdUnder(effectKey), zone),
    async occurrences({ seriesId, ...window }) {
      const path = `${eventPath(seriesId)}/instances`;
      try {
        return await readEvents(session, path, 'list the occurrences', window);
      } catch (error) {
        // A series that was cancelled is gone.
        if (failureTypeOf(error) !== 'NotFoundError') throw error;
        return { events: [], truncated: false };
      }
    },
    busyTimes: (emails, fromMs, toMs) => busyTimes(session, listEvents, emails, { fromMs, toMs }),
    insertEvent: (event) =>
      (event.recurrence?.excluded.length ?? 0) > 0
        ? insertWithGaps(session, event, postEvent)
        : postEvent(session, event, toNewBody(event)),
    updateEvent: (change) => updateEvent(session, change),
    deleteEvent: (change) => deleteEvent(session, change),
    respond: (change) => respond(session, change),
    settings: () => readSettings(session),
  };
}

/** Creates the event a body says. The answer leaves extended properties out. */
async function postEvent(
  session: MicrosoftSession,
  { effectKey, zone }: NewEvent,
  body: object,
): Promise<CalendarEvent> {
  const data = await session.write(
    'create the event',
    (signal) =>
      request(session, '/me/events', signal)
        .header('X-Effect-Key', effectKey)
        .post(body) as Promise<GraphEvent>,
  );
  return { ...toCalendarEvent(written(data), zone, session.account), effectKey };
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

function written(data: GraphEvent | undefined): GraphEvent {
  if (typeof data?.id === 'string') return data;
  throw new UnknownOutcomeError('Microsoft sent an answer without an event.');
}
