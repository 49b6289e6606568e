/** The frame of the sandbox's Microsoft Graph: sign-in, permissions, batches, free/busy, faults. */
import { createHash } from 'node:crypto';
import type { ScheduleInformation } from '@microsoft/microsoft-graph-types';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { accessToken, connectGraph, type GraphClients, graphRefusal } from './graph-clients.ts';
import { askOracle, connect, refusal, setFault, setKnobs } from './sandbox-clients.ts';

const now = new Date('2026-10-07T08:00:00Z');
const carlaEmail = 'carla.rossi@office.example.com';
const alexEmail = 'alex.morgan@office.example.com';
const privateEmail = 'alex@morgan-family.example.org';
const samEmail = 'sam.okafor@office.example.com';
const redirect = 'http://127.0.0.1/callback';

let nowMs = now.getTime();
let sandbox: Sandbox;
let carla: GraphClients;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date(nowMs) });
});
beforeEach(async () => {
  carla = await connectGraph(sandbox, carlaEmail);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
afterEach(() => {
  expect(carla.violations).toEqual([]);
});

describe('sign-in', () => {
  const verifier = 'v'.repeat(43);
  const scope = 'openid offline_access Calendars.ReadWrite https://graph.microsoft.com/User.Read';
  const consent = async (extra: Record<string, string> = {}): Promise<URL> => {
    const address = new URL(`${sandbox.url}/microsoft/oauth2/v2.0/authorize`);
    address.search = new URLSearchParams({
      client_id: 'adjutant',
      response_type: 'code',
      redirect_uri: redirect,
      scope,
      state: 'some state',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...extra,
    }).toString();
    const answer = await fetch(address, { redirect: 'manual' });
    expect(answer.status).toBe(302);
    return new URL(answer.headers.get('location')!);
  };
  const token = async (form: Record<string, string>) => {
    const answer = await fetch(`${sandbox.url}/microsoft/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'adjutant', client_secret: 'not-a-secret', ...form }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, string> };
  };
  const redeem = async (extra: Record<string, string> = {}, asked: Record<string, string> = {}) => {
    const code = (await consent(asked)).searchParams.get('code')!;
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirect,
      code_verifier: verifier,
    };
    return token({ ...form, ...extra });
  };
  const mail = async (access: string) => {
    const answer = await fetch(`${sandbox.url}/v1.0/me?$select=mail`, {
      headers: { authorization: `Bearer ${access}` },
    });
    return answer.ok ? ((await answer.json()) as { mail: string }).mail : answer.status;
  };

  it('gives the main person’s private account, or whoever is hinted at, with the state untouched', async () => {
    expect((await consent()).searchParams.get('state')).toBe('some state');
    const { body } = await redeem();
    expect(body).toMatchObject({
      token_type: 'Bearer',
      scope: 'openid Calendars.ReadWrite https://graph.microsoft.com/User.Read',
      expires_in: 3599,
    });
    expect(await mail(body.access_token!)).toBe(privateEmail);
    const hinted = await redeem({}, { login_hint: carlaEmail });
    expect(await mail(hinted.body.access_token!)).toBe(carlaEmail);
  });

  it('rotates refresh tokens and lets the older ones go on working', async () => {
    const first = (await redeem()).body.refresh_token!;
    const refresh = async (refresh_token: string) =>
      (await token({ grant_type: 'refresh_token', refresh_token })).body;
    const second = (await refresh(first)).refresh_token!;
    expect(second).not.toBe(first);
    expect((await refresh(first)).refresh_token).not.toBe(second);
    expect(await mail((await refresh(second)).access_token!)).toBe(privateEmail);
  });

  it('gives no refresh token without offline_access', async () => {
    const { body } = await redeem({}, { scope: 'User.Read' });
    expect(body.access_token).toBeDefined();
    expect(body.refresh_token).toBeUndefined();
  });

  it.each([
    ['a wrong verifier', { code_verifier: 'w'.repeat(43) }, 50148],
    ['another redirect', { redirect_uri: 'http://127.0.0.1/other' }, 500112],
    ['an unknown code', { code: 'M.nothing' }, 54005],
  ])('refuses %s', async (_what, form, number) => {
    const { status, body } = await redeem(form);
    expect([status, body.error, body.error_codes]).toEqual([400, 'invalid_grant', [number]]);
    expect(body.error_description).toMatch(new RegExp(`^AADSTS${number}: .+ Trace ID: `));
  });

  it('refuses a client without its secret', async () => {
    const { status, body } = await redeem({ client_secret: '' });
    expect([status, body.error]).toEqual([401, 'invalid_client']);
  });

  it('ends every grant when the sessions are revoked, until consent is given again', async () => {
    const { body } = await redeem();
    const answer = await fetch(`${sandbox.url}/v1.0/me/revokeSignInSessions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${body.access_token}` },
    });
    expect(answer.status).toBe(200);
    expect(await mail(body.access_token!)).toBe(401);
    const again = await token({ grant_type: 'refresh_token', refresh_token: body.refresh_token! });
    expect([again.status, again.body.error]).toEqual([400, 'invalid_grant']);
    expect(await mail((await redeem()).body.access_token!)).toBe(privateEmail);
  });

  it('lets a token do only what was consented to, only at this vendor and only for an hour', async () => {
    const narrow = (await redeem({}, { scope: 'User.Read', login_hint: carlaEmail })).body
      .access_token!;
    const events = async (access: string) =>
      (
        await fetch(`${sandbox.url}/v1.0/me/events`, {
          headers: { authorization: `Bearer ${access}` },
        })
      ).status;
    expect(await events(narrow)).toBe(403);
    const whole = await accessToken(sandbox, carlaEmail);
    expect(await events(whole)).toBe(200);
    const list = `${sandbox.url}/calendar/v3/users/me/calendarList`;
    expect((await fetch(list, { headers: { authorization: `Bearer ${whole}` } })).status).toBe(401);
    const google = connect(sandbox, carlaEmail).calendar.calendarList.list();
    expect(await refusal(google).catch(() => 'no token')).toBe('no token');
    nowMs += 3_600_000;
    expect(await events(whole)).toBe(401);
  });
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
