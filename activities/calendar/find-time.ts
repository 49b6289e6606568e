/**
 * The findTime activity: free/busy of everyone, working hours from the directory, ranked slots. A
 * calendar that cannot be read is unknown, never free; hours that nobody knows are not assumed.
 */
import type { ReadRequest, ReadResult } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import type { Person, WorkingHours } from '#contracts/schemas/common.ts';
import type { ToolInput } from '#contracts/schemas/tools.ts';
import { failure } from '../failures.ts';
import { parseToolInput } from '../tool-input.ts';
import {
  type BusyInterval,
  findSlots,
  type Participant,
  type SlotRequest,
  type SlotResult,
} from './availability.ts';
import type { CalendarDeps } from './dependencies.ts';
import { wishesOf } from './find-time-wishes.ts';
import { tellApart } from './own-meetings.ts';
import type { CalendarPort } from './port.ts';
import { resolving } from './summaries.ts';
import { formatInstant, type ResolvedWindow, resolveWindow } from './time-phrases.ts';
import { MINUTE_MS } from './zone-time.ts';

/** Slots start on this grid of the person's wall clock. */
const stepMinutes = 15;
/** For the person themselves, when neither directory nor provider knows: nights help nobody. */
const officeHours: WorkingHours = { days: [1, 2, 3, 4, 5], start: '09:00', end: '17:00' };

type Input = ToolInput<'findTime'>;

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
  const calendar = await deps.calendar(context.owner);
  const participants = await participantsOf(deps, calendar, { owner, zone, input, window });
  const rooms = [...new Set(input.rooms ?? [])];
  const taken = await calendar.busyTimes(rooms, window.fromMs, window.toMs);
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

type Search = {
  readonly owner: string;
  readonly zone: string;
  readonly input: Input;
  readonly window: ResolvedWindow;
};

/** Everyone with their time. The person themselves always takes part. */
async function participantsOf(
  deps: CalendarDeps,
  calendar: CalendarPort,
  search: Search,
): Promise<Participant[]> {
  const { owner, zone, input } = search;
  const required = [...new Set([owner, ...input.people])];
  const optional = [...new Set(input.optionalPeople ?? [])].filter((p) => !required.includes(p));
  const emails = [...required, ...optional];
  const stranger = input.perPerson?.find(({ email }) => !emails.includes(email));
  if (stranger !== undefined) {
    const message = `perPerson names ${stranger.email}, who is not among the people.`;
    throw failure('InvalidInputError', message);
  }
  const [known, busy] = await Promise.all([
    deps.directory.find(owner, emails),
    busyAround(calendar, emails, search),
  ]);
  const me = known.get(owner) ?? (await hoursOfOwner(calendar, zone));
  return emails.map((email): Participant => {
    const wished = input.perPerson?.find((one) => one.email === email);
    const { name, ...hours } = email === owner ? me : (known.get(email) ?? hoursUnknown(zone));
    return {
      email,
      ...(name === undefined ? {} : { name }),
      zone: hours.zone,
      workingHours: hours.workingHours,
      busy: busy.get(email) ?? 'unknown',
      required: required.includes(email),
      wishes: wishesOf(wished?.must, wished?.prefer),
      travelMinutes: email === owner ? (input.travelMinutes ?? 0) : 0,
      inconvenienced: wished?.badHoursBefore ?? 0,
    };
  });
}

type Hours = Pick<Person, 'zone'> & {
  readonly name?: string;
  readonly workingHours: WorkingHours | 'unknown';
};

/** What the provider knows of the person's hours stands in for the directory. */
async function hoursOfOwner(calendar: CalendarPort, zone: string): Promise<Hours> {
  const settings = await calendar.settings();
  return { zone: settings.zone ?? zone, workingHours: settings.workingHours ?? officeHours };
}

function hoursUnknown(zone: string): Hours {
  return { zone, workingHours: 'unknown' };
}

async function busyAround(
  calendar: CalendarPort,
  emails: readonly string[],
  { owner, zone, input, window }: Search,
): Promise<ReadonlyMap<string, readonly BusyInterval[] | 'unknown'>> {
  const minutes = Math.max(input.bufferMinutes ?? limits.bufferMinutes, input.travelMinutes ?? 0);
  const fromMs = window.fromMs - minutes * MINUTE_MS;
  const toMs = window.toMs + minutes * MINUTE_MS;
  const [reported, { events }] = await Promise.all([
    calendar.busyTimes(emails, fromMs, toMs),
    calendar.listEvents({ fromMs, toMs, zone, limit: limits.eventListMax }),
  ]);
  const own = reported.get(owner) ?? 'unknown';
  if (own === 'unknown') return reported;
  return new Map([...reported, [owner, tellApart(own, events)]]);
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
