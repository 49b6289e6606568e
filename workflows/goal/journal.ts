/**
 * The journal of one goal. Events that were not published yet ride in a header on the next activity
 * (see ../interceptors.ts); what no activity carried is published when the goal waits or ends.
 */
import type { Json } from '#contracts/json.ts';
import type { JournalEvent, JournalType } from '#contracts/journal.ts';

export class Journal {
  readonly events: JournalEvent[] = [];
  #unpublished: JournalEvent[] = [];

  /** Appends an event with the next number and workflow time. */
  append(type: JournalType, data: Record<string, Json>, stepId: string | null = null): void {
    const event: JournalEvent = {
      number: this.events.length + 1,
      at: new Date().toISOString(),
      type,
      stepId,
      data,
    };
    this.events.push(event);
    this.#unpublished.push(event);
  }

  /** Hands out what was not published yet; the caller publishes it or puts it back. */
  take(): JournalEvent[] {
    const taken = this.#unpublished;
    this.#unpublished = [];
    return taken;
  }

  putBack(events: readonly JournalEvent[]): void {
    this.#unpublished = [...events, ...this.#unpublished].sort((a, b) => a.number - b.number);
  }
}

let current: Journal | undefined;

/** Makes a journal the one whose events ride on this workflow's activities. One per workflow. */
export function setCurrentJournal(journal: Journal): void {
  current = journal;
}

/** The journal of this workflow; undefined in workflows that keep none. */
export function currentJournal(): Journal | undefined {
  return current;
}
