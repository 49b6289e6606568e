/** The local stack with the real Temporal, Postgres and sandbox, and stand-ins for worker and api. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync, existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import {
  eventually,
  isAlive,
  pidsOf,
  startLocal as start,
  temporaryStateDir,
  type LocalProcess,
} from '#test/support/local-process.ts';

const startLocal = (stateDir: string, env = {}) =>
  start('test/support/stand-ins/local.ts', stateDir, env);

test('a start tells where everything is, a SIGTERM stops everything with exit code 0', async () => {
  using state = temporaryStateDir();
  await using local = startLocal(state.path);
  const endpoints = await local.endpoints();
  const pids = pidsOf(endpoints);
  expect(pids).toHaveLength(5);
  expect(pids.every(isAlive)).toBe(true);
  const api = (await (await fetch(endpoints.api)).json()) as Record<string, string>;
  expect(api).toEqual({
    unsigned: 'allow',
    google: `${endpoints.sandbox}/`,
    owner: expect.stringContaining('@'),
  });
  expect((await fetch(endpoints.temporalUi!)).status).toBe(200);
  expect((await fetch(`${endpoints.oracle}/__oracle/office`)).status).toBe(200);
  const token = readFileSync(join(state.path, 'token'), 'utf8').trim();
  await eventually(() => local.output().includes('a first goal'));
  expect(local.output()).toContain(token);
  for (const name of ['token', 'ledger.key', 'decision-signing.key', 'temporal.db']) {
    expect([name, statSync(join(state.path, name)).mode & 0o777]).toEqual([name, 0o600]);
  }
  local.signal('SIGTERM');
  expect(await local.exit).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(existsSync(join(state.path, 'worker-stopped-cleanly'))).toBe(true);
  expect(existsSync(join(state.path, 'endpoints.json'))).toBe(false);
});

test('a killed part comes back and endpoints.json names its new process', async () => {
  using state = temporaryStateDir();
  await using local = startLocal(state.path);
  const before = await local.endpoints();
  for (const pid of [before.pids.workers[0]!, before.pids.postgres!, before.pids.temporal!]) {
    process.kill(pid, 'SIGKILL');
  }
  await eventually(() => local.output().match(/is ready again/g)?.length === 3, 20_000);
  const after = await local.endpoints();
  expect(pidsOf(after)).toHaveLength(5);
  expect(pidsOf(after).every(isAlive)).toBe(true);
  expect({ ...after, pids: {} }).toEqual({ ...before, pids: {} });
  expect(after.pids.api).toBe(before.pids.api);
  await query(after.databaseUrl, 'select 1');
});

test('after kill -9 of the whole stack the next start clears up, keeps the data and is quick', async () => {
  using state = temporaryStateDir();
  await using killed = startLocal(state.path);
  const before = await killed.endpoints();
  await eventually(() => killed.output().includes('a first goal'));
  await query(before.databaseUrl, 'create table kept (n int)');
  killed.signal('SIGKILL');
  await killed.exit;
  await eventually(() => ![before.pids.api!, ...before.pids.workers].some(isAlive));
  await using next = startLocal(state.path);
  const after = await next.endpoints();
  expect(pidsOf(before).filter(isAlive)).toEqual([]);
  await query(after.databaseUrl, 'select * from kept');
  expect(seconds(next)).toBeLessThan(15);
  // The sample goal is submitted on the first start only.
  expect(readFileSync(join(state.path, 'goals-seen'), 'utf8').trim().split('\n')).toHaveLength(1);
});

test('a second start in the same folder is refused and leaves the first alone', async () => {
  using state = temporaryStateDir();
  await using first = startLocal(state.path);
  const endpoints = await first.endpoints();
  await using second = startLocal(state.path);
  await expectRefusal(second, /^already running in .* \(process \d+\): use that one, stop it, or/);
  expect(pidsOf(endpoints).every(isAlive)).toBe(true);
  expect(existsSync(join(state.path, 'endpoints.json'))).toBe(true);
});

test('a port in use is named before anything is started', async () => {
  using state = temporaryStateDir();
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as AddressInfo;
  await using local = startLocal(state.path, { ADJUTANT_POSTGRES_PORT: String(port) });
  await expectRefusal(local, new RegExp(`^port ${port} for Postgres is not free`));
  expect(local.output()).toContain('set ADJUTANT_POSTGRES_PORT');
  taken.close();
});

test.for([
  ['a file where the folder should be', '', /is not a folder: move it away/],
  ['a damaged lock', 'local.lock', /local\.lock is damaged: remove it/],
  ['a damaged key', 'ledger.key', /ledger\.key is damaged: restore it/],
  ['an empty token', 'token', /token is empty: restore it/],
  ['Postgres data of another version', 'postgres/PG_VERSION', /was made by Postgres garbage/],
  ['a folder in place of a log', 'logs/postgres.log/x', /EISDIR/],
])('%s ends the start with one line and exit code 1', async ([, name, reason]) => {
  using state = temporaryStateDir();
  const file = join(state.path, name as string);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, name === 'token' ? '' : 'garbage');
  await using local = startLocal(state.path);
  await expectRefusal(local, reason as RegExp);
  expect(processesNaming(state.path)).toEqual([]);
});

test('a damaged Temporal database ends the start and is named', async () => {
  using state = temporaryStateDir();
  mkdirSync(state.path);
  writeFileSync(join(state.path, 'temporal.db'), 'garbage');
  writeFileSync(join(state.path, 'temporal.db.ready'), '');
  await using local = startLocal(state.path);
  await expectRefusal(local, /temporal ended at start.*temporal\.db is damaged, move it away/);
  expect(processesNaming(state.path)).toEqual([]);
});

test('a Temporal database whose first start was cut short is set aside', async () => {
  using state = temporaryStateDir();
  mkdirSync(state.path);
  writeFileSync(join(state.path, 'temporal.db'), '');
  await using local = startLocal(state.path);
  await local.endpoints();
  expect(existsSync(join(state.path, 'temporal.db.unfinished'))).toBe(true);
});

test('rubbish in endpoints.json does not matter, it is written anew', async () => {
  using state = temporaryStateDir();
  mkdirSync(state.path);
  writeFileSync(join(state.path, 'endpoints.json'), '{garbage');
  await using local = startLocal(state.path);
  await eventually(() => local.output().includes('ready in'), 30_000);
  expect((await local.endpoints()).pids.api).toBeGreaterThan(0);
});

test('a worker that keeps dying ends the stack with the reason and nothing left', async () => {
  using state = temporaryStateDir();
  await using local = startLocal(state.path, { STAND_IN_WORKER: 'dies' });
  expect(await local.exit).toBe(1);
  expect(local.output()).toMatch(/worker ended 6 times within 60 s: see .*logs/);
  expect(processesNaming(state.path)).toEqual([]);
});

test('a start that is stopped while it boots leaves nothing running', async () => {
  using state = temporaryStateDir();
  await using local = startLocal(state.path);
  await eventually(() => existsSync(join(state.path, 'logs/temporal.log')));
  local.signal('SIGINT');
  expect(await local.exit).toBe(0);
  expect(processesNaming(state.path)).toEqual([]);
});

test('a second Ctrl-C does not wait for a part that refuses to stop', async () => {
  using state = temporaryStateDir();
  await using local = startLocal(state.path, { STAND_IN_WORKER: 'deaf' });
  await local.endpoints();
  local.signal('SIGINT');
  await eventually(() => local.output().includes('stopping'));
  const askedAgainAt = Date.now();
  local.signal('SIGINT');
  expect(await local.exit).toBe(130);
  expect(Date.now() - askedAgainAt).toBeLessThan(3_000);
  await eventually(() => processesNaming(state.path).length === 0);
  // The lock that was left does not stand in the way of the next start.
  await using next = startLocal(state.path);
  await next.endpoints();
});

test('what the environment names as external is used and not started', async () => {
  using ownState = temporaryStateDir();
  await using own = startLocal(ownState.path);
  const { databaseUrl, temporalAddress } = await own.endpoints();
  using state = temporaryStateDir();
  await using local = startLocal(state.path, {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    OPENAI_API_KEY: 'key',
    OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
    ADJUTANT_MODEL_PRIMARY: 'm',
    ADJUTANT_MODEL_FAST: 'm',
    GOOGLE_CLIENT_ID: 'id',
    GOOGLE_CLIENT_SECRET: 'secret',
    ADJUTANT_OWNER: 'me@example.com',
  });
  const endpoints = await local.endpoints();
  expect(endpoints).toMatchObject({ databaseUrl, temporalAddress, sandbox: null, oracle: null });
  expect(endpoints.pids).toMatchObject({ temporal: null, postgres: null, sandbox: null });
  expect(pidsOf(endpoints)).toHaveLength(2);
  expect(await (await fetch(endpoints.api)).json()).toMatchObject({ owner: 'me@example.com' });
});

async function expectRefusal(local: LocalProcess, reason: RegExp): Promise<void> {
  expect([await local.exit, local.output()]).toEqual([1, expect.stringMatching(reason)]);
  // The reason is one line; what else is printed is progress.
  const lines = local.output().trim().split('\n');
  const known = /^(stopping|creating the Postgres data folder \(once\))$/;
  expect(lines.filter((line) => !known.test(line))).toHaveLength(1);
}

function processesNaming(text: string): string[] {
  const all = execFileSync('ps', ['-eo', 'stat=,pid=,args='], { encoding: 'utf8' }).split('\n');
  return all.filter((line) => line.includes(text) && !line.startsWith('Z'));
}

async function query(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

function seconds(local: LocalProcess): number {
  return Number(/ready in ([\d.]+) s/.exec(local.output())?.[1]);
}
