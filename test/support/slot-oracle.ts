/**
 * Finds times by brute force, minute by minute, to check the solver against. It shares nothing with
 * the solver: it reads wall clocks from Intl, knows no offsets or spans, and tries every set of
 * constraints one after the other.
 */
import type {
  BusyInterval,
  Participant,
  SlotRequest,
  Wish,
  WorkingHours,
} from '#activities/calendar/availability.ts';

const MINUTE = 60_000;
/** How far from an anchor wall clocks are ever read, in minutes. */
const TABLE_MINUTES = 6 * 1_440;
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const PARTS = { morning: [6, 12], midday: [11, 14], afternoon: [12, 18], evening: [17, 22] };
const WAKING = { start: '07:00', end: '22:00' };
const LENGTHS = [15, 30, 45, 60, 90, 120, 180, 240];

type Wall = { readonly weekday: number; readonly minute: number };
const tables = new Map<string, Wall[]>();

/** What a zone's clock shows at each minute after an anchor, read from Intl one by one. */
function wallTable(zone: string, anchorMs: number): Wall[] {
  const key = `${zone} ${anchorMs}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const table = Array.from({ length: TABLE_MINUTES }, (_, index): Wall => {
    const [, weekday, hour, minute] = /^(\w{3}),? (\d\d):(\d\d)$/.exec(
      format.format(anchorMs + index * MINUTE),
    )!;
    return {
      weekday: WEEKDAYS.indexOf(weekday!) + 1,
      minute: Number(hour) * 60 + Number(minute),
    };
  });
  tables.set(key, table);
  return table;
}

const minuteOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

function works(hours: WorkingHours, wall: Wall): boolean {
  const start = minuteOf(hours.start);
  const end = minuteOf(hours.end);
  if (start <= end) {
    return hours.days.includes(wall.weekday) && start <= wall.minute && wall.minute < end;
  }
  const yesterday = wall.weekday === 1 ? 7 : wall.weekday - 1;
  return (
    (hours.days.includes(wall.weekday) && wall.minute >= start) ||
    (hours.days.includes(yesterday) && wall.minute < end)
  );
}

/** Whether a minute is against a wish, apart from gaps, which are about other meetings. */
function against(wish: Wish, wall: Wall): boolean {
  switch (wish.kind) {
    case 'part_of_day': {
      const [from, to] = PARTS[wish.part];
      return wall.minute < from! * 60 || wall.minute >= to! * 60;
    }
    case 'hours':
      return wall.minute < minuteOf(wish.from) || wall.minute >= minuteOf(wish.to);
    case 'weekdays':
      return !wish.days.includes(wall.weekday);
    case 'lunch':
      return wall.minute >= 720 && wall.minute < 780;
    case 'gap':
      return false;
  }
}

/** Broken when any minute of the meeting hits it; lifted when any of these is given up. */
type Rule = {
  readonly lifts: readonly string[];
  readonly hit: (minuteMs: number, index: number) => boolean;
};

function near(busy: BusyInterval, padMinutes: number): Rule['hit'] {
  const pad = padMinutes * MINUTE;
  return (ms) =>
    busy.endMs > busy.startMs && busy.startMs - pad < ms + MINUTE && ms < busy.endMs + pad;
}

function rulesOfPerson(request: SlotRequest, person: Participant, anchorMs: number): Rule[] {
  const { email, workingHours: hours, busy, travelMinutes = 0 } = person;
  const table = wallTable(person.zone, anchorMs);
  const rules: Rule[] = [];
  const add = (lifts: string[], hit: Rule['hit']) =>
    rules.push({ lifts: [...lifts.map((lift) => `${lift} ${email}`), `without ${email}`], hit });
  if (hours !== 'unknown') {
    const off = (index: number) => !works(hours, table[index]!);
    const awake = (index: number) => works({ ...WAKING, days: hours.days }, table[index]!);
    add(['hours'], (_, index) => off(index));
    add([], (_, index) => off(index) && !awake(index));
  }
  if (busy === 'unknown') add(['calendar'], () => true);
  const meetings = busy === 'unknown' ? [] : busy;
  for (const meeting of meetings) {
    const tentative = meeting.tentative === true ? ['tentative'] : [];
    add(tentative, near(meeting, 0));
    add(tentative, near(meeting, request.bufferMinutes));
    rules[rules.length - 1] = {
      ...rules.at(-1)!,
      lifts: [...rules.at(-1)!.lifts, ...(request.bufferMinutes > 0 ? ['buffer'] : [])],
    };
    if (meeting.elsewhere === true) add([...tentative, 'travel'], near(meeting, travelMinutes));
  }
  const own = person.wishes ?? [];
  const shared = (request.wishes ?? []).filter(
    ({ kind }) => (kind === 'lunch' || kind === 'gap') && !own.some((wish) => wish.kind === kind),
  );
  for (const wish of [...own, ...shared].filter(({ hard }) => hard)) {
    const lift = `wish ${JSON.stringify(wish)}`;
    add([lift], (_, index) => against(wish, table[index]!));
    if (wish.kind !== 'gap') continue;
    for (const meeting of meetings) {
      const tentative = meeting.tentative === true ? ['tentative'] : [];
      add([lift, ...tentative], near(meeting, wish.minutes));
    }
  }
  return rules;
}

function rulesOf(request: SlotRequest, anchorMs: number): Rule[] {
  const home = wallTable(request.organiserZone, anchorMs);
  const wishes = (request.wishes ?? []).filter(
    ({ kind, hard }) => hard && kind !== 'lunch' && kind !== 'gap',
  );
  return [
    ...wishes.map((wish) => ({
      lifts: [`wish ${JSON.stringify(wish)} `],
      hit: (_: number, index: number) => against(wish, home[index]!),
    })),
    ...request.participants
      .filter(({ required }) => required)
      .flatMap((person) => rulesOfPerson(request, person, anchorMs)),
  ];
}

/** One start with, for each rule it breaks, what would lift it. */
export type TriedStart = {
  readonly startMs: number;
  readonly minutes: number;
  readonly broken: readonly (readonly string[])[];
};

/** Tries every start on the grid, one minute of the meeting after the other. */
export function triedStarts(
  request: SlotRequest,
  anchorMs: number,
  minutes = request.durationMinutes,
): TriedStart[] {
  const first = Math.max(0, Math.floor((request.fromMs - anchorMs) / MINUTE));
  const last = Math.min(TABLE_MINUTES, Math.ceil((request.toMs - anchorMs) / MINUTE));
  const minutesHit = (hit: Rule['hit']): Uint8Array =>
    Uint8Array.from({ length: last }, (_, index) =>
      Number(index >= first && hit(anchorMs + index * MINUTE, index)),
    );
  const rules = rulesOf(request, anchorMs).map(({ lifts, hit }) => ({
    lifts,
    hits: minutesHit(hit),
  }));
  const rooms = (request.rooms ?? []).map(({ busy }) =>
    busy === 'unknown' ? busy : minutesHit((ms) => busy.some((one) => near(one, 0)(ms, 0))),
  );
  const home = wallTable(request.organiserZone, anchorMs);
  const tried: TriedStart[] = [];
  for (let start = first; start + minutes <= last; start += 1) {
    const startMs = anchorMs + start * MINUTE;
    if (startMs < request.fromMs || startMs < request.nowMs) continue;
    if (startMs + minutes * MINUTE > request.toMs) continue;
    if (home[start]!.minute % request.stepMinutes !== 0) continue;
    const during = (hits: Uint8Array) => hits.subarray(start, start + minutes).includes(1);
    const isTaken = rooms.every((hits) => hits === 'unknown' || during(hits));
    tried.push({
      startMs,
      minutes,
      broken: [
        ...rules.filter(({ hits }) => during(hits)).map(({ lifts }) => lifts),
        ...(rooms.length > 0 && isTaken ? [['room']] : []),
      ],
    });
  }
  return tried;
}

/** Every start, in epoch ms, that breaks no rule. */
export function possibleByOracle(request: SlotRequest, anchorMs: number): number[] {
  return triedStarts(request, anchorMs)
    .filter(({ broken }) => broken.length === 0)
    .map(({ startMs }) => startMs);
}

/** Every start with every length that may be suggested. */
export function triedWithShorter(request: SlotRequest, anchorMs: number): TriedStart[] {
  const { durationMinutes } = request;
  const shorter = LENGTHS.filter(
    (minutes) => minutes < durationMinutes && minutes * 2 >= durationMinutes,
  );
  return [durationMinutes, ...shorter].flatMap((minutes) =>
    triedStarts(request, anchorMs, minutes).map((tried) => ({
      ...tried,
      broken: [...tried.broken, ...(minutes === durationMinutes ? [] : [['duration']])],
    })),
  );
}

/**
 * The size of the smallest set of constraints that makes any start possible, found by trying every
 * set in order of size; null when none of at most `most` does.
 */
export function smallestByOracle(tried: readonly TriedStart[], most: number): number | null {
  const keys = [...new Set(tried.flatMap(({ broken }) => broken.flat()))];
  const different = new Map(tried.map((start) => [JSON.stringify(start.broken), start]));
  const isEnough = (given: readonly string[]) =>
    [...different.values()].some(({ broken }) =>
      broken.every((lifts) => lifts.some((lift) => given.includes(lift))),
    );
  for (let size = 0; size <= most; size += 1) {
    if (subsets(keys, size).some(isEnough)) return size;
  }
  return null;
}

function subsets(keys: readonly string[], size: number, from = 0): string[][] {
  if (size === 0) return [[]];
  return keys
    .slice(from)
    .flatMap((key, index) =>
      subsets(keys, size - 1, from + index + 1).map((rest) => [key, ...rest]),
    );
}
