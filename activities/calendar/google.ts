/**
 * Google Calendar behind the calendar port. Each call is one request; it adds no retry and no
 * judgement of its own.
 * @see https://developers.google.com/workspace/calendar/api/v3/reference
 */
import type { calendar_v3 } from 'googleapis/build/src/apis/calendar/index.js';
import { UnknownOutcomeError } from '../effects/handler.ts';
import { failure, failureTypeOf } from '../failures.ts';
import type { GoogleSession } from '../google/client.ts';
import type { BusyInterval } from './availability.ts';
import { toCalendarEvent } from './google-events.ts';
import type { CalendarEvent, CalendarPort, EventPrecondition, NewEvent } from './port.ts';

const calendarId = 'primary';
/** Calendars one free/busy request may name. */
const freeBusyMax = 50;

/** The calendar port of one owner's primary calendar. */
export function createGoogleCalendar(session: GoogleSession): CalendarPort {
  const { events } = session.calendar;
  const getEvent = async (eventId: string, zone: string): Promise<CalendarEvent | null> => {
    const data = await orNull(
      session.read('read the event', () => events.get({ calendarId, eventId })),
    );
    return data === null ? null : toCalendarEvent(readable(data), zone);
  };
  return {
    getEvent,
    findCreated: (effectKey, zone) => getEvent(googleEventId(effectKey), zone),
    listEvents: (query) => listEvents(session, query),
    busyTimes: (emails, fromMs, toMs) => busyTimes(session, emails, fromMs, toMs),
    async insertEvent(event) {
      const data = await session.write('create the event', () =>
        events.insert({
          calendarId,
          sendUpdates: event.guests.length > 0 ? 'all' : 'none',
          requestBody: insertBody(event),
        }),
      );
      return toCalendarEvent(written(data), event.zone);
    },
    async moveEvent({ eventId, start, end, zone, ...change }) {
      const requestBody = {
        start: timeBody(start, zone),
        end: timeBody(end, zone),
        extendedProperties: { private: { effectKey: change.effectKey } },
      };
      const params = { calendarId, eventId, sendUpdates: notice(change), requestBody };
      const data = await session.write('move the event', () =>
        events.patch(params, { headers: { 'If-Match': change.etag } }),
      );
      return toCalendarEvent(written(data), zone);
    },
    async deleteEvent({ eventId, ...change }) {
      const params = { calendarId, eventId, sendUpdates: notice(change) };
      const headers = { 'If-Match': change.etag, 'X-Effect-Key': change.effectKey };
      await session.write('cancel the event', () => events.delete(params, { headers }));
    },
  };
}

/**
 * The id an effect's event gets: base32hex in lower case, which is what Google allows (a–v, 0–9).
 * @param effectKey 64 hex characters
 */
export function googleEventId(effectKey: string): string {
  const digits = '0123456789abcdefghijklmnopqrstuv';
  let bits = 0;
  let value = 0;
  let id = '';
  for (const byte of Buffer.from(effectKey, 'hex')) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      id += digits[(value >> bits) & 31] ?? '';
    }
    value &= (1 << bits) - 1;
  }
  return bits === 0 ? id : id + (digits[(value << (5 - bits)) & 31] ?? '');
}

async function listEvents(
  session: GoogleSession,
  query: Parameters<CalendarPort['listEvents']>[0],
): Promise<{ events: CalendarEvent[]; truncated: boolean }> {
  const found: CalendarEvent[] = [];
  let pageToken: string | undefined;
  do {
    const params: calendar_v3.Params$Resource$Events$List = {
      calendarId,
      timeMin: new Date(query.fromMs).toISOString(),
      timeMax: new Date(query.toMs).toISOString(),
      singleEvents: true,
      orderBy: 'startTime',
      maxResults: Math.min(query.limit + 1, 2_500),
      ...(query.text === undefined ? {} : { q: query.text }),
      ...(pageToken === undefined ? {} : { pageToken }),
    };
    const data = readable(
      await session.read('list events', () => session.calendar.events.list(params)),
    );
    const zone = data.timeZone ?? query.zone;
    found.push(...(data.items ?? []).map((item) => toCalendarEvent(item, zone)));
    pageToken = data.nextPageToken ?? undefined;
  } while (pageToken !== undefined && found.length <= query.limit);
  return { events: found.slice(0, query.limit), truncated: found.length > query.limit };
}

async function busyTimes(
  session: GoogleSession,
  emails: readonly string[],
  fromMs: number,
  toMs: number,
): Promise<Map<string, readonly BusyInterval[] | 'unknown'>> {
  const result = new Map<string, readonly BusyInterval[] | 'unknown'>();
  for (let at = 0; at < emails.length; at += freeBusyMax) {
    const part = emails.slice(at, at + freeBusyMax);
    const requestBody = {
      timeMin: new Date(fromMs).toISOString(),
      timeMax: new Date(toMs).toISOString(),
      items: part.map((id) => ({ id })),
    };
    const data = readable(
      await session.read('read free and busy times', () =>
        session.calendar.freebusy.query({ requestBody }),
      ),
    );
    for (const email of part) result.set(email, toBusy(data.calendars?.[email]));
  }
  return result;
}

/** Fails closed: anything but a clean list of intervals is unknown. */
function toBusy(
  entry: calendar_v3.Schema$FreeBusyCalendar | undefined,
): readonly BusyInterval[] | 'unknown' {
  if (entry?.busy === undefined || (entry.errors?.length ?? 0) > 0) return 'unknown';
  const busy = entry.busy.map(({ start, end }) => ({
    startMs: Date.parse(start ?? ''),
    endMs: Date.parse(end ?? ''),
  }));
  return busy.every(({ startMs, endMs }) => startMs <= endMs) ? busy : 'unknown';
}

function insertBody(event: NewEvent): calendar_v3.Schema$Event {
  return {
    id: googleEventId(event.effectKey),
    summary: event.title,
    start: timeBody(event.start, event.zone),
    end: timeBody(event.end, event.zone),
    ...(event.location === null ? {} : { location: event.location }),
    ...(event.description === null ? {} : { description: event.description }),
    ...(event.guests.length === 0 ? {} : { attendees: event.guests.map((email) => ({ email })) }),
    extendedProperties: { private: { effectKey: event.effectKey } },
  };
}

function timeBody(time: string, timeZone: string): calendar_v3.Schema$EventDateTime {
  return /^\d{4}-\d\d-\d\d$/.test(time) ? { date: time } : { dateTime: time, timeZone };
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

function readable<Data extends object>(data: Data): Data {
  if (typeof data === 'object' && data !== null) return data;
  throw failure('ProviderUnavailableError', 'Google sent an empty answer.');
}

function written(data: calendar_v3.Schema$Event): calendar_v3.Schema$Event {
  if (typeof data === 'object' && typeof data?.id === 'string') return data;
  throw new UnknownOutcomeError('Google sent an answer without an event.');
}
