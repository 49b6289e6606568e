/**
 * Says why no time was found and which smallest sets of constraints, given up, would yield one.
 * It only suggests: nothing is relaxed without a person saying so.
 *
 * The smallest size is exact for any number of people. At one start, each person in the way costs
 * one: either the one constraint of theirs that lifts everything in their way, or their presence.
 * Only the buffer and the length touch several people at once, and those few are all tried.
 */
import {
  freeSpans,
  gridOf,
  nameOf,
  possibleStarts,
  type Prepared,
  type PreparedPerson,
  roomsTaken,
} from './availability-constraints.ts';
import {
  type Obstacle,
  obstaclesOf,
  priceOf,
  relaxationWords,
  type RelaxationKind,
} from './availability-obstacles.ts';
import { compareScored, scoreStarts, type Scored } from './availability-ranking.ts';
import { span, touches } from './availability-spans.ts';
import { eachTouching, gridStarts } from './availability-starts.ts';
import { MINUTE_MS, toRfc3339 } from './zone-time.ts';

export type { RelaxationKind } from './availability-obstacles.ts';

/** Constraints which, given up together, yield at least one time. */
export type Relaxation = {
  readonly relax: readonly RelaxationKind[];
  /** For people: "without the buffer and outside Priya's working hours (07:00 to 22:00)". */
  readonly description: string;
  /**
   * The best time it would yield, RFC 3339 in the organiser's zone. Left out where it would rest on
   * a calendar that could not be read.
   */
  readonly example?: { readonly start: string; readonly end: string };
};

/** Why there is no slot. */
export type NoneBecause = {
  readonly reason:
    | 'window_past'
    | 'window_too_short'
    | 'calendar_unknown'
    | 'wishes_too_narrow'
    | 'no_room'
    | 'no_common_working_hours'
    | 'no_common_free_time';
  readonly message: string;
  /** Sets of the smallest size there is, the ones that ask least of people first. */
  readonly relaxations: readonly Relaxation[];
};

const MAX_RELAXATIONS = 5;
// Lengths that meetings have. One that is too long is offered shorter, down to half.
const LENGTHS = [240, 180, 120, 90, 60, 45, 30, 15];
// Times looked at in detail, the best first; more would only repeat the same people.
const MAX_STARTS = 200;
// With more people in the way than this, only the cheapest way out of each is named.
const MAX_CHOOSERS = 4;
const MAX_WORDS = 8;

/** Explains an empty result. */
export function explainNone(prepared: Prepared): NoneBecause {
  const { fromMs, toMs, lengthMs } = prepared;
  if (fromMs >= toMs) {
    const message = 'The window to search is empty or already over.';
    return { reason: 'window_past', message, relaxations: [] };
  }
  if (gridStarts(gridOf(prepared), span(fromMs, toMs), lengthMs).length === 0) {
    const minutes = Math.floor((toMs - fromMs) / MINUTE_MS);
    const message =
      `What is left of the window is ${minutes} minutes long and holds no start ` +
      `for a meeting of ${lengthMs / MINUTE_MS} minutes.`;
    return { reason: 'window_too_short', message, relaxations: smallestRelaxations(prepared) };
  }
  return { ...reasonFor(prepared), relaxations: smallestRelaxations(prepared) };
}

function reasonFor(all: Prepared): Omit<NoneBecause, 'relaxations'> {
  const unread = all.people.filter(
    (person) => person.participant.required && person.busy === 'unknown',
  );
  if (unread.length > 0 && all.request.allowUnknown !== true) {
    const names = unread.map(nameOf).join(', ');
    return {
      reason: 'calendar_unknown',
      message: `No time is offered because these calendars could not be read: ${names}.`,
    };
  }
  if (possibleStarts(all, { wishes: true }).length > 0) {
    const message = 'Times exist, but none of them matches the wishes, which are set as firm.';
    return { reason: 'wishes_too_narrow', message };
  }
  if (possibleStarts(all, { wishes: true, rooms: true }).length > 0) {
    const message = 'Times exist, but in none of them one of the rooms is free.';
    return { reason: 'no_room', message };
  }
  const hours = freeSpans(all, { wishes: true, busy: true });
  if (gridStarts(gridOf(all), hours, all.lengthMs).length === 0) {
    const message = 'The working hours of the people required never overlap for long enough.';
    return { reason: 'no_common_working_hours', message };
  }
  const message = 'The people required have working hours in common, but no free time in them.';
  return { reason: 'no_common_free_time', message };
}

/** The request with one length, with or without the buffer, and what stands in its way. */
type Variant = {
  readonly prepared: Prepared;
  /** What this variant has given up already. */
  readonly given: readonly RelaxationKind[];
  readonly people: readonly { person: PreparedPerson; obstacles: readonly Obstacle[] }[];
  readonly starts: readonly number[];
  /** For each start, how many constraints would have to be given up. */
  readonly sizes: Uint16Array;
};

type Found = { readonly relax: readonly RelaxationKind[]; readonly at: Scored; lengthMs: number };

function smallestRelaxations(prepared: Prepared): Relaxation[] {
  const variants = variantsOf(prepared);
  const smallest = Math.min(...variants.map(({ sizes }) => sizes.reduce(least, Infinity)));
  const found = new Map<string, Found>();
  for (const variant of variants) {
    for (const at of bestStarts(variant, smallest)) {
      for (const relax of waysOut(variant, at.startMs)) {
        // Longer meetings come first, and better starts: the first of a kind is the best.
        const key = relax.map(keyOf).join();
        if (!found.has(key)) found.set(key, { relax, at, lengthMs: variant.prepared.lengthMs });
      }
    }
  }
  const places = new Map(prepared.people.map(({ participant }, at) => [participant.email, at]));
  const order = (item: RelaxationKind) =>
    'email' in item && item.email !== null ? (places.get(item.email) ?? -1) : -1;
  return [...found.values()]
    .map((one) => ({ one, price: priceOf(one.relax), order: one.relax.map(order) }))
    .sort((a, b) => a.price - b.price || compareLists(a.order, b.order))
    .slice(0, MAX_RELAXATIONS)
    .map(({ one }) => describe(prepared, one));
}

function variantsOf(prepared: Prepared): Variant[] {
  const { request } = prepared;
  const { durationMinutes, bufferMinutes } = request;
  const required = prepared.people.filter(({ participant }) => participant.required);
  const shorter = LENGTHS.filter(
    (minutes) => minutes < durationMinutes && minutes * 2 >= durationMinutes,
  );
  return (bufferMinutes > 0 ? [bufferMinutes, 0] : [0]).flatMap((buffer) => {
    const people = required.map((person) => ({
      person,
      obstacles: obstaclesOf(prepared, person, buffer),
    }));
    return [durationMinutes, ...shorter].map((minutes) => {
      const given: RelaxationKind[] = [
        ...(buffer === bufferMinutes ? [] : [{ kind: 'buffer' } as const]),
        ...(minutes === durationMinutes ? [] : [{ kind: 'duration', minutes } as const]),
      ];
      const variant = { ...prepared, lengthMs: minutes * MINUTE_MS };
      return sized({ prepared: variant, given, people });
    });
  });
}

/** Counts, for every start of a variant, what is in its way. */
function sized(variant: Omit<Variant, 'starts' | 'sizes'>): Variant {
  const { prepared, given, people } = variant;
  const { fromMs, toMs, lengthMs, rooms } = prepared;
  const starts = gridStarts(gridOf(prepared), span(fromMs, toMs), lengthMs);
  const sizes = new Uint16Array(starts.length).fill(given.length);
  const add = (index: number): void => {
    sizes[index] = (sizes[index] ?? 0) + 1;
  };
  const addRange = (from: number, to: number): void => {
    for (let index = from; index < to; index += 1) add(index);
  };
  for (const { wish, shut } of prepared.wishes) {
    if (wish.hard) eachTouching(starts, shut, lengthMs, addRange);
  }
  if (rooms.length > 0) {
    roomsTaken(prepared, starts).forEach((taken, index) => taken === rooms.length && add(index));
  }
  // A person counts once, whatever is in their way; the mark says who was counted last.
  const counted = new Int32Array(starts.length).fill(-1);
  people.forEach(({ obstacles }, who) => {
    for (const { shut } of obstacles) {
      eachTouching(starts, shut, lengthMs, (from, to) => {
        for (let index = from; index < to; index += 1) {
          if (counted[index] === who) continue;
          counted[index] = who;
          add(index);
        }
      });
    }
  });
  return { ...variant, starts, sizes };
}

function bestStarts({ prepared, starts, sizes }: Variant, size: number): Scored[] {
  if (!sizes.includes(size)) return [];
  const scores = scoreStarts(prepared, starts);
  return starts
    .map((startMs, index) => ({ startMs, score: scores[index] ?? 0, size: sizes[index] }))
    .filter((start) => start.size === size)
    .sort(compareScored)
    .slice(0, MAX_STARTS);
}

/** The sets of constraints, all of the smallest size, each of which makes one start possible. */
function waysOut({ prepared, given, people }: Variant, startMs: number): RelaxationKind[][] {
  const { lengthMs, rooms } = prepared;
  const inTheWay = ({ shut }: { shut: Obstacle['shut'] }): boolean =>
    touches(shut, startMs, startMs + lengthMs);
  const shared: RelaxationKind[] = [...given];
  for (const one of prepared.wishes) {
    if (one.wish.hard && inTheWay(one)) shared.push({ kind: 'wish', email: null, wish: one.wish });
  }
  const full = rooms.every(({ taken }) => inTheWay({ shut: taken }));
  if (rooms.length > 0 && full) shared.push({ kind: 'room' });
  const choices = people.flatMap(({ person, obstacles }) => {
    const hit = obstacles.filter(inTheWay);
    return hit.length === 0 ? [] : [choicesOf(person, hit)];
  });
  if (choices.length > MAX_CHOOSERS) {
    return [[...shared, ...choices.flatMap((options) => options.slice(0, 1))]];
  }
  let sets: RelaxationKind[][] = [shared];
  for (const options of choices) {
    sets = sets.flatMap((set) => options.map((option) => [...set, option]));
  }
  return sets;
}

/** What alone lifts everything in one person's way, the cheapest first; their absence always does. */
function choicesOf(person: PreparedPerson, hit: readonly Obstacle[]): RelaxationKind[] {
  const [first, ...others] = hit;
  const all = (first?.liftedBy ?? []).filter((item) =>
    others.every(({ liftedBy }) => liftedBy.some((other) => keyOf(other) === keyOf(item))),
  );
  const without = { kind: 'make_optional', email: person.participant.email } as const;
  return [...all.sort((a, b) => priceOf([a]) - priceOf([b])), without];
}

/** Names a constraint; lengths are one, as the longest that works is the one to suggest. */
function keyOf(item: RelaxationKind): string {
  const who = 'email' in item ? (item.email ?? '') : '';
  const wish = item.kind === 'wish' ? JSON.stringify(item.wish) : '';
  return `${item.kind} ${who} ${wish}`;
}

function describe(prepared: Prepared, { relax, at, lengthMs }: Found): Relaxation {
  const words = relax.slice(0, MAX_WORDS).map((item) => relaxationWords(prepared, item));
  const more = relax.length - words.length;
  const description = [...words, ...(more > 0 ? [`${more} more changes`] : [])].join(' and ');
  if (relax.some((item) => item.kind === 'calendar_unknown')) return { relax, description };
  const zone = prepared.request.organiserZone;
  const end = toRfc3339(at.startMs + lengthMs, zone);
  return { relax, description, example: { start: toRfc3339(at.startMs, zone), end } };
}

function compareLists(left: readonly number[], right: readonly number[]): number {
  const at = left.findIndex((value, index) => value !== right[index]);
  return (left[at] ?? 0) - (right[at] ?? 0);
}

function least(left: number, right: number): number {
  return Math.min(left, right);
}
