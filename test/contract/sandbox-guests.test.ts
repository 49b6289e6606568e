/** Guests and recurring events through the real Calendar client: what reaches whom, and when. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { askOracle, type Clients, connect, refusal } from './sandbox-clients.ts';

// A Wednesday three weeks before the clocks change in Berlin (25 October 2026).
const now = new Date('2026-10-07T08:00:00Z');
const bobEmail = 'bob.keller@office.example.com';
const ownCalendar = { calendarId: 'primary' };

let sandbox: Sandbox;
let alex: Clients;
let bob: Clients;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => now });
  alex = connect(sandbox);
  bob = connect(sandbox, bobEmail);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
afterEach(() => {
  expect(alex.violations).toEqual([]);
  expect(bob.violations).toEqual([]);
});

const at = (day: number, time: string) => ({
  dateTime: `2026-10-${day}T${time}:00+02:00`,
  timeZone: 'Europe/Berlin',
});
const meeting = (id: string, extra: object = {}) => ({
  id,
  summary: 'Coffee',
  start: at(15, '11:00'),
  end: at(15, '11:30'),
  extendedProperties: { private: { effectKey: `key-${id}` } },
  ...extra,
});

describe('guests', () => {
  const attendees = [{ email: bobEmail }, { email: 'nora.feld@acme.example.org' }];

  it('puts an invitation on the calendar of a colleague and carries moves and cancellations', async () => {
    const call = { ...ownCalendar, sendUpdates: 'all' };
    const made = await alex.calendar.events.insert({
      ...call,
      requestBody: meeting('invite', { attendees }),
    });
    const copy = await bob.calendar.events.get({ ...ownCalendar, eventId: 'invite' });
    expect(copy.data.iCalUID).toBe(made.data.iCalUID);
    expect(copy.data.extendedProperties).toBeUndefined();
    expect(copy.data.attendees).toContainEqual(
      expect.objectContaining({ email: bobEmail, self: true, responseStatus: 'needsAction' }),
    );
    await alex.calendar.events.patch({
      ...call,
      eventId: 'invite',
      requestBody: { start: at(15, '12:00'), end: at(15, '12:30') },
    });
    expect(
      (await bob.calendar.events.get({ ...ownCalendar, eventId: 'invite' })).data.start!.dateTime,
    ).toBe('2026-10-15T12:00:00+02:00');
    await alex.calendar.events.delete({ ...call, eventId: 'invite' });
    expect((await bob.calendar.events.get({ ...ownCalendar, eventId: 'invite' })).data.status).toBe(
      'cancelled',
    );
    const { notifications } = await askOracle<{
      notifications: { eventId: string; kind: string; to: string; count: number }[];
    }>(sandbox, 'state');
    const mine = notifications.filter(({ eventId, to }) => eventId === 'invite' && to === bobEmail);
    expect(mine.map(({ kind, count }) => [kind, count])).toEqual([
      ['invitation', 1],
      ['update', 1],
      ['cancellation', 1],
    ]);
  });

  it("carries a guest's answer to the organizer and refuses any other change by a guest", async () => {
    await alex.calendar.events.insert({
      ...ownCalendar,
      requestBody: meeting('rsvp1', { attendees }),
    });
    const call = { ...ownCalendar, eventId: 'rsvp1' };
    const copy = await bob.calendar.events.get(call);
    const answered = copy.data.attendees!.map((guest) =>
      guest.self ? { ...guest, responseStatus: 'accepted' } : guest,
    );
    await bob.calendar.events.patch({ ...call, requestBody: { attendees: answered } });
    const event = await alex.calendar.events.get(call);
    expect(event.data.attendees!.find(({ email }) => email === bobEmail)!.responseStatus).toBe(
      'accepted',
    );
    expect(
      await refusal(bob.calendar.events.patch({ ...call, requestBody: { summary: 'Mine' } })),
    ).toEqual({ status: 403, reason: 'forbiddenForNonOrganizer' });
    const own = { email: bobEmail, responseStatus: 'tentative' };
    const partial = { attendeesOmitted: true, attendees: [own] };
    const tentative = await bob.calendar.events.patch({ ...call, requestBody: partial });
    expect(tentative.data.attendees).toHaveLength(2);
    await bob.calendar.events.delete(call);
    expect(
      (await alex.calendar.events.get(call)).data.attendees!.find(
        ({ email }) => email === bobEmail,
      )!.responseStatus,
    ).toBe('declined');
    await alex.calendar.events.patch({ ...call, requestBody: { summary: 'Still on' } });
    expect((await bob.calendar.events.get(call)).data.status).toBe('cancelled');
  });
});

describe('recurrence', () => {
  it('keeps wall-clock time over the change of the clocks, with moved and cancelled occurrences', async () => {
    const requestBody = meeting('series', {
      start: at(20, '09:00'),
      end: at(20, '10:00'),
      recurrence: ['RRULE:FREQ=WEEKLY;COUNT=5', 'EXDATE;TZID=Europe/Berlin:20261103T090000'],
      attendees: [{ email: bobEmail }],
    });
    await alex.calendar.events.insert({ ...ownCalendar, requestBody });
    const call = { ...ownCalendar, eventId: 'series' };
    const ids = async (who: Clients) =>
      (await who.calendar.events.instances(call)).data.items!.map(({ id }) => id);
    expect(await ids(alex)).toEqual([
      'series_20261020T070000Z',
      'series_20261027T080000Z',
      'series_20261110T080000Z',
      'series_20261117T080000Z',
    ]);
    const moved = { dateTime: '2026-10-27T14:00:00+01:00', timeZone: 'Europe/Berlin' };
    const patched = await alex.calendar.events.patch({
      ...ownCalendar,
      eventId: 'series_20261027T080000Z',
      requestBody: { start: moved, end: { ...moved, dateTime: '2026-10-27T15:00:00+01:00' } },
    });
    expect(patched.data).toMatchObject({
      recurringEventId: 'series',
      originalStartTime: { dateTime: '2026-10-27T09:00:00+01:00' },
    });
    await alex.calendar.events.delete({ ...ownCalendar, eventId: 'series_20261110T080000Z' });
    for (const who of [alex, bob]) {
      const list = await who.calendar.events.list({
        ...ownCalendar,
        q: 'Coffee',
        singleEvents: true,
        orderBy: 'startTime',
        timeMin: '2026-10-19T00:00:00Z',
      });
      expect(
        list.data
          .items!.filter(({ recurringEventId }) => recurringEventId === 'series')
          .map(({ start }) => start!.dateTime),
      ).toEqual([
        '2026-10-20T09:00:00+02:00',
        '2026-10-27T14:00:00+01:00',
        '2026-11-17T09:00:00+01:00',
      ]);
    }
    const unexpanded = await alex.calendar.events.list({
      ...ownCalendar,
      timeMin: '2026-11-10T00:00:00Z',
      timeMax: '2026-11-11T00:00:00Z',
    });
    expect(unexpanded.data.items).toContainEqual(
      expect.objectContaining({ id: 'series_20261110T080000Z', status: 'cancelled' }),
    );
    expect(
      (
        await refusal(
          alex.calendar.events.get({ ...ownCalendar, eventId: 'series_20261028T080000Z' }),
        )
      ).status,
    ).toBe(404);
  });
});
