/** The start of the local Temporal server, when somebody else takes a port it was about to use. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { freePort } from '#infra/local/ports.ts';
import { startTemporal } from '#infra/temporal/server.ts';
import { temporalBinary } from '../support/stack.ts';

const dir = mkdtempSync(join(tmpdir(), 'adjutant-temporal-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** A program that fails with these words as often as told, and is the real server after that. */
function failing(name: string, words: string, times: number) {
  const [binary, count] = [join(dir, name), join(dir, `${name}.count`)];
  writeFileSync(count, '');
  const script = [
    '#!/bin/sh',
    `printf x >> '${count}'`,
    `if [ "$(wc -c < '${count}')" -le ${times} ]; then echo '${words}' >&2; exit 1; fi`,
    `exec '${temporalBinary()}' "$@"`,
  ];
  writeFileSync(binary, script.join('\n'));
  chmodSync(binary, 0o755);
  return { binary, logFile: join(dir, `${name}.log`), starts: () => readFileSync(count).length };
}

const taken = 'listen tcp 127.0.0.1:40123: bind: address already in use';

it('starts again', async () => {
  const { starts, ...options } = failing('once', taken, 1);
  const running = await startTemporal({ ...options, port: await freePort() });
  await running.stop();
  expect(starts()).toBe(2);
});

it('gives up after a few times, and at once for any other reason', async () => {
  const port = await freePort();
  const always = failing('always', taken, 9);
  await expect(startTemporal({ ...always, port })).rejects.toThrow('address already in use');
  expect(always.starts()).toBe(3);
  const other = failing('other', 'no such flag', 9);
  await expect(startTemporal({ ...other, port })).rejects.toThrow('no such flag');
  expect(other.starts()).toBe(1);
});
