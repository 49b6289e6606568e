/**
 * `calendarView/delta`: what changed in a window since the last round. A token names a snapshot
 * kept here; only the latest few of a mailbox are kept, so an old token must start over.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { eventsIn, findEvent } from '../calendar/events.ts';
import type { Office } from '../office/office.ts';
import type { DeltaRound, Person, StoredEvent } from '../office/state.ts';
import { requireMailbox } from './accounts.ts';
import { syncStateNotFound } from './errors.ts';
import { readWindow } from './event-lists.ts';
import { showTime } from './event-times.ts';
import { changeKeyOf, identity, isVisible, showEvent, typeOf } from './event-view.ts';
import { writeId } from './ids.ts';
import { refuseOptions } from './odata.ts';
import { graphUrl, pageSize, parameter } from './paging.ts';
import { type Preferences, readPreferences } from './prefer.ts';

const pageRules = { defaultSize: 10, maxSize: 1_000 };
const keptRounds = 20;
const refused = ['$select', '$filter', '$orderby', '$search', '$expand'];

/** Registers `calendarView/delta`. */
export function registerCalendarDelta(scope: FastifyInstance, office: Office): void {
  for (const path of ['/me/calendarView/delta', '/me/calendarView/delta()']) {
    scope.get(path, (request, reply) => delta(office, request, reply));
  }
}

function delta(office: Office, request: FastifyRequest, reply: FastifyReply): object {
  const owner = requireMailbox(office, request, 'Calendars.Read', 'Calendars.ReadWrite');
  const preferences = readPreferences(request, reply);
  refuseOptions(request, refused);
  const size = pageSize(request, { ...pageRules, maxPageSize: preferences.maxPageSize });
  const round = nextRound(office, owner, request);
  const value = round.pending.slice(0, size).map((key) => {
    const event = round.versions[key] === undefined ? undefined : findEvent(office, owner, key);
    return event && isVisible(office, event, owner)
      ? shown(office, event, owner, preferences)
      : removal(owner, key, preferences);
  });
  const pending = round.pending.slice(size);
  const token = keep(office, owner, { ...round, pending });
  const link = graphUrl(request, '/me/calendarView/delta');
  const name = pending.length > 0 ? '$skiptoken' : '$deltatoken';
  link.searchParams.set(name, token);
  return { value, [pending.length > 0 ? '@odata.nextLink' : '@odata.deltaLink']: link.href };
}

/** The round a request continues, or a new one. @throws GraphError 410 for an unknown token. */
function nextRound(office: Office, owner: Person, request: FastifyRequest): DeltaRound {
  const skipToken = parameter(request, '$skiptoken');
  const deltaToken = parameter(request, '$deltatoken');
  const token = skipToken ?? deltaToken;
  const kept = token === undefined ? undefined : office.outlook.rounds[token];
  if (token !== undefined && kept?.email !== owner.email) throw syncStateNotFound();
  if (kept && skipToken !== undefined) return kept;
  const window = kept ? { fromMs: kept.fromMs, toMs: kept.toMs } : readWindow(request);
  const before = kept?.versions ?? {};
  const versions = Object.fromEntries(
    inWindow(office, owner, window).map((event) => [event.id, changeKeyOf(event)]),
  );
  const changed = Object.keys(versions).filter((key) => versions[key] !== before[key]);
  const removed = Object.keys(before).filter((key) => versions[key] === undefined);
  return { email: owner.email, ...window, versions, pending: [...changed, ...removed] };
}

/** Everything the view tracks: what lies in the window, and the series its occurrences are of. */
function inWindow(
  office: Office,
  owner: Person,
  window: { fromMs: number; toMs: number },
): StoredEvent[] {
  const found = eventsIn(office, owner, window, true).filter((one) =>
    isVisible(office, one, owner),
  );
  const masters = new Set(found.map(({ recurringEventId }) => recurringEventId));
  const { events } = office.calendar(owner.email);
  return [...Object.values(events).filter(({ id }) => masters.has(id)), ...found];
}

/** An occurrence is told by its times alone; the rest is said by its series. */
function shown(
  office: Office,
  event: StoredEvent,
  owner: Person,
  preferences: Preferences,
): object {
  const type = typeOf(office, event, owner);
  if (type !== 'occurrence') return showEvent(office, event, owner, { preferences });
  const { id, seriesMasterId } = identity(event, owner, preferences) as Record<string, unknown>;
  const { zone } = preferences;
  return {
    '@odata.type': '#microsoft.graph.event',
    id,
    seriesMasterId,
    type,
    start: showTime(event.start, owner.zone, zone),
    end: showTime(event.end, owner.zone, zone),
  };
}

function removal(owner: Person, key: string, { immutableIds }: Preferences): object {
  const id = writeId(immutableIds ? 'immutable' : 'ordinary', owner, key);
  return { id, '@removed': { reason: 'deleted' } };
}

function keep(office: Office, owner: Person, round: DeltaRound): string {
  const { rounds } = office.outlook;
  const token = randomUUID().replaceAll('-', '');
  rounds[token] = round;
  const own = Object.keys(rounds).filter((known) => rounds[known]?.email === owner.email);
  for (const old of own.slice(0, -keptRounds)) delete rounds[old];
  office.changed();
  return token;
}
