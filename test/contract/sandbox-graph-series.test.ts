/** Series, guests and change tracking of the sandbox's Graph through the real client. */
import type { Event } from '@microsoft/microsoft-graph-types';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectGraph, type GraphClients, graphRefusal } from './graph-clients.ts';
import { askOracle, type Clients, connect, type EffectRow, setKnobs } from './sandbox-clients.ts';

// A Wednesday three weeks before the clocks change in Rome (25 October 2026).
const now = new Date('2026-10-07T08:00:00Z');
const carlaEmail = 'carla.rossi@office.example.com';
const danaEmail = 'dana.whitfield@office.example.com';
const alexEmail = 'alex.morgan@office.example.com';
const berlin = 'W. Europe Standard Time';

let sandbox: Sandbox;
let carla: GraphClients;
let dana: GraphClients;
let alex: Clients;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => now });
  carla = await connectGraph(sandbox, carlaEmail);
  dana = await connectGraph(sandbox, danaEmail);
  alex = connect(sandbox, alexEmail);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
afterEach(() => {
  expect([...carla.violations, ...dana.violations, ...alex.violations]).toEqual([]);
});

const guest = (address: string) => ({ emailAddress: { address }, type: 'required' });
const times = (date: string, from = '11:00', to = '11:30', timeZone = berlin) => ({
  start: { dateTime: `${date}T${from}:00`, timeZone },
  end: { dateTime: `${date}T${to}:00`, timeZone },
});
const weekly = (startDate: string, daysOfWeek: string[], extra: object = {}) => ({
  pattern: { type: 'weekly', interval: 1, daysOfWeek, ...extra },
  range: { type: 'noEnd', startDate },
});
const create = async (body: object): Promise<Event> =>
  (await carla.api('/me/events').post({ subject: 'Series', ...body })) as Event;
const instances = async (
  who: GraphClients,
  id: string,
  from = '2026-11-01T00:00:00Z',
  to = '2026-12-01T00:00:00Z',
): Promise<Event[]> => {
  const query = { startDateTime: from, endDateTime: to, $top: '100' };
  return ((await who.api(`/me/events/${id}/instances`).query(query).get()) as { value: Event[] })
    .value;
};
const dates = (events: readonly Event[]) =>
  events.map(({ start }) => start!.dateTime!.slice(0, 10));
const storedId = (id: string): string =>
  Buffer.from(id.slice('AAkALg'.length), 'base64url').toString('utf8').split('\n')[1]!;

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
    const found = await instances(carla, made.id!);
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
    const found = await instances(carla, made.id!, '2027-01-01T00:00:00Z', '2027-05-01T00:00:00Z');
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
    expect(dates(await instances(carla, seen.id!))).toEqual(['2026-11-02', '2026-11-16']);
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
    const [first, second, third] = await instances(carla, made.id!);
    await carla.api(`/me/events/${second!.id}`).patch({ ...times('2026-11-10', '15:00', '15:30') });
    await carla.api(`/me/events/${third!.id}`).delete();
    const after = await instances(carla, made.id!);
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
    const found = (await dana.api('/me/events').top(200).get()) as { value: Event[] };
    const copy = found.value.find(({ iCalUId }) => iCalUId === made.iCalUId)!;
    const seen = await instances(dana, copy.id!);
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
    const [, wednesday] = await instances(carla, made.id!);
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
    const [, second] = await instances(carla, made.id!);
    await carla.api(`/me/events/${second!.id}`).patch({ subject: 'Other' });
    await carla.api(`/me/events/${made.id}`).patch({ subject: 'Renamed' });
    const subjects = async () => (await instances(carla, made.id!)).map(({ subject }) => subject);
    expect(await subjects()).toEqual(['Renamed', 'Other', 'Renamed', 'Renamed', 'Renamed']);
    await carla.api(`/me/events/${made.id}`).patch(times('2026-11-02', '12:00', '12:30'));
    expect(await subjects()).toEqual(['Renamed', 'Renamed', 'Renamed', 'Renamed', 'Renamed']);
  });
});

describe('guests', () => {
  const invitation = async (): Promise<{ made: Event; copy: Event }> => {
    const made = await create({ ...times('2026-11-05'), attendees: [guest(danaEmail)] });
    const { value } = (await dana.api('/me/events').top(200).get()) as { value: Event[] };
    return { made, copy: value.find(({ iCalUId }) => iCalUId === made.iCalUId)! };
  };
  const answers = async (id: string) =>
    ((await carla.api(`/me/events/${id}`).get()) as Event).attendees!.map(
      ({ status }) => status!.response,
    );

  it('answer, and the organizer hears of it', async () => {
    const { made, copy } = await invitation();
    expect(copy).toMatchObject({
      responseStatus: { response: 'notResponded' },
      showAs: 'tentative',
    });
    expect(await answers(made.id!)).toEqual(['none']);
    await dana
      .api(`/me/events/${copy.id}/tentativelyAccept`)
      .post({ comment: 'Maybe', sendResponse: true });
    expect(await answers(made.id!)).toEqual(['tentativelyAccepted']);
    await dana.api(`/me/events/${copy.id}/accept`).post({});
    expect(await answers(made.id!)).toEqual(['accepted']);
    const seen = (await dana.api(`/me/events/${copy.id}`).get()) as Event;
    expect(seen).toMatchObject({ responseStatus: { response: 'accepted' }, showAs: 'busy' });
    const effects = await askOracle<EffectRow[]>(sandbox, 'effects');
    const own = effects.filter(
      ({ account, key }) => account === danaEmail && key === storedId(made.id!),
    );
    expect(own.map(({ operation, count }) => [operation, count])).toEqual([
      ['events.tentativelyAccept', 1],
      ['events.accept', 1],
    ]);
  });

  it('tell nobody when they say so', async () => {
    const { made, copy } = await invitation();
    await dana.api(`/me/events/${copy.id}/accept`).post({ sendResponse: false });
    expect(await answers(made.id!)).toEqual(['none']);
  });

  it.each([
    [false, 404],
    [true, 200],
  ])(
    'lose what they declined unless their mailbox keeps it (%s)',
    async (keepsDeclined, status) => {
      const { made, copy } = await invitation();
      await setKnobs(sandbox, { keepsDeclined });
      await dana.api(`/me/events/${copy.id}/decline`).post({ comment: 'Sorry' });
      expect(await answers(made.id!)).toEqual(['declined']);
      const again = dana.api(`/me/events/${copy.id}`).get();
      expect(
        await again.then(
          () => 200,
          (error: { statusCode: number }) => error.statusCode,
        ),
      ).toBe(status);
      await setKnobs(sandbox, { keepsDeclined: false });
    },
  );

  it('can neither cancel nor change a meeting, and its organizer cannot answer', async () => {
    const { made, copy } = await invitation();
    const path = `/me/events/${copy.id}`;
    expect(await graphRefusal(dana.api(`${path}/cancel`).post({}))).toMatchObject({ status: 400 });
    expect(await graphRefusal(dana.api(path).patch({ subject: 'Mine' }))).toEqual({
      status: 403,
      code: 'ErrorAccessDenied',
    });
    expect(((await dana.api(path).patch({ isReminderOn: false })) as Event).isReminderOn).toBe(
      false,
    );
    const own = carla.api(`/me/events/${made.id}/accept`).post({});
    expect(await graphRefusal(own)).toMatchObject({ status: 400 });
  });

  it('keep a cancelled meeting until they take it away, and leave without a word', async () => {
    const { made, copy } = await invitation();
    await carla.api(`/me/events/${made.id}/cancel`).post({ comment: 'Not needed' });
    const seen = (await dana.api(`/me/events/${copy.id}`).get()) as Event;
    expect(seen).toMatchObject({ isCancelled: true, subject: 'Canceled: Series' });
    await dana.api(`/me/events/${copy.id}`).delete();
    expect(await graphRefusal(dana.api(`/me/events/${copy.id}`).get())).toMatchObject({
      status: 404,
    });
    const other = await invitation();
    await dana.api(`/me/events/${other.copy.id}`).delete();
    expect(await answers(other.made.id!)).toEqual(['none']);
  });

  it('pass an invitation on', async () => {
    const { made, copy } = await invitation();
    const toRecipients = [{ emailAddress: { address: alexEmail, name: 'Alex Morgan' } }];
    await dana.api(`/me/events/${copy.id}/forward`).post({ toRecipients, comment: 'For you' });
    const event = await alex.calendar.events.get({
      calendarId: 'primary',
      eventId: storedId(made.id!),
    });
    expect(event.data.summary).toBe('Series');
  });
});

describe('change tracking', () => {
  interface Page {
    value: (Event & { '@removed'?: { reason: string } })[];
    '@odata.nextLink'?: string;
    '@odata.deltaLink'?: string;
  }
  const window = 'startDateTime=2026-11-01T00:00:00Z&endDateTime=2026-12-01T00:00:00Z';
  const round = async (first: string): Promise<{ items: Page['value']; link: string }> => {
    const items: Page['value'] = [];
    let link = first;
    for (;;) {
      const page = (await carla
        .api(link)
        .header('Prefer', 'odata.maxpagesize=7, IdType="ImmutableId"')
        .get()) as Page;
      items.push(...page.value);
      if (page['@odata.deltaLink']) return { items, link: page['@odata.deltaLink'] };
      expect(page.value).toHaveLength(7);
      link = page['@odata.nextLink']!;
    }
  };

  it('tells what came, what changed and what left, each once', async () => {
    const start = await round(`/me/calendarView/delta?${window}`);
    expect(start.items.length).toBeGreaterThan(20);
    expect((await round(start.link)).items).toEqual([]);
    const made = await create(times('2026-11-12'));
    const second = await round(start.link);
    expect(second.items.map(({ id }) => id)).toEqual([made.id]);
    await carla.api(`/me/events/${made.id}`).patch({ subject: 'Changed' });
    const third = await round(second.link);
    expect(third.items.map(({ subject }) => subject)).toEqual(['Changed']);
    await carla.api(`/me/events/${made.id}`).patch(times('2027-11-12'));
    expect((await round(third.link)).items).toEqual([
      { id: made.id, '@removed': { reason: 'deleted' } },
    ]);
  });

  it('refuses options and forgets old rounds', async () => {
    const select = carla.api(`/me/calendarView/delta?${window}&$select=subject`).get();
    expect(await graphRefusal(select)).toMatchObject({ status: 400 });
    const old = await round(`/me/calendarView/delta?${window}`);
    for (let count = 0; count < 6; count += 1) await round(`/me/calendarView/delta?${window}`);
    expect(await graphRefusal(carla.api(old.link).get())).toEqual({
      status: 410,
      code: 'SyncStateNotFound',
    });
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
