/** Faults, the oracle's log and the kept state, each seen through a real client. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import {
  askOracle,
  type Clients,
  connect,
  type EffectRow,
  refusal,
  setFault,
} from './sandbox-clients.ts';

const start = { dateTime: '2026-10-15T11:00:00Z', timeZone: 'UTC' };
const end = { dateTime: '2026-10-15T11:30:00Z', timeZone: 'UTC' };
const event = (id: string) => ({
  calendarId: 'primary',
  requestBody: { id, start, end, extendedProperties: { private: { effectKey: id } } },
});
const writes = { method: 'POST', pathRegex: '/events' };

describe('faults', () => {
  let sandbox: Sandbox;
  let alex: Clients;

  beforeAll(async () => {
    sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
    alex = connect(sandbox);
    await alex.calendar.calendarList.list();
  });
  afterAll(async () => sandbox[Symbol.asyncDispose]());
  beforeEach(async () => {
    await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
  });

  const insert = (id: string) => alex.calendar.events.insert(event(id));
  const inserted = async (key: string) =>
    (await askOracle<EffectRow[]>(sandbox, 'effects')).find((row) => row.key === key)?.count ?? 0;

  it('answers with the status, headers and body asked for, as often as asked', async () => {
    await setFault(sandbox, {
      match: writes,
      times: 2,
      action: 'status',
      status: 429,
      headers: { 'retry-after': '7' },
    });
    expect((await refusal(insert('status1'))).status).toBe(429);
    const active = (await (await fetch(`${sandbox.oracleUrl}/__faults`)).json()) as {
      remaining: number;
    }[];
    expect(active.map(({ remaining }) => remaining)).toEqual([1]);
    await insert('status1').catch((error: { response: Response }) => {
      expect(error.response.headers.get('retry-after')).toBe('7');
    });
    expect((await insert('status1')).status).toBe(200);
    expect(await inserted('status1')).toBe(1);
  });

  it('acts on every route group, not only on the vendors', async () => {
    await setFault(sandbox, {
      match: { pathRegex: '^/search' },
      times: 1,
      action: 'status',
      body: {},
    });
    expect((await fetch(`${sandbox.url}/search`, { method: 'POST' })).status).toBe(503);
    expect((await fetch(`${sandbox.url}/search`, { method: 'POST' })).status).not.toBe(503);
  });

  it('drops before the work: nothing happened', async () => {
    await setFault(sandbox, { match: writes, times: 1, action: 'drop_before' });
    await expect(insert('before1')).rejects.toThrow();
    expect(await inserted('before1')).toBe(0);
  });

  it('drops after the work: it happened once and a second insert meets it', async () => {
    await setFault(sandbox, { match: writes, times: 1, action: 'drop_after_commit' });
    await expect(insert('after1')).rejects.toThrow();
    expect(await inserted('after1')).toBe(1);
    expect(await refusal(insert('after1'))).toEqual({ status: 409, reason: 'duplicate' });
  });

  it('cuts an answer in half after the work', async () => {
    await setFault(sandbox, { match: writes, times: 1, action: 'truncate' });
    await expect(insert('half1')).rejects.toThrow();
    expect(await inserted('half1')).toBe(1);
  });

  it('delivers twice, so that the second delivery meets the first', async () => {
    await setFault(sandbox, { match: writes, times: 1, action: 'duplicate' });
    expect(await refusal(insert('double1'))).toEqual({ status: 409, reason: 'duplicate' });
    expect(await inserted('double1')).toBe(1);
    const seen = await askOracle<{ method: string; status: number; account: string }[]>(
      sandbox,
      'requests',
    );
    expect(seen.at(-1)).toMatchObject({ method: 'POST', account: sandbox.office.main.email });
  });

  it('delays an answer', async () => {
    await setFault(sandbox, {
      match: { pathRegex: 'calendarList' },
      times: 1,
      action: 'delay',
      delayMs: 150,
    });
    const before = performance.now();
    await alex.calendar.calendarList.list();
    expect(performance.now() - before).toBeGreaterThan(140);
  });

  it('refuses a fault it does not know', async () => {
    await expect(setFault(sandbox, { match: {}, action: 'explode' })).rejects.toThrow();
  });
});

describe('the process', () => {
  it('keeps every answered write over kill -9 and says what to do with a damaged file', async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'sandbox-'));
    const run = async () => {
      const child = spawn(
        process.execPath,
        [
          '--import',
          'tsx',
          'infra/sandbox/main.ts',
          '--port',
          '0',
          '--oracle-port',
          '0',
          '--state-dir',
          stateDir,
        ],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      );
      const [line] = (await Promise.race([
        once(createInterface(child.stdout), 'line'),
        once(child, 'exit'),
      ])) as [unknown];
      return { child, line };
    };
    const clients = (line: unknown) => {
      const { sandbox: url, oracle } = JSON.parse(String(line)) as {
        sandbox: string;
        oracle: string;
      };
      const office = { main: { email: 'alex.morgan@office.example.com' } };
      const remote = { url, oracleUrl: oracle, office } as unknown as Sandbox;
      return { alex: connect(remote), remote };
    };
    const first = await run();
    await clients(first.line).alex.calendar.events.insert(event('kept1'));
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const second = await run();
    const { alex, remote } = clients(second.line);
    expect(await refusal(alex.calendar.events.insert(event('kept1')))).toEqual({
      status: 409,
      reason: 'duplicate',
    });
    expect(
      (await askOracle<EffectRow[]>(remote, 'effects')).map(({ key, count }) => [key, count]),
    ).toEqual([['kept1', 1]]);
    second.child.kill('SIGTERM');
    expect(await once(second.child, 'exit')).toEqual([0, null]);
    await writeFile(join(stateDir, 'sandbox.json'), '{"version":1,');
    await expect(startSandbox({ stateDir })).rejects.toThrow(/damaged. Delete that file/);
    await rm(stateDir, { recursive: true });
  });
});
