/**
 * The calendar's read activities. They change nothing; titles and places of events are untrusted, as
 * anyone can invite anyone.
 */
import type { ReadActivities, ReadRequest, ReadResult } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import { combineOrigins } from '#contracts/trust.ts';
import { readAccounts, type UnreachableAccount } from '../accounts.ts';
import { failure } from '../failures.ts';
import { fitOutput, parseToolInput } from '../tool-input.ts';
import { cleanLine } from '../visible-text.ts';
import type { CalendarDeps } from './dependencies.ts';
import { findTime } from './find-time.ts';
import { type MergedEvent, mergeHeld } from './held-events.ts';
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
  const { query, account } = input;
  const { events, truncated, unreachable } = await load(deps, request, window, { query, account });
  const { kept, cut } = fitOutput(events.map((merged) => summarizeEvent(merged, context.zone)));
  return {
    value: { window: showWindow(window), events: kept, truncated: truncated || cut, unreachable },
    trust: 'untrusted',
    origins: combineOrigins([
      events.slice(0, kept.length).map(({ event }) => eventOrigin(event, context.zone)),
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
  const { account } = input;
  const { events: held, unreachable } = await load(deps, request, window, { account });
  const events = held.map(({ event }) => event);
  const people = input.withPeople ?? [];
  const found = matchEvents(events, { words: input.words ?? '', people, zone });
  const event = held.find((merged) => merged.event === found[0]);
  const words = input.words ? ` matching "${cleanLine(input.words, 100)}"` : '';
  const sought = `${words}${people.length > 0 ? ` with ${people.join(', ')}` : ''}`;
  if (event === undefined) {
    const others =
      events.length === 0 ? 'There are no events then.' : `There are: ${list(events, zone)}.`;
    const unread = unreachable.map((lost) => ` ${lost.account} could not be read: ${lost.reason}`);
    throw failure(
      'NotFoundError',
      `No event${sought} in ${window.label}. ${others}${unread.join('')}`,
    );
  }
  if (found.length > 1) {
    throw failure(
      'AmbiguousError',
      `${found.length} events${sought} in ${window.label}: ${list(found, zone)}. Say which one.`,
    );
  }
  return {
    value: {
      event: summarizeEvent(event, zone),
      unreachable,
    },
    trust: 'untrusted',
    origins: [eventOrigin(event.event, zone)],
  };
}

async function load(
  deps: CalendarDeps,
  { context }: ReadRequest,
  window: ResolvedWindow,
  { query, account }: { query?: string | null | undefined; account?: string | null | undefined },
): Promise<{
  events: MergedEvent[];
  truncated: boolean;
  unreachable: readonly UnreachableAccount[];
}> {
  const { owner, zone } = context;
  const { fromMs, toMs } = window;
  const limit = limits.eventListMax;
  const accounts = await deps.accounts.covered(owner, account);
  const { found, unreachable } = await readAccounts(accounts, async ({ email }) => {
    const calendar = await deps.calendar(owner, email);
    return calendar.listEvents({ fromMs, toMs, zone, text: query ?? undefined, limit });
  });
  const events = mergeHeld(
    found.flatMap(({ account: { email }, value }) =>
      value.events.map((event) => ({ event, account: email })),
    ),
  );
  return {
    events: events.slice(0, limit),
    truncated: events.length > limit || found.some(({ value }) => value.truncated),
    unreachable,
  };
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
