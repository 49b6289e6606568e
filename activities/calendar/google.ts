/**
 * Google Calendar behind the calendar port. Each call is one request; it adds no retry and no
 * judgement of its own.
 * @see https://developers.google.com/workspace/calendar/api/v3/reference
 */
import type { calendar_v3 } from 'googleapis/build/src/apis/calendar/index.js';
import { UnknownOutcomeError } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import type { GoogleSession } from '../google/client.ts';
import { googleEventId, insertBody, namesPeople, patchBody } from './google-bodies.ts';
import { busyTimes } from './google-busy.ts';
import { requireAnswer, toCalendarEvent } from './google-events.ts';
import type { CalendarEvent, CalendarPort, EventPrecondition } from './port.ts';

const calendarId = 'primary';
/** Events one page may hold. */
const pageMax = 2_500;

/** The calendar port of one owner's primary calendar. */
export function createGoogleCalendar(session: GoogleSession): CalendarPort {
  const { events } = session.calendar;
  const getEvent = async (eventId: string, zone: string): Promise<CalendarEvent | null> => {
    const data = await readEvent(session, eventId);
    return data === null ? null : toCalendarEvent(data, zone);
  };
  return {
    dropsConference: true,
    getEvent,
    findCreated: (effectKey, zone) => getEvent(googleEventId(effectKey), zone),
    listEvents: ({ fromMs, toMs, zone, text, limit }) =>
      readPages({ fromMs, toMs, zone, limit }, (page) =>
        session.read('list events', () =>
          events.list({
            calendarId,
            singleEvents: true,
            orderBy: 'startTime',
            ...(text === undefined ? {} : { q: text }),
            ...page,
          }),
        ),
      ),
    async occurrences({ seriesId, ...query }) {
      const found = await readPages(query, (page) =>
        session.read('list the occurrences', () =>
          events.instances({ calendarId, eventId: seriesId, ...page }),
        ),
      );
      return { ...found, events: found.events.toSorted((a, b) => a.startMs - b.startMs) };
    },
    busyTimes: (emails, fromMs, toMs) => busyTimes(session, emails, fromMs, toMs),
    async insertEvent(event) {
      const told = event.guests.length + event.optionalGuests.length > 0;
      const data = await session.write('create the event', () =>
        events.insert({
          calendarId,
          sendUpdates: told ? 'all' : 'none',
          ...(event.conference ? { conferenceDataVersion: 1 } : {}),
          requestBody: insertBody(event),
        }),
      );
      return toCalendarEvent(written(data), event.zone);
    },
    async updateEvent({ eventId, patch, ...change }) {
      // A list of attendees replaces the whole one, with the answers given so far.
      const current = namesPeople(patch) ? await readUnchanged(session, eventId, change) : null;
      const params = {
        calendarId,
        eventId,
        sendUpdates: notice(change),
        ...(patch.conference === undefined ? {} : { conferenceDataVersion: 1 }),
        requestBody: patchBody(patch, change.effectKey, current),
      };
      const data = await session.write('change the event', () =>
        events.patch(params, { headers: { 'If-Match': change.etag } }),
      );
      return toCalendarEvent(written(data), patch.zone ?? 'UTC');
    },
    /** Google carries no message of a cancellation. */
    async deleteEvent({ eventId, ...change }) {
      const params = { calendarId, eventId, sendUpdates: notice(change) };
      const headers = { 'If-Match': change.etag, 'X-Effect-Key': change.effectKey };
      await session.write('cancel the event', () => events.delete(params, { headers }));
    },
    respond: (change) => respond(session, change),
    async settings() {
      const data = await session.read('read the settings', () =>
        session.calendar.settings.get({ setting: 'timezone' }),
      );
      return { zone: data.value ?? null, workingHours: null };
    },
  };
}

/** An answer is a change of the owner's own entry among the attendees; the others are not sent. */
async function respond(
  session: GoogleSession,
  { eventId, response, comment, ...change }: Parameters<CalendarPort['respond']>[0],
): Promise<CalendarEvent> {
  const current = await readUnchanged(session, eventId, change);
  const own = current.attendees?.find(({ self }) => self === true);
  if (own === undefined) {
    throw failure('InvalidInputError', 'Nobody invited you to this event, so there is no answer.');
  }
  const answered = { ...own, responseStatus: response, ...(comment === null ? {} : { comment }) };
  const params = {
    calendarId,
    eventId,
    sendUpdates: notice(change),
    requestBody: {
      attendeesOmitted: true,
      attendees: [answered],
      extendedProperties: { private: { effectKey: change.effectKey } },
    },
  };
  const data = await session.write('answer the invitation', () =>
    session.calendar.events.patch(params, { headers: { 'If-Match': change.etag } }),
  );
  return toCalendarEvent(written(data), 'UTC');
}

type Page = { timeMin: string; timeMax: string; maxResults: number; pageToken?: string };

async function readPages(
  query: { fromMs: number; toMs: number; zone: string; limit: number },
  read: (page: Page) => Promise<calendar_v3.Schema$Events>,
): Promise<{ events: CalendarEvent[]; truncated: boolean }> {
  const found: CalendarEvent[] = [];
  let pageToken: string | undefined;
  do {
    const data = requireAnswer(
      await read({
        timeMin: new Date(query.fromMs).toISOString(),
        timeMax: new Date(query.toMs).toISOString(),
        maxResults: Math.min(query.limit + 1, pageMax),
        ...(pageToken === undefined ? {} : { pageToken }),
      }),
    );
    const zone = data.timeZone ?? query.zone;
    found.push(...(data.items ?? []).map((item) => toCalendarEvent(item, zone)));
    pageToken = data.nextPageToken ?? undefined;
  } while (pageToken !== undefined && found.length <= query.limit);
  return { events: found.slice(0, query.limit), truncated: found.length > query.limit };
}

async function readEvent(
  session: GoogleSession,
  eventId: string,
): Promise<calendar_v3.Schema$Event | null> {
  const data = await orNull(
    session.read('read the event', () => session.calendar.events.get({ calendarId, eventId })),
  );
  return data === null ? null : requireAnswer(data);
}

/** The event as it was approved. @throws PreconditionFailedError when it has changed since */
async function readUnchanged(
  session: GoogleSession,
  eventId: string,
  { etag }: Pick<EventPrecondition, 'etag'>,
): Promise<calendar_v3.Schema$Event> {
  const data = await readEvent(session, eventId);
  if (data?.etag === etag) return data;
  throw failure('PreconditionFailedError', 'The event was changed since, so it was left alone.');
}

function notice({ notify }: Pick<EventPrecondition, 'notify'>): 'all' | 'none' {
  return notify ? 'all' : 'none';
}

async function orNull<Data>(reading: Promise<Data>): Promise<Data | null> {
  try {
    return await reading;
  } catch (error) {
    if (failureTypeOf(error) === 'NotFoundError') return null;
    throw error;
  }
}

function written(data: calendar_v3.Schema$Event): calendar_v3.Schema$Event {
  if (typeof data === 'object' && typeof data?.id === 'string') return data;
  throw new UnknownOutcomeError('Google sent an answer without an event.');
}
