/**
 * Says why no time was found and which smallest sets of constraints, given up, would yield one.
 * It only suggests: nothing is relaxed without a person saying so.
 */
import { freeSpans, gridStarts, type Leave, type Prepared } from './availability-constraints.ts';
import { compareScored, nameOf, scoreSlot } from './availability-ranking.ts';
import { NO_SPANS } from './availability-spans.ts';
import { MINUTE_MS, toRfc3339 } from './zone-time.ts';

/** One constraint that can be given up. */
export type RelaxationKind =
  | { readonly kind: 'buffer' }
  | { readonly kind: 'preferences' }
  | { readonly kind: 'working_hours'; readonly email: string }
  | { readonly kind: 'make_optional'; readonly email: string }
  | { readonly kind: 'calendar_unknown'; readonly email: string };

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
    | 'preferences_too_narrow'
    | 'no_common_working_hours'
    | 'no_common_free_time';
  readonly message: string;
  /** Smallest sets first, cheapest first among equals; empty when nothing up to three helps. */
  readonly relaxations: readonly Relaxation[];
};

const MAX_SET_SIZE = 3;
const MAX_RELAXATIONS = 5;
// All sets of up to three for ten people; with more people the largest sets are not all tried.
const MAX_SETS_TRIED = 2_000;

/** Explains an empty result. */
export function explainNone(prepared: Prepared): NoneBecause {
  const { fromMs, toMs, lengthMs } = prepared;
  if (fromMs >= toMs) {
    const message = 'The window to search is empty or already over.';
    return { reason: 'window_past', message, relaxations: [] };
  }
  if (gridStarts(prepared, Float64Array.of(fromMs, toMs)).length === 0) {
    const minutes = Math.floor((toMs - fromMs) / MINUTE_MS);
    const message =
      `What is left of the window is ${minutes} minutes long and holds no start ` +
      `for a meeting of ${lengthMs / MINUTE_MS} minutes.`;
    return { reason: 'window_too_short', message, relaxations: [] };
  }
  const relaxations = smallestRelaxations(prepared);
  return { ...reasonFor(prepared), relaxations };
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
  if (yields(all, { acceptUnknown: true, preferences: true })) {
    const message = 'Times exist, but none of them matches the wishes, which are set as firm.';
    return { reason: 'preferences_too_narrow', message };
  }
  if (!yields(all, { acceptUnknown: true, preferences: true, allBusy: true })) {
    const message = 'The working hours of the people required never overlap for long enough.';
    return { reason: 'no_common_working_hours', message };
  }
  const message = 'The people required have working hours in common, but no free time in them.';
  return { reason: 'no_common_free_time', message };
}

function smallestRelaxations(prepared: Prepared): Relaxation[] {
  const kinds = constraintsOf(prepared);
  const acceptUnknown = prepared.request.allowUnknown === true;
  let tried = 0;
  for (let size = 1; size <= MAX_SET_SIZE; size += 1) {
    const found: Relaxation[] = [];
    for (const relax of combinations(kinds, size)) {
      tried += 1;
      if (tried > MAX_SETS_TRIED || found.length >= MAX_RELAXATIONS) break;
      const starts = startsWith(prepared, leaveOf(relax, acceptUnknown));
      if (starts.length > 0) found.push(describe(prepared, relax, starts));
    }
    if (found.length > 0) return found;
  }
  return [];
}

/** Everything that could be given up, the cheapest first. */
function constraintsOf(prepared: Prepared): RelaxationKind[] {
  const { request, people, preferences } = prepared;
  const required = people.filter((person) => person.participant.required);
  const unread = request.allowUnknown === true ? [] : required.filter((p) => p.busy === 'unknown');
  return [
    ...(request.bufferMinutes > 0 ? [{ kind: 'buffer' } as const] : []),
    ...(preferences.hard === undefined ? [] : [{ kind: 'preferences' } as const]),
    ...required.map(({ participant: { email } }) => ({ kind: 'working_hours', email }) as const),
    ...unread.map(({ participant: { email } }) => ({ kind: 'calendar_unknown', email }) as const),
    ...required.map(({ participant: { email } }) => ({ kind: 'make_optional', email }) as const),
  ];
}

function* combinations<T>(items: readonly T[], size: number, from = 0): Generator<T[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let index = from; index <= items.length - size; index += 1) {
    const item = items[index];
    if (item === undefined) continue;
    for (const rest of combinations(items, size - 1, index + 1)) yield [item, ...rest];
  }
}

function leaveOf(relax: readonly RelaxationKind[], acceptUnknown: boolean): Leave {
  const emails = (kind: RelaxationKind['kind']): Set<string> =>
    new Set(relax.flatMap((item) => (item.kind === kind && 'email' in item ? [item.email] : [])));
  return {
    acceptUnknown,
    unknownOf: emails('calendar_unknown'),
    buffer: relax.some((item) => item.kind === 'buffer'),
    preferences: relax.some((item) => item.kind === 'preferences'),
    hoursOf: emails('working_hours'),
    people: emails('make_optional'),
  };
}

function startsWith(prepared: Prepared, leave: Leave): number[] {
  const free = freeSpans(prepared, leave);
  return free === NO_SPANS ? [] : gridStarts(prepared, free);
}

function yields(prepared: Prepared, leave: Leave): boolean {
  return startsWith(prepared, leave).length > 0;
}

function describe(
  prepared: Prepared,
  relax: readonly RelaxationKind[],
  starts: readonly number[],
): Relaxation {
  const description = relax.map((item) => wording(prepared, item)).join(' and ');
  const best = starts
    .map((startMs) => ({ startMs, score: scoreSlot(prepared, startMs) }))
    .sort(compareScored)[0];
  const rests = relax.some((item) => item.kind === 'calendar_unknown');
  if (best === undefined || rests) return { relax, description };
  const zone = prepared.request.organiserZone;
  const end = toRfc3339(best.startMs + prepared.lengthMs, zone);
  return { relax, description, example: { start: toRfc3339(best.startMs, zone), end } };
}

function wording(prepared: Prepared, item: RelaxationKind): string {
  switch (item.kind) {
    case 'buffer':
      return `without the ${prepared.request.bufferMinutes} minutes around other meetings`;
    case 'preferences':
      return 'at another time than wished';
    case 'working_hours':
      return `outside ${nameFor(prepared, item.email)}'s working hours, between 07:00 and 22:00`;
    case 'make_optional':
      return `without ${nameFor(prepared, item.email)}`;
    case 'calendar_unknown':
      return `after asking ${nameFor(prepared, item.email)}, whose calendar could not be read`;
    default:
      return item satisfies never;
  }
}

function nameFor(prepared: Prepared, email: string): string {
  const person = prepared.people.find((candidate) => candidate.participant.email === email);
  return person === undefined ? email : nameOf(person);
}
