/** In sandbox mode nothing leaves the machine: every operation of the Google connectors, and sockets. */
import { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { plainEvent } from '#activities/calendar/port.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { alwaysCalls } from '#test/support/health.ts';
import { effectKey } from './contexts.ts';
import { connectGoogle } from './google-setup.ts';

let sandbox: Sandbox;
let owner: string;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
  owner = sandbox.office.main.email;
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
afterEach(() => void vi.restoreAllMocks());

/** Every address a socket connects to from now on. */
function watchSockets(): Set<string> {
  const hosts = new Set<string>();
  const { connect } = Socket.prototype as { connect: (this: Socket, ...args: never[]) => Socket };
  vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...args) {
    const [first] = args.flat(2) as unknown[];
    if (typeof first === 'object' && first !== null && 'host' in first)
      hosts.add(String(first.host));
    else if (typeof first === 'object' && first !== null && 'path' in first)
      hosts.add('unix socket');
    else hosts.add(String(args[1] ?? 'localhost'));
    return connect.apply(this, args as unknown as never[]);
  });
  return hosts;
}

const zone = 'Europe/Berlin';
const raw = Buffer.from('To: bob.keller@office.example.com\r\nSubject: x\r\n\r\nx');

describe('egress in sandbox mode', () => {
  it('reaches loopback only, in every operation and in the token refresh', async () => {
    const guarded = createGuardedFetch('sandbox');
    const asked: URL[] = [];
    const recording: typeof fetch = (input, init) => {
      asked.push(new URL(input instanceof Request ? input.url : input));
      return guarded(input, init);
    };
    const sockets = watchSockets();
    const google = connectGoogle(sandbox, { fetch: recording });
    const calendar = await google.calendar(owner);
    const window = {
      fromMs: Date.parse('2026-10-01T00:00:00Z'),
      toMs: Date.parse('2026-10-20T00:00:00Z'),
    };
    await calendar.listEvents({ ...window, zone, limit: 5 });
    await calendar.busyTimes([owner], window.fromMs, window.toMs);
    const times = { start: '2026-10-15T11:00:00+02:00', end: '2026-10-15T11:30:00+02:00', zone };
    const key = effectKey('egress');
    const event = await calendar.insertEvent({
      effectKey: key,
      title: 'x',
      ...times,
      guests: [],
      location: null,
      description: null,
      ...plainEvent,
    });
    await calendar.findCreated(key, zone);
    const change = { effectKey: key, eventId: event.id, notify: false };
    const later = { ...times, end: '2026-10-15T12:00:00+02:00' };
    const moved = await calendar.updateEvent({ ...change, patch: later, etag: event.etag });
    await calendar.deleteEvent({ ...change, etag: moved.etag });
    const mail = await google.email(owner);
    const { messages } = await mail.search({ kind: 'in', folder: 'inbox' }, 3);
    await mail.thread(messages[0]!.threadId);
    await mail.message(messages[0]!.id);
    const kept = await mail.createDraft({ raw, threadId: null });
    await mail.draft(kept.draftId);
    await mail.deleteDraft(kept.draftId);
    const { draftId } = await mail.createDraft({ raw, threadId: null });
    await mail.sendDraft({ draftId, raw, threadId: null });
    const mailKey = { effectKey: key, messageId: `<${key.slice(0, 40)}@office.example.com>` };
    expect([await mail.findDraft(mailKey), await mail.findSent(mailKey)]).toEqual([null, null]);
    expect(asked.map(({ pathname }) => pathname)).toContain('/token');
    expect(new Set(asked.map(({ hostname }) => hostname))).toEqual(new Set(['127.0.0.1']));
    expect(asked.length).toBeGreaterThan(15);
    expect(sockets).toEqual(new Set(['127.0.0.1']));
  });

  it('refuses another host before a socket is opened, through the clients as well', async () => {
    const sockets = watchSockets();
    const guarded = createGuardedFetch('sandbox');
    await expect(guarded('https://www.googleapis.com/calendar/v3/x')).rejects.toMatchObject({
      type: 'EgressBlockedError',
    });
    const { createGoogleClients } = await import('#activities/google/client.ts');
    const { createGoogleCalendar } = await import('#activities/calendar/google.ts');
    const account = {
      provider: 'google',
      email: owner,
      refreshToken: `sandbox-refresh-${owner}`,
      state: 'connected',
      isDefault: true,
      label: null,
      scopes: [],
      connectedAt: new Date(0),
    } as const;
    const clients = createGoogleClients({
      // The address of the API is missing, as after a mistake in the configuration.
      tokenUrl: `${sandbox.url}/token`,
      clientId: 'x',
      clientSecret: 'x',
      fetch: guarded,
      credentials: {
        get: async () => account,
        accessToken: async (_owner, _account, { renew }) => renew(account.refreshToken),
      },
      health: alwaysCalls,
      timeoutMs: 1_000,
    });
    const calendar = createGoogleCalendar(await clients(owner, owner));
    await expect(calendar.getEvent('x', zone)).rejects.toMatchObject({
      type: 'EgressBlockedError',
    });
    const change = { effectKey: effectKey('x'), eventId: 'x', etag: '"1"', notify: false };
    await expect(calendar.deleteEvent(change)).rejects.toMatchObject({
      type: 'EgressBlockedError',
    });
    expect([...sockets].filter((host) => host !== '127.0.0.1')).toEqual([]);
  });

  it('lets live mode reach https and loopback, and nothing unencrypted', async () => {
    const { checkEgress } = await import('#activities/egress.ts');
    const check = (address: string) => () => checkEgress('live', new URL(address));
    expect(check('https://www.googleapis.com/x')).not.toThrow();
    expect(check('http://127.0.0.1:1/x')).not.toThrow();
    expect(check('http://www.googleapis.com/x')).toThrow(/unencrypted/);
  });
});
