/**
 * `events.list` and `events.instances`: windows, filters, order, pages and sync tokens, with the
 * combinations Calendar refuses.
 */
import { eventsIn, type Window } from '../calendar/events.ts';
import { toInstantMs } from '../calendar/times.ts';
import { GoogleError, invalid } from '../errors.ts';
import type { Office } from '../office/office.ts';
import type { Person, StoredEvent } from '../office/state.ts';
import { checkZone, parseInstantMs } from './event-times.ts';
import { showBusyOnly, showCancelled, showEvent } from './event-views.ts';
import { readPageToken, writePageToken } from './paging.ts';

/** Query parameters as Fastify gives them: once a string, repeated an array. */
export type Query = Record<string, string | string[] | undefined>;

/** How a person may see a calendar. */
export type Access = 'owner' | 'freeBusyReader';

const yearMs = 366 * 86_400_000;
const defaultPage = 250;
const maxPage = 2_500;
const notWithSyncToken = [
  'iCalUID',
  'orderBy',
  'privateExtendedProperty',
  'q',
  'sharedExtendedProperty',
  'timeMin',
  'timeMax',
  'updatedMin',
];

/** Answers `events.list`. @throws GoogleError 400, 410. */
export function listEvents(office: Office, owner: Person, access: Access, query: Query): object {
  const single = query.singleEvents === 'true';
  const orderBy = one(query.orderBy);
  if (orderBy !== undefined && orderBy !== 'startTime' && orderBy !== 'updated') {
    throw invalid('Bad Request', 'orderBy');
  }
  if (orderBy === 'startTime' && !single) {
    throw new GoogleError(
      400,
      'badRequest',
      'The requested ordering is not available for the particular query.',
    );
  }
  const syncToken = one(query.syncToken);
  const sinceRevision = syncToken === undefined ? undefined : readSync(office, owner, query);
  const window = readWindow(office, query);
  const showDeleted = query.showDeleted === 'true' || sinceRevision !== undefined;
  const found = eventsIn(office, owner, window, single)
    .filter((event) => isShown(event, showDeleted || query.updatedMin !== undefined, single))
    .filter((event) => sinceRevision === undefined || event.revision > sinceRevision)
    .filter((event) => matches(event, query));
  const byStart = (a: StoredEvent, b: StoredEvent): number =>
    toInstantMs(a.start, owner.zone) - toInstantMs(b.start, owner.zone) || (a.id < b.id ? -1 : 1);
  const byUpdate = (a: StoredEvent, b: StoredEvent): number => a.revision - b.revision;
  found.sort(orderBy === 'updated' ? byUpdate : byStart);
  const sync = orderBy === undefined && query.q === undefined;
  return page(office, owner, access, found, query, sync);
}

/** Answers `events.instances` of one recurring event. */
export function listInstances(
  office: Office,
  owner: Person,
  access: Access,
  masterId: string,
  query: Query,
): object {
  const found = eventsIn(office, owner, readWindow(office, query), true)
    .filter((event) => event.recurringEventId === masterId)
    .filter((event) => isShown(event, query.showDeleted === 'true', true))
    .sort((a, b) => toInstantMs(a.start, owner.zone) - toInstantMs(b.start, owner.zone));
  return page(office, owner, access, found, query, false);
}

function page(
  office: Office,
  owner: Person,
  access: Access,
  found: StoredEvent[],
  query: Query,
  sync: boolean,
): object {
  const zone = one(query.timeZone) ?? owner.zone;
  checkZone(zone, 'Invalid time zone.');
  const size = Math.min(maxPage, readCount(one(query.maxResults), defaultPage));
  const from = readPageToken(one(query.pageToken));
  const items = found.slice(from, from + size).map((event) => {
    if (event.status === 'cancelled') return showCancelled(event, owner);
    return access === 'owner' ? showEvent(event, owner, zone) : showBusyOnly(event, owner, zone);
  });
  const more = from + size < found.length;
  const revision = office.state.sequence;
  const last = Object.values(office.calendar(owner.email).events).at(-1);
  return {
    kind: 'calendar#events',
    etag: `"p${revision}"`,
    summary: owner.email,
    updated: last?.updated ?? office.state.anchor,
    timeZone: zone,
    accessRole: access,
    defaultReminders: access === 'owner' ? [{ method: 'popup', minutes: 10 }] : [],
    items,
    ...(more ? { nextPageToken: writePageToken(from + size) } : {}),
    ...(!more && sync ? { nextSyncToken: writeSync(revision, query) } : {}),
  };
}

/** The first value of a parameter. */
export function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** A positive count. @throws GoogleError 400. */
export function readCount(value: string | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1) throw invalid('Bad Request', 'maxResults');
  return count;
}

/** The window asked for; open ends are bounded so that endless series stay finite. */
function readWindow(office: Office, query: Query): Window {
  const min = one(query.timeMin);
  const max = one(query.timeMax);
  const nowMs = office.now().getTime();
  const fromMs = min === undefined ? nowMs - 5 * yearMs : parseInstantMs(min, 'timeMin');
  const toMs =
    max === undefined ? Math.max(nowMs, fromMs) + 2 * yearMs : parseInstantMs(max, 'timeMax');
  if (toMs <= fromMs) {
    const where = { domain: 'calendar', locationType: 'parameter', location: 'timeMax' };
    throw new GoogleError(400, 'timeRangeEmpty', 'The specified time range is empty.', where);
  }
  return { fromMs, toMs };
}

/** Cancelled occurrences show in unexpanded lists even when deleted events do not. */
function isShown(event: StoredEvent, showDeleted: boolean, single: boolean): boolean {
  if (event.status !== 'cancelled' || showDeleted) return true;
  return !single && event.recurringEventId !== undefined;
}

function matches(event: StoredEvent, query: Query): boolean {
  const { private: own = {}, shared = {} } = event.extendedProperties ?? {};
  const updatedMin = one(query.updatedMin);
  const types = list(query.eventTypes);
  return (
    list(query.privateExtendedProperty).every((pair) => hasPair(own, pair)) &&
    list(query.sharedExtendedProperty).every((pair) => hasPair(shared, pair)) &&
    (query.iCalUID === undefined || event.iCalUID === query.iCalUID) &&
    (types.length === 0 || types.includes(event.eventType ?? 'default')) &&
    (updatedMin === undefined ||
      Date.parse(event.updated) >= parseInstantMs(updatedMin, 'updatedMin')) &&
    containsWords(event, one(query.q))
  );
}

function list(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function hasPair(properties: Record<string, string>, pair: string): boolean {
  const at = pair.indexOf('=');
  return at > 0 && properties[pair.slice(0, at)] === pair.slice(at + 1);
}

/** Free text: every word occurs in summary, description, location or a guest's name or address. */
function containsWords(event: StoredEvent, q: string | undefined): boolean {
  if (q === undefined) return true;
  const guests = event.attendees?.flatMap(({ email, displayName }) => [email, displayName]) ?? [];
  const fields = [
    event.summary,
    event.description,
    event.location,
    event.organizer.email,
    ...guests,
  ];
  const text = fields.join('\n').toLowerCase();
  return q
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** Parameters that must stay the same over a sync. */
function syncShape(query: Query): string {
  return `${query.singleEvents === 'true'}`;
}

function writeSync(revision: number, query: Query): string {
  return Buffer.from(`sync:${revision}:${syncShape(query)}`).toString('base64url');
}

/** The revision a sync token stands for. @throws GoogleError 400, 410. */
function readSync(office: Office, owner: Person, query: Query): number {
  const clash = notWithSyncToken.find((name) => query[name] !== undefined);
  if (clash !== undefined || query.showDeleted === 'false') {
    const message = 'Sync token cannot be used with other query restrictions.';
    throw new GoogleError(400, 'badRequest', message);
  }
  const text = Buffer.from(one(query.syncToken) ?? '', 'base64url').toString('utf8');
  const [, revision, shape] = /^sync:(\d+):(.*)$/.exec(text) ?? [];
  const { syncFloor } = office.calendar(owner.email);
  if (revision === undefined || Number(revision) < syncFloor) {
    const message = 'Sync token is no longer valid, a full sync is required.';
    const where = { domain: 'calendar', locationType: 'parameter', location: 'syncToken' };
    throw new GoogleError(410, 'fullSyncRequired', message, where);
  }
  if (shape !== syncShape(query)) {
    throw new GoogleError(400, 'badRequest', 'The query differs from the one of the sync token.');
  }
  return Number(revision);
}
