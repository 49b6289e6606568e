/**
 * What a calendar provider must offer, in vendor-neutral terms. Instants are epoch milliseconds; an
 * implementation maps its vendor's failures to the closed list and never retries by itself.
 */
import type { WorkingHours } from '#contracts/schemas/common.ts';
import type { BusyInterval } from './availability.ts';

/** How the time of an event shows to others. Free and working elsewhere block nothing. */
export type Showing = 'busy' | 'free' | 'tentative' | 'outOfOffice' | 'workingElsewhere';
/** A guest's answer to an invitation; none: not answered yet. */
export type Response = 'accepted' | 'declined' | 'tentative' | 'none';

/** How an event repeats: one rule and what is left out. */
export type Recurrence = {
  /** One RFC 5545 RRULE value without its name and without DTSTART: `FREQ=WEEKLY;BYDAY=MO`. */
  readonly rule: string;
  /** Starts of occurrences that were taken out: RFC 3339 with offset, or dates of all-day events. */
  readonly excluded: readonly string[];
};

/** An event as it stands at the provider. */
export type CalendarEvent = {
  readonly id: string;
  /** Names the meeting, and all its occurrences, in every calendar that has it; null: not told. */
  readonly uid: string | null;
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
  /** Attendees that are resources. */
  readonly rooms: readonly CalendarGuest[];
  /** The series this is one occurrence of. */
  readonly recurringEventId: string | null;
  /** When an occurrence starts by the rule of its series: its identity, also when it was moved. */
  readonly originalStartMs: number | null;
  /** True for a series itself: a change of it is a change of every occurrence. */
  readonly isSeries: boolean;
  /** Of a series. Inexpressible: several rules, or dates added by hand; such a rule is left alone. */
  readonly recurrence: Recurrence | 'inexpressible' | null;
  /** Whether it takes the owner's time: neither free nor working elsewhere. */
  readonly busy: boolean;
  readonly showAs: Showing;
  readonly kind: 'default' | 'outOfOffice' | 'workingLocation' | 'focusTime' | 'other';
  readonly private: boolean;
  /** Minutes before the start; null for the calendar's default and for none. */
  readonly reminderMinutes: number | null;
  /** Where the meeting is held online. */
  readonly conferenceLink: string | null;
  /** The owner's own answer; null for somebody who is not a guest. */
  readonly response: Response | 'organizer' | null;
  readonly link: string | null;
  /** The key of the effect that last wrote it through us. */
  readonly effectKey: string | null;
};
export type CalendarGuest = {
  readonly email: string;
  readonly name: string | null;
  readonly response: Response;
  readonly optional: boolean;
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
  readonly optionalGuests: readonly string[];
  /** Addresses of rooms. */
  readonly rooms: readonly string[];
  readonly location: string | null;
  readonly description: string | null;
  readonly recurrence: Recurrence | null;
  readonly reminderMinutes: number | null;
  /** Whether to ask the provider for a link to meet online. */
  readonly conference: boolean;
  readonly private: boolean;
  readonly showAs: 'busy' | 'free' | 'tentative';
};

/** What an event has that nothing is said about. */
export const plainEvent = {
  optionalGuests: [],
  rooms: [],
  recurrence: null,
  reminderMinutes: null,
  conference: false,
  private: false,
  showAs: 'busy',
} as const satisfies Partial<NewEvent>;

/**
 * What a change sets; an absent field stays as it is. Lists of people are the whole list; `start`,
 * `end` and `zone` go together.
 */
export type EventPatch = Partial<Omit<NewEvent, 'effectKey'>>;

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
  /** True where a link to meet online can be taken off an event again. */
  readonly dropsConference: boolean;
  /** Events that overlap the window, occurrences expanded, by start; at most `limit`. */
  listEvents(query: {
    fromMs: number;
    toMs: number;
    zone: string;
    text?: string | undefined;
    limit: number;
  }): Promise<{ events: CalendarEvent[]; truncated: boolean }>;
  /** One event, occurrence or series, also when it is cancelled; null when none has that id. */
  getEvent(eventId: string, zone: string): Promise<CalendarEvent | null>;
  /** The event created under an effect key, also when it was cancelled since. */
  findCreated(effectKey: string, zone: string): Promise<CalendarEvent | null>;
  /** Occurrences of a series that overlap a window, without cancelled ones, by start. */
  occurrences(query: {
    seriesId: string;
    fromMs: number;
    toMs: number;
    zone: string;
    limit: number;
  }): Promise<{ events: CalendarEvent[]; truncated: boolean }>;
  /**
   * Busy times of each address, tentative ones too; `unknown` where the calendar cannot be read,
   * never empty then.
   */
  busyTimes(
    emails: readonly string[],
    fromMs: number,
    toMs: number,
  ): Promise<ReadonlyMap<string, readonly BusyInterval[] | 'unknown'>>;
  /** @throws InvalidInputError for a recurrence the provider cannot hold */
  insertEvent(event: NewEvent): Promise<CalendarEvent>;
  /**
   * Changes a single event, one occurrence or a whole series, by its id.
   * @throws InvalidInputError for a recurrence the provider cannot hold
   */
  updateEvent(change: EventPrecondition & { patch: EventPatch }): Promise<CalendarEvent>;
  /**
   * Cancels a single event, a whole series or, by its id, one occurrence. `message` goes to the guests
   * where the provider can carry one.
   */
  deleteEvent(change: EventPrecondition & { message?: string | undefined }): Promise<void>;
  /** Answers an invitation. `notify`: whether the organizer is told. */
  respond(
    change: EventPrecondition & {
      response: 'accepted' | 'declined' | 'tentative';
      comment: string | null;
    },
  ): Promise<CalendarEvent>;
  /** What the provider knows of the owner's time; null where it knows nothing. */
  settings(): Promise<{ zone: string | null; workingHours: WorkingHours | null }>;
};

/**
 * Gives a calendar. `account` is the address of one of the owner's connected accounts.
 * @throws ReconnectRequiredError
 */
export type CalendarPortOf = (owner: string, account: string) => Promise<CalendarPort>;
