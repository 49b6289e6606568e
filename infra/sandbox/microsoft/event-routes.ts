/**
 * Events over Graph: lists, single events, occurrences and every change of them. A person reaches
 * only their own calendar, under any of the names it has.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bodyObject, rawBody } from '../bodies.ts';
import { eventsIn } from '../calendar/events.ts';
import { toInstantMs } from '../calendar/times.ts';
import type { Office } from '../office/office.ts';
import type { Person, StoredEvent } from '../office/state.ts';
import { requireMailbox } from './accounts.ts';
import { GraphError, itemNotFound } from './errors.ts';
import { answerEvent, forwardEvent } from './event-answers.ts';
import {
  answerBodySchema,
  cancelBodySchema,
  forwardBodySchema,
  readEvent,
  readParameters,
} from './event-body.ts';
import {
  cancelEvent,
  changeEvent,
  type ChangeOptions,
  createEvent,
  type EventOperation,
  removeEvent,
  requireEvent,
} from './event-changes.ts';
import { sameProperty } from './event-fields.ts';
import { readBound } from './event-times.ts';
import { isVisible, showEvent } from './event-view.ts';
import { readId } from './ids.ts';
import { readExpand, readFilter, readOrder, satisfies, selected } from './odata.ts';
import { pageOf, parameter } from './paging.ts';
import { type Preferences, readPreferences } from './prefer.ts';
import { cancelledOccurrences, occurrencesIn } from './series.ts';

const pageRules = { defaultSize: 10, maxSize: 1_000 };
const readers = ['Calendars.Read', 'Calendars.ReadWrite'];
const writers = ['Calendars.ReadWrite'];
/** Far enough to meet every event that is stored. */
const always = { fromMs: -8_640_000_000_000_000, toMs: 8_640_000_000_000_000 };

interface Params {
  eventId: string;
}

/** Members that no `$select` leaves out. */
const alwaysShown = ['id', 'singleValueExtendedProperties'];

/** What one request on events is about. */
interface Asked {
  owner: Person;
  preferences: Preferences;
  show: (event: StoredEvent) => object;
}

/** Registers lists and changes of events. */
export function registerEventRoutes(scope: FastifyInstance, office: Office): void {
  for (const calendar of ['/me', '/me/calendar', '/me/calendars/:calendarId']) {
    registerLists(scope, office, calendar);
    registerItem(scope, office, `${calendar}/events/:eventId`);
    registerActions(scope, office, `${calendar}/events/:eventId`);
  }
}

function registerLists(scope: FastifyInstance, office: Office, calendar: string): void {
  scope.get(`${calendar}/events`, (request, reply) => {
    const asked = ask(office, request, reply, readers);
    refuseSearch(request);
    const stored = Object.values(office.calendar(asked.owner.email).events);
    // Single events and series; occurrences are read through a window.
    const found = stored.filter((event) => !event.recurringEventId);
    return listed(office, request, asked, found);
  });
  scope.post(`${calendar}/events`, (request, reply) => {
    const { owner, show } = ask(office, request, reply, writers);
    const body = readEvent(request.body);
    const event = createEvent(office, owner, body, options(request, 'events.insert'));
    return reply.code(201).send(show(event));
  });
  scope.get(`${calendar}/calendarView`, (request, reply) => {
    const asked = ask(office, request, reply, readers);
    refuseSearch(request);
    return listed(office, request, asked, eventsIn(office, asked.owner, readWindow(request), true));
  });
  scope.get(`${calendar}/events/:eventId/instances`, (request, reply) => {
    const asked = ask(office, request, reply, readers);
    const master = requireEvent(office, asked.owner, eventKey(request, asked.owner));
    const window = readWindow(request);
    return listed(office, request, asked, occurrencesIn(office, asked.owner, master.id, window));
  });
}

function registerItem(scope: FastifyInstance, office: Office, path: string): void {
  scope.get(path, (request, reply) => {
    const { owner, preferences, show } = ask(office, request, reply, readers);
    const event = requireEvent(office, owner, eventKey(request, owner));
    const names = parameter(request, '$select')?.split(',') ?? [];
    if (!event.recurrence || !names.includes('cancelledOccurrences')) return show(event);
    const kind = preferences.immutableIds ? 'immutable' : 'ordinary';
    return {
      ...show(event),
      cancelledOccurrences: cancelledOccurrences(office, owner, event, kind),
    };
  });
  scope.patch(path, (request, reply) => {
    const { owner, show } = ask(office, request, reply, writers);
    const key = eventKey(request, owner);
    const body = readEvent(request.body);
    return show(changeEvent(office, owner, key, body, options(request, 'events.patch')));
  });
  scope.delete(path, (request, reply) => {
    const { owner } = ask(office, request, reply, writers);
    removeEvent(office, owner, eventKey(request, owner), options(request, 'events.delete'));
    return reply.code(204).send();
  });
}

function registerActions(scope: FastifyInstance, office: Office, path: string): void {
  const answers = {
    accept: 'accepted',
    decline: 'declined',
    tentativelyAccept: 'tentative',
  } as const;
  for (const action of ['accept', 'decline', 'tentativelyAccept'] as const) {
    scope.post(`${path}/${action}`, (request, reply) => {
      const { owner } = ask(office, request, reply, writers);
      const body = readParameters(answerBodySchema, action, bodyObject(request));
      const answer = {
        responseStatus: answers[action],
        comment: body.comment ?? undefined,
        tell: body.sendResponse ?? true,
      };
      const key = eventKey(request, owner);
      answerEvent(office, owner, key, answer, options(request, `events.${action}`));
      return accepted(reply);
    });
  }
  scope.post(`${path}/cancel`, (request, reply) => {
    const { owner } = ask(office, request, reply, writers);
    readParameters(cancelBodySchema, 'cancel', bodyObject(request));
    cancelEvent(office, owner, eventKey(request, owner), options(request, 'events.cancel'));
    return accepted(reply);
  });
  scope.post(`${path}/forward`, (request, reply) => {
    const { owner } = ask(office, request, reply, writers);
    const body = readParameters(forwardBodySchema, 'forward', bodyObject(request));
    const to = body.toRecipients.map(({ emailAddress }) => ({
      email: (emailAddress.address ?? '').toLowerCase(),
      name: emailAddress.name ?? undefined,
    }));
    forwardEvent(office, owner, eventKey(request, owner), to, options(request, 'events.forward'));
    return accepted(reply);
  });
}

/** 202 with neither a body nor a type of one; the stock client reads a typed empty body as broken. */
function accepted(reply: FastifyReply): FastifyReply {
  return reply.code(202).send();
}

function ask(
  office: Office,
  request: FastifyRequest,
  reply: FastifyReply,
  scopes: readonly string[],
): Asked {
  const owner = requireMailbox(office, request, ...scopes);
  const { calendarId } = request.params as { calendarId?: string };
  if (calendarId !== undefined && readId(owner, calendarId)?.key !== 'calendar')
    throw itemNotFound();
  const preferences = readPreferences(request, reply);
  const properties = readExpand(request);
  const select = parameter(request, '$select');
  const show = (event: StoredEvent): object =>
    selected(showEvent(office, event, owner, { preferences, properties }), select, alwaysShown);
  return { owner, preferences, show };
}

/** Our own name of the event a path names. @throws GraphError 400, 404. */
function eventKey(request: FastifyRequest, owner: Person): string {
  const { eventId } = request.params as Params;
  const found = readId(owner, eventId);
  if (found) return found.key;
  if (/^[\w-]{20,}$/.test(eventId)) throw itemNotFound();
  throw new GraphError(400, 'ErrorInvalidIdMalformed', 'Id is malformed.');
}

/** The window of a view. @throws GraphError 400. */
export function readWindow(request: FastifyRequest): typeof always {
  const named = (name: string): string | undefined =>
    parameter(request, name) ?? parameter(request, name.toLowerCase());
  const fromMs = readBound(named('startDateTime'), 'StartDateTime');
  const toMs = readBound(named('endDateTime'), 'EndDateTime');
  if (toMs >= fromMs) return { fromMs, toMs };
  const message = 'The end of the time window is before its start.';
  throw new GraphError(400, 'ErrorInvalidParameter', message);
}

function refuseSearch(request: FastifyRequest): void {
  if (parameter(request, '$search') === undefined) return;
  const message = 'The parameter $search is not currently supported on the Events resource.';
  throw new GraphError(400, 'SearchEvents', message);
}

/** Filtered, in order and in pages. */
function listed(
  office: Office,
  request: FastifyRequest,
  { owner, preferences, show }: Asked,
  events: readonly StoredEvent[],
): object {
  const filter = readFilter(request);
  const found = events
    .filter((event) => isVisible(office, event, owner))
    .filter((event) => filter.properties.every((wanted) => hasProperty(event, wanted)))
    .filter((event) =>
      filter.comparisons.every((one) => satisfies(memberOf(event, owner, one.member), one)),
    );
  const order = readOrder(request) ?? { member: 'start/dateTime', descending: false };
  const value = (event: StoredEvent): string => String(memberOf(event, owner, order.member));
  found.sort((a, b) => value(a).localeCompare(value(b)) || (a.id < b.id ? -1 : 1));
  if (order.descending) found.reverse();
  return pageOf(request, found, { ...pageRules, maxPageSize: preferences.maxPageSize }, show);
}

function hasProperty(event: StoredEvent, wanted: { propertyId: string; value?: string }): boolean {
  return (event.outlook?.properties ?? []).some(
    ({ id, value }) =>
      sameProperty(id, wanted.propertyId) && (wanted.value === undefined || value === wanted.value),
  );
}

/** A member that filters and orders know. @throws GraphError 400. */
function memberOf(event: StoredEvent, owner: Person, member: string): string | boolean {
  const instant = (time: StoredEvent['start']): string =>
    new Date(toInstantMs(time, owner.zone)).toISOString();
  switch (member) {
    case 'subject':
      return event.summary ?? '';
    case 'start/dateTime':
      return instant(event.start);
    case 'end/dateTime':
      return instant(event.end);
    case 'createdDateTime':
      return event.created;
    case 'lastModifiedDateTime':
      return event.updated;
    case 'iCalUId':
      return event.iCalUID;
    case 'isAllDay':
      return event.start.date !== undefined;
    case 'isCancelled':
      return event.status === 'cancelled';
    case 'isOrganizer':
      return event.organizer.email === owner.email;
    default: {
      const message = `The property '${member}' does not support filtering or ordering.`;
      throw new GraphError(400, 'ErrorInvalidUrlQueryFilter', message);
    }
  }
}

function options(request: FastifyRequest, operation: EventOperation): ChangeOptions {
  const key = request.headers['x-effect-key'];
  return {
    operation,
    ifMatch: request.headers['if-match'],
    effectKey: Array.isArray(key) ? key[0] : key,
    raw: rawBody(request).toString('utf8'),
  };
}
