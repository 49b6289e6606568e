/**
 * Creating a series with some of its occurrences left out. Not every provider takes such a list, so
 * the whole series is made and they are taken out one by one, each under a key of its own.
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
  const { recurrence } = event;
  const whole = recurrence === null ? null : { ...recurrence, excluded: [] };
  const made = earlier ?? (await calendar.insertEvent({ ...event, recurrence: whole }));
  await takeOut(calendar, { ...event, seriesId: made.id }, recurrence?.excluded ?? []);
  return made;
}

/** Takes occurrences out of a series, by their starts. Those that are not there are left so. */
export async function takeOut(
  calendar: CalendarPort,
  { seriesId, effectKey, zone }: { seriesId: string; effectKey: string; zone: string },
  starts: readonly string[],
): Promise<void> {
  if (starts.length === 0) return;
  const out = new Set(starts.map((start) => msOf(start, zone)));
  const query = {
    seriesId,
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
}
