/**
 * Creating a series with days left out. Graph has no such thing: the series is made, each of those
 * occurrences is deleted, and only then the series is marked as created under its key. So an attempt
 * that ended on the way is not found by that key, and the next one goes on where it ended.
 *
 * Guests are told of each occurrence that is deleted.
 */
import { DateTime } from 'luxon';
import { UnknownOutcomeError } from '../effects/handler.ts';
import type { MicrosoftSession } from '../microsoft/client.ts';
import { createdMark, lastWrittenUnder, toUnmarkedBody } from './microsoft-events.ts';
import { eventPath, findEvent, readEvent, readEvents, request } from './microsoft-reading.ts';
import type { CalendarEvent, NewEvent } from './port.ts';

type Post = (session: MicrosoftSession, event: NewEvent, body: object) => Promise<CalendarEvent>;

/** Creates the series, or completes it. */
export async function insertWithGaps(
  session: MicrosoftSession,
  event: NewEvent,
  post: Post,
): Promise<CalendarEvent> {
  const { effectKey, zone, recurrence } = event;
  const begun = await findEvent(session, lastWrittenUnder(effectKey), zone);
  const { id } = begun ?? (await post(session, event, toUnmarkedBody(event)));
  try {
    for (const start of recurrence?.excluded ?? []) await takeOut(session, id, start, event);
    await session.write('complete the series', (signal) =>
      request(session, eventPath(id), signal)
        .header('X-Effect-Key', effectKey)
        .patch(createdMark(effectKey)),
    );
    const made = await readEvent(session, id, zone);
    if (made !== null) return made;
  } catch (cause) {
    // Nothing here says that the series is not there.
    const message = 'The series was made; some of the days left out may still show.';
    throw new UnknownOutcomeError(message, { cause });
  }
  throw new UnknownOutcomeError('The series was made and is gone again.');
}

/** Deletes the occurrence that starts then by the rule; one that is gone is done. */
async function takeOut(
  session: MicrosoftSession,
  seriesId: string,
  start: string,
  { zone, effectKey }: NewEvent,
): Promise<void> {
  const fromMs = DateTime.fromISO(start, { zone }).toMillis();
  const window = { fromMs, toMs: fromMs + 60_000, zone, limit: 5 };
  const path = `${eventPath(seriesId)}/instances`;
  const { events } = await readEvents(session, path, 'list the occurrences', window);
  const occurrence = events.find(({ originalStartMs }) => originalStartMs === fromMs);
  if (occurrence === undefined) return;
  await session.write('take an occurrence out', (signal) =>
    request(session, eventPath(occurrence.id), signal)
      .headers({ 'If-Match': occurrence.etag, 'X-Effect-Key': effectKey })
      .delete(),
  );
}
