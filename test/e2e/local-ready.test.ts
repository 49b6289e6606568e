/** Ready means ready: a stack whose worker takes its time does not say so before the worker does. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startLocal, temporaryStateDir } from '#test/support/local-process.ts';

test('a stack is not ready before its worker is', async () => {
  using state = temporaryStateDir();
  await using local = startLocal('test/support/stand-ins/local.ts', state.path, {
    STAND_IN_WORKER: 'slow',
  });
  await local.endpoints();
  expect(existsSync(join(state.path, 'worker-was-ready'))).toBe(true);
});
