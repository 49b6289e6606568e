/**
 * The findTime activity: free/busy of everyone, working hours from the directory, ranked slots. A
 * calendar that cannot be read is unknown, never free.
 */
import type { ReadRequest, ReadResult } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import type { Person, WorkingHours } from '#contracts/schemas/common.ts';
import { failure } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { findSlots, type Participant, type SlotRequest, type SlotResult } from './availability.ts';
import { busyTimesOf } from './busy-times.ts';
import type { CalendarDeps } from './dependencies.ts';
import { resolving } from './summaries.ts';
import { formatInstant, type ResolvedWindow, resolveWindow } from './time-phrases.ts';
import { MINUTE_MS } from './zone-time.ts';

/** Slots start on this grid of the person's wall clock. */
const stepMinutes = 15;
const officeHours: WorkingHours = { days: [1, 2, 3, 4, 5], start: '09:00', end: '17:00' };

/**
 * Effect: none. Idempotency: a read. Heartbeats: no (10 s limit a call).
 * @throws NotFoundError saying why there is no slot and what would help; InvalidInputError
 */
export async function findTime(deps: CalendarDeps, request: ReadRequest): Promise<ReadResult> {
  const { context } = request;
  const { zone } = context;
  const owner = context.owner.toLowerCase();
  const input = parseToolInput('findTime', request.input);
  const window = resolving(resolveWindow, input.window, context);
  const required = [...new Set([owner, ...input.people])];
  const optional = [...new Set(input.optionalPeople ?? [])].filter((p) => !required.includes(p));
  const emails = [...required, ...optional];
  const known = await deps.directory.find(owner, emails);
  const bufferMinutes = input.bufferMinutes ?? limits.bufferMinutes;
  const busy = await busyAround(deps, owner, emails, window, bufferMinutes);
  const assumed: string[] = [];
  const participants = emails.map((email): Participant => {
    const person = known.get(email);
    if (person === undefined && email !== owner) assumed.push(email);
    const { name, ...hours } = person ?? hoursLikeOwner(known.get(owner), zone);
    return {
      email,
      ...(name === undefined ? {} : { name }),
      ...hours,
      busy: busy.get(email) ?? 'unknown',
      required: required.includes(email),
    };
  });
  const result = searchSlots({
    participants,
    fromMs: window.fromMs,
    toMs: window.toMs,
    durationMinutes: input.durationMinutes,
    bufferMinutes,
    stepMinutes,
    organiserZone: zone,
    nowMs: Date.parse(context.now),
    limit: limits.slotLimit,
    preferences: input.partOfDay ? { partOfDay: input.partOfDay, hard: true } : {},
    distinct: true,
  });
  return showSlots(result, { window, assumed, people: emails.length, zone });
}

async function busyAround(
  deps: CalendarDeps,
  owner: string,
  emails: readonly string[],
  window: ResolvedWindow,
  bufferMinutes: number,
) {
  const bufferMs = bufferMinutes * MINUTE_MS;
  return busyTimesOf(deps, owner, emails, window.fromMs - bufferMs, window.toMs + bufferMs);
}

function hoursLikeOwner(
  owner: Person | undefined,
  zone: string,
): { name?: string; zone: string; workingHours: WorkingHours } {
  return { zone: owner?.zone ?? zone, workingHours: owner?.workingHours ?? officeHours };
}

function searchSlots(request: SlotRequest): SlotResult {
  try {
    return findSlots(request);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw failure('InvalidInputError', error.message, { cause: error });
  }
}

function showSlots(
  result: SlotResult,
  about: {
    window: ResolvedWindow;
    assumed: readonly string[];
    people: number;
    zone: string;
  },
): ReadResult {
  const { window, assumed, people, zone } = about;
  const notes = assumed.map(
    (email) => `${email} is not in your directory; your hours are assumed.`,
  );
  const slots = result.slots.map((slot) => ({
    start: slot.start,
    end: slot.end,
    startLocal: formatInstant(slot.startMs, zone),
    score: slot.score,
    reasons: [...slot.reasons, ...notes],
    perPerson: slot.perPerson.map(({ email, localStart }) => ({ email, localStart })),
  }));
  const [best] = slots;
  if (best === undefined) throw failure('NotFoundError', explain(result, window, zone));
  const { from, to, label } = window;
  return {
    value: {
      best,
      slots,
      unknown: [...result.unknown],
      window: { from, to, zone: window.zone, label },
    },
    trust: 'trusted',
    origins: [{ kind: 'calendar', label: `free and busy times of ${people} people` }],
  };
}

function explain({ noneBecause }: SlotResult, window: ResolvedWindow, zone: string): string {
  const why = noneBecause?.message ?? 'Nobody has time.';
  const help = (noneBecause?.relaxations ?? []).map(({ description, example }) => {
    const when = example === undefined ? '' : `: ${formatInstant(Date.parse(example.start), zone)}`;
    return `${description}${when}`;
  });
  const hint = help.length === 0 ? 'Try another window.' : `It would work ${help.join('; or ')}.`;
  return `No time found in ${window.label}. ${why} ${hint}`;
}
