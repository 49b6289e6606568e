/** The frame of the sandbox's Microsoft Graph: errors, faults, free/busy of several people, batches. */
import type { ScheduleInformation } from '@microsoft/microsoft-graph-types';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectGraph, type GraphClients, graphRefusal } from './graph-clients.ts';
import { askOracle, connect, setFault, setKnobs } from './sandbox-clients.ts';

const now = new Date('2026-10-07T08:00:00Z');
const carlaEmail = 'carla.rossi@office.example.com';
const alexEmail = 'alex.morgan@office.example.com';
const privateEmail = 'alex@morgan-family.example.org';
const samEmail = 'sam.okafor@office.example.com';

let sandbox: Sandbox;
let carla: GraphClients;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => now });
});
beforeEach(async () => {
  carla = await connectGraph(sandbox, carlaEmail);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
afterEach(() => {
  expect(carla.violations).toEqual([]);
});

it('says who the token belongs to', async () => {
  const me = await carla.api('/me').select('mail,userPrincipalName,displayName').get();
  expect(me).toEqual({
    mail: carlaEmail,
    userPrincipalName: carlaEmail,
    displayName: 'Carla Rossi',
  });
});

it('shows both accounts of the one main person, and half of the office at Microsoft', async () => {
  const office = await askOracle<
    { email: string; vendor: string; main?: true; accounts: { email: string; vendor: string }[] }[]
  >(sandbox, 'office');
  expect(office.filter(({ main }) => main).map(({ accounts }) => accounts)).toEqual([
    [
      { email: alexEmail, vendor: 'google' },
      { email: privateEmail, vendor: 'microsoft' },
    ],
  ]);
  expect(office.filter(({ vendor }) => vendor === 'microsoft')).toHaveLength(office.length / 2);
});

describe('errors', () => {
  it('carry the ids of the request, the client’s own among them', async () => {
    const answer = await fetch(`${sandbox.url}/v1.0/me/events`, {
      headers: { 'client-request-id': 'mine' },
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    expect(await answer.json()).toEqual({
      error: {
        code: 'InvalidAuthenticationToken',
        message: 'Access token is empty.',
        innerError: {
          date: expect.stringMatching(/T\d\d:\d\d:\d\d$/) as string,
          'request-id': answer.headers.get('request-id'),
          'client-request-id': 'mine',
        },
      },
    });
  });

  it('answer a path that is not there', async () => {
    expect(await graphRefusal(carla.api('/me/nothing').get())).toMatchObject({ status: 400 });
    expect(carla.violations.splice(0)).toEqual(['no published place for GET /me/nothing']);
  });

  it('come when more requests of a mailbox are under way than it serves', async () => {
    await setKnobs(sandbox, { mailboxConcurrency: 1 });
    await setFault(sandbox, {
      match: { pathRegex: '/me/calendar$' },
      action: 'delay',
      delayMs: 300,
    });
    const slow = carla.api('/me/calendar').get();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await graphRefusal(carla.api('/me/calendars').get())).toEqual({
      status: 429,
      code: 'ApplicationThrottled',
    });
    expect(carla.latest().get('retry-after')).toBe('1');
    await slow;
    await carla.api('/me/calendars').get();
    await setKnobs(sandbox, { mailboxConcurrency: null });
  });

  it('have their own form when a fault is set', async () => {
    const headers = { 'retry-after': '7' };
    await setFault(sandbox, {
      match: { pathRegex: '/me/calendar$' },
      action: 'status',
      status: 429,
      headers,
    });
    expect(await graphRefusal(carla.api('/me/calendar').get())).toEqual({
      status: 429,
      code: 'ApplicationThrottled',
    });
    expect(carla.latest().get('retry-after')).toBe('7');
  });

  it('can be injected like anywhere else', async () => {
    await setFault(sandbox, {
      match: { method: 'POST', pathRegex: '^/v1.0/me/events' },
      action: 'drop_after_commit',
    });
    const times = {
      start: { dateTime: '2026-10-15T11:00:00', timeZone: 'UTC' },
      end: { dateTime: '2026-10-15T12:00:00', timeZone: 'UTC' },
    };
    const lost = carla.api('/me/events').post({ subject: 'Lost answer', ...times });
    await expect(lost).rejects.toMatchObject({ statusCode: -1 });
    const filter = encodeURIComponent("subject eq 'Lost answer'");
    const { value } = (await carla.api('/me/events').filter(filter).get()) as { value: object[] };
    expect(value).toHaveLength(1);
  });
});

describe('free/busy', () => {
  const ask = async (schedules: string[], extra: object = {}): Promise<ScheduleInformation[]> => {
    const body = {
      Schedules: schedules,
      StartTime: { dateTime: '2026-10-12T09:00:00', timeZone: 'W. Europe Standard Time' },
      EndTime: { dateTime: '2026-10-12T18:00:00', timeZone: 'W. Europe Standard Time' },
      AvailabilityViewInterval: 60,
      ...extra,
    };
    return (
      (await carla.api('/me/calendar/getSchedule').post(body)) as { value: ScheduleInformation[] }
    ).value;
  };

  it('tells the time of colleagues at both vendors, and an error for whoever cannot be read', async () => {
    const asked = [
      alexEmail,
      'kenji.tanaka@office.example.com',
      carlaEmail,
      samEmail,
      privateEmail,
      'x@y.example',
    ];
    const [alex, kenji, own, ...unreadable] = await ask(asked);
    // Focus 10:00 to 12:30, All hands is in another week, Leadership sync at 15:00.
    expect(alex!.availabilityView).toBe('222200200');
    expect(alex!.workingHours).toBeUndefined();
    expect(alex!.scheduleItems![0]).not.toHaveProperty('subject');
    expect(kenji!.availabilityView).toBe('333333333');
    expect(kenji!.workingHours!.timeZone).toEqual({ name: 'Tokyo Standard Time' });
    expect(own!.scheduleItems!.map(({ subject }) => subject)).toContain('Hiring panel');
    expect(own!.scheduleItems!.some(({ isPrivate }) => isPrivate)).toBe(true);
    expect(unreadable.map(({ scheduleId, error }) => [scheduleId, error!.responseCode])).toEqual([
      [samEmail, 'ErrorNoFreeBusyAccess'],
      [privateEmail, 'ErrorNoFreeBusyAccess'],
      ['x@y.example', 'ErrorMailRecipientNotFound'],
    ]);
  });

  it('stops at the vendor when the two calendars are not connected', async () => {
    await setKnobs(sandbox, { calendarInterop: false });
    const [alex, kenji] = await ask([alexEmail, 'kenji.tanaka@office.example.com']);
    expect([alex!.error?.responseCode, kenji!.error]).toEqual(['ErrorNoFreeBusyAccess', undefined]);
    const google = await connect(sandbox, alexEmail).calendar.freebusy.query({
      requestBody: {
        timeMin: '2026-10-12T00:00:00Z',
        timeMax: '2026-10-13T00:00:00Z',
        items: [{ id: carlaEmail }],
      },
    });
    expect(google.data.calendars![carlaEmail]!.errors![0]!.reason).toBe('notFound');
    await setKnobs(sandbox, { calendarInterop: true });
  });

  it.each([
    ['more than 20 people', { Schedules: Array.from({ length: 21 }, () => samEmail) }],
    ['too long a time', { EndTime: { dateTime: '2027-10-12T18:00:00', timeZone: 'UTC' } }],
    ['an end before the start', { EndTime: { dateTime: '2026-10-11T18:00:00', timeZone: 'UTC' } }],
    ['too fine a view', { AvailabilityViewInterval: 4 }],
  ])('refuses %s', async (_what, extra) => {
    expect(await graphRefusal(ask([alexEmail], extra))).toMatchObject({ status: 400 });
  });
});

describe('batches', () => {
  const send = async (requests: object[]) =>
    (
      (await carla.api('/$batch').post({ requests })) as {
        responses: {
          id: string;
          status: number;
          body: { code?: string; error?: { code: string } };
        }[];
      }
    ).responses;

  it('answer each part under its id, and none that depends on a failed one', async () => {
    const answers = await send([
      { id: 'a', method: 'GET', url: '/me/calendar' },
      { id: 'b', method: 'GET', url: '/me/events/AAkALgnothingnothing' },
      { id: 'c', method: 'GET', url: '/me/calendar', dependsOn: ['b'] },
      {
        id: 'd',
        method: 'PATCH',
        url: '/me/events/AAkALgnothingnothing',
        headers: { 'Content-Type': 'application/json' },
        body: { subject: 'Tea' },
      },
    ]);
    expect(answers.map(({ id, status, body }) => [id, status, body.error?.code])).toEqual([
      ['a', 200, undefined],
      ['b', 404, 'ErrorItemNotFound'],
      ['c', 424, 'FailedDependency'],
      ['d', 404, 'ErrorItemNotFound'],
    ]);
    // The contract knows no error of a part that was never sent.
    expect(carla.violations.splice(0)).toEqual([expect.stringContaining('innerError')]);
  });

  it('carry what is not JSON in base64', async () => {
    const answers = await send([{ id: 'a', method: 'GET', url: '/me/messages/$count' }]);
    const alone = (await carla.api('/me/messages/$count').get()) as string;
    expect(Number(alone)).toBeGreaterThan(0);
    expect(answers).toMatchObject([{ status: 200, body: Buffer.from(alone).toString('base64') }]);
  });

  it.each([
    [
      'the same id twice',
      [
        { id: '1', method: 'GET', url: '/me' },
        { id: '1', method: 'GET', url: '/me' },
      ],
    ],
    [
      'more than 20 parts',
      Array.from({ length: 21 }, (_, n) => ({ id: `${n}`, method: 'GET', url: '/me' })),
    ],
    ['a body without its type', [{ id: '1', method: 'POST', url: '/me/events', body: {} }]],
    ['a whole address', [{ id: '1', method: 'GET', url: 'https://graph.microsoft.com/v1.0/me' }]],
  ])('refuse %s', async (_what, requests) => {
    expect(await graphRefusal(send(requests))).toMatchObject({ status: 400 });
  });
});
