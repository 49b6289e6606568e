/** Every way Microsoft fails, and what becomes of it: the right failure, the right wait, the right doubt. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMicrosoftCalendar } from '#activities/calendar/microsoft.ts';
import { plainEvent } from '#activities/calendar/port.ts';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import { createMicrosoftClients } from '#activities/microsoft/client.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { alwaysCalls } from '#test/support/health.ts';
import { effectKey } from './contexts.ts';
import { connectMicrosoft, type MicrosoftSetup } from './microsoft-setup.ts';
import { askOracle, setFault } from './sandbox-clients.ts';

const zone = 'Europe/Berlin';
const owner = 'carla.rossi@office.example.com';
let sandbox: Sandbox;
let microsoft: MicrosoftSetup;
let clockMs = Date.parse('2026-10-07T08:00:00Z');

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date(clockMs) });
  microsoft = connectMicrosoft(sandbox, { timeoutMs: 1_500 });
  // The first exchange compiles the contract, which is no fault of the vendor's.
  await list().catch(() => undefined);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
beforeEach(clearFaults);

async function clearFaults(): Promise<void> {
  await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
}

const fault = (given: object, pathRegex = '/v1.0/') =>
  setFault(sandbox, { match: { pathRegex }, action: 'status', ...given });
const graphError = (code: string) => ({
  error: {
    code,
    message: code,
    innerError: { date: '2026-10-07T08:00:00', 'request-id': 'r', 'client-request-id': 'c' },
  },
});
const list = async () =>
  (await microsoft.calendar(owner)).listEvents({
    fromMs: clockMs,
    toMs: clockMs + 86_400_000,
    zone,
    limit: 10,
  });
const write = async (name: string) =>
  (await microsoft.calendar(owner)).insertEvent({
    ...plainEvent,
    effectKey: effectKey(name),
    title: name,
    start: '2026-10-15T11:00:00+02:00',
    end: '2026-10-15T11:30:00+02:00',
    zone,
    guests: [],
    location: null,
    description: null,
  });
const failed = async (call: Promise<unknown>) => {
  try {
    await call;
  } catch (error) {
    if (error instanceof UnknownOutcomeError) return { type: 'unknown', waitMs: undefined };
    const { type, nextRetryDelay } = error as { type?: string; nextRetryDelay?: number };
    return { type, waitMs: nextRetryDelay };
  }
  return { type: 'answered', waitMs: undefined };
};
const requestsTo = async (start: string) =>
  (await askOracle<{ path: string }[]>(sandbox, 'requests')).filter(({ path }) =>
    path.startsWith(start),
  ).length;
const html = {
  status: 502,
  headers: { 'content-type': 'text/html' },
  body: '<html><h1>Bad gateway',
};

const away = 'ProviderUnavailableError';
/** What happened, what it is for a read and for a write, and how it is made. */
const cases: [name: string, reads: string, writes: string, given: object][] = [
  ['400', 'InvalidInputError', 'InvalidInputError', { body: graphError('ErrorInvalidRequest') }],
  ['401 that stays', 'ReconnectRequiredError', 'ReconnectRequiredError', { times: 2 }],
  [
    '403',
    'PermissionDeniedError',
    'PermissionDeniedError',
    { body: graphError('ErrorAccessDenied') },
  ],
  ['404', 'NotFoundError', 'unknown', { body: graphError('ErrorItemNotFound') }],
  ['408', away, 'unknown', {}],
  ['409', 'ConflictError', 'unknown', {}],
  ['410', 'NotFoundError', 'unknown', { body: graphError('SyncStateNotFound') }],
  ['412', 'PreconditionFailedError', 'PreconditionFailedError', {}],
  ['429', 'RateLimitedError', 'RateLimitedError', { body: graphError('ApplicationThrottled') }],
  ['500', away, 'unknown', {}],
  ['503', away, 'unknown', {}],
  ['504', away, 'unknown', {}],
  ['307', away, 'unknown', { headers: { location: '/x' } }],
  ['an HTML page', away, 'unknown', html],
  ['an HTML page with status 200', away, 'unknown', { ...html, status: 200 }],
  ['a cut answer', away, 'unknown', { action: 'truncate' }],
  ['a reset', away, 'unknown', { action: 'drop_before' }],
  ['a lost answer', away, 'unknown', { action: 'drop_after_commit' }],
  ['silence', away, 'unknown', { action: 'delay', delayMs: 2_500 }],
];

describe('what an answer becomes', () => {
  it.each(cases)('%s becomes %s for a read and %s for a write', async (...given) => {
    const [name, reads, writes, action] = given;
    const status = Number.parseInt(name, 10) || 503;
    await fault({ status, ...action });
    expect((await failed(list())).type).toBe(reads);
    await clearFaults();
    await fault({ status, ...action });
    expect((await failed(write(`case ${name}`))).type).toBe(writes);
  });

  it('takes the wait from Retry-After in seconds and as a date', async () => {
    await fault({ status: 429, headers: { 'retry-after': '7' } });
    expect(await failed(list())).toEqual({ type: 'RateLimitedError', waitMs: 7_000 });
    const until = new Date(Date.now() + 90_000).toUTCString();
    await fault({ status: 429, headers: { 'retry-after': until } });
    const byDate = (await failed(list())).waitMs!;
    expect(byDate).toBeGreaterThan(80_000);
    expect(byDate).toBeLessThanOrEqual(90_000);
    await fault({ status: 503, headers: { 'retry-after': '3' } });
    expect((await failed(list())).waitMs).toBe(3_000);
  });

  it('does not repeat a request that was refused or not answered', async () => {
    for (const given of [{ status: 429 }, { status: 503 }, { action: 'drop_before' }]) {
      const before = await requestsTo('/v1.0/');
      await fault({ ...given, times: 3 });
      await failed(list());
      expect((await requestsTo('/v1.0/')) - before).toBe(1);
      await clearFaults();
    }
  });

  it('sends a write once, whatever the answer or the lack of one', async () => {
    const answers = [
      { status: 429 },
      { status: 500 },
      { status: 503, headers: { 'retry-after': '0' } },
      { action: 'drop_before' },
      { action: 'drop_after_commit' },
      { action: 'delay', delayMs: 2_500 },
    ];
    for (const [i, given] of answers.entries()) {
      const before = await requestsTo('/v1.0/me/events');
      await fault({ ...given, times: 3 });
      await failed(write(`once ${i}`));
      expect([given, (await requestsTo('/v1.0/me/events')) - before]).toEqual([given, 1]);
      await clearFaults();
    }
  });

  it('knows that nothing was sent when nobody listens', async () => {
    const closed = await startSandbox();
    const gone = await connectMicrosoft(closed).calendar(owner);
    await gone.settings();
    await closed[Symbol.asyncDispose]();
    await failed(gone.settings()); // Meets the connection that was kept open.
    const insert = gone.insertEvent({
      ...plainEvent,
      effectKey: effectKey('nobody'),
      title: 'x',
      start: '2026-10-15',
      end: '2026-10-16',
      zone,
      guests: [],
      location: null,
      description: null,
    });
    expect((await failed(insert)).type).toBe('ProviderUnavailableError');
  });
});

describe('the session', () => {
  it('never follows a link to a foreign host, and so gives it no token', async () => {
    const foreign = 'https://graph.example.com/v1.0/me/calendarView?$skiptoken=1';
    await fault({ status: 200, body: { value: [], '@odata.nextLink': foreign } });
    expect(await failed(list())).toMatchObject({ type: 'EgressBlockedError' });
    const session = await microsoft.clients(owner, owner);
    for (const link of [foreign, `${sandbox.url}/v1.0/me`, 'https://127.0.0.1:1/v1.0/me']) {
      expect(() => session.api(link)).toThrow('Blocked a link');
    }
  });

  it('opens no socket elsewhere when the address of the API is missing', async () => {
    const account = {
      provider: 'microsoft',
      email: owner,
      refreshToken: `sandbox-microsoft-refresh-${owner}`,
      isDefault: true,
      label: null,
      scopes: [],
      connectedAt: new Date(0),
    } as const;
    const clients = createMicrosoftClients({
      authorityUrl: `${sandbox.url}/microsoft`,
      clientId: 'x',
      clientSecret: 'x',
      fetch: createGuardedFetch('sandbox'),
      credentials: {
        get: async () => ({ ...account, state: 'connected' }),
        accessToken: async (_owner, _account, { renew }) => renew(account.refreshToken),
      },
      health: alwaysCalls,
      timeoutMs: 1_500,
    });
    const port = createMicrosoftCalendar(await clients(owner, owner));
    expect((await failed(port.settings())).type).toBe('EgressBlockedError');
    const change = { effectKey: effectKey('e'), eventId: 'x', etag: 'W/"1"', notify: false };
    expect((await failed(port.deleteEvent(change))).type).toBe('EgressBlockedError');
  });

  it('takes three calls of a mailbox at once, and those of another beside them', async () => {
    await fetch(`${sandbox.oracleUrl}/__knobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mailboxConcurrency: 3 }),
    });
    const lists = Array.from({ length: 12 }, () => failed(list()));
    const ends = await Promise.all(lists);
    expect(ends.map(({ type }) => type)).toEqual(Array(12).fill('answered'));
  });

  it('takes an accepted request without a body for done, whatever its content type', async () => {
    const session = await microsoft.clients(owner, owner);
    await fault({ status: 202, headers: { 'content-type': 'application/json' }, body: '' });
    const sent = session.write('send', (signal) =>
      session.api('/me/messages/x/send').options({ signal }).post(null),
    );
    expect(await sent).toBeUndefined();
  });
});

describe('tokens', () => {
  const tokenRequests = () => requestsTo('/microsoft/oauth2/v2.0/token');

  it('refreshes an expired token once and goes on', async () => {
    await list();
    const before = await tokenRequests();
    clockMs += 2 * 3_600_000;
    await list();
    expect((await tokenRequests()) - before).toBe(1);
  });

  it('shares one refresh between calls that start together', async () => {
    const port = await connectMicrosoft(sandbox).calendar(owner);
    const before = await tokenRequests();
    await Promise.all(Array.from({ length: 5 }, () => port.settings()));
    expect((await tokenRequests()) - before).toBe(1);
  });

  it('keeps the refresh token that each renewal brings, and uses it from then on', async () => {
    const fresh = connectMicrosoft(sandbox);
    const first = fresh.stored.get(owner)!.refreshToken;
    await (await fresh.calendar(owner)).settings();
    const second = fresh.stored.get(owner)!.refreshToken;
    expect(second).not.toBe(first);
    clockMs += 2 * 3_600_000;
    await (await fresh.calendar(owner)).settings();
    expect(new Set([first, second, fresh.stored.get(owner)!.refreshToken]).size).toBe(3);
  });

  it('takes a token server that fails for "not now", and writes surely did nothing', async () => {
    const fresh = connectMicrosoft(sandbox);
    for (const given of [
      { status: 400, body: { error: 'temporarily_unavailable' } },
      { ...html, status: 503 },
      { action: 'drop_before' },
    ]) {
      await fault({ ...given, times: 9 }, '/token');
      const port = await fresh.calendar(owner);
      const change = { effectKey: effectKey('t'), eventId: 'x', etag: 'W/"1"', notify: false };
      expect((await failed(port.deleteEvent(change))).type).toBe('ProviderUnavailableError');
      expect(fresh.stored.get(owner)!.state).toBe('connected');
      await clearFaults();
    }
  });

  it('asks the person to connect again when the grant is gone', async () => {
    const fresh = connectMicrosoft(sandbox);
    const body = { error: 'invalid_grant', error_description: 'AADSTS70000: The grant is gone.' };
    await fault({ status: 400, body }, '/token');
    const port = await fresh.calendar(owner);
    await expect(port.settings()).rejects.toMatchObject({
      type: 'ReconnectRequiredError',
      nonRetryable: true,
      message: expect.stringContaining('npx adjutant connect microsoft'),
      details: [{ provider: 'microsoft', account: owner }],
    });
    expect(fresh.stored.get(owner)!.state).toBe('reconnect_required');
    await expect(fresh.calendar(owner)).rejects.toMatchObject({ type: 'ReconnectRequiredError' });
    await expect(fresh.calendar('nobody@office.example.com')).rejects.toMatchObject({
      type: 'ReconnectRequiredError',
    });
  });
});
