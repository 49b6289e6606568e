/** The real Calendar client against the sandbox: reads, writes and free/busy. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { askOracle, type Clients, connect, type EffectRow, refusal } from './sandbox-clients.ts';

// A Wednesday three weeks before the clocks change in Berlin (25 October 2026).
const now = new Date('2026-10-07T08:00:00Z');
const alexEmail = 'alex.morgan@office.example.com';
const bobEmail = 'bob.keller@office.example.com';
const samEmail = 'sam.okafor@office.example.com';
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

describe('reading', () => {
  it('lists the calendar, its settings and a week of single events in order', async () => {
    const list = await alex.calendar.calendarList.list();
    expect(list.data.items?.map(({ id }) => id)).toEqual([alexEmail]);
    expect((await alex.calendar.calendarList.get({ calendarId: 'primary' })).data.primary).toBe(
      true,
    );
    expect((await alex.calendar.calendars.get(ownCalendar)).data.timeZone).toBe('Europe/Berlin');
    expect((await alex.calendar.settings.get({ setting: 'timezone' })).data.value).toBe(
      'Europe/Berlin',
    );
    expect((await alex.calendar.settings.list()).data.items?.length).toBeGreaterThan(3);
    const week = await alex.calendar.events.list({
      ...ownCalendar,
      timeMin: '2026-10-12T00:00:00+02:00',
      timeMax: '2026-10-17T00:00:00+02:00',
      singleEvents: true,
      orderBy: 'startTime',
    });
    const starts = week.data.items!.map(
      ({ start }) => start!.dateTime ?? `${start!.date}T00:00:00+02:00`,
    );
    expect(starts.length).toBeGreaterThan(12);
    expect(starts.map(Date.parse)).toEqual(starts.map(Date.parse).toSorted((a, b) => a - b));
  });

  it('treats timeMin as a bound on the end and timeMax as a bound on the start, both exclusive', async () => {
    await alex.calendar.events.insert({
      ...ownCalendar,
      requestBody: meeting('bounds', { start: at(18, '10:00'), end: at(18, '11:00') }),
    });
    const count = async (timeMin: string, timeMax: string) =>
      (await alex.calendar.events.list({ ...ownCalendar, q: 'Coffee', timeMin, timeMax })).data
        .items!.length;
    expect(await count('2026-10-18T11:00:00+02:00', '2026-10-18T12:00:00+02:00')).toBe(0);
    expect(await count('2026-10-18T10:59:00+02:00', '2026-10-18T12:00:00+02:00')).toBe(1);
    expect(await count('2026-10-18T09:00:00+02:00', '2026-10-18T10:00:00+02:00')).toBe(0);
    expect(await count('2026-10-18T09:00:00+02:00', '2026-10-18T10:01:00+02:00')).toBe(1);
  });

  it('gives every event once over pages, and a sync token only on the last page', async () => {
    const ids: string[] = [];
    let pageToken: string | undefined;
    let syncToken: string | null | undefined;
    do {
      const page = await alex.calendar.events.list({
        ...ownCalendar,
        maxResults: 7,
        ...(pageToken ? { pageToken } : {}),
      });
      ids.push(...page.data.items!.map(({ id }) => id!));
      expect(Boolean(page.data.nextPageToken)).toBe(!page.data.nextSyncToken);
      pageToken = page.data.nextPageToken ?? undefined;
      syncToken = page.data.nextSyncToken;
    } while (pageToken);
    expect(new Set(ids).size).toBe(ids.length);
    await alex.calendar.events.insert({ ...ownCalendar, requestBody: meeting('changed') });
    const changed = await alex.calendar.events.list({ ...ownCalendar, syncToken: syncToken! });
    expect(changed.data.items!.map(({ id }) => id)).toEqual(['changed']);
    const old = Buffer.from('sync:1:false').toString('base64url');
    expect(await refusal(alex.calendar.events.list({ ...ownCalendar, syncToken: old }))).toEqual({
      status: 410,
      reason: 'fullSyncRequired',
    });
    expect(
      (await refusal(alex.calendar.events.list({ ...ownCalendar, syncToken: syncToken!, q: 'x' })))
        .status,
    ).toBe(400);
  });

  it('refuses start order without single events and an empty window', async () => {
    expect(
      (await refusal(alex.calendar.events.list({ ...ownCalendar, orderBy: 'startTime' }))).status,
    ).toBe(400);
    const window = { timeMin: '2026-10-18T10:00:00Z', timeMax: '2026-10-18T10:00:00Z' };
    expect(await refusal(alex.calendar.events.list({ ...ownCalendar, ...window }))).toEqual({
      status: 400,
      reason: 'timeRangeEmpty',
    });
  });
});

describe('writing', () => {
  it('finds an inserted event by its private property and counts it once', async () => {
    await alex.calendar.events.insert({ ...ownCalendar, requestBody: meeting('once1') });
    const found = await alex.calendar.events.list({
      ...ownCalendar,
      privateExtendedProperty: ['effectKey=key-once1'],
    });
    expect(found.data.items!.map(({ id }) => id)).toEqual(['once1']);
    const effects = await askOracle<EffectRow[]>(sandbox, 'effects');
    const row = effects.find(({ key }) => key === 'key-once1')!;
    expect(row).toMatchObject({ operation: 'events.insert', account: alexEmail, count: 1 });
    expect(JSON.parse(row.raw)).toMatchObject({ id: 'once1' });
  });

  it('answers 409 for a taken id, also after its event is deleted', async () => {
    const requestBody = meeting('taken');
    await alex.calendar.events.insert({ ...ownCalendar, requestBody });
    const duplicate = { status: 409, reason: 'duplicate' };
    expect(await refusal(alex.calendar.events.insert({ ...ownCalendar, requestBody }))).toEqual(
      duplicate,
    );
    await alex.calendar.events.delete({ ...ownCalendar, eventId: 'taken' });
    expect(await refusal(alex.calendar.events.insert({ ...ownCalendar, requestBody }))).toEqual(
      duplicate,
    );
    expect((await alex.calendar.events.get({ ...ownCalendar, eventId: 'taken' })).data.status).toBe(
      'cancelled',
    );
    expect(
      await refusal(alex.calendar.events.delete({ ...ownCalendar, eventId: 'taken' })),
    ).toEqual({ status: 410, reason: 'deleted' });
    expect(
      (
        await refusal(
          alex.calendar.events.patch({
            ...ownCalendar,
            eventId: 'taken',
            requestBody: { summary: 'x' },
          }),
        )
      ).status,
    ).toBe(403);
  });

  it.each([
    ['an id with a letter outside a-v', { id: 'xyz12' }],
    ['an id that is too short', { id: 'ab1' }],
    ['no end', { end: undefined }],
    ['an end before the start', { end: at(15, '10:00') }],
    ['a local time without a zone', { start: { dateTime: '2026-10-15T10:00:00' } }],
    ['a zone that does not exist', { start: { ...at(15, '11:00'), timeZone: 'Mars/Base' } }],
    [
      'a series without a zone',
      { start: { dateTime: '2026-10-15T11:00:00Z' }, recurrence: ['RRULE:FREQ=DAILY'] },
    ],
    ['a rule that cannot be read', { recurrence: ['RRULE:FREQ=SOMETIMES'] }],
    ['a guest without an address', { attendees: [{ email: 'bob' }] }],
  ])('refuses %s', async (_what, extra) => {
    const requestBody = { ...meeting('refused1'), ...(extra as object) };
    expect(
      (await refusal(alex.calendar.events.insert({ ...ownCalendar, requestBody }))).status,
    ).toBe(400);
  });

  it('changes the etag with every change and answers 412 to a stale one', async () => {
    const first = await alex.calendar.events.insert({
      ...ownCalendar,
      requestBody: meeting('etags'),
    });
    const stale = { headers: { 'If-Match': first.data.etag! } };
    const call = { ...ownCalendar, eventId: 'etags' };
    const second = await alex.calendar.events.patch(
      { ...call, requestBody: { summary: 'Tea' } },
      stale,
    );
    expect(second.data.etag).not.toBe(first.data.etag);
    expect(second.data).toMatchObject({ summary: 'Tea', start: first.data.start });
    const refused = { status: 412, reason: 'conditionNotMet' };
    expect(
      await refusal(
        alex.calendar.events.patch({ ...call, requestBody: { summary: 'Cake' } }, stale),
      ),
    ).toEqual(refused);
    expect(await refusal(alex.calendar.events.delete(call, stale))).toEqual(refused);
    const put = await alex.calendar.events.update({
      ...call,
      requestBody: { start: at(15, '12:00'), end: at(15, '12:30') },
    });
    expect(put.data.summary).toBeUndefined();
  });

  it("lets nobody write a colleague's calendar or read more of it than busy time", async () => {
    const requestBody = meeting('foreign');
    expect(
      await refusal(alex.calendar.events.insert({ calendarId: bobEmail, requestBody })),
    ).toEqual({ status: 403, reason: 'requiredAccessLevel' });
    const seen = await alex.calendar.events.list({ calendarId: bobEmail, singleEvents: true });
    expect(seen.data.accessRole).toBe('freeBusyReader');
    expect(seen.data.items!.every(({ summary }) => summary === undefined)).toBe(true);
    expect((await refusal(alex.calendar.events.list({ calendarId: samEmail }))).status).toBe(404);
    expect(
      (await refusal(alex.calendar.events.list({ calendarId: 'nobody@example.net' }))).status,
    ).toBe(404);
  });
});

describe('free/busy', () => {
  it('tells merged busy time and an error for every calendar that cannot be read', async () => {
    const day = { timeMin: '2026-10-14T00:00:00+02:00', timeMax: '2026-10-15T00:00:00+02:00' };
    const items = [alexEmail, bobEmail, samEmail, 'nobody@example.net'].map((id) => ({ id }));
    const { calendars } = (await alex.calendar.freebusy.query({ requestBody: { ...day, items } }))
      .data;
    const busy = calendars![alexEmail]!.busy!;
    // Stand-up and focus touch (09:30 to 11:30); the declined pitch at 13:00 leaves no trace;
    // the 1:1 and the Acme preparation start together at 15:00.
    expect(busy).toEqual([
      { start: '2026-10-14T07:30:00Z', end: '2026-10-14T09:30:00Z' },
      { start: '2026-10-14T13:00:00Z', end: '2026-10-14T13:30:00Z' },
    ]);
    for (const id of [samEmail, 'nobody@example.net']) {
      expect(calendars![id]!.errors).toEqual([{ domain: 'global', reason: 'notFound' }]);
    }
  });
});
