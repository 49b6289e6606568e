/**
 * Turns a request into sets of time: each person's working hours and busy time, the organiser's
 * wishes, and from these the time that is free for everyone required. It ranks nothing.
 */
import type { BusyInterval, Participant, SlotRequest, WorkingHours } from './availability.ts';
import {
  intersect,
  NO_SPANS,
  packSpans,
  span,
  subtract,
  unite,
  type Spans,
} from './availability-spans.ts';
import {
  DAY_MS,
  MINUTE_MS,
  minutesOf,
  offsetSegments,
  PARTS_OF_DAY,
  weekdayOf,
} from './zone-time.ts';

/** One participant with their time as spans within the window. */
export type PreparedPerson = {
  readonly participant: Participant;
  readonly hours: Spans;
  /** Noon to one on their wall clock. */
  readonly lunch: Spans;
  /** Widened by the buffer. */
  readonly busy: Spans | 'unknown';
};

/** The organiser's wishes as spans; `undefined` where nothing was wished. */
export type PreparedPreferences = {
  readonly partOfDay: Spans | undefined;
  readonly hours: Spans | undefined;
  readonly weekdays: Spans | undefined;
  /** All of them at once; `undefined` when there is none or they are soft. */
  readonly hard: Spans | undefined;
};

/** A request, ready to be searched more than once. */
export type Prepared = {
  readonly request: SlotRequest;
  readonly fromMs: number;
  readonly toMs: number;
  readonly lengthMs: number;
  readonly people: readonly PreparedPerson[];
  readonly preferences: PreparedPreferences;
};

/** Which constraints a search leaves out. E-mail addresses in the sets. */
export type Leave = {
  readonly acceptUnknown?: boolean;
  readonly unknownOf?: ReadonlySet<string>;
  readonly buffer?: boolean;
  readonly preferences?: boolean;
  readonly hoursOf?: ReadonlySet<string>;
  readonly people?: ReadonlySet<string>;
  readonly allBusy?: boolean;
};

const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const LUNCH: WorkingHours = { days: EVERY_DAY, start: '12:00', end: '13:00' };

// What "outside working hours" may mean when it is suggested: the same days, but no night.
const WAKING_START = '07:00';
const WAKING_END = '22:00';

/** Computes every set of time that the request implies. */
export function prepare(request: SlotRequest): Prepared {
  const fromMs = Math.max(request.fromMs, request.nowMs);
  const toMs = request.toMs;
  const padMs = request.bufferMinutes * MINUTE_MS;
  const people = request.participants.map((participant): PreparedPerson => {
    const hours = localSpans(participant.workingHours, participant.zone, fromMs, toMs);
    const lunch = localSpans(LUNCH, participant.zone, fromMs, toMs);
    return { participant, hours, lunch, busy: busySpans(participant, padMs, fromMs, toMs) };
  });
  const preferences = preferenceSpans(request, fromMs, toMs);
  const lengthMs = request.durationMinutes * MINUTE_MS;
  return { request, fromMs, toMs, lengthMs, people, preferences };
}

/** A person's busy time, or `unknown` when it could not be read or makes no sense. */
function busySpans(
  participant: Participant,
  padMs: number,
  fromMs: number,
  toMs: number,
): Spans | 'unknown' {
  if (participant.busy === 'unknown') return 'unknown';
  try {
    return packSpans(participant.busy, padMs, fromMs, toMs);
  } catch (error) {
    // A calendar that answers with nonsense was not read: it must not count as free.
    if (error instanceof RangeError) return 'unknown';
    throw error;
  }
}

/** The time, within the window, that is open to all required people, minus what is left out. */
export function freeSpans(prepared: Prepared, leave: Leave): Spans {
  let free = span(prepared.fromMs, prepared.toMs);
  if (leave.preferences !== true && prepared.preferences.hard !== undefined) {
    free = intersect(free, prepared.preferences.hard);
  }
  for (const person of prepared.people) {
    const { participant } = person;
    if (!participant.required || leave.people?.has(participant.email) === true) continue;
    free = intersect(free, hoursOf(prepared, person, leave));
    if (leave.allBusy === true) continue;
    if (person.busy === 'unknown') {
      if (leave.acceptUnknown !== true && leave.unknownOf?.has(participant.email) !== true) {
        return NO_SPANS;
      }
      continue;
    }
    const busy =
      leave.buffer === true
        ? busySpans(participant, 0, prepared.fromMs, prepared.toMs)
        : person.busy;
    free = busy === 'unknown' ? NO_SPANS : subtract(free, busy);
  }
  return free;
}

function hoursOf(prepared: Prepared, person: PreparedPerson, leave: Leave): Spans {
  const { email, workingHours, zone } = person.participant;
  if (leave.hoursOf?.has(email) !== true) return person.hours;
  const waking = { days: workingHours.days, start: WAKING_START, end: WAKING_END };
  return unite(person.hours, localSpans(waking, zone, prepared.fromMs, prepared.toMs));
}

/** Every start on the grid of the organiser's wall clock at which the whole meeting fits. */
export function gridStarts(prepared: Prepared, free: Spans): number[] {
  const { request, fromMs, toMs, lengthMs } = prepared;
  const stepMs = request.stepMinutes * MINUTE_MS;
  const starts: number[] = [];
  if (fromMs >= toMs) return starts;
  const segments = offsetSegments(request.organiserZone, fromMs, toMs);
  let first = 0;
  for (let index = 0; index < free.length; index += 2) {
    const freeStart = free[index] ?? Infinity;
    const lastStart = (free[index + 1] ?? -Infinity) - lengthMs;
    while ((segments[first]?.endMs ?? Infinity) <= freeStart) first += 1;
    for (let next = first; next < segments.length; next += 1) {
      const segment = segments[next];
      if (segment === undefined || segment.startMs > lastStart) break;
      // Steps divide a day and local midnights are whole days, so one modulus serves all days.
      const from = Math.max(freeStart, segment.startMs) + segment.offsetMs;
      let startMs = Math.ceil(from / stepMs) * stepMs - segment.offsetMs;
      for (; startMs <= lastStart && startMs < segment.endMs; startMs += stepMs) {
        starts.push(startMs);
      }
    }
  }
  return starts;
}

/**
 * The instants in `[fromMs, toMs)` at which a zone's clock shows a time inside the given hours on
 * the given days. Worked out per stretch of constant offset, so a minute that the clock skips is
 * never inside and one that it shows twice is inside twice.
 */
export function localSpans(hours: WorkingHours, zone: string, fromMs: number, toMs: number): Spans {
  const start = minutesOf(hours.start) * MINUTE_MS;
  let end = minutesOf(hours.end) * MINUTE_MS;
  if (end < start) end += DAY_MS;
  if (fromMs >= toMs) return NO_SPANS;
  const pieces: BusyInterval[] = [];
  for (const segment of offsetSegments(zone, fromMs, toMs)) {
    const localFrom = segment.startMs + segment.offsetMs;
    const localTo = segment.endMs + segment.offsetMs;
    for (let day = Math.floor(localFrom / DAY_MS) - 1; day * DAY_MS < localTo; day += 1) {
      if (!hours.days.includes(weekdayOf(day))) continue;
      const from = Math.max(day * DAY_MS + start, localFrom);
      const to = Math.min(day * DAY_MS + end, localTo);
      if (from >= to) continue;
      pieces.push({ startMs: from - segment.offsetMs, endMs: to - segment.offsetMs });
    }
  }
  return packSpans(pieces);
}

function preferenceSpans(request: SlotRequest, fromMs: number, toMs: number): PreparedPreferences {
  const { partOfDay, earliestLocal, latestLocal, weekdays, hard } = request.preferences;
  const local = (days: readonly number[], start: string, end: string): Spans =>
    minutesOf(end) <= minutesOf(start)
      ? NO_SPANS
      : localSpans({ days, start, end }, request.organiserZone, fromMs, toMs);
  const part = partOfDay === undefined ? undefined : PARTS_OF_DAY[partOfDay];
  const wishes = {
    partOfDay: part === undefined ? undefined : local(EVERY_DAY, part.start, part.end),
    hours:
      earliestLocal === undefined && latestLocal === undefined
        ? undefined
        : local(EVERY_DAY, earliestLocal ?? '00:00', latestLocal ?? '24:00'),
    weekdays: weekdays === undefined ? undefined : local(weekdays, '00:00', '24:00'),
  };
  const given = Object.values(wishes).filter((spans) => spans !== undefined);
  const all = hard === true && given.length > 0 ? given.reduce(intersect) : undefined;
  return { ...wishes, hard: all };
}
