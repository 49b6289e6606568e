/**
 * What stands in the way of a time, and what would have to be given up for it: the constraints of a
 * request taken apart, one obstacle for each that can be lifted on its own. It searches nothing.
 */
import type { BusyInterval } from './availability.ts';
import {
  busySpans,
  nameOf,
  type Prepared,
  type PreparedPerson,
  type PreparedWish,
} from './availability-constraints.ts';
import { span, subtract, type Spans } from './availability-spans.ts';
import { localSpans, ruledOut, type Wish, wishWords } from './availability-wishes.ts';

/** One constraint that can be given up. */
export type RelaxationKind =
  | { readonly kind: 'buffer' }
  /** A shorter meeting. */
  | { readonly kind: 'duration'; readonly minutes: number }
  | { readonly kind: 'room' }
  /** A hard wish: of a person, or of the meeting when `email` is null. */
  | { readonly kind: 'wish'; readonly email: string | null; readonly wish: Wish }
  | { readonly kind: 'tentative'; readonly email: string }
  | { readonly kind: 'travel'; readonly email: string }
  | { readonly kind: 'working_hours'; readonly email: string }
  | { readonly kind: 'calendar_unknown'; readonly email: string }
  | { readonly kind: 'make_optional'; readonly email: string };

/** Time that somebody cannot make, unless one of these is given up. None: only without them. */
export type Obstacle = { readonly shut: Spans; readonly liftedBy: readonly RelaxationKind[] };

// What "outside working hours" may mean when it is suggested: the same days, but no night.
const WAKING_START = '07:00';
const WAKING_END = '22:00';

// Among sets of the same size the ones that ask least of people come first.
const PRICE: Readonly<Record<RelaxationKind['kind'], number>> = {
  buffer: 1,
  duration: 2,
  wish: 3,
  tentative: 4,
  travel: 5,
  room: 6,
  working_hours: 8,
  calendar_unknown: 10,
  make_optional: 15,
};

/** What giving these up asks of people; comparable among sets of the same size. */
export function priceOf(relax: readonly RelaxationKind[]): number {
  return relax.reduce((sum, { kind }) => sum + PRICE[kind], 0);
}

/** The obstacles of one required person, with the buffer around meetings or without it. */
export function obstaclesOf(
  { request, fromMs, toMs }: Prepared,
  person: PreparedPerson,
  bufferMinutes: number,
): Obstacle[] {
  const { email, travelMinutes = 0 } = person.participant;
  const wishes = person.wishes.filter(({ wish }) => wish.hard);
  const own = [...hoursObstacles(person), ...wishes.flatMap((one) => wishObstacles(person, one))];
  if (person.busy === 'unknown') {
    if (request.allowUnknown === true) return own;
    return [...own, { shut: span(fromMs, toMs), liftedBy: [{ kind: 'calendar_unknown', email }] }];
  }
  const tentative: RelaxationKind = { kind: 'tentative', email };
  const travel: RelaxationKind = { kind: 'travel', email };
  return [
    ...own,
    ...[true, false].flatMap((isTentative): Obstacle[] => {
      const meetings = reported(person, isTentative);
      const lifts = isTentative ? [tentative] : [];
      const elsewhere = meetings.filter((meeting) => meeting.elsewhere === true);
      return [
        { shut: taken(person, meetings, bufferMinutes), liftedBy: lifts },
        { shut: taken(person, elsewhere, travelMinutes), liftedBy: [...lifts, travel] },
      ].filter(({ shut }) => shut.length > 0);
    }),
  ];
}

/** Outside their hours and inside the day can be lifted; the night cannot. */
function hoursObstacles({ participant, window, offHours }: PreparedPerson): Obstacle[] {
  const { email, workingHours } = participant;
  if (workingHours === 'unknown') return [];
  const waking = { days: workingHours.days, start: WAKING_START, end: WAKING_END };
  return [
    { shut: offHours, liftedBy: [{ kind: 'working_hours', email }] },
    { shut: subtract(offHours, localSpans(waking, window)), liftedBy: [] },
  ];
}

/** A gap to a tentative meeting is lifted by giving up the meeting as well. */
function wishObstacles(person: PreparedPerson, { wish, shut }: PreparedWish): Obstacle[] {
  const { email } = person.participant;
  const lift: RelaxationKind = { kind: 'wish', email, wish };
  if (wish.kind !== 'gap') return [{ shut, liftedBy: [lift] }];
  const around = (isTentative: boolean) =>
    ruledOut(wish, person.window, reported(person, isTentative));
  return [
    { shut: around(false), liftedBy: [lift] },
    { shut: around(true), liftedBy: [lift, { kind: 'tentative', email }] },
  ];
}

function reported(person: PreparedPerson, isTentative: boolean): readonly BusyInterval[] {
  return person.reported.filter(({ tentative = false }) => tentative === isTentative);
}

function taken(
  person: PreparedPerson,
  meetings: readonly BusyInterval[],
  padMinutes: number,
): Spans {
  const spans = busySpans(meetings, padMinutes, 0, person.window);
  // Intervals that make no sense make the whole calendar unknown, so they never come here.
  if (spans === 'unknown') throw new TypeError('a readable calendar with nonsense in it');
  return spans;
}

/** What giving something up means, for people: it follows "it would work". */
export function relaxationWords(prepared: Prepared, item: RelaxationKind): string {
  const { request, people } = prepared;
  const name = (email: string): string => {
    const person = people.find(({ participant }) => participant.email === email);
    return person === undefined ? email : nameOf(person);
  };
  switch (item.kind) {
    case 'buffer':
      return `without the ${request.bufferMinutes} minutes around other meetings`;
    case 'duration':
      return `with ${item.minutes} instead of ${request.durationMinutes} minutes`;
    case 'room':
      return 'without a room';
    case 'wish':
      return wishRelaxation(item.wish, item.email === null ? null : name(item.email));
    case 'tentative':
      return `over ${name(item.email)}'s tentative meetings`;
    case 'travel':
      return `without ${name(item.email)}'s time to travel`;
    case 'working_hours':
      return `outside ${name(item.email)}'s working hours, between ${WAKING_START} and ${WAKING_END}`;
    case 'make_optional':
      return `without ${name(item.email)}`;
    case 'calendar_unknown':
      return `after asking ${name(item.email)}, whose calendar could not be read`;
    default:
      return item satisfies never;
  }
}

function wishRelaxation(wish: Wish, name: string | null): string {
  if (name !== null && wish.kind === 'lunch') return `over ${name}'s lunch`;
  return `without ${name === null ? 'the' : `${name}'s`} wish "${wishWords(wish)}"`;
}
