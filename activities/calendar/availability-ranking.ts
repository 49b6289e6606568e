/**
 * Ranks free times and says in words why a time is good and what is not ideal about it. It never
 * decides whether a time is possible.
 */
import type { Slot, SlotForPerson } from './availability.ts';
import type { Prepared, PreparedPerson } from './availability-constraints.ts';
import { covers, touches, type Spans } from './availability-spans.ts';
import { DAY_MS, toRfc3339 } from './zone-time.ts';

/** A possible start and how good it is. */
export type Scored = { readonly startMs: number; readonly score: number };

// What each flaw costs, of 100. The order of the numbers is the design: an unread calendar is
// worse than anything, then somebody outside their hours, then the organiser's wishes.
const COST = {
  unknownRequired: 60,
  outsideHoursRequired: 25,
  preference: 20,
  busyOptional: 12,
  unknownOptional: 8,
  outsideHoursOptional: 6,
  lunch: 4,
  dayLater: 1,
};
const MAX_DAYS_COUNTED = 10;

/** Higher score first, then the earlier time. */
export function compareScored(left: Scored, right: Scored): number {
  return right.score - left.score || left.startMs - right.startMs;
}

/** Scores one start; 100 is a time without a flaw on the first day. */
export function scoreSlot(prepared: Prepared, startMs: number): number {
  const endMs = startMs + prepared.lengthMs;
  let score = 100;
  for (const person of prepared.people) {
    const { required } = person.participant;
    const state = stateOf(person, startMs, endMs);
    if (state === 'unknown') score -= required ? COST.unknownRequired : COST.unknownOptional;
    if (state === 'busy') score -= COST.busyOptional;
    if (!covers(person.hours, startMs, endMs)) {
      score -= required ? COST.outsideHoursRequired : COST.outsideHoursOptional;
    } else if (required && touches(person.lunch, startMs, endMs)) {
      score -= COST.lunch;
    }
  }
  for (const wish of wishes(prepared)) {
    if (!covers(wish.spans, startMs, endMs)) score -= COST.preference;
  }
  const daysLater = Math.floor((startMs - prepared.fromMs) / DAY_MS);
  return score - Math.min(daysLater, MAX_DAYS_COUNTED) * COST.dayLater;
}

/** The slot as it is shown. */
export function describeSlot(prepared: Prepared, scored: Scored): Slot {
  const { startMs, score } = scored;
  const endMs = startMs + prepared.lengthMs;
  const zone = prepared.request.organiserZone;
  return {
    start: toRfc3339(startMs, zone),
    end: toRfc3339(endMs, zone),
    startMs,
    endMs,
    score,
    reasons: [
      ...hoursReasons(prepared, startMs, endMs),
      ...zoneReasons(prepared, startMs),
      ...wishReasons(prepared, startMs, endMs),
      ...personReasons(prepared, startMs, endMs),
    ],
    perPerson: prepared.people.map((person): SlotForPerson => ({
      email: person.participant.email,
      zone: person.participant.zone,
      localStart: toRfc3339(startMs, person.participant.zone),
      localEnd: toRfc3339(endMs, person.participant.zone),
      insideWorkingHours: covers(person.hours, startMs, endMs),
      availability: stateOf(person, startMs, endMs),
    })),
  };
}

/** What to call somebody. */
export function nameOf(person: PreparedPerson): string {
  return person.participant.name ?? person.participant.email;
}

function stateOf(
  person: PreparedPerson,
  startMs: number,
  endMs: number,
): SlotForPerson['availability'] {
  if (person.busy === 'unknown') return 'unknown';
  return touches(person.busy, startMs, endMs) ? 'busy' : 'free';
}

type Wish = { readonly spans: Spans; readonly met: string; readonly missed: string };

function wishes(prepared: Prepared): Wish[] {
  const { partOfDay, hours, weekdays } = prepared.preferences;
  const wanted = prepared.request.preferences;
  const found: Wish[] = [];
  if (partOfDay !== undefined) {
    const when = wanted.partOfDay === 'midday' ? 'around midday' : `in the ${wanted.partOfDay}`;
    found.push({ spans: partOfDay, met: `${when}, as wished`, missed: `not ${when}` });
  }
  if (hours !== undefined) {
    const from = wanted.earliestLocal ?? '00:00';
    const to = wanted.latestLocal ?? '24:00';
    const between = `between ${from} and ${to}`;
    found.push({ spans: hours, met: `${between}, as wished`, missed: `not ${between}` });
  }
  if (weekdays !== undefined) {
    found.push({ spans: weekdays, met: 'on a wished weekday', missed: 'not on a wished weekday' });
  }
  return found;
}

function wishReasons(prepared: Prepared, startMs: number, endMs: number): string[] {
  return wishes(prepared).map((wish) =>
    covers(wish.spans, startMs, endMs) ? wish.met : wish.missed,
  );
}

function hoursReasons(prepared: Prepared, startMs: number, endMs: number): string[] {
  const inside = prepared.people.filter((person) => covers(person.hours, startMs, endMs));
  if (prepared.people.length === 0) return [];
  if (inside.length === prepared.people.length) return ["inside everyone's working hours"];
  const outside = prepared.people.filter((person) => !inside.includes(person));
  return outside.map((person) => `outside ${nameOf(person)}'s working hours`);
}

/** What the clock shows for people elsewhere, with the weekday where it differs. */
function zoneReasons(prepared: Prepared, startMs: number): string[] {
  const home = prepared.request.organiserZone;
  const shown = new Set<string>();
  for (const { participant } of prepared.people) {
    const there = toRfc3339(startMs, participant.zone);
    const here = toRfc3339(startMs, home);
    if (there === here) continue;
    const time = there.slice(11, 16);
    const day = there.slice(0, 10) === here.slice(0, 10) ? '' : ` on ${there.slice(0, 10)}`;
    shown.add(`${time}${day} for ${participant.name ?? participant.email} (${participant.zone})`);
  }
  return [...shown];
}

function personReasons(prepared: Prepared, startMs: number, endMs: number): string[] {
  const reasons: string[] = [];
  for (const person of prepared.people) {
    const { required } = person.participant;
    const state = stateOf(person, startMs, endMs);
    if (state === 'unknown') {
      reasons.push(`${nameOf(person)}'s calendar could not be read`);
    }
    if (state === 'busy') {
      const { bufferMinutes } = prepared.request;
      const near = bufferMinutes > 0 ? ` or within ${bufferMinutes} minutes of a meeting` : '';
      reasons.push(`${nameOf(person)} (${required ? 'required' : 'optional'}) is busy${near}`);
    }
    if (required && touches(person.lunch, startMs, endMs))
      reasons.push(`over ${nameOf(person)}'s lunch`);
  }
  return reasons;
}
