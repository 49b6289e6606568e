/**
 * Finds times at which people can meet. Pure: busy times, working hours, wishes and "now" come in
 * with the request. It never reads a calendar, and it never offers a time as free when a required
 * person's calendar could not be read.
 */
import { possibleStarts, prepare, type Prepared } from './availability-constraints.ts';
import { compareScored, describeSlot, type Scored, scoreStarts } from './availability-ranking.ts';
import { explainNone, type NoneBecause } from './availability-relaxations.ts';
import { packSpans, toIntervals } from './availability-spans.ts';
import type { Wish } from './availability-wishes.ts';
import { instantAt, MINUTE_MS, wallClock } from './zone-time.ts';

/** Time that is taken: epoch ms, half-open. Zero length takes no time. */
export type BusyInterval = {
  readonly startMs: number;
  readonly endMs: number;
  /** Not agreed yet. It counts as busy, and may be given up when nothing else helps. */
  readonly tentative?: boolean;
  /** At a place that one has to travel to and from. */
  readonly elsewhere?: boolean;
};

/** When somebody works, on their own wall clock. An end before the start is the next day's. */
export type WorkingHours = {
  /** ISO weekdays: 1 is Monday, 7 is Sunday. For hours past midnight, the day they start on. */
  readonly days: readonly number[];
  /** `HH:mm`. */
  readonly start: string;
  /** `HH:mm`; `24:00` is the end of the day. Equal to `start` means no hours at all. */
  readonly end: string;
};

/** Somebody to find a time for. */
export type Participant = {
  readonly email: string;
  readonly name?: string;
  /** IANA zone of their working hours. */
  readonly zone: string;
  /** `unknown` when nobody said: they are not assumed to have any, and every slot names that. */
  readonly workingHours: WorkingHours | 'unknown';
  /** `unknown` when the calendar could not be read; nonsense intervals count as that too. */
  readonly busy: readonly BusyInterval[] | 'unknown';
  readonly required: boolean;
  /** On their own wall clock. One of a kind takes the place of the meeting's for them. */
  readonly wishes?: readonly Wish[];
  /** Clear time around meetings that are elsewhere. */
  readonly travelMinutes?: number;
  /** How many of the last meetings were at a bad hour for them: it is somebody else's turn. */
  readonly inconvenienced?: number;
};

/** A room that would do. It takes no buffer: a room can be used right after another meeting. */
export type Room = {
  readonly email: string;
  readonly busy: readonly BusyInterval[] | 'unknown';
};

/** What to look for. */
export type SlotRequest = {
  readonly participants: readonly Participant[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly durationMinutes: number;
  /** Clear time kept around everybody's other meetings; 15 unless the person says otherwise. */
  readonly bufferMinutes: number;
  /** Starts lie on this grid of the organiser's wall clock; must divide a day. */
  readonly stepMinutes: number;
  readonly organiserZone: string;
  /** No slot starts before this. */
  readonly nowMs: number;
  readonly limit: number;
  /** Wishes for the meeting as a whole. */
  readonly wishes?: readonly Wish[];
  /** A room is required: any one of these. */
  readonly rooms?: readonly Room[];
  /** Prefer hours that are equally (in)convenient for everybody required; see availability-fairness.ts. */
  readonly fairness?: boolean;
  /** Offer times although a required calendar could not be read, flagged and ranked lowest. */
  readonly allowUnknown?: boolean;
  /** Leave out a slot that overlaps a better one, and spread over days, so that the offers differ. */
  readonly distinct?: boolean;
};

/** What a slot means for one person. Local times are RFC 3339 with that person's offset. */
export type SlotForPerson = {
  readonly email: string;
  readonly zone: string;
  readonly localStart: string;
  readonly localEnd: string;
  /** True too when their hours are not known. */
  readonly insideWorkingHours: boolean;
  /** With the buffer; `unknown` when the calendar could not be read. */
  readonly availability: 'free' | 'busy' | 'unknown';
};

/** A time that can be offered. */
export type Slot = {
  /** RFC 3339 with the organiser's offset. */
  readonly start: string;
  readonly end: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Higher is better; comparable within one result only. */
  readonly score: number;
  /** For people: why this time, and what is not ideal about it. */
  readonly reasons: readonly string[];
  readonly perPerson: readonly SlotForPerson[];
  /** The rooms that are free, in the order they were given. */
  readonly rooms: readonly string[];
};

/** The best slots first, or why there is none. */
export type SlotResult = {
  readonly slots: readonly Slot[];
  /** E-mail addresses of people and rooms whose calendar could not be read, required or not. */
  readonly unknown: readonly string[];
  /** Set exactly when `slots` is empty. */
  readonly noneBecause?: NoneBecause;
};

export type { Wish } from './availability-wishes.ts';
export type { NoneBecause, Relaxation, RelaxationKind } from './availability-relaxations.ts';

/**
 * Ranks the times at which every required person and one of the rooms are free, with buffer and
 * travel, inside everyone's own working hours and hard wishes. Optional people and soft wishes only
 * change rank and reasons. Deterministic; ties go to the earlier time.
 * @throws RangeError for an unknown zone, a malformed local time, or a number out of range.
 */
export function findSlots(request: SlotRequest): SlotResult {
  checkRequest(request);
  const prepared = prepare(request);
  const unknown = unreadable(prepared);
  const starts = possibleStarts(prepared);
  if (starts.length === 0) return { slots: [], unknown, noneBecause: explainNone(prepared) };
  const scores = scoreStarts(prepared, starts);
  const ranked = starts
    .map((startMs, index): Scored => ({ startMs, score: scores[index] ?? 0 }))
    .sort(compareScored);
  return { slots: pick(ranked, request).map((slot) => describeSlot(prepared, slot)), unknown };
}

function unreadable({ people, rooms }: Prepared): string[] {
  return [
    ...people.filter(({ busy }) => busy === 'unknown').map(({ participant }) => participant.email),
    ...rooms.filter(({ readable }) => !readable).map(({ room }) => room.email),
  ];
}

/**
 * The same time as disjoint intervals in ascending order; touching ones are joined.
 * @throws RangeError for an interval that ends before it starts or is not finite.
 */
export function mergeBusy(intervals: readonly BusyInterval[]): BusyInterval[] {
  return toIntervals(packSpans(intervals));
}

/**
 * The instants an all-day event takes up: from the start of its first local day to the start of
 * the day after its last, which is 23 or 25 hours when clocks change.
 * @param firstDay local day number, see `dayNumber` in zone-time.ts
 * @param endDay the day after the last one, as calendars write it
 */
export function allDayBusy(firstDay: number, endDay: number, zone: string): BusyInterval {
  return { startMs: instantAt(zone, firstDay, 0).ms, endMs: instantAt(zone, endDay, 0).ms };
}

// Somebody who cannot make a day needs offers on others: more of one day only fill up.
const OFFERS_A_DAY = 2;

function pick(ranked: readonly Scored[], request: SlotRequest): Scored[] {
  if (request.distinct !== true) return ranked.slice(0, request.limit);
  const lengthMs = request.durationMinutes * MINUTE_MS;
  const picked: Scored[] = [];
  const take = (perDay: number): void => {
    for (const slot of ranked) {
      if (picked.length >= request.limit) return;
      if (picked.some((other) => Math.abs(other.startMs - slot.startMs) < lengthMs)) continue;
      const { day } = wallClock(request.organiserZone, slot.startMs);
      const sameDay = (other: Scored) =>
        wallClock(request.organiserZone, other.startMs).day === day;
      if (picked.filter(sameDay).length < perDay) picked.push(slot);
    }
  };
  take(OFFERS_A_DAY);
  take(Infinity);
  return picked.sort(compareScored);
}

function checkRequest(request: SlotRequest): void {
  const whole = (name: string, value: number, least: number, most: number): void => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}.`);
  };
  whole('durationMinutes', request.durationMinutes, 1, 10_080);
  whole('bufferMinutes', request.bufferMinutes, 0, 1_440);
  whole('stepMinutes', request.stepMinutes, 1, 1_440);
  whole('limit', request.limit, 1, 100_000);
  if (1_440 % request.stepMinutes !== 0) {
    throw new RangeError(`stepMinutes must divide a day, and ${request.stepMinutes} does not.`);
  }
  if (!Number.isFinite(request.fromMs) || !Number.isFinite(request.toMs)) {
    throw new RangeError('fromMs and toMs must be instants.');
  }
  // A year and a bit: above that the request is a mistake, and the grid would be large.
  if (request.toMs - request.fromMs > 400 * 1_440 * MINUTE_MS) {
    throw new RangeError('The window to search is longer than 400 days.');
  }
  if (!Number.isFinite(request.nowMs)) throw new RangeError('nowMs must be an instant.');
  for (const { travelMinutes = 0, inconvenienced = 0, wishes = [] } of request.participants) {
    whole('travelMinutes', travelMinutes, 0, 1_440);
    whole('inconvenienced', inconvenienced, 0, 1_000);
    for (const wish of wishes) if (wish.kind === 'gap') whole('gap', wish.minutes, 0, 1_440);
  }
}
