/**
 * What a calendar provider must offer, in vendor-neutral terms. Instants are epoch milliseconds; an
 * implementation maps its vendor's failures to the closed list and never retries by itself.
 */
import type { BusyInterval } from './availability.ts';

/** An event as it stands at the provider. */
export type CalendarEvent = {
  readonly id: string;
  /** Changes with every change of the event; the precondition of moves and cancellations. */
  readonly etag: string;
  readonly cancelled: boolean;
  readonly title: string;
  /** For all-day events: the start of the first local day. */
  readonly startMs: number;
  /** Exclusive; for all-day events the start of the day after the last one. */
  readonly endMs: number;
  /** First and exclusive last date (`YYYY-MM-DD`) of an all-day event; null for timed ones. */
  readonly allDay: { readonly from: string; readonly to: string } | null;
  /** IANA zone the event is kept in. */
  readonly zone: string;
  readonly location: string | null;
  readonly description: string | null;
  readonly organizer: { readonly email: string; readonly self: boolean } | null;
  /** Attendees without the owner and without rooms. */
  readonly guests: readonly CalendarGuest[];
  /** The series this is one occurrence of. */
  readonly recurringEventId: string | null;
  /** True for a series itself, which no tool may change. */
  readonly isSeries: boolean;
  readonly busy: boolean;
  readonly link: string | null;
  /** The key of the effect that last wrote it through us. */
  readonly effectKey: string | null;
};
export type CalendarGuest = {
  readonly email: string;
  readonly name: string | null;
  readonly response: 'accepted' | 'declined' | 'tentative' | 'none';
};

/** An event to create. */
export type NewEvent = {
  /** The provider's own key for "this, once": a second insert with it must be refused. */
  readonly effectKey: string;
  readonly title: string;
  /** RFC 3339 with offset, or `YYYY-MM-DD` for both ends of an all-day event. */
  readonly start: string;
  readonly end: string;
  readonly zone: string;
  readonly guests: readonly string[];
  readonly location: string | null;
  readonly description: string | null;
};

/** The event a change is about: refused with PreconditionFailedError when its etag has changed. */
export type EventPrecondition = {
  readonly effectKey: string;
  readonly eventId: string;
  readonly etag: string;
  /** Whether guests are told by mail. */
  readonly notify: boolean;
};

/** One owner's calendar. Writes throw UnknownOutcomeError when the outcome is not known. */
export type CalendarPort = {
  /** Events that overlap the window, occurrences expanded, by start; at most `limit`. */
  listEvents(query: {
    fromMs: number;
    toMs: number;
    zone: string;
    text?: string | undefined;
    limit: number;
  }): Promise<{ events: CalendarEvent[]; truncated: boolean }>;
  /** One event, also when it is cancelled; null when there is none with that id. */
  getEvent(eventId: string, zone: string): Promise<CalendarEvent | null>;
  /** The event created under an effect key, also when it was cancelled since. */
  findCreated(effectKey: string, zone: string): Promise<CalendarEvent | null>;
  /** Busy times of each address; `unknown` where the calendar cannot be read, never empty then. */
  busyTimes(
    emails: readonly string[],
    fromMs: number,
    toMs: number,
  ): Promise<ReadonlyMap<string, readonly BusyInterval[] | 'unknown'>>;
  insertEvent(event: NewEvent): Promise<CalendarEvent>;
  moveEvent(
    change: EventPrecondition & { start: string; end: string; zone: string },
  ): Promise<CalendarEvent>;
  deleteEvent(change: EventPrecondition): Promise<void>;
};

/**
 * Gives a calendar. `account` is the address of one of the owner's connected accounts.
 * @throws ReconnectRequiredError
 */
export type CalendarPortOf = (owner: string, account: string) => Promise<CalendarPort>;
