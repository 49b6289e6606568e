/**
 * Events over Graph: lists, single events, occurrences and every change of them. A person reaches
 * only their own calendar, under any of the names it has.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bodyObject, rawBody } from '../bodies.ts';
import { eventsIn } from '../calendar/events.ts';
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
import { type Asked, listEvents, readWindow } from './event-lists.ts';
import { showEvent } from './event-view.ts';
import { readId } from './ids.ts';
import { readExpand, selected } from './odata.ts';
import { parameter } from './paging.ts';
import { readPreferences } from './prefer.ts';
import { cancelledOccurrences, occurrencesIn } from './series.ts';

const readers = ['Calendars.Read', 'Calendars.ReadWrite'];
const writers = ['Calendars.ReadWrite'];

interface Params {
  eventId: string;
}

/** Members that no `$select` leaves out. */
const alwaysShown = ['id', 'singleValueExtendedProperties'];

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
    const stored = Object.values(office.calendar(asked.owner.email).events);
    // Single events and series; occurrences are read through a window.
    const found = stored.filter((event) => !event.recurringEventId);
    return listEvents(office, request, asked, found);
  });
  scope.post(`${calendar}/events`, (request, reply) => {
    const { owner, show } = ask(office, request, reply, writers);
    const body = readEvent(request.body);
    const event = createEvent(office, owner, body, options(request, 'events.insert'));
    return reply.code(201).send(show(event));
  });
  scope.get(`${calendar}/calendarView`, (request, reply) => {
    const asked = ask(office, request, reply, readers);
    return listEvents(
      office,
      request,
      asked,
      eventsIn(office, asked.owner, readWindow(request), true),
    );
  });
  scope.get(`${calendar}/events/:eventId/instances`, (request, reply) => {
    const asked = ask(office, request, reply, readers);
    const master = requireEvent(office, asked.owner, eventKey(request, asked.owner));
    const window = readWindow(request);
    return listEvents(
      office,
      request,
      asked,
      occurrencesIn(office, asked.owner, master.id, window),
    );
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

function options(request: FastifyRequest, operation: EventOperation): ChangeOptions {
  const key = request.headers['x-effect-key'];
  return {
    operation,
    ifMatch: request.headers['if-match'],
    effectKey: Array.isArray(key) ? key[0] : key,
    raw: rawBody(request).toString('utf8'),
  };
}
