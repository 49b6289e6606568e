/** Series over the sandbox's Graph through the real client: patterns, occurrences and exceptions. */
import type { Event } from '@microsoft/microsoft-graph-types';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type GraphClients, graphRefusal } from './graph-clients.ts';
import {
  alexEmail,
  berlin,
  carlaEmail,
  copyOf,
  createEvent,
  danaEmail,
  type GraphScene,
  guest,
  instancesOf,
  startScene,
  storedId,
  times,
} from './graph-scene.ts';
import type { Clients } from './sandbox-clients.ts';

let scene: GraphScene;
let carla: GraphClients;
let dana: GraphClients;
let alex: Clients;

beforeAll(async () => {
  scene = await startScene();
  ({ carla, dana, alex } = scene);
});
afterAll(async () => scene[Symbol.asyncDispose]());
afterEach(() => scene.check());

const weekly = (startDate: string, daysOfWeek: string[], extra: object = {}) => ({
  pattern: { type: 'weekly', interval: 1, daysOfWeek, ...extra },
  range: { type: 'noEnd', startDate },
});
const create = (body: object): Promise<Event> => createEvent(carla, { subject: 'Series', ...body });
const dates = (events: readonly Event[]) =>
  events.map(({ start }) => start!.dateTime!.slice(0, 10));

describe('patterns', () => {
  const patterns: [string, string, object, string[]][] = [
    [
      'daily',
      '2026-11-02',
      { type: 'daily', interval: 10 },
      ['2026-11-02', '2026-11-12', '2026-11-22'],
    ],
    [
      'weekly',
      '2026-11-02',
      { type: 'weekly', interval: 2, daysOfWeek: ['monday', 'thursday'], firstDayOfWeek: 'monday' },
      ['2026-11-02', '2026-11-05', '2026-11-16', '2026-11-19', '2026-11-30'],
    ],
    [
      'absoluteMonthly',
      '2026-11-15',
      { type: 'absoluteMonthly', interval: 1, dayOfMonth: 15 },
      ['2026-11-15'],
    ],
    [
      'relativeMonthly',
      '2026-11-11',
      { type: 'relativeMonthly', interval: 1, daysOfWeek: ['wednesday'], index: 'second' },
      ['2026-11-11'],
    ],
    [
      'relativeMonthly of five days',
      '2026-11-30',
      {
        type: 'relativeMonthly',
        interval: 1,
        daysOfWeek: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'],
        index: 'last',
      },
      ['2026-11-30'],
    ],
    [
      'absoluteYearly',
      '2026-11-15',
      { type: 'absoluteYearly', interval: 1, dayOfMonth: 15, month: 11 },
      ['2026-11-15'],
    ],
    [
      'relativeYearly',
      '2026-11-25',
      { type: 'relativeYearly', interval: 1, month: 11, daysOfWeek: ['wednesday'], index: 'last' },
      ['2026-11-25'],
    ],
  ];

  it.each(patterns)('reads and shows %s', async (_name, startDate, pattern, expected) => {
    const range = { type: 'endDate', startDate, endDate: '2027-12-31' };
    const made = await create({ ...times(startDate), recurrence: { pattern, range } });
    expect(made.type).toBe('seriesMaster');
    expect(made.recurrence!.pattern).toMatchObject(pattern);
    expect(made.recurrence!.range).toMatchObject({ ...range, recurrenceTimeZone: berlin });
    const found = await instancesOf(carla, made.id!);
    expect(dates(found)).toEqual(expected);
    expect(
      found.every(
        ({ type, seriesMasterId }) => type === 'occurrence' && seriesMasterId === made.id,
      ),
    ).toBe(true);
    expect(new Set(found.map(({ iCalUId }) => iCalUId)).size).toBe(found.length);
  });

  it('takes the last day of a month that is too short', async () => {
    const pattern = { type: 'absoluteMonthly', interval: 1, dayOfMonth: 31 };
    const recurrence = { pattern, range: { type: 'noEnd', startDate: '2027-01-31' } };
    const made = await create({ ...times('2027-01-31'), recurrence });
    const found = await instancesOf(
      carla,
      made.id!,
      '2027-01-01T00:00:00Z',
      '2027-05-01T00:00:00Z',
    );
    expect(dates(found)).toEqual(['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30']);
    expect(made.recurrence!.pattern).toMatchObject(pattern);
  });

  it('begins a series on the first day of its pattern', async () => {
    const made = await create({
      ...times('2026-11-03'),
      recurrence: weekly('2026-11-03', ['friday']),
    });
    expect([made.start!.dateTime, made.recurrence!.range!.startDate]).toEqual([
      '2026-11-06T10:00:00.0000000',
      '2026-11-06',
    ]);
  });

  it('shows no recurrence for a rule that no pattern says', async () => {
    await alex.calendar.events.insert({
      calendarId: 'primary',
      requestBody: {
        id: 'fortnights',
        start: { dateTime: '2026-11-02T11:00:00+01:00', timeZone: 'Europe/Berlin' },
        end: { dateTime: '2026-11-02T11:30:00+01:00', timeZone: 'Europe/Berlin' },
        attendees: [{ email: carlaEmail }],
        recurrence: ['RRULE:FREQ=MONTHLY;BYMONTHDAY=2,16'],
      },
    });
    const { value } = (await carla.api('/me/events').top(200).get()) as { value: Event[] };
    const seen = value.find(({ iCalUId }) => iCalUId === 'fortnights@google.com')!;
    expect([seen.type, seen.recurrence]).toEqual(['seriesMaster', null]);
    expect(dates(await instancesOf(carla, seen.id!))).toEqual(['2026-11-02', '2026-11-16']);
  });

  it.each([
    ['a range that begins on another day', { range: { type: 'noEnd', startDate: '2026-11-03' } }],
    ['no weekday', { pattern: { type: 'weekly', interval: 1 } }],
    ['day 32', { pattern: { type: 'absoluteMonthly', interval: 1, dayOfMonth: 32 } }],
    ['no number', { range: { type: 'numbered', startDate: '2026-11-02' } }],
    [
      'an end before the start',
      { range: { type: 'endDate', startDate: '2026-11-02', endDate: '2026-11-01' } },
    ],
    ['interval 0', { pattern: { type: 'daily', interval: 0 } }],
  ])('refuses %s', async (_what, wrong) => {
    const recurrence = { ...weekly('2026-11-02', ['monday']), ...wrong };
    expect(await graphRefusal(create({ ...times('2026-11-02'), recurrence }))).toEqual({
      status: 400,
      code: 'ErrorPropertyValidationFailure',
    });
  });
});

describe('occurrences', () => {
  it('become exceptions when changed, and leave when deleted', async () => {
    const made = await create({
      ...times('2026-11-02'),
      attendees: [guest(danaEmail), guest(alexEmail)],
      recurrence: weekly('2026-11-02', ['monday']),
    });
    const [first, second, third] = await instancesOf(carla, made.id!);
    await carla.api(`/me/events/${second!.id}`).patch({ ...times('2026-11-10', '15:00', '15:30') });
    await carla.api(`/me/events/${third!.id}`).delete();
    const after = await instancesOf(carla, made.id!);
    expect(dates(after)).toEqual(['2026-11-02', '2026-11-10', '2026-11-23', '2026-11-30']);
    expect(after.map(({ type }) => type)).toEqual([
      'occurrence',
      'exception',
      'occurrence',
      'occurrence',
    ]);
    expect(after[1]).toMatchObject({
      id: second!.id,
      originalStart: '2026-11-09T10:00:00.0000000Z',
    });
    const master = carla.api(`/me/events/${made.id}`).select('cancelledOccurrences,subject');
    expect((await master.get()) as Event).toMatchObject({
      cancelledOccurrences: [`OID.${made.id}.2026-11-16`],
    });
    expect((await carla.api(`/me/events/${made.id}`).get()) as Event).not.toHaveProperty(
      'cancelledOccurrences',
    );
    // The guests see the same, one at each vendor; the cancelled one stays until they remove it.
    const copy = await copyOf(dana, made);
    const seen = await instancesOf(dana, copy.id!);
    expect(
      seen.map(({ isCancelled, start }) => [start!.dateTime!.slice(0, 10), isCancelled]),
    ).toEqual([
      ['2026-11-02', false],
      ['2026-11-10', false],
      ['2026-11-16', true],
      ['2026-11-23', false],
      ['2026-11-30', false],
    ]);
    expect(seen[2]).toMatchObject({ subject: 'Canceled: Series', showAs: 'free' });
    const google = await alex.calendar.events.instances({
      calendarId: 'primary',
      eventId: storedId(made.id!),
      timeMin: '2026-11-01T00:00:00Z',
      timeMax: '2026-12-01T00:00:00Z',
    });
    expect(google.data.items!.map(({ start }) => start!.dateTime!.slice(0, 10)).toSorted()).toEqual(
      ['2026-11-02', '2026-11-10', '2026-11-23', '2026-11-30'],
    );
    expect(first!.type).toBe('occurrence');
  });

  it('may not reach the day of a neighbour', async () => {
    const made = await create({
      ...times('2026-11-02'),
      recurrence: weekly('2026-11-02', ['monday', 'wednesday']),
    });
    const [, wednesday] = await instancesOf(carla, made.id!);
    const move = (date: string) => carla.api(`/me/events/${wednesday!.id}`).patch(times(date));
    for (const date of ['2026-11-02', '2026-11-01', '2026-11-09', '2026-11-20']) {
      expect(await graphRefusal(move(date))).toEqual({
        status: 400,
        code: 'ErrorOccurrenceCrossingBoundary',
      });
    }
    expect(((await move('2026-11-03')) as Event).type).toBe('exception');
  });

  it('start afresh when their series moves, and stay when only its title changes', async () => {
    const made = await create({
      ...times('2026-11-02'),
      recurrence: weekly('2026-11-02', ['monday']),
    });
    const [, second] = await instancesOf(carla, made.id!);
    await carla.api(`/me/events/${second!.id}`).patch({ subject: 'Other' });
    await carla.api(`/me/events/${made.id}`).patch({ subject: 'Renamed' });
    const subjects = async () => (await instancesOf(carla, made.id!)).map(({ subject }) => subject);
    expect(await subjects()).toEqual(['Renamed', 'Other', 'Renamed', 'Renamed', 'Renamed']);
    await carla.api(`/me/events/${made.id}`).patch(times('2026-11-02', '12:00', '12:30'));
    expect(await subjects()).toEqual(['Renamed', 'Renamed', 'Renamed', 'Renamed', 'Renamed']);
  });
});

it('invites a room, which comes when it is free and declines when it is not', async () => {
  const room = { emailAddress: { address: 'room-aurora@office.example.com' }, type: 'resource' };
  const book = async () => {
    const made = await create({ ...times('2026-11-19'), attendees: [room] });
    return made.attendees!.map(({ type, status }) => [type, status!.response]);
  };
  expect(await book()).toEqual([['resource', 'accepted']]);
  expect(await book()).toEqual([['resource', 'declined']]);
});
