/** Reading Outlook's calendar on Microsoft Graph: single events, lists and occurrences. It changes nothing. */
import { failure, failureTypeOf } from '../failures.ts';
import { type MicrosoftSession, query } from '../microsoft/client.ts';
import {
  eventFields,
  eventPreference,
  type GraphEvent,
  listFields,
  toCalendarEvent,
} from './microsoft-events.ts';
import type { CalendarEvent, CalendarPort } from './port.ts';

/** Events one page may hold. */
const pageMax = 500;

/** Events in order of their start, and whether there are more. */
export type Found = { events: CalendarEvent[]; truncated: boolean };
type Page = { readonly value?: GraphEvent[]; readonly '@odata.nextLink'?: string };
/** A window of time with what is looked for in it. */
export type ListQuery = Parameters<CalendarPort['listEvents']>[0];

/** Events of a window; cancelled ones, which Graph keeps for guests, are left out. */
export async function readEvents(
  session: MicrosoftSession,
  path: string,
  what: string,
  { fromMs, toMs, zone, text, limit, ...order }: ListQuery & { $orderby?: string },
): Promise<Found> {
  const wanted = text?.toLowerCase();
  const found: CalendarEvent[] = [];
  let next: string | undefined = `${path}?${query({
    startDateTime: new Date(fromMs).toISOString(),
    endDateTime: new Date(toMs).toISOString(),
    ...listFields,
    ...order,
    $top: Math.min(limit + 1, pageMax),
  })}`;
  while (next !== undefined && found.length <= limit) {
    const link: string = next;
    const page = await session.read(
      what,
      (signal) => request(session, link, signal).get() as Promise<Page>,
    );
    const events = (page.value ?? []).map((item) => toCalendarEvent(item, zone, session.account));
    found.push(
      ...events.filter(
        (event) => !event.cancelled && overlaps(event, fromMs, toMs) && contains(event, wanted),
      ),
    );
    next = page['@odata.nextLink'];
  }
  const sorted = found.toSorted((a, b) => a.startMs - b.startMs);
  return { events: sorted.slice(0, limit), truncated: found.length > limit };
}

/** Graph counts an event that ends as the window begins. */
function overlaps({ startMs, endMs }: CalendarEvent, fromMs: number, toMs: number): boolean {
  return startMs < toMs && (endMs > fromMs || startMs >= fromMs);
}

/** Graph has no search in calendars. */
function contains(event: CalendarEvent, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  const people = event.guests.flatMap(({ email, name }) => [email, name]);
  const texts = [event.title, event.location, event.description, ...people];
  return texts.some((text) => text?.toLowerCase().includes(wanted));
}

/** One event by its id; null when there is none. */
export async function readEvent(
  session: MicrosoftSession,
  eventId: string,
  zone: string,
): Promise<CalendarEvent | null> {
  try {
    const event = await session.read(
      'read the event',
      (signal) =>
        request(session, `${eventPath(eventId)}?${eventFields}`, signal).get() as Promise<
          GraphEvent | undefined
        >,
    );
    if (typeof event?.id === 'string') return toCalendarEvent(event, zone, session.account);
  } catch (error) {
    if (failureTypeOf(error) === 'NotFoundError') return null;
    throw error;
  }
  throw failure('ProviderUnavailableError', 'Microsoft sent an answer without an event.');
}

/** The event that a filter finds; null when there is none. */
export async function findEvent(
  session: MicrosoftSession,
  $filter: string,
  zone: string,
): Promise<CalendarEvent | null> {
  const path = `/me/events?${query({ $filter, ...listFields, $top: 1 })}`;
  const page = await session.read(
    'look for the event',
    (signal) => request(session, path, signal).get() as Promise<Page>,
  );
  const [event] = page.value ?? [];
  return event === undefined ? null : toCalendarEvent(event, zone, session.account);
}

/** A request about events: times in UTC, bodies as text, ids that stay. */
export function request(session: MicrosoftSession, path: string, signal: AbortSignal) {
  return session.api(path).header('Prefer', eventPreference).options({ signal });
}

/** Where one event is. */
export function eventPath(eventId: string): string {
  return `/me/events/${encodeURIComponent(eventId)}`;
}
