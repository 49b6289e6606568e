import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTimeOf } from '#infra/local/leftovers.ts';
import { startProcess, waitUntilReady, type ProcessOptions } from '#infra/local/process.ts';
import { createSupervisor, type Part } from '#infra/local/supervisor.ts';
import { eventually } from '#test/support/local-process.ts';

let dir: string;
let lines: string[];
let givenUp: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'adjutant-supervisor-'));
  lines = [];
  givenUp = [];
});
afterEach(() => rmSync(dir, { recursive: true }));

const script = (name: string, code: string, more: Partial<ProcessOptions> = {}) => ({
  name,
  command: process.execPath,
  args: ['-e', code],
  logFile: join(dir, `${name}.log`),
  ...more,
});
const part = (name: string, code: string): Part => ({
  name,
  start: () => startProcess(script(name, code)),
});
const lasting = 'setInterval(() => {}, 1000)';
const supervise = (changes = {}) =>
  createSupervisor({
    progress: (line) => void lines.push(line),
    onGiveUp: (reason) => void givenUp.push(reason),
    firstDelayMs: 5,
    maxDelayMs: 20,
    ...changes,
  });
const isAlive = (pid: number) => startTimeOf(pid) !== undefined;

test('a part that is killed is started again and its new number is told', async () => {
  const restarted: string[] = [];
  const supervisor = supervise({ onRestart: (name: string) => void restarted.push(name) });
  await supervisor.start(part('a', lasting));
  const before = supervisor.pids().get('a')!;
  process.kill(before, 'SIGKILL');
  await eventually(() => restarted.length === 1);
  expect(supervisor.pids().get('a')).not.toBe(before);
  expect(lines).toEqual(['a ended (SIGKILL), starting it again']);
  await supervisor.stop();
});

test('a part that dies more often than allowed is given up with its count', async () => {
  const supervisor = supervise({ maxRestarts: 2 });
  await supervisor.start(part('b', 'process.exit(7)'));
  await eventually(() => givenUp.length > 0);
  expect(givenUp).toEqual(['b ended 3 times within 60 s']);
  expect(lines.filter((line) => line.includes('exit code 7'))).toHaveLength(3);
  await supervisor.stop();
});

test('a part that was well between its deaths is never given up', async () => {
  const supervisor = supervise({ maxRestarts: 1, healthyMs: 100 });
  await supervisor.start(part('d', lasting));
  for (let round = 1; round <= 4; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 150));
    const pid = supervisor.pids().get('d')!;
    process.kill(pid, 'SIGKILL');
    await eventually(() => (supervisor.pids().get('d') ?? pid) !== pid);
  }
  expect(givenUp).toEqual([]);
  await supervisor.stop();
});

test('restarts long ago do not count', async () => {
  const supervisor = supervise({ maxRestarts: 1, windowMs: 100 });
  await supervisor.start(part('c', lasting));
  for (let round = 1; round <= 3; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 150));
    const pid = supervisor.pids().get('c')!;
    process.kill(pid, 'SIGKILL');
    await eventually(() => (supervisor.pids().get('c') ?? pid) !== pid);
  }
  expect(givenUp).toEqual([]);
  await supervisor.stop();
});

test('a stop ends parts in reverse order and starts nothing again', async () => {
  const supervisor = supervise();
  const stopped: string[] = [];
  for (const name of ['first', 'second', 'third']) {
    await supervisor.start({
      name,
      start: async () => {
        const running = await startProcess(script(name, lasting));
        void running.exit.then(() => stopped.push(name));
        return running;
      },
    });
  }
  const pids = [...supervisor.pids().values()];
  await supervisor.stop();
  expect(stopped).toEqual(['third', 'second', 'first']);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(lines).toEqual([]);
  await expect(supervisor.start(part('late', lasting))).rejects.toThrow('stopping');
});

test('a part that becomes ready only while stopping is stopped as well', async () => {
  const supervisor = supervise();
  let pid = 0;
  const starting = supervisor.start({
    name: 'slow',
    start: async () => {
      const running = await startProcess(script('slow', lasting));
      pid = running.pid;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return running;
    },
  });
  await eventually(() => pid > 0);
  await supervisor.stop();
  await starting;
  expect(isAlive(pid)).toBe(false);
});

test('a first start that fails is reported, not repeated', async () => {
  const supervisor = supervise();
  const logFile = join(dir, 'd.log');
  const start = async () => {
    const running = await startProcess(
      script('d', 'console.error("Error: no luck"); process.exit(2)'),
    );
    await waitUntilReady(running, async () => undefined, { name: 'd', logFile, timeoutMs: 5_000 });
    return running;
  };
  await expect(supervisor.start({ name: 'd', start })).rejects.toThrow(
    `d ended at start (exit code 2): Error: no luck (log: ${logFile})`,
  );
  await supervisor.stop();
});

test('a process that ignores the request to stop is killed after the grace time', async () => {
  let isReady = false;
  const running = await startProcess(
    script('deaf', `process.on('SIGTERM', () => {}); console.log('up'); ${lasting}`, {
      stopGraceMs: 100,
      onLine: () => (isReady = true),
    }),
  );
  await eventually(() => isReady);
  await running.stop();
  expect(await running.exit).toEqual({ code: null, signal: 'SIGKILL' });
});

test('a process that is not ready in time is stopped', async () => {
  const running = await startProcess(script('mute', lasting));
  const limits = { name: 'mute', logFile: join(dir, 'mute.log'), timeoutMs: 100 };
  await expect(waitUntilReady(running, async () => undefined, limits)).rejects.toThrow(
    'mute was not ready within 0.1 s',
  );
  expect(isAlive(running.pid)).toBe(false);
});

test('lines are handed over whole and everything is in the log', async () => {
  const seen: string[] = [];
  const running = await startProcess(
    script('talker', `process.stdout.write('on'); setTimeout(() => console.log('e\\ntwo'), 20)`, {
      onLine: (line) => void seen.push(line),
    }),
  );
  await running.exit;
  expect(seen).toEqual(['one', 'two']);
  expect(readFileSync(join(dir, 'talker.log'), 'utf8')).toBe('one\ntwo\n');
});

test('a command that does not exist is one line', async () => {
  await expect(startProcess(script('x', '', { command: '/nowhere/x' }))).rejects.toThrow(
    'x cannot be started: spawn /nowhere/x ENOENT',
  );
});
