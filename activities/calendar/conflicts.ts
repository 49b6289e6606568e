/**
 * What else the person has at the time of an event to create. What was shown with the approval is
 * approved with it; what came since is not.
 */
import { limits } from '#contracts/limits.ts';
import type { CreateEventPayload, EventConflict } from '#contracts/schemas/calendar.ts';
import { failure } from '../failures.ts';
import { cleanLine } from '../visible-text.ts';
import { showTime } from './cards.ts';
import { timesOf } from './existing-event.ts';
import type { CalendarPort } from './port.ts';

type Slot = { readonly start: string; readonly end: string; readonly zone: string };

/** Events of the person that make them busy during a slot, by start. */
export async function conflictsAt(calendar: CalendarPort, slot: Slot): Promise<EventConflict[]> {
  const fromMs = Date.parse(slot.start);
  const toMs = Date.parse(slot.end);
  const { zone } = slot;
  const found = await calendar.listEvents({ fromMs, toMs, zone, limit: limits.eventListMax });
  return found.events
    .filter(
      (event) => event.busy && !event.cancelled && event.startMs < toMs && event.endMs > fromMs,
    )
    .map((event) => ({
      eventId: event.id,
      title: cleanLine(event.title, 100),
      ...timesOf(event, zone),
    }));
}

/**
 * Looks again just before the event is created. What was in the way already was approved with it.
 * @throws PreconditionFailedError when something else came in the way since
 */
export async function requireStillFree(
  calendar: CalendarPort,
  payload: CreateEventPayload,
): Promise<void> {
  if (payload.conflicts === null) return;
  const known = new Set(payload.conflicts.map(keyOf));
  const fresh = (await conflictsAt(calendar, payload)).filter((event) => !known.has(keyOf(event)));
  if (fresh.length === 0) return;
  const names = fresh.map(({ title, start }) => `"${title}" (${showTime(start, payload.zone)})`);
  throw failure(
    'PreconditionFailedError',
    `The time is not free any more: ${names.join(', ')} came in the way since it was prepared.`,
  );
}

/** The title is for people; the same event at the same time is the same conflict. */
function keyOf({ eventId, start, end }: EventConflict): string {
  return [eventId, start, end].join('\u0000');
}
