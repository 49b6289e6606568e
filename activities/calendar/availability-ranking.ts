/**
 * Ranks free times and says in words why a time is good and what is not ideal about it. It never
 * decides whether a time is possible.
 */
import type { Slot, SlotForPerson } from './availability.ts';
import { nameOf, type Prepared, type PreparedPerson } from './availability-constraints.ts';
import { spreadOf } from './availability-fairness.ts';
import { touches, type Spans } from './availability-spans.ts';
import { eachTouching } from './availability-starts.ts';
import { isForEach, missedWords, wishWords } from './availability-wishes.ts';
import { DAY_MS, toRfc3339 } from './zone-time.ts';

/** A possible start and how good it is. */
export type Scored = { readonly startMs: number; readonly score: number };

// What each flaw costs, of 100. The order of the numbers is the design: an unread calendar is
// worse than anything, then somebody outside their hours, then the organiser's wishes.
const COST = {
  unknownRequired: 60,
  outsideHoursRequired: 25,
  wish: 20,
  busyOptional: 12,
  wishOfRequired: 10,
  unknownOptional: 8,
  outsideHoursOptional: 6,
  wishOfOptional: 5,
  lunch: 4,
  spreadHour: 2,
  dayLater: 1,
};
const MAX_DAYS_COUNTED = 10;

/** Higher score first, then the earlier time. */
export function compareScored(left: Scored, right: Scored): number {
  return right.score - left.score || left.startMs - right.startMs;
}

/** Scores ascending starts; 100 is a time without a flaw on the first day. */
export function scoreStarts(prepared: Prepared, starts: readonly number[]): Float64Array {
  // How the cost changes from one start to the next: a flaw costs from where it begins to its end.
  const change = new Float64Array(starts.length + 1);
  const charge = (shut: Spans, cost: number): void =>
    eachTouching(starts, shut, prepared.lengthMs, (from, to) => {
      change[from] = (change[from] ?? 0) + cost;
      change[to] = (change[to] ?? 0) - cost;
    });
  for (const { shut } of prepared.wishes) charge(shut, COST.wish);
  let always = 0;
  for (const person of prepared.people) {
    const { required } = person.participant;
    if (person.busy !== 'unknown') charge(person.busy, COST.busyOptional);
    else always += required ? COST.unknownRequired : COST.unknownOptional;
    charge(person.offHours, required ? COST.outsideHoursRequired : COST.outsideHoursOptional);
    if (required) charge(person.lunch, COST.lunch);
    for (const { shut } of person.wishes) {
      charge(shut, required ? COST.wishOfRequired : COST.wishOfOptional);
    }
  }
  const spread = prepared.request.fairness === true ? spreadOf(prepared) : () => 0;
  const scores = new Float64Array(starts.length);
  let cost = always;
  starts.forEach((startMs, index) => {
    cost += change[index] ?? 0;
    const daysLater = Math.floor((startMs - prepared.fromMs) / DAY_MS);
    const later = Math.min(daysLater, MAX_DAYS_COUNTED) * COST.dayLater;
    scores[index] = 100 - cost - later - spread(startMs) * COST.spreadHour;
  });
  return scores;
}

/** The slot as it is shown. */
export function describeSlot(prepared: Prepared, scored: Scored): Slot {
  const { startMs, score } = scored;
  const endMs = startMs + prepared.lengthMs;
  const zone = prepared.request.organiserZone;
  const clocks = clocksAt(prepared, startMs, endMs);
  const here = { start: toRfc3339(startMs, zone), end: toRfc3339(endMs, zone) };
  return {
    ...here,
    startMs,
    endMs,
    score: Math.round(score * 10) / 10,
    reasons: [
      ...hoursReasons(prepared, startMs, endMs),
      ...zoneReasons(prepared, here, clocks),
      ...wishReasons(prepared, startMs, endMs),
      ...prepared.people.flatMap((person) => personReasons(prepared, person, startMs, endMs)),
    ],
    perPerson: prepared.people.map((person): SlotForPerson => {
      const clock = clocks.get(person.participant.zone) ?? here;
      return {
        email: person.participant.email,
        zone: person.participant.zone,
        localStart: clock.start,
        localEnd: clock.end,
        insideWorkingHours: !touches(person.offHours, startMs, endMs),
        availability: stateOf(person, startMs, endMs),
      };
    }),
    rooms: prepared.rooms
      .filter(({ taken }) => !touches(taken, startMs, endMs))
      .map(({ room }) => room.email),
  };
}

/** Start and end on one zone's clock, RFC 3339. */
type Clock = { readonly start: string; readonly end: string };

/** What the clocks of everybody's zones show, each written once. */
function clocksAt({ people }: Prepared, startMs: number, endMs: number): Map<string, Clock> {
  const zones = new Set(people.map(({ participant }) => participant.zone));
  return new Map(
    [...zones].map((zone) => [
      zone,
      { start: toRfc3339(startMs, zone), end: toRfc3339(endMs, zone) },
    ]),
  );
}

function stateOf(
  person: PreparedPerson,
  startMs: number,
  endMs: number,
): SlotForPerson['availability'] {
  if (person.busy === 'unknown') return 'unknown';
  return touches(person.busy, startMs, endMs) ? 'busy' : 'free';
}

function wishReasons({ wishes }: Prepared, startMs: number, endMs: number): string[] {
  return wishes.map(({ wish, shut }) =>
    touches(shut, startMs, endMs) ? missedWords(wish) : `${wishWords(wish)}, as wished`,
  );
}

function hoursReasons({ people }: Prepared, startMs: number, endMs: number): string[] {
  const known = people.filter(({ participant }) => participant.workingHours !== 'unknown');
  const outside = known.filter(({ offHours }) => touches(offHours, startMs, endMs));
  const unsaid = people
    .filter(({ participant }) => participant.workingHours === 'unknown')
    .map((person) => `the working hours of ${nameOf(person)} are not known`);
  if (known.length === 0) return unsaid;
  if (outside.length > 0) {
    return [...outside.map((person) => `outside ${nameOf(person)}'s working hours`), ...unsaid];
  }
  const whose = unsaid.length === 0 ? "everyone's" : 'all known';
  return [`inside ${whose} working hours`, ...unsaid];
}

/** What the clock shows for people elsewhere, with the date where it differs. */
function zoneReasons(
  { people }: Prepared,
  here: Clock,
  clocks: ReadonlyMap<string, Clock>,
): string[] {
  const shown = new Set<string>();
  for (const person of people) {
    const { zone } = person.participant;
    const there = clocks.get(zone)?.start ?? here.start;
    if (there === here.start) continue;
    const time = there.slice(11, 16);
    const date = there.slice(0, 10);
    const day = date === here.start.slice(0, 10) ? '' : ` on ${date}`;
    shown.add(`${time}${day} for ${nameOf(person)} (${zone})`);
  }
  return [...shown];
}

function personReasons(
  { request }: Prepared,
  person: PreparedPerson,
  startMs: number,
  endMs: number,
): string[] {
  const reasons: string[] = [];
  const name = nameOf(person);
  const { required } = person.participant;
  const state = stateOf(person, startMs, endMs);
  if (state === 'unknown') reasons.push(`${name}'s calendar could not be read`);
  if (state === 'busy') {
    const { bufferMinutes } = request;
    const near = bufferMinutes > 0 ? ` or within ${bufferMinutes} minutes of a meeting` : '';
    reasons.push(`${name} (${required ? 'required' : 'optional'}) is busy${near}`);
  }
  const overLunch = touches(person.lunch, startMs, endMs);
  if (overLunch && (required || person.wishes.some(({ wish }) => wish.kind === 'lunch'))) {
    reasons.push(`over ${name}'s lunch`);
  }
  for (const { wish, shut } of person.wishes) {
    const missed = touches(shut, startMs, endMs);
    if (missed && wish.kind !== 'lunch')
      reasons.push(`${missedWords(wish)}, unlike ${name} wishes`);
    if (!missed && !isForEach(wish)) reasons.push(`${wishWords(wish)}, as ${name} wishes`);
  }
  return reasons;
}
