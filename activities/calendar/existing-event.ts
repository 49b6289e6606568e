/** What the handlers of calendar effects share. Refuses what must not be changed. */
import type { StepContext } from '#contracts/activities.ts';
import type { EventReceipt } from '#contracts/schemas/calendar.ts';
import { findHolders } from '../accounts.ts';
import { failure } from '../failures.ts';
import { cleanLine } from '../visible-text.ts';
import type { CalendarAccess } from './dependencies.ts';
import type { HeldEvent } from './held-events.ts';
import type { CalendarEvent } from './port.ts';
import { formatInstant } from './time-phrases.ts';
import { toRfc3339 } from './zone-time.ts';

/**
 * The event a change is about, as it stands now, in whichever of the person's calendars has it.
 * @throws NotFoundError, PermissionDeniedError for others' events
 */
export async function requireOwnEvent(
  deps: CalendarAccess,
  context: StepContext,
  asked: { readonly eventId: string; readonly account?: string | null | undefined },
  verb: 'move' | 'cancel' | 'change',
): Promise<HeldEvent> {
  const holders = await holdersOf(deps, context, asked);
  // Google gives an event the same id in the calendars of all who take part.
  const holder =
    holders.find(({ value }) => !value.cancelled && value.organizer?.self !== false) ??
    holders.find(({ value }) => !value.cancelled) ??
    holders[0];
  const event = holder?.value ?? null;
  if (holder === undefined || event === null || event.cancelled) {
    const state =
      event === null ? 'There is no event with this id' : 'This event is cancelled already';
    throw failure('NotFoundError', `${state}. Find the event again with findEvent.`);
  }
  const title = cleanLine(event.title, 80);
  if (event.organizer !== null && !event.organizer.self) {
    throw failure(
      'PermissionDeniedError',
      `Only ${event.organizer.email}, who organises "${title}", can ${verb} it. You could ask by mail.`,
    );
  }
  return { event, account: holder.account.email };
}

/** Who of the person's accounts has an event, cancelled ones too. */
export async function holdersOf(
  deps: CalendarAccess,
  { owner, zone }: StepContext,
  { eventId, account }: { readonly eventId: string; readonly account?: string | null | undefined },
) {
  const accounts = await deps.accounts.covered(owner, account);
  return findHolders(accounts, async ({ email }) =>
    (await deps.calendar(owner, email)).getEvent(eventId, zone),
  );
}

/** Addresses of everyone a change is told to. */
export function guestsOf(event: CalendarEvent): string[] {
  return event.guests.map(({ email }) => email);
}

/** The ends of an event as a payload holds them: instants in a zone, or dates of an all-day event. */
export function timesOf(event: CalendarEvent, zone: string): { start: string; end: string } {
  if (event.allDay !== null) return { start: event.allDay.from, end: event.allDay.to };
  return { start: toRfc3339(event.startMs, zone), end: toRfc3339(event.endMs, zone) };
}

/** What a calendar effect gives back. `wanted` fills in where a cancelled event tells only its id. */
export function receiptOf(
  event: Pick<CalendarEvent, 'id' | 'etag' | 'link'> & { conferenceLink?: string | null },
  wanted: {
    account: string;
    title: string;
    start: string;
    end: string;
    zone: string;
    guests: readonly string[];
  },
): EventReceipt {
  return {
    account: wanted.account,
    eventId: event.id,
    etag: event.etag === '' ? null : event.etag,
    link: event.link,
    title: wanted.title,
    start: wanted.start,
    startLocal: wanted.start.includes('T')
      ? formatInstant(Date.parse(wanted.start), wanted.zone)
      : wanted.start,
    end: wanted.end,
    guests: [...wanted.guests],
    ...(event.conferenceLink ? { conferenceLink: event.conferenceLink } : {}),
  };
}

/** True when two times of payloads or receipts are the same moment. */
export function sameMoment(a: string, b: string): boolean {
  return a === b || Date.parse(a) === Date.parse(b);
}

/** True when an event still says what was written. Guests' answers are not changes of the event. */
export function isStill(
  event: CalendarEvent,
  written: {
    title: string;
    start: string;
    end: string;
    guests: readonly string[];
    location?: string | null;
    description?: string | null;
  },
): boolean {
  const now = timesOf(event, event.zone);
  const { location = event.location, description = event.description } = written;
  return (
    event.title === written.title &&
    sameMoment(now.start, written.start) &&
    sameMoment(now.end, written.end) &&
    event.location === location &&
    event.description === description &&
    guestsOf(event).sort().join() === [...written.guests].sort().join()
  );
}

/** The failure of an undo that would overwrite what somebody did since. */
export function changedSince(title: string, consequence: string): Error {
  const shown = cleanLine(title, 80);
  return failure('ConflictError', `"${shown}" was changed since, so it was ${consequence}.`);
}

/** Who is told, for the Web UI and without names: "invite 2 guests". */
export function countGuests(guests: readonly string[]): string {
  return guests.length === 1 ? '1 guest' : `${guests.length} guests`;
}
