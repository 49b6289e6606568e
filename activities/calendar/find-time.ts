/**
 * The findTime activity: ranked times at which everyone can meet, or what would have to be given up.
 * It searches; what is known of people's time comes from participants.ts.
 */
import type { ReadRequest, ReadResult } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import { failure } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import { findSlots, type Participant, type SlotRequest, type SlotResult } from './availability.ts';
import { busyTimesOf } from './busy-times.ts';
import type { CalendarDeps } from './dependencies.ts';
import { wishesOf } from './find-time-wishes.ts';
import { participantsOf } from './participants.ts';
import { resolving } from './summaries.ts';
import { formatInstant, type ResolvedWindow, resolveWindow } from './time-phrases.ts';

/** Slots start on this grid of the person's wall clock. */
const stepMinutes = 15;

/**
 * Effect: none. Idempotency: a read. Heartbeats: no (10 s limit a call).
 * @throws NotFoundError saying why there is no slot and what would help; InvalidInputError
 */
export async function findTime(deps: CalendarDeps, request: ReadRequest): Promise<ReadResult> {
  const { context } = request;
  const { zone } = context;
  const input = parseToolInput('findTime', request.input);
  const window = resolving(resolveWindow, input.window, context);
  const owner = context.owner.toLowerCase();
  const participants = await participantsOf(deps, { owner, zone, input, window });
  const rooms = [...new Set(input.rooms ?? [])];
  const taken = await busyTimesOf(deps, owner, rooms, window.fromMs, window.toMs);
  const must = { ...input.must, partOfDay: input.partOfDay ?? input.must?.partOfDay };
  const zones = new Set(participants.map((participant) => participant.zone));
  const result = searchSlots({
    participants,
    fromMs: window.fromMs,
    toMs: window.toMs,
    durationMinutes: input.durationMinutes,
    bufferMinutes: input.bufferMinutes ?? limits.bufferMinutes,
    stepMinutes,
    organiserZone: zone,
    nowMs: Date.parse(context.now),
    limit: limits.slotLimit,
    wishes: wishesOf(must, input.prefer),
    rooms: rooms.map((email) => ({ email, busy: taken.get(email) ?? 'unknown' })),
    fairness: input.fairness ?? zones.size > 1,
    distinct: true,
  });
  return showSlots(result, { window, participants, zone });
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
    participants: readonly Participant[];
    zone: string;
  },
): ReadResult {
  const { window, participants, zone } = about;
  const slots = result.slots.map((slot) => ({
    start: slot.start,
    end: slot.end,
    startLocal: formatInstant(slot.startMs, zone),
    score: slot.score,
    reasons: [...slot.reasons],
    perPerson: slot.perPerson.map(({ email, localStart }) => ({ email, localStart })),
    room: slot.rooms[0] ?? null,
  }));
  const [best] = slots;
  if (best === undefined) throw failure('NotFoundError', explain(result, window, zone));
  const { from, to, label } = window;
  const unsaid = participants.filter(({ workingHours }) => workingHours === 'unknown');
  return {
    value: {
      best,
      slots,
      unknown: [...result.unknown],
      hoursUnknown: unsaid.map(({ email }) => email),
      window: { from, to, zone: window.zone, label },
    },
    trust: 'trusted',
    origins: [{ kind: 'calendar', label: `free and busy times of ${participants.length} people` }],
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
