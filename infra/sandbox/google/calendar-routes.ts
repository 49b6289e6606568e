/**
 * Calendar v3 over HTTP: the subset the product uses, under the paths and with the answers the
 * real client expects. A person writes only their own calendar; of colleagues they see busy time.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bodyObject, rawBody } from '../bodies.ts';
import { busyTime, findEvent } from '../calendar/events.ts';
import type { SendUpdates } from '../calendar/guests.ts';
import { toRfc3339 } from '../calendar/times.ts';
import { GoogleError, invalid, notFound, required, sendGoogleError } from '../errors.ts';
import type { Office } from '../office/office.ts';
import { roomAt } from '../office/rooms.ts';
import type { Person } from '../office/state.ts';
import { requireAccount } from './accounts.ts';
import { type ChangeOptions, changeEvent, insertEvent, removeEvent } from './calendar-changes.ts';
import { type Access, listEvents, listInstances, one, type Query } from './calendar-list.ts';
import type { EventBody } from './event-fields.ts';
import { checkZone, parseInstantMs } from './event-times.ts';
import { showBusyOnly, showEvent } from './event-views.ts';

const maxFreeBusyCalendars = 50;

/** Registers the routes under /calendar/v3. */
export function registerGoogleCalendarRoutes(app: FastifyInstance, office: Office): void {
  void app.register(
    async (scope) => {
      scope.setErrorHandler((error, _request, reply) => sendGoogleError(reply, error, false));
      scope.setNotFoundHandler((_request, reply) => sendGoogleError(reply, notFound(), false));
      registerCalendars(scope, office);
      registerEventReads(scope, office);
      registerEventWrites(scope, office);
      registerSettings(scope, office);
      scope.post('/freeBusy', (request) => freeBusy(office, request));
    },
    { prefix: '/calendar/v3' },
  );
}

interface Params {
  calendarId: string;
  eventId: string;
  setting: string;
}

function registerCalendars(scope: FastifyInstance, office: Office): void {
  scope.get('/users/me/calendarList', (request) => {
    const account = requireAccount(office, request);
    const etag = `"p${office.state.sequence}"`;
    return { kind: 'calendar#calendarList', etag, items: [listEntry(account)] };
  });
  scope.get('/users/me/calendarList/:calendarId', (request) => {
    const { owner, access } = openCalendar(office, request);
    if (access !== 'owner') throw notFound();
    return listEntry(owner);
  });
  scope.get('/calendars/:calendarId', (request) => {
    const { owner } = openCalendar(office, request);
    return {
      kind: 'calendar#calendar',
      etag: `"c${owner.email.length}"`,
      id: owner.email,
      summary: owner.email,
      timeZone: owner.zone,
    };
  });
}

function listEntry(owner: Person): object {
  return {
    kind: 'calendar#calendarListEntry',
    etag: `"l${owner.email.length}"`,
    id: owner.email,
    summary: owner.email,
    timeZone: owner.zone,
    colorId: '14',
    backgroundColor: '#9fe1e7',
    foregroundColor: '#000000',
    selected: true,
    accessRole: 'owner',
    defaultReminders: [{ method: 'popup', minutes: 10 }],
    primary: true,
  };
}

function registerEventReads(scope: FastifyInstance, office: Office): void {
  scope.get('/calendars/:calendarId/events', (request) => {
    const { owner, access } = openCalendar(office, request);
    return listEvents(office, owner, access, request.query as Query);
  });
  scope.get('/calendars/:calendarId/events/:eventId/instances', (request) => {
    const { owner, access } = openCalendar(office, request);
    const { eventId } = request.params as Params;
    if (!findEvent(office, owner, eventId)) throw notFound();
    return listInstances(office, owner, access, eventId, request.query as Query);
  });
  scope.get('/calendars/:calendarId/events/:eventId', (request, reply) => {
    const { owner, access } = openCalendar(office, request);
    const event = findEvent(office, owner, (request.params as Params).eventId);
    if (!event) throw notFound();
    const zone = one((request.query as Query).timeZone) ?? owner.zone;
    checkZone(zone, 'Invalid time zone.');
    if (request.headers['if-none-match'] === event.etag) return reply.code(304).send();
    void reply.header('etag', event.etag);
    return access === 'owner' ? showEvent(event, owner, zone) : showBusyOnly(event, owner, zone);
  });
}

function registerEventWrites(scope: FastifyInstance, office: Office): void {
  const path = '/calendars/:calendarId/events/:eventId';
  const answer = (reply: FastifyReply, event: Parameters<typeof showEvent>[0], owner: Person) =>
    reply.header('etag', event.etag).send(showEvent(event, owner));

  scope.post('/calendars/:calendarId/events', (request, reply) => {
    const owner = openOwn(office, request);
    const options = changeOptions(request, 'events.insert');
    return answer(
      reply,
      insertEvent(office, owner, bodyObject(request) as EventBody, options),
      owner,
    );
  });
  for (const [method, operation] of [
    ['PATCH', 'events.patch'],
    ['PUT', 'events.update'],
  ] as const) {
    scope.route({
      method,
      url: path,
      handler: (request, reply) => {
        const owner = openOwn(office, request);
        const { eventId } = request.params as Params;
        const body = bodyObject(request) as EventBody;
        const options = changeOptions(request, operation);
        return answer(reply, changeEvent(office, owner, eventId, body, options), owner);
      },
    });
  }
  scope.delete(path, (request, reply) => {
    const owner = openOwn(office, request);
    const { eventId } = request.params as Params;
    removeEvent(office, owner, eventId, changeOptions(request, 'events.delete'));
    return reply.code(204).send();
  });
}

function changeOptions(
  request: FastifyRequest,
  operation: ChangeOptions['operation'],
): ChangeOptions {
  const query = request.query as Query;
  const alias = query.sendNotifications === 'true' ? 'all' : 'none';
  const sendUpdates = one(query.sendUpdates) ?? alias;
  if (sendUpdates !== 'all' && sendUpdates !== 'externalOnly' && sendUpdates !== 'none') {
    throw invalid('Bad Request', 'sendUpdates');
  }
  return {
    operation,
    sendUpdates: sendUpdates satisfies SendUpdates,
    conference: one(query.conferenceDataVersion) === '1',
    ifMatch: request.headers['if-match'],
    effectKey: one(request.headers['x-effect-key']),
    raw: rawBody(request).toString('utf8'),
  };
}

/** The calendar a path names and how the asking person may see it. @throws GoogleError 401, 404. */
function openCalendar(office: Office, request: FastifyRequest): { owner: Person; access: Access } {
  const account = requireAccount(office, request);
  const { calendarId } = request.params as Params;
  if (calendarId === 'primary') return { owner: account, access: 'owner' };
  const owner = office.person(calendarId);
  if (owner?.email === account.email) return { owner, access: 'owner' };
  // Calendars at another vendor tell free/busy at most, never their events.
  const readable = owner?.vendor === account.vendor && office.mayReadBusy(account, owner);
  if (!owner || !readable) throw notFound();
  return { owner, access: 'freeBusyReader' };
}

/** The asking person's own calendar. @throws GoogleError 401, 403, 404. */
function openOwn(office: Office, request: FastifyRequest): Person {
  const { owner, access } = openCalendar(office, request);
  if (access === 'owner') return owner;
  const message = 'You need to have writer access to this calendar.';
  throw new GoogleError(403, 'requiredAccessLevel', message, { domain: 'calendar' });
}

function freeBusy(office: Office, request: FastifyRequest): object {
  const account = requireAccount(office, request);
  const body = bodyObject(request);
  if (typeof body.timeMin !== 'string') throw required('Missing timeMin parameter.', 'timeMin');
  if (typeof body.timeMax !== 'string') throw required('Missing timeMax parameter.', 'timeMax');
  const fromMs = parseInstantMs(body.timeMin, 'timeMin');
  const toMs = parseInstantMs(body.timeMax, 'timeMax');
  if (toMs <= fromMs) {
    const where = { domain: 'calendar', locationType: 'parameter', location: 'timeMax' };
    throw new GoogleError(400, 'timeRangeEmpty', 'The specified time range is empty.', where);
  }
  const zone = typeof body.timeZone === 'string' ? body.timeZone : 'UTC';
  checkZone(zone, 'Invalid time zone.');
  const items = Array.isArray(body.items) ? (body.items as { id?: unknown }[]) : [];
  const calendars: Record<string, object> = {};
  for (const [index, { id }] of items.entries()) {
    const name = String(id);
    const owner = name === 'primary' ? account : (office.person(name) ?? roomAt(name));
    const readable = owner && office.mayReadBusy(account, owner);
    if (index >= maxFreeBusyCalendars) calendars[name] = failed('tooManyCalendarsRequested');
    else if (!readable) calendars[name] = failed('notFound');
    else {
      const busy = busyTime(office, owner, { fromMs, toMs });
      calendars[name] = {
        busy: busy.map((span) => ({
          start: toRfc3339(span.fromMs, zone),
          end: toRfc3339(span.toMs, zone),
        })),
      };
    }
  }
  const asked = { timeMin: toRfc3339(fromMs, zone), timeMax: toRfc3339(toMs, zone) };
  return { kind: 'calendar#freeBusy', ...asked, calendars };
}

function failed(reason: string): object {
  return { errors: [{ domain: 'global', reason }], busy: [] };
}

function registerSettings(scope: FastifyInstance, office: Office): void {
  const settings = (owner: Person): { kind: string; etag: string; id: string; value: string }[] =>
    Object.entries({
      dateFieldOrder: 'DMY',
      defaultEventLength: '60',
      format24HourTime: 'true',
      locale: 'en',
      timezone: owner.zone,
      weekStart: '1',
    }).map(([id, value]) => ({ kind: 'calendar#setting', etag: '"0"', id, value }));

  scope.get('/users/me/settings', (request) => ({
    kind: 'calendar#settings',
    etag: '"0"',
    items: settings(requireAccount(office, request)),
  }));
  scope.get('/users/me/settings/:setting', (request) => {
    const wanted = (request.params as Params).setting;
    const found = settings(requireAccount(office, request)).find(({ id }) => id === wanted);
    if (!found) throw notFound();
    return found;
  });
}
