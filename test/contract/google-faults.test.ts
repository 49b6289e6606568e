/** Every way Google fails, and what becomes of it: the right failure, the right wait, the right doubt. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { plainEvent } from '#activities/calendar/port.ts';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { effectKey } from './contexts.ts';
import { connectGoogle, type GoogleSetup } from './google-setup.ts';
import { setFault } from './sandbox-clients.ts';

const zone = 'Europe/Berlin';
let sandbox: Sandbox;
let google: GoogleSetup;
let owner: string;
let clockMs = Date.parse('2026-10-07T08:00:00Z');

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date(clockMs) });
  owner = sandbox.office.main.email;
  google = connectGoogle(sandbox, { timeoutMs: 900 });
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
beforeEach(async () => {
  await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
});

const fault = (given: object, path = '/calendar/') =>
  setFault(sandbox, { match: { pathRegex: path }, action: 'status', ...given });
const googleError = (code: number, reason: string, message = reason) => ({
  error: { errors: [{ domain: 'global', reason, message }], code, message },
});
const read = async () => (await google.calendar(owner)).getEvent('nothing', zone);
const list = async () =>
  (await google.calendar(owner)).listEvents({
    fromMs: clockMs,
    toMs: clockMs + 86_400_000,
    zone,
    limit: 10,
  });
const write = async (name: string) =>
  (await google.calendar(owner)).insertEvent({
    effectKey: effectKey(name),
    title: name,
    start: '2026-10-15T11:00:00+02:00',
    end: '2026-10-15T11:30:00+02:00',
    zone,
    guests: [],
    location: null,
    description: null,
    ...plainEvent,
  });
const failed = async (call: Promise<unknown>) => {
  try {
    await call;
  } catch (error) {
    if (error instanceof UnknownOutcomeError) return { type: 'unknown', waitMs: undefined };
    const { type, nextRetryDelay } = error as { type?: string; nextRetryDelay?: number };
    return { type: type ?? String(error), waitMs: nextRetryDelay };
  }
  return { type: 'answered', waitMs: undefined };
};
const requestsTo = async (start: string) => {
  const answer = await fetch(`${sandbox.oracleUrl}/__oracle/requests`);
  return ((await answer.json()) as { path: string }[]).filter(({ path }) => path.startsWith(start))
    .length;
};
const rateLimited = googleError(403, 'userRateLimitExceeded');
const html = {
  status: 502,
  headers: { 'content-type': 'text/html' },
  body: '<html><h1>Bad gateway',
};

const cases: [string, object, string, string][] = [
  [
    '400',
    { status: 400, body: googleError(400, 'invalid') },
    'InvalidInputError',
    'InvalidInputError',
  ],
  ['401 that stays', { status: 401, times: 2 }, 'ReconnectRequiredError', 'ReconnectRequiredError'],
  ['403 rate limit', { status: 403, body: rateLimited }, 'RateLimitedError', 'RateLimitedError'],
  [
    '403',
    { status: 403, body: googleError(403, 'forbidden') },
    'PermissionDeniedError',
    'PermissionDeniedError',
  ],
  ['404', { status: 404 }, 'NotFoundError', 'unknown'],
  ['408', { status: 408 }, 'ProviderUnavailableError', 'unknown'],
  ['409', { status: 409 }, 'ConflictError', 'unknown'],
  ['410', { status: 410 }, 'NotFoundError', 'unknown'],
  ['412', { status: 412 }, 'PreconditionFailedError', 'PreconditionFailedError'],
  ['429', { status: 429 }, 'RateLimitedError', 'RateLimitedError'],
  ['500', { status: 500 }, 'ProviderUnavailableError', 'unknown'],
  ['503', { status: 503 }, 'ProviderUnavailableError', 'unknown'],
  ['an HTML page', html, 'ProviderUnavailableError', 'unknown'],
  ['an HTML page with status 200', { ...html, status: 200 }, 'ProviderUnavailableError', 'unknown'],
  ['a cut answer', { action: 'truncate' }, 'ProviderUnavailableError', 'unknown'],
  ['a reset', { action: 'drop_before' }, 'ProviderUnavailableError', 'unknown'],
  ['a lost answer', { action: 'drop_after_commit' }, 'ProviderUnavailableError', 'unknown'],
  ['silence', { action: 'delay', delayMs: 1_500 }, 'ProviderUnavailableError', 'unknown'],
];

describe('what an answer becomes', () => {
  it.each(cases)(
    '%s: %o becomes %s for a read and %s for a write',
    async (name, given, reads, writes) => {
      await fault(given);
      expect((await failed(list())).type).toBe(reads);
      google.stored.get(owner)!.state = 'connected';
      await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
      await fault(given);
      expect((await failed(write(`case ${name}`))).type).toBe(writes);
      google.stored.get(owner)!.state = 'connected';
    },
  );

  it('takes the wait from Retry-After in seconds, as a date, and from the message', async () => {
    await fault({ status: 429, headers: { 'retry-after': '7' } });
    expect(await failed(list())).toEqual({ type: 'RateLimitedError', waitMs: 7_000 });
    await fault({
      status: 429,
      headers: { 'retry-after': new Date(Date.now() + 90_000).toUTCString() },
    });
    const byDate = (await failed(list())).waitMs!;
    expect(byDate).toBeGreaterThan(80_000);
    expect(byDate).toBeLessThanOrEqual(90_000);
    const until = new Date(Date.now() + 60_000).toISOString();
    const message = `User-rate limit exceeded.  Retry after ${until}`;
    await fault({ status: 403, body: googleError(403, 'userRateLimitExceeded', message) });
    expect((await failed(list())).waitMs).toBeGreaterThan(50_000);
    await fault({ status: 503, headers: { 'retry-after': '3' } });
    expect((await failed(list())).waitMs).toBe(3_000);
  });

  it('does not repeat a request that was refused or not answered', async () => {
    for (const given of [{ status: 429 }, { status: 503 }, { status: 403, body: rateLimited }]) {
      const before = await requestsTo('/calendar/');
      await fault(given);
      await failed(list());
      expect((await requestsTo('/calendar/')) - before).toBe(1);
    }
  });

  it('sends a write once, whatever the answer or the lack of one (seen: 2)', async () => {
    const answers = [
      { status: 429 },
      { status: 500 },
      { status: 503, headers: { 'retry-after': '0' } },
      { action: 'drop_before' },
      { action: 'drop_after_commit' },
      { action: 'delay', delayMs: 1_500 },
    ];
    const mailbox = await google.email(owner);
    const calendar = await google.calendar(owner);
    const change = { effectKey: effectKey('once'), eventId: 'x', etag: '"1"', notify: true };
    const writes: (readonly [path: string, send: (i: number) => Promise<unknown>])[] = [
      ['/calendar/', (i) => write(`once ${i}`)],
      ['/calendar/', () => calendar.deleteEvent(change)],
      ['/gmail/', () => mailbox.createDraft({ raw: Buffer.from('Subject: x'), threadId: null })],
    ];
    for (const [path, send] of writes) {
      for (const [i, given] of answers.entries()) {
        const before = await requestsTo(path);
        await fault({ ...given, times: 3 }, path);
        await failed(send(i));
        expect([path, given, (await requestsTo(path)) - before]).toEqual([path, given, 1]);
        await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
      }
    }
  });

  it('knows that nothing was sent when nobody listens', async () => {
    const closed = await startSandbox();
    const gone = connectGoogle(closed);
    const port = await gone.calendar(owner);
    await port.getEvent('nothing', zone);
    await closed[Symbol.asyncDispose]();
    await failed(port.getEvent('nothing', zone)); // Meets the connection that was kept open.
    const change = { effectKey: effectKey('x'), eventId: 'x', etag: '"1"', notify: false };
    expect((await failed(port.deleteEvent(change))).type).toBe('ProviderUnavailableError');
  });
});

describe('tokens', () => {
  it('refreshes an expired token once and goes on', async () => {
    expect(await read()).toBeNull();
    clockMs += 2 * 3_600_000;
    expect(await read()).toBeNull();
  });

  it('shares one refresh between calls that start together', async () => {
    const fresh = connectGoogle(sandbox);
    const port = await fresh.calendar(owner);
    const before = await tokenRequests();
    await Promise.all(Array.from({ length: 5 }, () => port.getEvent('nothing', zone)));
    expect((await tokenRequests()) - before).toBe(1);
  });

  it('keeps a rotated refresh token and uses it from then on', async () => {
    const fresh = connectGoogle(sandbox);
    const body = {
      access_token: 'stale',
      expires_in: 3_599,
      refresh_token: `sandbox-refresh-${owner}#2`,
    };
    await setFault(sandbox, {
      match: { pathRegex: '/token' },
      action: 'status',
      status: 200,
      body,
    });
    await failed((await fresh.calendar(owner)).getEvent('nothing', zone));
    expect(fresh.stored.get(owner)!.refreshToken).toBe(`sandbox-refresh-${owner}#2`);
  });

  it('takes a token server that fails for "not now", and writes surely did nothing', async () => {
    const fresh = connectGoogle(sandbox);
    await setFault(sandbox, {
      match: { pathRegex: '/token' },
      times: 9,
      action: 'status',
      status: 400,
      body: { error: 'temporarily_unavailable' },
    });
    const port = await fresh.calendar(owner);
    const change = { effectKey: effectKey('t'), eventId: 'x', etag: '"1"', notify: false };
    expect((await failed(port.deleteEvent(change))).type).toBe('ProviderUnavailableError');
    expect(fresh.stored.get(owner)!.state).toBe('connected');
  });

  it('asks the person to connect again when the grant was revoked', async () => {
    const fresh = connectGoogle(sandbox);
    await fetch(`${sandbox.url}/revoke?token=sandbox-refresh-${owner}`, { method: 'POST' });
    const port = await fresh.calendar(owner);
    await expect(port.getEvent('nothing', zone)).rejects.toMatchObject({
      type: 'ReconnectRequiredError',
      nonRetryable: true,
      message: expect.stringContaining('npx adjutant connect google'),
    });
    expect(fresh.stored.get(owner)!.state).toBe('reconnect_required');
    await expect(fresh.calendar(owner)).rejects.toMatchObject({ type: 'ReconnectRequiredError' });
    await expect(fresh.calendar('nobody@office.example.com')).rejects.toMatchObject({
      type: 'ReconnectRequiredError',
    });
  });

  async function tokenRequests(): Promise<number> {
    const answer = await fetch(`${sandbox.oracleUrl}/__oracle/requests`);
    const seen = (await answer.json()) as { path: string }[];
    return seen.filter(({ path }) => path === '/token').length;
  }
});
