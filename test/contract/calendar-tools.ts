/** Handlers of the calendar's effects on the real clients of a provider, against a sandbox. */
import type { JsonObject } from '#contracts/json.ts';
import type { EffectToolName } from '#contracts/tools.ts';
import type { Accounts } from '#activities/accounts.ts';
import { createCalendarHandlers } from '#activities/calendar/effects.ts';
import { type CalendarEvent, type CalendarPort, plainEvent } from '#activities/calendar/port.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { effectContext, effectKey, stepContext } from './contexts.ts';
import { connectGoogle } from './google-setup.ts';
import { connectMicrosoft } from './microsoft-setup.ts';
import { askOracle, type EffectRow, setFault } from './sandbox-clients.ts';

/** A provider with two of its people: the owner, and a colleague who invites and is invited. */
export const providers = [
  {
    name: 'Google',
    owner: 'alex.morgan@office.example.com',
    colleague: 'bob.keller@office.example.com',
    connect: connectGoogle,
    /** The request of an answer to an invitation. */
    answer: { method: 'PATCH', path: '/events/' },
    /** Whether a declined event stays in the guest's calendar. */
    keepsDeclined: true,
  },
  {
    name: 'Microsoft',
    owner: 'carla.rossi@office.example.com',
    colleague: 'kenji.tanaka@office.example.com',
    connect: connectMicrosoft,
    answer: { method: 'POST', path: '/accept' },
    keepsDeclined: false,
  },
] as const;

type Connection = {
  readonly calendar: (owner: string, account: string) => Promise<CalendarPort>;
  readonly accounts: Accounts;
  readonly violations: string[];
};

export const zone = 'Europe/Berlin';
const dayMs = 86_400_000;
const startMs = Date.parse('2026-10-18T06:00:00+02:00');

type Parts = Pick<
  CalendarTools,
  'sandbox' | 'owner' | 'colleague' | 'connection' | 'port' | 'colleaguePort'
>;

/** One person's calendar tools. */
export class CalendarTools implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly owner: string;
  readonly colleague: string;
  readonly connection: Connection;
  readonly port: CalendarPort;
  readonly colleaguePort: CalendarPort;

  private constructor(given: Parts) {
    this.sandbox = given.sandbox;
    this.owner = given.owner;
    this.colleague = given.colleague;
    this.connection = given.connection;
    this.port = given.port;
    this.colleaguePort = given.colleaguePort;
  }

  static async start(provider: (typeof providers)[number]): Promise<CalendarTools> {
    const sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
    const connection: Connection = provider.connect(sandbox);
    const { owner, colleague } = provider;
    const port = await connection.calendar(owner, owner);
    const colleaguePort = await connection.calendar(colleague, colleague);
    return new CalendarTools({ sandbox, owner, colleague, connection, port, colleaguePort });
  }

  handler(tool: EffectToolName) {
    return createCalendarHandlers(this.connection).find((found) => found.tool === tool)!;
  }

  step() {
    return stepContext(this.sandbox, this.owner);
  }

  prepare(tool: EffectToolName, input: JsonObject) {
    return this.handler(tool).prepare(this.step(), input);
  }

  context(name: string) {
    return effectContext(this.step(), name);
  }

  /** What really happened under a key, by operation. */
  async counts(name: string, key = effectKey(name)): Promise<Record<string, number>> {
    const rows = await askOracle<EffectRow[]>(this.sandbox, 'effects');
    const own = rows.filter((row) => row.key === key);
    return Object.fromEntries(own.map(({ operation, count }) => [operation, count]));
  }

  /** Loses the answer to the next request that is carried out. */
  async lose(method: string, pathRegex: string): Promise<void> {
    const match = { method, pathRegex };
    await setFault(this.sandbox, { match, times: 1, action: 'drop_after_commit' });
  }

  async forgetFaults(): Promise<void> {
    await fetch(`${this.sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
  }

  /** A series at six in the morning, with its occurrences. */
  async series(
    title: string,
    rule = 'FREQ=DAILY;COUNT=6',
  ): Promise<{ made: CalendarEvent; occurrences: CalendarEvent[] }> {
    const made = await this.port.insertEvent({
      ...plainEvent,
      effectKey: effectKey(title),
      title,
      start: '2026-10-18T06:00:00+02:00',
      end: '2026-10-18T06:30:00+02:00',
      zone,
      guests: [this.colleague],
      location: 'Here',
      description: null,
      recurrence: { rule, excluded: [] },
    });
    return { made, occurrences: await this.occurrencesOf(made.id) };
  }

  async occurrencesOf(seriesId: string): Promise<CalendarEvent[]> {
    const window = { fromMs: startMs, toMs: startMs + 40 * dayMs, zone, limit: 100 };
    return (await this.port.occurrences({ seriesId, ...window })).events;
  }

  /** Whether an event is there no more, in whichever way a provider says so. */
  async isGone(eventId: string): Promise<boolean> {
    const event = await this.port.getEvent(eventId, zone);
    return event === null || event.cancelled;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]();
  }
}

/** Local starts without the year: `10-26 10:00`. */
export function localStarts(events: readonly CalendarEvent[]): string[] {
  return events.map((event) =>
    new Date(event.startMs).toLocaleString('sv', { timeZone: zone }).slice(5, 16),
  );
}
