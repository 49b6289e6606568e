import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cachePath, resolveTemporal, type BinarySearch } from '#infra/temporal/binary.ts';
import { temporalArguments } from '#infra/temporal/server.ts';

let dir: string;
let calls: string[];
let lines: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'adjutant-binary-'));
  calls = [];
  lines = [];
  mkdirSync(join(dir, 'module'));
  writeFileSync(
    join(dir, 'module/go.mod'),
    'module x\nrequire (\n\tgithub.com/temporalio/cli v1.5.1\n)\n',
  );
  writeFileSync(join(dir, 'module/go.sum'), 'sums');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Nothing on PATH, nothing cached, the download refused, a build that works. */
const search = (changes: Partial<BinarySearch> = {}, tools: readonly string[] = []) => {
  for (const tool of tools) program(join(dir, 'bin', tool));
  return {
    env: { PATH: join(dir, 'bin'), XDG_CACHE_HOME: join(dir, 'cache') },
    progress: (line: string) => void lines.push(line),
    moduleDir: join(dir, 'module'),
    serverVersion: async () => [1, 29] as const,
    download: async (version: string) => {
      calls.push(`download ${version}`);
      throw new Error('error sending request\nfor url');
    },
    build: async (go: string, target: string) => {
      calls.push(`build ${go}`);
      await sleep(50);
      program(target);
    },
    ...changes,
  };
};
const program = (path: string) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o755);
};

test('a recent temporal on PATH is used before anything else', async () => {
  const found = await resolveTemporal(search({}, ['temporal', 'go']));
  expect(found).toEqual({ path: join(dir, 'bin/temporal'), source: 'path' });
  expect(calls).toEqual([]);
});

test.for([
  [[1, 24] as const, /has server 1\.24, 1\.29 or later is needed: not used/],
  [undefined, /is no Temporal CLI, 1\.29 or later is needed: not used/],
] as const)(
  'a temporal on PATH that says %j is passed over with a word',
  async ([version, line]) => {
    const found = await resolveTemporal(
      search({ serverVersion: async () => version }, ['temporal', 'go']),
    );
    expect(found.source).toBe('build');
    expect(lines[0]).toMatch(line);
  },
);

test('a cached program is used without download or build', async () => {
  const options = search({}, ['go']);
  program(cachePath(options));
  expect(await resolveTemporal(options)).toEqual({ path: cachePath(options), source: 'cache' });
  expect(calls).toEqual([]);
});

test('another pinned version is another program in the cache', () => {
  const before = cachePath(search());
  writeFileSync(join(dir, 'module/go.sum'), 'other sums');
  expect(cachePath(search())).not.toBe(before);
  expect(dirname(before)).toBe(join(dir, 'cache/adjutant'));
});

test('a download puts the pinned version into the cache', async () => {
  const options = search({
    download: async (version, target) => {
      calls.push(version);
      program(target);
    },
  });
  expect(await resolveTemporal(options)).toEqual({ path: cachePath(options), source: 'download' });
  expect(calls).toEqual(['v1.5.1']);
});

test('a refused download leads to a build, said in one line, and the next start finds it', async () => {
  const options = search({}, ['go']);
  expect(await resolveTemporal(options)).toEqual({ path: cachePath(options), source: 'build' });
  expect(calls).toEqual(['download v1.5.1', `build ${join(dir, 'bin/go')}`]);
  expect(lines).toContain(
    'the download failed (error sending request for url); building Temporal with Go, about 3 min, once',
  );
  expect((await resolveTemporal(options)).source).toBe('cache');
});

test('without download and without Go the reason is one line that says what to do', async () => {
  await expect(resolveTemporal(search())).rejects.toThrow(
    /^no Temporal server: the download failed \(error sending request for url\) and Go is not installed: install the Temporal CLI or Go 1\.25 or later, or set TEMPORAL_ADDRESS to a running server$/,
  );
  expect(existsSync(`${cachePath(search())}.lock`)).toBe(false);
});

test('a failed build leaves nothing half-made in the cache', async () => {
  const options = search(
    {
      build: async (_go, target) => {
        program(target);
        throw new Error('no space left on device');
      },
    },
    ['go'],
  );
  await expect(resolveTemporal(options)).rejects.toThrow(
    'Temporal could not be built (no space left on device): install the Temporal CLI',
  );
  expect(existsSync(cachePath(options))).toBe(false);
});

test('two starts at once build only once', async () => {
  const options = search({}, ['go']);
  const found = await Promise.all([resolveTemporal(options), resolveTemporal(options)]);
  expect(calls.filter((call) => call.startsWith('build'))).toHaveLength(1);
  expect(found.map(({ source }) => source).toSorted()).toEqual(['build', 'cache']);
});

test('a lock left by a process that is gone does not stop the next start', async () => {
  const options = search({}, ['go']);
  mkdirSync(dirname(cachePath(options)), { recursive: true });
  writeFileSync(`${cachePath(options)}.lock`, '2147483646');
  expect((await resolveTemporal(options)).source).toBe('build');
});

test('the server listens on the loopback only, tuned, durable and with the search attributes', () => {
  const command = temporalArguments({ port: 1, uiPort: 2, dbFile: '/x/temporal.db' }).join(' ');
  for (const part of [
    'server start-dev --ip 127.0.0.1 --port 1',
    '--ui-port 2',
    '--db-filename /x/temporal.db',
    '--sqlite-pragma journal_mode=wal',
    '--dynamic-config-value history.transferProcessorMaxPollRPS=5000',
    '--dynamic-config-value matching.numTaskqueueReadPartitions=1',
    '--search-attribute GoalState=Keyword',
    '--search-attribute NextDeadline=Datetime',
  ]) {
    expect(command).toContain(part);
  }
  expect(temporalArguments({ port: 1 }).join(' ')).not.toMatch(/db-filename|sqlite/);
});
