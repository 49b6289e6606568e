/**
 * A provider that is away, met by two worker processes' worth of real clients: it is left alone, one
 * call finds out when it is back, and those who waited come back one after the other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { plainEvent } from '#activities/calendar/port.ts';
import { createProviderHealth, waitTimes } from '#activities/providers/health.ts';
import { createProviderWaits } from '#activities/providers/waits.ts';
import { failures, type ProviderWaitDetails } from '#contracts/failures.ts';
import { limits } from '#contracts/limits.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts';
import { effectKey } from './contexts.ts';
import { connectGoogle, type GoogleSetup } from './google-setup.ts';
import { connectMicrosoft, type MicrosoftSetup } from './microsoft-setup.ts';
import { setFault } from './sandbox-clients.ts';

const zone = 'Europe/Berlin';
const waitMs = 1_000;
const spacingMs = 50;
const times = { ...waitTimes, waitMs, waitMaxMs: 4_000, spacingMs, probePatienceMs: 500 };
let sandbox: Sandbox;
let database: TestDatabase;
type Setup = Pick<GoogleSetup, 'calendar'> | Pick<MicrosoftSetup, 'calendar'>;
let first: Setup;
let second: Setup;

const vendors = [
  {
    provider: 'google',
    owner: 'alex.morgan@office.example.com',
    other: 'bob.keller@office.example.com',
    connect: connectGoogle,
    path: '/calendar/',
  },
  {
    provider: 'microsoft',
    owner: 'carla.rossi@office.example.com',
    other: 'dana.whitfield@office.example.com',
    connect: connectMicrosoft,
    path: '/v1.0/',
  },
] as const;

describe.each(vendors)('$provider', ({ provider, owner, other, connect, path }) => {
  /** A worker process' worth of clients. */
  const worker = () => {
    const waits = createProviderWaits(database.pool, times);
    const health = createProviderHealth(waits, { believedMs: 100 });
    return connect(sandbox, { health, timeoutMs: 2_000 });
  };

  beforeAll(async () => {
    sandbox = await startSandbox();
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await sandbox[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await recover();
    await database.pool.query('delete from provider_waits');
    first = worker();
    second = worker();
    await Promise.all([read(first), read(second), read(first, other)]);
  });

  const outage = (given: object = {}) =>
    setFault(sandbox, {
      match: { pathRegex: path },
      times: 10_000,
      action: 'status',
      ...given,
    });
  const recover = () => fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
  const read = async (setup: Setup, who: string = owner) =>
    (await setup.calendar(who)).getEvent('nothing', zone);

  /** How a call ended: `ok`, or the type of its failure with its details. */
  async function ended(call: Promise<unknown>) {
    try {
      await call;
      return { type: 'ok', details: undefined, waitMs: undefined };
    } catch (error) {
      const { type, details, nextRetryDelay: waitMs } = error as Record<string, unknown>;
      const [given] = (details ?? []) as [ProviderWaitDetails | undefined];
      return { type, details: given, waitMs, nonRetryable: (error as never)['nonRetryable'] };
    }
  }
  /** How many requests reached the provider, tokens aside. */
  async function requests(): Promise<number> {
    const answer = await fetch(`${sandbox.oracleUrl}/__oracle/requests`);
    const seen = (await answer.json()) as { path: string }[];
    return seen.filter((request) => request.path.startsWith(path)).length;
  }
  /** Fails often enough to begin a wait; returns what the last failure said. */
  async function begin(setup: Setup) {
    for (let turn = 1; turn < limits.providerFailuresMax; turn += 1) {
      expect((await ended(read(setup))).type).toBe('ProviderUnavailableError');
    }
    const last = await ended(read(setup));
    expect(last.type).toBe('ProviderWaitError');
    return last.details!;
  }
  const until = (rfc3339: string) => sleep(Math.max(0, Date.parse(rfc3339) - Date.now()) + 5);

  describe('an outage', () => {
    it('makes every worker wait after some failures in a row, and only for that account', async () => {
      await outage();
      const startedAt = Date.now();
      const wait = await begin(first);
      expect(wait).toMatchObject({ provider, account: owner });
      expect(Date.parse(wait.since)).toBeGreaterThanOrEqual(startedAt - 1_000);
      expect(Date.parse(wait.retryAt) - Date.parse(wait.since)).toBeGreaterThanOrEqual(waitMs - 50);
      await sleep(150); // The other worker believes for a moment longer that all is well.
      const before = await requests();
      for (const setup of [first, second]) {
        expect(await ended(read(setup))).toMatchObject({
          type: 'ProviderWaitError',
          nonRetryable: true,
          details: { provider, account: owner, since: wait.since },
        });
      }
      expect(await requests()).toBe(before);
      expect((await ended(read(first, other))).type).toBe('ProviderUnavailableError');
      expect(await requests()).toBe(before + 1);
      expect(failures.ProviderWaitError).toEqual({ category: 'waiting', httpStatus: 503 });
    });

    it('is not seen in refusals, nor in failures with successes between them', async () => {
      for (let turn = 0; turn < limits.providerFailuresMax * 2; turn += 1) {
        await outage({ times: 1, status: turn % 2 === 0 ? 503 : 404 });
        expect((await ended(read(first))).type).not.toBe('ProviderWaitError');
      }
      expect((await ended(read(first))).type).toBe('ok');
    });

    it.each([
      ['resets', { action: 'drop_before' }],
      ['silence', { action: 'delay', delayMs: 60_000 }],
      ['rate limits without a time', { status: 429 }],
    ])('is seen in %s', async (_, given) => {
      await outage(given);
      const impatient = connect(sandbox, {
        timeoutMs: 200,
        health: createProviderHealth(createProviderWaits(database.pool, times), { failuresMax: 2 }),
      });
      await ended(read(impatient));
      expect((await ended(read(impatient))).type).toBe('ProviderWaitError');
    });

    it('is probed once in each window by all workers together, and the windows grow', async () => {
      await outage();
      const since = await begin(first);
      const windows: number[] = [];
      let { retryAt } = since;
      for (let window = 0; window < 3; window += 1) {
        await until(retryAt);
        const before = await requests();
        const startedAt = Date.now();
        const calls = [first, second].flatMap((setup) => [1, 2, 3].map(() => ended(read(setup))));
        const answers = await Promise.all(calls);
        expect((await requests()) - before).toBe(1);
        expect(answers.map(({ type }) => type)).toEqual(Array(6).fill('ProviderWaitError'));
        expect(answers[0]!.details!.since).toBe(since.since);
        await ended(read(first));
        const { rows } = await database.pool.query<{ at: Date }>(
          'select not_before as at from provider_waits',
        );
        windows.push(Math.round((rows[0]!.at.getTime() - startedAt) / 1_000));
        retryAt = rows[0]!.at.toISOString();
      }
      expect(windows).toEqual([2, 4, 4]);
    });

    it('ends with the first answer, and forty callers come back one after the other', async () => {
      await outage();
      await begin(first);
      await sleep(150);
      const waiting = await Promise.all(
        Array.from({ length: 40 }, (_, turn) => ended(read(turn % 2 === 0 ? first : second))),
      );
      const slots = waiting
        .map(({ details }) => Date.parse(details!.retryAt))
        .toSorted((a, b) => a - b);
      const gaps = slots.slice(1).map((slot, index) => slot - slots[index]!);
      for (const gap of gaps) {
        expect(gap).toBeGreaterThanOrEqual(spacingMs - 1);
        expect(gap).toBeLessThanOrEqual(spacingMs + 1);
      }
      await recover();
      const before = await requests();
      const back = await Promise.all(
        waiting.map(async ({ details }, turn) => {
          await until(details!.retryAt);
          return (await ended(read(turn % 2 === 0 ? first : second))).type;
        }),
      );
      const late = back.filter((type) => type !== 'ok').length;
      expect(late).toBeLessThanOrEqual(3); // Those whose turn came while the probe was under way.
      expect((await requests()) - before).toBe(40 - late);
      expect((await database.pool.query('select 1 from provider_waits')).rowCount).toBe(0);
      expect((await ended(read(second))).type).toBe('ok');
    });

    it('takes a refusal for an answer: the provider is back', async () => {
      await outage();
      const { retryAt } = await begin(first);
      await recover();
      await outage({ times: 1, status: 403 });
      await until(retryAt);
      expect((await ended(read(second))).type).toBe('PermissionDeniedError');
      expect((await ended(read(second))).type).toBe('ok');
      expect((await ended(read(first))).type).toBe('ok');
    });

    it('is probed again when the worker that probed it died', async () => {
      await outage();
      const { retryAt } = await begin(first);
      await until(retryAt);
      await database.pool.query(
        `update provider_waits set probe = gen_random_uuid(), probe_until = now() + interval '700 ms'`,
      );
      await recover();
      const early = await ended(read(second));
      expect(early.type).toBe('ProviderWaitError');
      await sleep(800);
      expect((await ended(read(second))).type).toBe('ok');
    });
  });

  describe('a quota', () => {
    it('that ends in a second is left to Temporal, and never begins a wait', async () => {
      await outage({ status: 429, headers: { 'retry-after': '1' } });
      for (let turn = 0; turn < limits.providerFailuresMax + 2; turn += 1) {
        expect(await ended(read(first))).toMatchObject({ type: 'RateLimitedError', waitMs: 1_000 });
      }
    });

    it('that ends in ten hours is waited for exactly that long, by everybody, at once', async () => {
      await outage({ times: 1, status: 429, headers: { 'retry-after': '36000' } });
      const wait = await ended(read(first));
      expect(wait.type).toBe('ProviderWaitError');
      const hours = (Date.parse(wait.details!.retryAt) - Date.now()) / 3_600_000;
      expect(hours).toBeGreaterThan(9.99);
      expect(hours).toBeLessThanOrEqual(10);
      await sleep(150);
      expect((await ended(read(second))).type).toBe('ProviderWaitError');
    });

    it('is believed for a day at most', async () => {
      await outage({ times: 1, status: 429, headers: { 'retry-after': '31536000' } });
      const { details } = await ended(read(first));
      expect(Date.parse(details!.retryAt) - Date.now()).toBeLessThanOrEqual(
        limits.providerAskedMaxMs,
      );
    });
  });

  describe('a write', () => {
    const write = async (setup: Setup, name: string) =>
      (await setup.calendar(owner)).insertEvent({
        ...plainEvent,
        effectKey: effectKey(name),
        title: name,
        start: '2026-10-15T09:00:00Z',
        end: '2026-10-15T09:30:00Z',
        zone,
        guests: [],
        location: null,
        description: null,
      });
    const nameOf = async (call: Promise<unknown>) => {
      const error: unknown = await call.catch((thrown: unknown) => thrown);
      return (error as { type?: string }).type ?? (error as Error).name;
    };

    it('whose bytes left stays an unknown outcome, also when it begins the wait', async () => {
      await outage({ status: 503, headers: { 'retry-after': '3600' } });
      expect(await nameOf(write(first, 'a'))).toBe('UnknownOutcomeError');
      const before = await requests();
      expect(await nameOf(write(first, 'a'))).toBe('ProviderWaitError');
      expect(await requests()).toBe(before);
    });

    it('that was refused for a long quota waits, as nothing was done', async () => {
      await outage({ status: 429, headers: { 'retry-after': '3600' } });
      expect(await nameOf(write(first, 'b'))).toBe('ProviderWaitError');
    });
  });

  it('asks Postgres nothing more for many calls in a row while all is well', async () => {
    let asked = 0;
    const counting = {
      ...createProviderWaits(database.pool, times),
      isOn: () => {
        asked += 1;
        return Promise.resolve(false);
      },
    };
    const health = createProviderHealth(counting);
    const who = { provider, account: owner };
    for (let turn = 0; turn < 200; turn += 1) await health.call(who, () => Promise.resolve(turn));
    expect(asked).toBe(1);
  });
});
