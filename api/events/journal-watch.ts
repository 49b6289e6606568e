/**
 * Tells streams that the journal has grown. One poller for the whole process, which rests while nobody
 * listens. It hands out no event: whoever is woken reads for itself, so that nothing is buffered.
 */
import { limits } from '#contracts/limits.ts';
import type { Cursor } from './cursor.ts';
import type { JournalFeed } from './journal-feed.ts';

/** What a stream waits for. */
export type Topic = { readonly goalId: string } | { readonly owner: string };

/** Wakes who listens. */
export type JournalWatch = {
  /** Calls `wake` whenever there may be something to read; returns how to stop that. */
  listen(topic: Topic, wake: () => void): () => void;
};

/** What a watch needs. */
export type WatchOptions = {
  readonly feed: Pick<JournalFeed, 'news' | 'end'>;
  readonly pollMs?: number;
  readonly onError?: (error: unknown) => void;
};

/** Creates a watch. It starts with its first listener and stops with its last. */
export function createJournalWatch(options: WatchOptions): JournalWatch {
  const { feed, pollMs = limits.journalPollMs, onError } = options;
  const listeners = new Map<string, Set<() => void>>();
  let cursor: Cursor | null = null;
  let timer: NodeJS.Timeout | undefined;
  let failing = false;

  const wake = (key: string) => listeners.get(key)?.forEach((listener) => listener());
  const wakeAll = () => [...listeners.keys()].forEach(wake);

  async function look(): Promise<void> {
    if (cursor === null) {
      cursor = await feed.end();
      wakeAll(); // What was written between listening and this moment is nobody's news.
      return;
    }
    const { known, goalIds, owners, next } = await feed.news(cursor);
    cursor = next;
    if (!known) return wakeAll();
    for (const goalId of goalIds) wake(keyOf({ goalId }));
    for (const owner of owners) wake(keyOf({ owner }));
  }
  function poll(): void {
    look()
      .then(
        () => (failing = false),
        (error: unknown) => {
          if (!failing) onError?.(error); // Once for each outage.
          failing = true;
        },
      )
      .finally(() => {
        timer = listeners.size === 0 ? undefined : setTimeout(poll, pollMs).unref();
        if (timer === undefined) cursor = null;
      });
  }
  return {
    listen(topic, listener) {
      const key = keyOf(topic);
      listeners.set(key, (listeners.get(key) ?? new Set()).add(listener));
      timer ??= setTimeout(poll, 0);
      return () => {
        const left = listeners.get(key);
        left?.delete(listener);
        if (left?.size === 0) listeners.delete(key);
      };
    },
  };
}

function keyOf(topic: Topic): string {
  return 'goalId' in topic ? `goal ${topic.goalId}` : `owner ${topic.owner}`;
}
