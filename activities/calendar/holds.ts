/**
 * What a hold is: a tentative private event without guests whose title says so. Several for one
 * meeting make a group by having the same title. Each write of an effect on a group has a key of its
 * own, derived from the effect's, so that each happens once.
 */
import { createHash } from 'node:crypto';
import { limits } from '#contracts/limits.ts';
import { failureTypeOf } from '../failures.ts';
import { type CalendarEvent, type CalendarPort, type NewEvent, plainEvent } from './port.ts';
import { sameMoment, timesOf } from './existing-event.ts';

const prefix = 'Hold: ';

/** When a hold is. */
export type HeldSlot = { readonly start: string; readonly end: string };

/** The title of the holds for a meeting. */
export function holdTitle(title: string): string {
  return `${prefix}${title}`;
}

/** The meeting's title from a hold's; undefined for a title that is none. */
export function heldTitle(title: string): string | undefined {
  return title.startsWith(prefix) ? title.slice(prefix.length) : undefined;
}

/** The key of one of an effect's writes. */
export function writeKey(effectKey: string, part: string): string {
  return createHash('sha256').update(`${effectKey}:${part}`).digest('hex');
}

/** A hold to create. */
export function newHold(effectKey: string, title: string, slot: HeldSlot, zone: string): NewEvent {
  return {
    ...plainEvent,
    effectKey,
    title,
    ...slot,
    zone,
    guests: [],
    location: null,
    description: null,
    private: true,
    showAs: 'tentative',
  };
}

/**
 * True for an event that still is a hold with this title at this time. Somebody else's event is none,
 * whatever its title, and neither is one to which somebody was invited.
 */
export function isHold(event: CalendarEvent, title: string, slot?: HeldSlot): boolean {
  const now = timesOf(event, event.zone);
  const isThere =
    slot === undefined || (sameMoment(now.start, slot.start) && sameMoment(now.end, slot.end));
  const isOurs = event.organizer?.self !== false && event.guests.length === 0;
  const isMarked = event.title === title && event.showAs === 'tentative';
  return !event.cancelled && isOurs && isMarked && isThere;
}

/** The holds with a title from now on, by start. */
export async function holdsWith(
  calendar: CalendarPort,
  title: string,
  fromMs: number,
  zone: string,
): Promise<CalendarEvent[]> {
  const toMs = fromMs + limits.seriesLookAheadMs;
  const query = { fromMs, toMs, zone, text: title, limit: limits.eventListMax };
  const { events } = await calendar.listEvents(query);
  const meant = title.toLowerCase();
  return events.filter(
    (event) => event.title.toLowerCase() === meant && isHold(event, event.title),
  );
}

/** Creates a hold, or finds the one that an earlier attempt made. */
export async function ensureHold(calendar: CalendarPort, hold: NewEvent): Promise<CalendarEvent> {
  const earlier = await calendar.findCreated(hold.effectKey, hold.zone);
  return earlier ?? calendar.insertEvent(hold);
}

/**
 * Takes a hold away. One that is gone, or that somebody made something else of, is left as it is.
 * @returns whether the hold is gone
 */
export async function removeHold(
  calendar: CalendarPort,
  eventId: string,
  title: string,
  zone: string,
  effectKey: string,
): Promise<boolean> {
  const event = await calendar.getEvent(eventId, zone);
  if (event === null || event.cancelled) return true;
  if (!isHold(event, title)) return false;
  try {
    await calendar.deleteEvent({ effectKey, eventId, etag: event.etag, notify: false });
    return true;
  } catch (error) {
    if (failureTypeOf(error) !== 'PreconditionFailedError') throw error;
    // Somebody else's change, or our own deletion delivered twice.
    const now = await calendar.getEvent(eventId, zone);
    return now === null || now.cancelled;
  }
}
