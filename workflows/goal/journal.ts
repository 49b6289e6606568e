/**
 * The journal of one goal. Events that were not published yet ride in a header on the next activity
 * (see ../interceptors.ts); what no activity carried is published when the goal waits or ends.
 */
import type { Json } from '#contracts/json.ts';
import type { JournalEvent, JournalType } from '#contracts/journal.ts';
import type { GoalSnapshot } from '#contracts/workflows.ts';

export class Journal {
  /** Events of this run of the workflow. */
  readonly events: JournalEvent[] = [];
  #count = 0;
  #lastAt: string | null = null;
  #unpublished: JournalEvent[] = [];

  /** Goes on after the events of earlier runs. */
  constructor(carried?: GoalSnapshot['journal']) {
    if (carried === undefined) return;
    this.#count = carried.count;
    this.#lastAt = carried.lastAt;
    this.#unpublished = [...carried.unpublished];
  }

  /** Number of the newest event. */
  get count(): number {
    return this.#count;
  }

  /** When the newest event was appended, RFC 3339; null before the first. */
  get lastAt(): string | null {
    return this.#lastAt;
  }

  /** Events that were neither published nor handed to an activity. */
  get unpublished(): readonly JournalEvent[] {
    return this.#unpublished;
  }

  /** Appends an event with the next number and workflow time. */
  append(type: JournalType, data: Record<string, Json>, stepId: string | null = null): void {
    this.#count += 1;
    this.#lastAt = new Date().toISOString();
    const event: JournalEvent = { number: this.#count, at: this.#lastAt, type, stepId, data };
    this.events.push(event);
    this.#unpublished.push(event);
  }

  /** Takes back events after a number, none of which has been published. */
  rewind(count: number): void {
    const stays = ({ number }: JournalEvent) => number <= count;
    this.#unpublished = this.#unpublished.filter(stays);
    this.events.splice(0, this.events.length, ...this.events.filter(stays));
    this.#count = count;
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
