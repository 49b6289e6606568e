/**
 * Lists of events: the window, filter, order and pages of a request. What Outlook does not take for
 * events is refused, never ignored.
 */
import type { FastifyRequest } from 'fastify';
import type { Window } from '../calendar/events.ts';
import { toInstantMs } from '../calendar/times.ts';
import type { Office } from '../office/office.ts';
import type { Person, StoredEvent } from '../office/state.ts';
import { GraphError } from './errors.ts';
import { sameProperty } from './event-fields.ts';
import { readBound } from './event-times.ts';
import { isVisible } from './event-view.ts';
import { type FilterValue, parseFilter } from './filter.ts';
import { inOrder, readOrder } from './odata.ts';
import { pageOf, parameter } from './paging.ts';
import type { Preferences } from './prefer.ts';

const pages = { defaultSize: 10, maxSize: 1_000 };

/** Properties of events that a filter or an order may name. */
const filterable: ReadonlySet<string> = new Set([
  'subject',
  'start/dateTime',
  'end/dateTime',
  'createdDateTime',
  'lastModifiedDateTime',
  'iCalUId',
  'isAllDay',
  'isCancelled',
  'isOrganizer',
]);

/** The window of a view. @throws GraphError 400. */
export function readWindow(request: FastifyRequest): Window {
  const named = (name: string): string | undefined =>
    parameter(request, name) ?? parameter(request, name.toLowerCase());
  const fromMs = readBound(named('startDateTime'), 'StartDateTime');
  const toMs = readBound(named('endDateTime'), 'EndDateTime');
  if (toMs >= fromMs) return { fromMs, toMs };
  const message = 'The end of the time window is before its start.';
  throw new GraphError(400, 'ErrorInvalidParameter', message);
}

/** What one request on events is about. */
export interface Asked {
  readonly owner: Person;
  readonly preferences: Preferences;
  readonly show: (event: StoredEvent) => object;
}

/** The answer to a request for events: filtered, in order and in pages. @throws GraphError 400. */
export function listEvents(
  office: Office,
  request: FastifyRequest,
  { owner, preferences, show }: Asked,
  events: readonly StoredEvent[],
): object {
  if (parameter(request, '$search') !== undefined) {
    const message = 'The parameter $search is not currently supported on the Events resource.';
    throw new GraphError(400, 'SearchEvents', message);
  }
  const read = (event: StoredEvent, path: string): FilterValue => filterValue(event, owner, path);
  const filter = parameter(request, '$filter');
  const test = filter === undefined ? undefined : parseFilter(filter, filterable, read);
  const found = events.filter(
    (event) => isVisible(office, event, owner) && (test?.matches(event) ?? true),
  );
  const order = readOrder(request, filterable) ?? [{ path: 'start/dateTime', descending: false }];
  const rules = { ...pages, maxPageSize: preferences.maxPageSize };
  return pageOf(request, inOrder(found, order, read), rules, show);
}

/** A property of an event in the form filters compare. */
function filterValue(event: StoredEvent, owner: Person, path: string): FilterValue {
  if (path.startsWith('properties:')) {
    const wanted = path.slice('properties:'.length);
    return event.outlook?.properties?.find(({ id }) => sameProperty(id, wanted))?.value;
  }
  switch (path) {
    case 'subject':
      return event.summary ?? '';
    case 'start/dateTime':
      return toInstantMs(event.start, owner.zone);
    case 'end/dateTime':
      return toInstantMs(event.end, owner.zone);
    case 'createdDateTime':
      return Date.parse(event.created);
    case 'lastModifiedDateTime':
      return Date.parse(event.updated);
    case 'iCalUId':
      return event.iCalUID;
    case 'isAllDay':
      return event.start.date !== undefined;
    case 'isCancelled':
      return event.status === 'cancelled';
    default:
      return event.organizer.email === owner.email;
  }
}
