/**
 * The calendar's read activities. They change nothing; titles and places of events are untrusted, as
 * anyone can invite anyone.
 */
import type { ReadActivities, ReadRequest, ReadResult } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import { combineOrigins } from '#contracts/trust.ts';
import { failure } from '../failures.ts';
import { fitOutput, parseToolInput } from '../tool-input.ts';
import { cleanLine } from '../visible-text.ts';
import type { CalendarDeps } from './dependencies.ts';
import { findTime } from './find-time.ts';
import { matchEvents } from './match-events.ts';
import type { CalendarEvent } from './port.ts';
import { eventOrigin, resolving, showStart, summarizeEvent } from './summaries.ts';
import { proposeTimes } from './propose-times.ts';
import { type ResolvedWindow, resolveWindow } from './time-phrases.ts';

type CalendarReads = Pick<ReadActivities, 'listEvents' | 'findEvent' | 'findTime' | 'proposeTimes'>;

/** Builds the calendar's read activities. */
export function createCalendarReads(deps: CalendarDeps): CalendarReads {
  return {
    listEvents: (request) => listEvents(deps, request),
    findEvent: (request) => findEvent(deps, request),
    findTime: (request) => findTime(deps, request),
    proposeTimes: (request) => proposeTimes(deps, request),
  };
}

/**
 * Effect: none. Idempotency: a read. Heartbeats: no (10 s limit a call).
 * @throws InvalidInputError, ReconnectRequiredError, RateLimitedError, ProviderUnavailableError
 */
async function listEvents(deps: CalendarDeps, request: ReadRequest): Promise<ReadResult> {
  const { context } = request;
  const input = parseToolInput('listEvents', request.input);
  const window = resolving(resolveWindow, input.window, context, true);
  const { events, truncated } = await load(deps, request, window, input.query ?? undefined);
  const { kept, cut } = fitOutput(events.map((event) => summarizeEvent(event, context.zone)));
  return {
    value: { window: showWindow(window), events: kept, truncated: truncated || cut },
    trust: 'untrusted',
    origins: combineOrigins([
      events.slice(0, kept.length).map((event) => eventOrigin(event, context.zone)),
    ]),
  };
}

/**
 * Effect: none. Idempotency: a read. Heartbeats: no.
 * @throws NotFoundError saying what was looked for; AmbiguousError listing the candidates
 */
async function findEvent(deps: CalendarDeps, request: ReadRequest): Promise<ReadResult> {
  const { context } = request;
  const { zone } = context;
  const input = parseToolInput('findEvent', request.input);
  const window = resolving(resolveWindow, input.window, context, true);
  const { events } = await load(deps, request, window, undefined);
  const people = input.withPeople ?? [];
  const found = matchEvents(events, { words: input.words ?? '', people, zone });
  const [event] = found;
  const words = input.words ? ` matching "${cleanLine(input.words, 100)}"` : '';
  const sought = `${words}${people.length > 0 ? ` with ${people.join(', ')}` : ''}`;
  if (event === undefined) {
    const others =
      events.length === 0 ? 'There are no events then.' : `There are: ${list(events, zone)}.`;
    throw failure('NotFoundError', `No event${sought} in ${window.label}. ${others}`);
  }
  if (found.length > 1) {
    throw failure(
      'AmbiguousError',
      `${found.length} events${sought} in ${window.label}: ${list(found, zone)}. Say which one.`,
    );
  }
  return {
    value: { event: summarizeEvent(event, zone) },
    trust: 'untrusted',
    origins: [eventOrigin(event, zone)],
  };
}

async function load(
  deps: CalendarDeps,
  { context }: ReadRequest,
  window: ResolvedWindow,
  text: string | undefined,
): Promise<{ events: CalendarEvent[]; truncated: boolean }> {
  const calendar = await deps.calendar(context.owner);
  return calendar.listEvents({
    fromMs: window.fromMs,
    toMs: window.toMs,
    zone: context.zone,
    text,
    limit: limits.eventListMax,
  });
}

function showWindow({ from, to, zone, label }: ResolvedWindow) {
  return { from, to, zone, label };
}

/** The first few of some events, for a message. */
function list(events: readonly CalendarEvent[], zone: string): string {
  const shown = events
    .slice(0, 8)
    .map((event) => `"${cleanLine(event.title, 60)}" (${showStart(event, zone)})`);
  const more = events.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
