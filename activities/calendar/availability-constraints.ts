/**
 * Turns a request into sets of time: what each person's hours, meetings and wishes rule out, and
 * from these the time that is open to everyone required. It ranks nothing.
 */
import type { BusyInterval, Participant, Room, SlotRequest } from './availability.ts';
import { NO_SPANS, packSpans, span, subtract, unite, type Spans } from './availability-spans.ts';
import { eachTouching, gridStarts } from './availability-starts.ts';
import {
  isForEach,
  localSpans,
  type LocalWindow,
  lunchSpans,
  ruledOut,
  type Wish,
} from './availability-wishes.ts';
import { MINUTE_MS } from './zone-time.ts';

/** A wish with the time it rules out. */
export type PreparedWish = { readonly wish: Wish; readonly shut: Spans };

/** One participant with their time as spans within the window. */
export type PreparedPerson = {
  readonly participant: Participant;
  /** The window on their clock. */
  readonly window: LocalWindow;
  /** Time outside their working hours; none when these are not known. */
  readonly offHours: Spans;
  /** Noon to one on their wall clock. */
  readonly lunch: Spans;
  /** What they were reported as busy with; none when that was not readable. */
  readonly reported: readonly BusyInterval[];
  /** Widened by the buffer and by travel. */
  readonly busy: Spans | 'unknown';
  /** Their own, and those of the meeting that everyone has. */
  readonly wishes: readonly PreparedWish[];
};

/** A room with the time it is taken: all of the window when its calendar could not be read. */
export type PreparedRoom = {
  readonly room: Room;
  readonly taken: Spans;
  readonly readable: boolean;
};

/** A request, ready to be searched more than once. */
export type Prepared = {
  readonly request: SlotRequest;
  readonly fromMs: number;
  readonly toMs: number;
  readonly lengthMs: number;
  readonly people: readonly PreparedPerson[];
  readonly rooms: readonly PreparedRoom[];
  /** Wishes of the meeting on the organiser's clock. */
  readonly wishes: readonly PreparedWish[];
};

/** Kinds of constraint that a search leaves out altogether. */
export type Leave = {
  readonly unknown?: boolean;
  readonly wishes?: boolean;
  readonly busy?: boolean;
  readonly rooms?: boolean;
};

/** Computes every set of time that the request implies. */
export function prepare(request: SlotRequest): Prepared {
  const fromMs = Math.max(request.fromMs, request.nowMs);
  const { toMs } = request;
  const home: LocalWindow = { zone: request.organiserZone, fromMs, toMs };
  const wishes = request.wishes ?? [];
  const forEach = wishes.filter(isForEach);
  const clocks = new Clocks(home);
  return {
    request,
    fromMs,
    toMs,
    lengthMs: request.durationMinutes * MINUTE_MS,
    people: request.participants.map((participant) =>
      preparePerson(participant, forEach, request.bufferMinutes, clocks),
    ),
    rooms: (request.rooms ?? []).map((room): PreparedRoom => {
      const taken = busySpans(room.busy, 0, 0, home);
      if (taken !== 'unknown') return { room, taken, readable: true };
      return { room, taken: span(fromMs, toMs), readable: false };
    }),
    wishes: wishes
      .filter((wish) => !isForEach(wish))
      .map((wish) => ({ wish, shut: ruledOut(wish, home, []) })),
  };
}

/** Hours and lunches within the window, worked out once for all who have the same. */
class Clocks {
  readonly #home: LocalWindow;
  readonly #known = new Map<string, Spans>();

  constructor(home: LocalWindow) {
    this.#home = home;
  }

  windowOf({ zone }: Participant): LocalWindow {
    return { ...this.#home, zone };
  }

  offHours(participant: Participant): Spans {
    const { workingHours: hours, zone } = participant;
    if (hours === 'unknown') return NO_SPANS;
    const { fromMs, toMs } = this.#home;
    return this.#once(`${zone} ${hours.start} ${hours.end} ${hours.days.join('')}`, () =>
      subtract(span(fromMs, toMs), localSpans(hours, this.windowOf(participant))),
    );
  }

  lunch(participant: Participant): Spans {
    return this.#once(`${participant.zone} lunch`, () => lunchSpans(this.windowOf(participant)));
  }

  #once(key: string, work: () => Spans): Spans {
    const spans = this.#known.get(key) ?? work();
    this.#known.set(key, spans);
    return spans;
  }
}

function preparePerson(
  participant: Participant,
  forEach: readonly Wish[],
  bufferMinutes: number,
  clocks: Clocks,
): PreparedPerson {
  const { travelMinutes = 0 } = participant;
  const window = clocks.windowOf(participant);
  const busy = busySpans(participant.busy, bufferMinutes, travelMinutes, window);
  const reported = busy === 'unknown' || participant.busy === 'unknown' ? [] : participant.busy;
  // What somebody wishes for themselves counts in place of the same kind of wish for everyone.
  const own = participant.wishes ?? [];
  const wishes = [...own, ...forEach.filter(({ kind }) => !own.some((wish) => wish.kind === kind))];
  return {
    participant,
    window,
    offHours: clocks.offHours(participant),
    lunch: clocks.lunch(participant),
    reported,
    busy,
    wishes: wishes.map((wish) => ({ wish, shut: ruledOut(wish, window, reported) })),
  };
}

/**
 * Busy time, widened by a buffer around every meeting and by travel around those elsewhere.
 * `unknown` when it makes no sense: a calendar that answers with nonsense must not count as free.
 */
export function busySpans(
  intervals: readonly BusyInterval[] | 'unknown',
  bufferMinutes: number,
  travelMinutes: number,
  { fromMs, toMs }: LocalWindow,
): Spans | 'unknown' {
  if (intervals === 'unknown') return 'unknown';
  try {
    const busy = packSpans(intervals, bufferMinutes * MINUTE_MS, fromMs, toMs);
    if (travelMinutes <= bufferMinutes) return busy;
    const elsewhere = intervals.filter((interval) => interval.elsewhere === true);
    if (elsewhere.length === 0) return busy;
    return unite(busy, packSpans(elsewhere, travelMinutes * MINUTE_MS, fromMs, toMs));
  } catch (error) {
    if (error instanceof RangeError) return 'unknown';
    throw error;
  }
}

/** The starts at which everyone required and a room are free, without what is left out. */
export function possibleStarts(prepared: Prepared, leave: Leave = {}): readonly number[] {
  const { lengthMs, rooms } = prepared;
  const starts = gridStarts(gridOf(prepared), freeSpans(prepared, leave), lengthMs);
  if (rooms.length === 0 || leave.rooms === true) return starts;
  const taken = roomsTaken(prepared, starts);
  return starts.filter((_, index) => (taken[index] ?? rooms.length) < rooms.length);
}

/** How many rooms are taken at each start. */
export function roomsTaken({ rooms, lengthMs }: Prepared, starts: readonly number[]): Uint16Array {
  const taken = new Uint16Array(starts.length);
  for (const room of rooms) {
    eachTouching(starts, room.taken, lengthMs, (from, to) => {
      for (let index = from; index < to; index += 1) taken[index] = (taken[index] ?? 0) + 1;
    });
  }
  return taken;
}

/** Where the starts of a request lie. */
export function gridOf({ request, fromMs, toMs }: Prepared) {
  return { zone: request.organiserZone, stepMinutes: request.stepMinutes, fromMs, toMs };
}

/** The time, within the window, that is open to all required people, without what is left out. */
export function freeSpans(prepared: Prepared, leave: Leave = {}): Spans {
  let free = span(prepared.fromMs, prepared.toMs);
  const shutOff = (wishes: readonly PreparedWish[]): void => {
    if (leave.wishes === true) return;
    for (const { wish, shut } of wishes) if (wish.hard) free = subtract(free, shut);
  };
  shutOff(prepared.wishes);
  for (const person of prepared.people) {
    if (!person.participant.required) continue;
    free = subtract(free, person.offHours);
    shutOff(person.wishes);
    if (leave.busy === true) continue;
    if (person.busy !== 'unknown') free = subtract(free, person.busy);
    else if (prepared.request.allowUnknown !== true && leave.unknown !== true) return NO_SPANS;
  }
  return free;
}

/** What to call somebody. */
export function nameOf({ participant }: PreparedPerson): string {
  return participant.name ?? participant.email;
}
