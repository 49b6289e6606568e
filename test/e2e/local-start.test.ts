/** The real `npm start`: every part as it ships, from an empty folder and again from a used one. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  eventually,
  isAlive,
  pidsOf,
  startLocal,
  temporaryStateDir,
} from '#test/support/local-process.ts';

// Written before the processes existed; runs from the commit that adds them.
const isBuilt = ['workers/main.ts', 'api/main.ts', 'infra/sandbox/seed.ts'].every((file) =>
  existsSync(join(import.meta.dirname, '../..', file)),
);

test.runIf(isBuilt)(
  'npm start from nothing serves the api with a sample goal, and starts again within 15 s',
  async () => {
    using state = temporaryStateDir();
    {
      await using first = startLocal('infra/local.ts', state.path);
      const { api } = await first.endpoints();
      expect((await fetch(`${api}/readyz`)).status).toBe(200);
      expect((await fetch(`${api}/v1/goals`)).status).toBe(401);
      await eventually(() => /first goal|sample goal/.test(first.output()));
      expect(first.output()).toContain('a first goal is on its way');
      first.signal('SIGINT');
      expect(await first.exit).toBe(0);
    }
    await using second = startLocal('infra/local.ts', state.path);
    const endpoints = await second.endpoints();
    await eventually(() => second.output().includes('ready in'));
    expect(Number(/ready in ([\d.]+) s/.exec(second.output())?.[1])).toBeLessThan(15);
    const token = readFileSync(join(state.path, 'token'), 'utf8').trim();
    const goals = await fetch(`${endpoints.api}/v1/goals`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(goals.status).toBe(200);
    expect(await goals.text()).toContain('Find 30 minutes with Bob and Carla');
    const pids = pidsOf(endpoints);
    second.signal('SIGTERM');
    expect(await second.exit).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
  },
);
