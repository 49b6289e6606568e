/** What the sandbox's Graph takes as an event and what it refuses: times, zones, members, types. */
import type { Event } from '@microsoft/microsoft-graph-types';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventBodySchema, readOnlyMembers } from '#infra/sandbox/microsoft/event-body.ts';
import { readGraphContract } from './graph-contract.ts';
import { type GraphClients, graphRefusal } from './graph-clients.ts';
import {
  at,
  createEvent,
  danaEmail,
  type GraphScene,
  guest,
  meeting,
  readEvent,
  startScene,
  viewEvents,
} from './graph-scene.ts';

let scene: GraphScene;
let carla: GraphClients;

beforeAll(async () => {
  scene = await startScene();
  ({ carla } = scene);
});
afterAll(async () => scene[Symbol.asyncDispose]());
afterEach(() => scene.check());

const create = (extra: object = {}): Promise<Event> => createEvent(carla, meeting(extra));

describe('times', () => {
  it('takes Windows zones and the listed IANA ones, and no other', async () => {
    const iana = await create({
      start: at('2026-10-15', '11:00', 'Europe/Berlin'),
      end: at('2026-10-15', '11:30', 'Europe/Berlin'),
    });
    expect(iana.start!.dateTime).toBe('2026-10-15T09:00:00.0000000');
    expect(iana.originalStartTimeZone).toBe('Europe/Berlin');
    for (const zone of ['Europe/Rome', 'CEST', 'Mars Standard Time']) {
      expect(await graphRefusal(create({ start: at('2026-10-15', '11:00', zone) }))).toEqual({
        status: 400,
        code: 'TimeZoneNotSupportedException',
      });
    }
  });

  it('keeps all-day events at midnight whatever zone is preferred, and demands midnight', async () => {
    const day = {
      isAllDay: true,
      start: at('2026-10-20', '00:00'),
      end: at('2026-10-22', '00:00'),
    };
    const made = await create({ ...day, showAs: 'oof' });
    const found = await viewEvents(
      carla,
      '2026-10-20T12:00:00Z',
      '2026-10-20T13:00:00Z',
      'Tokyo Standard Time',
    );
    expect(found.find(({ id }) => id === made.id)).toMatchObject({
      isAllDay: true,
      showAs: 'oof',
      start: { dateTime: '2026-10-20T00:00:00.0000000', timeZone: 'Tokyo Standard Time' },
      end: { dateTime: '2026-10-22T00:00:00.0000000', timeZone: 'Tokyo Standard Time' },
    });
    for (const wrong of [
      { start: at('2026-10-20', '00:30') },
      { end: at('2026-10-20', '00:00') },
      { end: at('2026-10-21', '00:00', 'UTC') },
    ]) {
      expect(await graphRefusal(create({ ...day, ...wrong }))).toMatchObject({
        status: 400,
        code: 'ErrorPropertyValidationFailure',
      });
    }
  });

  it('keeps wall-clock times over a change of the clock', async () => {
    const made = await create({
      start: at('2026-10-21', '09:00'),
      end: at('2026-10-21', '09:30'),
      recurrence: {
        pattern: { type: 'weekly', interval: 1, daysOfWeek: ['wednesday'] },
        range: { type: 'numbered', startDate: '2026-10-21', numberOfOccurrences: 2 },
      },
    });
    const found = await viewEvents(carla, '2026-10-19T00:00:00Z', '2026-11-01T00:00:00Z');
    expect(
      found
        .filter(({ seriesMasterId }) => seriesMasterId === made.id)
        .map(({ start }) => start!.dateTime),
    ).toEqual(['2026-10-21T07:00:00.0000000', '2026-10-28T08:00:00.0000000']);
  });
});

describe('what a request may hold', () => {
  const refused = async (body: object) => {
    const answer = await graphRefusal(carla.api('/me/events').post(meeting(body)));
    // The contract check saw the same mistake: both sides catch it.
    expect(carla.violations.length).toBeGreaterThan(0);
    carla.violations.length = 0;
    return answer;
  };

  it.each([
    ['a misspelt member', { subjekt: 'Tea' }],
    ['a misspelt member inside', { location: { displayname: 'Here' } }],
    ['a value in the wrong case', { showAs: 'Busy' }],
    ['a wrong type', { isAllDay: 'false' }],
    [
      'a pattern nobody knows',
      { recurrence: { pattern: { type: 'hourly', interval: 1 }, range: {} } },
    ],
  ])('refuses %s', async (_what, body) => {
    expect(await refused(body)).toEqual({ status: 400, code: 'RequestBodyRead' });
  });

  it('has every member that the contract publishes, and no other', () => {
    const known = [...Object.keys(eventBodySchema.shape), ...readOnlyMembers];
    expect(known.toSorted()).toEqual(readGraphContract().members('event').toSorted());
  });

  it('is watched on the other side too: a misspelt member of an answer is a violation', async () => {
    const event = await readEvent(carla, (await create()).id!);
    const exchange = {
      method: 'GET',
      url: `${scene.sandbox.url}/v1.0/me/events/x`,
      requestBody: '',
      status: 200,
    };
    const contract = readGraphContract();
    const violations = (body: object) =>
      contract.violations({ ...exchange, responseBody: JSON.stringify(body) });
    expect(violations(event)).toEqual([]);
    expect(violations({ ...event, subjekt: 'Tea' })).toHaveLength(1);
    expect(violations({ ...event, showAs: 'Busy' })).toHaveLength(1);
    expect(violations({ ...event, createdDateTime: '2026-10-07T08:00:00' })).toHaveLength(1);
  });

  it('takes back what it gave', async () => {
    const made = await create({ attendees: [guest(danaEmail)] });
    const again = (await carla.api(`/me/events/${made.id}`).patch(made)) as Event;
    const { start, end, attendees, body, recurrence, showAs, organizer } = made;
    expect(again).toMatchObject({ start, end, attendees, body, recurrence, showAs, organizer });
  });
});
