/**
 * Every write of the calendar met by every fault, on both vendors, through the ledger: whatever
 * becomes of an answer, an event is made, changed, answered or cancelled once, and an outcome is
 * known or said not to be.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCalendarHandlers } from '#activities/calendar/effects.ts';
import { holdTitle } from '#activities/calendar/holds.ts';
import { type CalendarEvent, type CalendarPort, plainEvent } from '#activities/calendar/port.ts';
import { providers, zone } from './calendar-tools.ts';
import { effectKey } from './contexts.ts';
import { FaultBench, type Scene } from './effect-faults.ts';
import { casesOf, caseTimeoutMs, faultNames, isOwnViolation, patienceMs } from './twelve-faults.ts';

const [google, microsoft] = providers;
const vendors = [
  { provider: google, name: 'Google', knobs: {}, creating: false },
  { provider: microsoft, name: 'Microsoft', knobs: {}, creating: false },
  {
    provider: microsoft,
    name: 'Microsoft, where a used transactionId is a bad request',
    knobs: { duplicateTransactionStatus: 400 },
    /** Only what creates events can tell the difference. */
    creating: true,
  },
] as const;

let bench: FaultBench;
let violations: string[];
let port: CalendarPort;
let colleaguePort: CalendarPort;
let setUp = 0;

/** An event at ten on a day of its own. */
function insert(
  name: string,
  fields: { guests?: string[]; rule?: string; by?: CalendarPort } = {},
): Promise<CalendarEvent> {
  const day = bench.nextDay();
  setUp += 1;
  return (fields.by ?? port).insertEvent({
    ...plainEvent,
    effectKey: effectKey(`set up ${setUp} ${bench.sandbox.url}`),
    title: name,
    start: `${day}T10:00:00Z`,
    end: `${day}T10:30:00Z`,
    zone,
    guests: fields.guests ?? [],
    location: null,
    description: null,
    recurrence: fields.rule === undefined ? null : { rule: fields.rule, excluded: [] },
  });
}
/** Two occurrences of a daily series of five. */
async function series(name: string): Promise<{ second: CalendarEvent; fourth: CalendarEvent }> {
  const guests = [bench.cast.colleague];
  const { id, startMs } = await insert(name, { guests, rule: 'FREQ=DAILY;COUNT=5' });
  const window = { fromMs: startMs, toMs: startMs + 10 * 86_400_000, zone, limit: 10 };
  const { events } = await port.occurrences({ seriesId: id, ...window });
  return { second: events[1]!, fourth: events[3]! };
}
const occurrence = async (name: string) => (await series(name)).second.id;
async function invitation(name: string): Promise<string> {
  const made = await insert(name, { guests: [bench.cast.owner], by: colleaguePort });
  const window = { fromMs: made.startMs, toMs: made.endMs, zone, limit: 50 };
  const { events } = await port.listEvents(window);
  return events.find(({ title }) => title === name)!.id;
}
const slotsOf = () => [1, 2, 3].map(() => ({ start: `${bench.nextDay()}T08:00` }));

const scenes: Readonly<Record<string, Scene & { creates?: boolean }>> = {
  'a new event': {
    tool: 'createEvent',
    creates: true,
    prepare: async (name) => ({
      title: name,
      start: `${bench.nextDay()}T09:00`,
      durationMinutes: 30,
      guests: [],
    }),
  },
  'a new event with guests': {
    tool: 'createEvent',
    creates: true,
    prepare: async (name) => ({
      title: name,
      start: `${bench.nextDay()}T09:00`,
      durationMinutes: 30,
      guests: [bench.cast.colleague, 'guest@elsewhere.example.net'],
      conference: true,
    }),
  },
  'a new series': {
    tool: 'createEvent',
    creates: true,
    prepare: async (name) => ({
      title: name,
      start: `${bench.nextDay()}T09:00`,
      durationMinutes: 30,
      guests: [bench.cast.colleague],
      repeat: { every: 'week', count: 3 },
    }),
  },
  'a change of one occurrence': {
    tool: 'updateEvent',
    prepare: async (name) => ({
      eventId: await occurrence(name),
      title: `${name} changed`,
      location: 'Attic',
    }),
  },
  'a change of this and the following': {
    tool: 'updateEvent',
    creates: true,
    prepare: async (name) => ({
      eventId: await occurrence(name),
      title: `${name} changed`,
      start: '14:00',
      scope: 'following',
    }),
  },
  'a change of this and the following, one of which was taken out': {
    tool: 'updateEvent',
    creates: true,
    prepare: async (name) => {
      const { second, fourth } = await series(name);
      const change = { effectKey: effectKey(`${name} out`), notify: false };
      await port.deleteEvent({ ...change, eventId: fourth.id, etag: fourth.etag });
      return { eventId: second.id, title: `${name} changed`, scope: 'following' };
    },
  },
  'a change of a whole series': {
    tool: 'updateEvent',
    prepare: async (name) => ({
      eventId: await occurrence(name),
      title: `${name} changed`,
      scope: 'all',
    }),
  },
  'a move': {
    tool: 'moveEvent',
    prepare: async (name) => {
      const { id } = await insert(name, { guests: [bench.cast.colleague] });
      return { eventId: id, start: `${bench.nextDay()}T15:00` };
    },
  },
  'a cancellation': {
    tool: 'cancelEvent',
    prepare: async (name) => ({
      eventId: (await insert(name, { guests: [bench.cast.colleague] })).id,
    }),
  },
  'a cancellation of one occurrence': {
    tool: 'cancelEvent',
    prepare: async (name) => ({ eventId: await occurrence(name) }),
  },
  'the early end of a series': {
    tool: 'cancelEvent',
    prepare: async (name) => ({ eventId: await occurrence(name), scope: 'following' }),
  },
  'an accepted invitation': {
    tool: 'respondToInvitation',
    prepare: async (name) => ({
      eventId: await invitation(name),
      response: 'accepted',
      comment: 'Gladly',
    }),
  },
  'a declined invitation': {
    tool: 'respondToInvitation',
    prepare: async (name) => ({ eventId: await invitation(name), response: 'declined' }),
  },
  'three holds': {
    tool: 'holdSlots',
    creates: true,
    prepare: async (name) => ({ title: name, slots: slotsOf(), durationMinutes: 30 }),
  },
  'a hold chosen and two released': {
    tool: 'releaseHolds',
    prepare: async (name) => {
      const title = holdTitle(name);
      const holds: CalendarEvent[] = [];
      for (const { start } of slotsOf()) {
        setUp += 1;
        const hold = {
          ...plainEvent,
          effectKey: effectKey(`set up ${setUp} ${bench.sandbox.url}`),
          title,
          start: `${start}:00Z`,
          end: `${start.slice(0, 11)}08:30:00Z`,
          zone,
          guests: [],
          location: null,
          description: null,
          private: true,
          showAs: 'tentative',
        } as const;
        holds.push(await port.insertEvent(hold));
      }
      const guests = [bench.cast.colleague];
      return { eventId: holds[1]!.id, keep: true, guests, conference: true };
    },
  },
};

/** The same, done and taken back. There was no answer before an invitation was answered. */
const undone: typeof scenes = Object.fromEntries(
  Object.entries(scenes)
    .filter(([, { tool }]) => tool !== 'respondToInvitation')
    .map(([title, scene]) => [`${title}, taken back`, { ...scene, takesBack: true }]),
);

describe.each(vendors)('$name', ({ provider, name: vendor, knobs, creating }) => {
  const played = Object.entries({ ...scenes, ...undone }).filter(
    ([, scene]) => !creating || scene.creates === true,
  );

  beforeAll(async () => {
    bench = await FaultBench.start(provider, knobs);
    const { owner, colleague } = provider;
    const patient = provider.connect(bench.sandbox, { timeoutMs: 20_000 });
    port = await patient.calendar(owner, owner);
    colleaguePort = await patient.calendar(colleague, colleague);
    const acting = provider.connect(bench.sandbox, { timeoutMs: patienceMs });
    ({ violations } = acting);
    bench.use(createCalendarHandlers(patient), createCalendarHandlers(acting));
    for (const [, scene] of played) await bench.plain(scene);
  });
  afterAll(async () => {
    console.log(`${vendor}: ${bench.summary()}`);
    await bench[Symbol.asyncDispose]();
  });
  afterEach(() => expect(violations.splice(0).filter(isOwnViolation)).toEqual([]));

  describe.each(played)('%s', (title, scene) => {
    it.each(faultNames)(
      '%s',
      async (fault) => {
        const { writes, census } = await bench.plain(scene);
        for (const [run, moments, write] of casesOf(writes)) {
          const name = `${title} ${fault} ${write.method} ${write.ordinal} ${run}.`;
          const ending = await bench.withFault(scene, name, { fault, write, moments });
          // Outlook takes an answer without a precondition; given twice it is the same answer.
          const { 'events.accept': accepted, ...operations } = ending.census.operations;
          const once = accepted === undefined ? {} : { 'events.accept': 1 };
          const found = {
            ...ending,
            census: { ...ending.census, operations: { ...operations, ...once } },
          };
          expect.soft({ name, ...found }).toEqual({ name, outcome: 'confirmed', census });
        }
      },
      caseTimeoutMs,
    );
  });
});
