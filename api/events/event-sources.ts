/** What the two event streams read: one goal by number, or the inbox of an owner by cursor. */
import { limits } from '#contracts/limits.ts';
import type { GoalId } from '#contracts/names.ts';
import { type Cursor, formatCursor } from './cursor.ts';
import { type EventSource, frame } from './event-stream.ts';
import type { JournalFeed } from './journal-feed.ts';
import type { JournalWatch } from './journal-watch.ts';

type SourceDeps = { readonly feed: JournalFeed; readonly watch: JournalWatch };

/** The events of one goal behind a number, to its end. */
export function goalSource(
  { feed, watch }: SourceDeps,
  goalId: GoalId,
  after: number,
): EventSource {
  let last = after;
  return {
    listen: (wake) => watch.listen({ goalId }, wake),
    async read() {
      const { events, ended } = await feed.goal(goalId, last, limits.eventPageSize);
      last = events.at(-1)?.number ?? last;
      const frames = events.map((event) =>
        frame({ id: String(event.number), event: event.type, data: event }),
      );
      if (ended) return { frames, next: 'ended' };
      return { frames, next: events.length === limits.eventPageSize ? 'more' : 'idle' };
    },
  };
}

/** Every event of an owner behind a cursor, without end. */
export function inboxSource(
  { feed, watch }: SourceDeps,
  owner: string,
  after: Cursor,
): EventSource {
  let last = after;
  return {
    listen: (wake) => watch.listen({ owner }, wake),
    async read() {
      const { known, events, next } = await feed.inbox(owner, last, limits.eventPageSize);
      last = next;
      if (!known) {
        const message = 'The journal was rebuilt. Load what you show anew; events may come again.';
        const reset = frame({ id: formatCursor(next), event: 'reset', data: { message } });
        return { frames: [reset], next: 'more' };
      }
      const frames = events.map(({ event, cursor }) =>
        frame({ id: formatCursor(cursor), event: event.type, data: event }),
      );
      return { frames, next: events.length === limits.eventPageSize ? 'more' : 'idle' };
    },
  };
}
