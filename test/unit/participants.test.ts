/** What is known of the person's own time when their calendars are read only in part. */
import { expect, it } from 'vitest';
import type { ConnectedAccount } from '#activities/credentials.ts';
import type { CalendarEvent, CalendarPort } from '#activities/calendar/port.ts';
import { participantsOf } from '#activities/calendar/participants.ts';
import { failure } from '#activities/failures.ts';
import { parseToolInput } from '#activities/tool-input.ts';

const work = 'alex@office.example.com';
const home = 'alex@home.example.org';
const hour = 3_600_000;
const startMs = Date.parse('2026-10-19T08:00:00Z');
const endMs = startMs + hour;
const tentative = {
  startMs,
  endMs,
  busy: true,
  cancelled: false,
  showAs: 'tentative',
  response: 'organizer',
  location: null,
  rooms: [],
} as unknown as CalendarEvent;

/** A firm event at home at the time of a tentative one at work. */
async function ownBusyTime(eventsOf: (account: string) => ReturnType<CalendarPort['listEvents']>) {
  const accounts = [work, home].map((email) => ({ email }) as ConnectedAccount);
  const port = (account: string) =>
    ({
      busyTimes: () => Promise.resolve(new Map([[account, [{ startMs, endMs }]]])),
      listEvents: () => eventsOf(account),
      settings: () => Promise.resolve({ zone: null, workingHours: null }),
    }) as unknown as CalendarPort;
  const covered = () => Promise.resolve(accounts as [ConnectedAccount, ...ConnectedAccount[]]);
  const deps = {
    accounts: { covered, list: covered, meant: async () => (await covered())[0] },
    calendar: (_: string, account: string) => Promise.resolve(port(account)),
    directory: { find: () => Promise.resolve(new Map()), list: () => Promise.resolve([]) },
  };
  const input = parseToolInput('findTime', {
    people: ['bob@office.example.com'],
    window: 'tomorrow',
    durationMinutes: 30,
  });
  const window = { fromMs: startMs, toMs: endMs + hour } as never;
  const [me] = await participantsOf(deps as never, { owner: work, zone: 'UTC', input, window });
  return me!.busy;
}
const listing = (events: CalendarEvent[], truncated = false) =>
  Promise.resolve({ events, truncated });
const firm = expect.arrayContaining([{ startMs, endMs }]) as unknown;

it('is tentative where every event then is', async () => {
  const busy = await ownBusyTime(() => listing([tentative]));
  expect(busy).toEqual(
    [tentative, tentative].map(() => expect.objectContaining({ tentative: true }) as unknown),
  );
});

it('stays firm where an account does not list its events, or not all of them', async () => {
  const refused = () => Promise.reject(failure('ReconnectRequiredError', 'sign in'));
  expect(
    await ownBusyTime((account) => (account === home ? refused() : listing([tentative]))),
  ).toEqual(firm);
  expect(
    await ownBusyTime((account) => listing(account === home ? [] : [tentative], account === home)),
  ).toEqual(firm);
});
