/**
 * Creating a series with some of its occurrences left out. A provider that keeps no such list gives
 * them all, so those that are there are taken out one by one, each under a key of its own.
 */
import { limits } from '#contracts/limits.ts';
import { writeKey } from './holds.ts';
import type { CalendarEvent, CalendarPort, NewEvent } from './port.ts';
import { msOf } from './recurrence.ts';
import { DAY_MS } from './zone-time.ts';

/** Creates an event, or goes on with the one that an earlier attempt made. */
export async function insertWhole(
  calendar: CalendarPort,
  event: NewEvent,
  earlier: CalendarEvent | null,
): Promise<CalendarEvent> {
  const made = earlier ?? (await calendar.insertEvent(event));
  const { zone, recurrence, effectKey } = event;
  const excluded = recurrence?.excluded ?? [];
  if (excluded.length === 0) return made;
  const out = new Set(excluded.map((start) => msOf(start, zone)));
  const query = {
    seriesId: made.id,
    fromMs: Math.min(...out),
    toMs: Math.max(...out) + DAY_MS,
    zone,
    limit: limits.occurrencesMax,
  };
  const { events } = await calendar.occurrences(query);
  for (const { id: eventId, etag, originalStartMs, startMs } of events) {
    if (!out.has(originalStartMs ?? startMs)) continue;
    const key = writeKey(effectKey, `without ${originalStartMs ?? startMs}`);
    await calendar.deleteEvent({ effectKey: key, eventId, etag, notify: false });
  }
  return made;
}
