/** The real Microsoft Graph client against the sandbox: reading and changing a calendar. */
import { ResponseType } from '@microsoft/microsoft-graph-client';
import type { Event } from '@microsoft/microsoft-graph-types';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type GraphClients, graphRefusal } from './graph-clients.ts';
import {
  alexEmail,
  berlin,
  carlaEmail,
  createEvent,
  danaEmail,
  type GraphScene,
  guest,
  meeting,
  notified,
  readEvent,
  startScene,
  storedId,
  viewEvents,
} from './graph-scene.ts';
import { askOracle, type Clients, type EffectRow, setKnobs } from './sandbox-clients.ts';

const noraEmail = 'nora.feld@acme.example.org';
const keyProperty = 'String {2f8d3c1e-6a55-4f0b-9d27-0c7f3a1b5e42} Name EffectKey';

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

const create = (extra: object = {}): Promise<Event> => createEvent(carla, meeting(extra));

describe('reading', () => {
  it('shows a week in order, in UTC unless another zone is preferred, with seven digits', async () => {
    const [from, to] = ['2026-10-12T00:00:00Z', '2026-10-17T00:00:00Z'];
    const events = await viewEvents(carla, from, to);
    expect(events.length).toBeGreaterThan(12);
    const starts = events.map(({ start }) => start!.dateTime!);
    expect(starts.every((start) => /^2026-10-1\dT\d\d:\d\d:00\.0000000$/.test(start))).toBe(true);
    expect(starts).toEqual(starts.toSorted());
    expect(new Set(events.map(({ start }) => start!.timeZone))).toEqual(new Set(['UTC']));
    const panel = events.find(({ subject }) => subject === 'Hiring panel')!;
    const [local] = (await viewEvents(carla, from, to, berlin)).filter(({ id }) => id === panel.id);
    expect([panel.start!.dateTime, local!.start]).toEqual([
      '2026-10-12T09:00:00.0000000',
      { dateTime: '2026-10-12T11:00:00.0000000', timeZone: berlin },
    ]);
    expect(carla.latest().get('preference-applied')).toContain(`outlook.timezone="${berlin}"`);
  });

  it('reads bounds without an offset as UTC, whatever zone is preferred, and demands both', async () => {
    const from = '2026-10-12T11:00:00';
    const found = await viewEvents(carla, from, '2026-10-12T12:00:00', 'Tokyo Standard Time');
    const same = await viewEvents(
      carla,
      `${from}Z`,
      encodeURIComponent('2026-10-12T14:00:00+02:00'),
    );
    expect(found.map(({ id }) => id)).toEqual(same.map(({ id }) => id));
    expect(await graphRefusal(carla.api('/me/calendarView').get())).toMatchObject({ status: 400 });
  });

  it('gives lists in pages whose link the client follows with its token', async () => {
    const first = (await carla.api('/me/events').top(3).get()) as {
      value: Event[];
      '@odata.nextLink': string;
    };
    expect(first['@odata.nextLink']).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/v1\.0\/me\/events\?/);
    const second = (await carla.api(first['@odata.nextLink']).get()) as { value: Event[] };
    const all = (await carla.api('/me/events').top(100).get()) as { value: Event[] };
    expect([...first.value, ...second.value].map(({ id }) => id)).toEqual(
      all.value.slice(0, 6).map(({ id }) => id),
    );
    expect(
      all.value.every(({ type }) => type === 'singleInstance' || type === 'seriesMaster'),
    ).toBe(true);
  });

  it('names the zone and the hours of the mailbox, its calendar and the zones there are', async () => {
    const settings = (await dana.api('/me/mailboxSettings').get()) as object;
    expect(settings).toMatchObject({
      timeZone: 'Eastern Standard Time',
      workingHours: {
        startTime: '08:30:00.0000000',
        endTime: '17:30:00.0000000',
        daysOfWeek: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'],
        timeZone: { name: 'Eastern Standard Time' },
      },
    });
    const { value: calendars } = (await dana.api('/me/calendars').get()) as {
      value: { id: string }[];
    };
    const byId = (await dana.api(`/me/calendars/${calendars[0]!.id}/events`).top(2).get()) as {
      value: object[];
    };
    expect(byId.value).toHaveLength(2);
    const zones = (await dana.api('/me/outlook/supportedTimeZones').get()) as {
      value: { alias: string }[];
    };
    expect(zones.value.map(({ alias }) => alias)).toContain('Eastern Standard Time');
    const iana =
      "/me/outlook/supportedTimeZones(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')";
    const listed = (await dana.api(iana).get()) as typeof zones;
    expect(listed.value.map(({ alias }) => alias)).toContain('America/New_York');
  });

  it('shows one office: a meeting that Google organizes, with nobody else’s answer', async () => {
    const [review] = (
      await viewEvents(dana, '2026-10-12T00:00:00Z', '2026-10-13T00:00:00Z')
    ).filter(({ subject }) => subject === 'Leadership sync');
    expect(review).toMatchObject({
      type: 'occurrence',
      isOrganizer: false,
      recurrence: null,
      organizer: { emailAddress: { address: alexEmail } },
      responseStatus: { response: 'accepted' },
    });
    expect(review!.attendees!.map(({ status }) => status!.response)).toEqual([
      'none',
      'none',
      'none',
    ]);
    const master = await readEvent(dana, review!.seriesMasterId!);
    expect(master.recurrence).toEqual({
      pattern: {
        type: 'weekly',
        interval: 1,
        month: 0,
        dayOfMonth: 0,
        daysOfWeek: ['monday'],
        firstDayOfWeek: 'monday',
        index: 'first',
      },
      range: {
        type: 'noEnd',
        startDate: '2026-08-10',
        endDate: '0001-01-01',
        recurrenceTimeZone: berlin,
        numberOfOccurrences: 0,
      },
    });
  });
});

describe('writing', () => {
  it('creates a meeting, invites over both vendors and counts one effect under its key', async () => {
    const made = await create({
      body: { contentType: 'text', content: 'Bring the numbers.' },
      location: { displayName: 'Bar Roma' },
      attendees: [guest(alexEmail), guest(danaEmail, 'optional'), guest(noraEmail)],
      singleValueExtendedProperties: [{ id: keyProperty, value: 'key-create' }],
      transactionId: '7d1c9a52-0f6e-4e37-8a5b-3b5f0d4c2e11',
      isOnlineMeeting: true,
      onlineMeetingProvider: 'teamsForBusiness',
    });
    expect(made).toMatchObject({
      subject: 'Coffee',
      type: 'singleInstance',
      showAs: 'busy',
      isReminderOn: true,
      reminderMinutesBeforeStart: 15,
      originalStartTimeZone: berlin,
      start: { dateTime: '2026-10-15T09:00:00.0000000', timeZone: 'UTC' },
      responseStatus: { response: 'organizer', time: '0001-01-01T00:00:00Z' },
      onlineMeeting: { joinUrl: expect.stringContaining('teams.microsoft.com') as string },
    });
    expect(made.attendees!.map(({ type }) => type)).toEqual(['required', 'optional', 'required']);
    const key = storedId(made.id!);
    const copy = await alex.calendar.events.get({ calendarId: 'primary', eventId: key });
    expect(copy.data).toMatchObject({
      summary: 'Coffee',
      location: 'Bar Roma',
      description: 'Bring the numbers.',
      organizer: { email: carlaEmail },
    });
    expect(copy.data.start!.dateTime).toBe('2026-10-15T11:00:00+02:00');
    expect(await notified(scene.sandbox, key)).toEqual([
      `invitation ${alexEmail} 1`,
      `invitation ${danaEmail} 1`,
      `invitation ${noraEmail} 1`,
    ]);
    const effects = await askOracle<(EffectRow & { vendor: string })[]>(scene.sandbox, 'effects');
    expect(effects.filter((row) => row.key === 'key-create')).toMatchObject([
      { vendor: 'microsoft', operation: 'events.insert', account: carlaEmail, count: 1 },
    ]);
    const filter = `singleValueExtendedProperties/any(ep: ep/id eq '${keyProperty}' and ep/value eq 'key-create')`;
    const found = (await carla
      .api('/me/events')
      .filter(encodeURIComponent(filter))
      .expand(`singleValueExtendedProperties($filter=id eq '${keyProperty}')`)
      .get()) as { value: Event[] };
    expect(
      found.value.map(({ id, singleValueExtendedProperties }) => [
        id,
        singleValueExtendedProperties,
      ]),
    ).toEqual([[made.id, [{ id: keyProperty, value: 'key-create' }]]]);
  });

  it.each([
    [400, true],
    [409, false],
  ])('refuses a used transactionId with %d', async (status, named) => {
    const transactionId = `transaction-${status}`;
    const first = await create({ transactionId });
    await setKnobs(scene.sandbox, { duplicateTransactionStatus: status });
    const second = carla.api('/me/events').post(meeting({ transactionId }));
    const error = (await second.catch((cause: unknown) => cause)) as {
      statusCode: number;
      code: string;
      body: string;
    };
    expect([error.statusCode, error.code]).toEqual([status, 'ErrorDuplicateTransactionId']);
    const annotated = (JSON.parse(error.body) as Record<string, string>)['@event.existingEventId'];
    expect(annotated).toBe(named ? first.id : undefined);
  });

  it('changes only the version that If-Match names', async () => {
    const made = await create();
    const change = (etag: string, subject: string) =>
      carla.api(`/me/events/${made.id}`).header('If-Match', etag).patch({ subject });
    const etag = (made as Record<string, unknown>)['@odata.etag'] as string;
    expect(((await change(etag, 'Tea')) as Event).subject).toBe('Tea');
    expect(await graphRefusal(change(etag, 'Milk'))).toEqual({
      status: 412,
      code: 'ErrorIrresolvableConflict',
    });
    expect((await readEvent(carla, made.id!)).subject).toBe('Tea');
  });

  it('mails only those a change concerns', async () => {
    const made = await create({ attendees: [guest(alexEmail), guest(danaEmail)] });
    const key = storedId(made.id!);
    const path = `/me/events/${made.id}`;
    await carla.api(path).patch({ attendees: [guest(alexEmail), guest(noraEmail)] });
    await carla.api(path).patch({ categories: ['Blue category'], isReminderOn: false });
    expect(await notified(scene.sandbox, key)).toEqual([
      `cancellation ${danaEmail} 1`,
      `invitation ${alexEmail} 1`,
      `invitation ${danaEmail} 1`,
      `invitation ${noraEmail} 1`,
    ]);
    await carla.api(path).patch({ location: { displayName: 'Upstairs' } });
    expect(await notified(scene.sandbox, key)).toContain(`update ${alexEmail} 1`);
    const kept = await readEvent(carla, made.id!);
    expect(kept).toMatchObject({ categories: ['Blue category'], isReminderOn: false });
  });

  it('deletes for good, and tells the guests', async () => {
    const made = await create({ attendees: [guest(alexEmail)] });
    await carla.api(`/me/events/${made.id}`).delete();
    expect(await graphRefusal(carla.api(`/me/events/${made.id}`).get())).toEqual({
      status: 404,
      code: 'ErrorItemNotFound',
    });
    expect(await notified(scene.sandbox, storedId(made.id!))).toContain(
      `cancellation ${alexEmail} 1`,
    );
  });

  it('keeps the ids that a client may use, and tells ordinary from immutable ones', async () => {
    const made = await create();
    const ordinary = (await carla.api(`/me/events/${made.id}`).header('Prefer', '').get()) as Event;
    expect(ordinary.id).not.toBe(made.id);
    expect((await readEvent(carla, ordinary.id!)).id).toBe(made.id);
    const shouted = graphRefusal(carla.api(`/me/events/${made.id!.toUpperCase()}`).get());
    expect(await shouted).toMatchObject({ status: 404 });
    expect(await graphRefusal(dana.api(`/me/events/${made.id}`).get())).toMatchObject({
      status: 404,
    });
    expect(await graphRefusal(carla.api('/me/events/x').get())).toEqual({
      status: 400,
      code: 'ErrorInvalidIdMalformed',
    });
  });

  it('answers an action with 202 and no body at all', async () => {
    const made = await create({ attendees: [guest(danaEmail)] });
    const answer = (await carla
      .api(`/me/events/${made.id}/cancel`)
      .responseType(ResponseType.RAW)
      .post({ Comment: 'Ill today' })) as Response;
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      202,
      null,
      '',
    ]);
  });
});
