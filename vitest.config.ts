/** One vitest project a folder of tests, so that each has its own limits and its own script. */
import { defineConfig } from 'vitest/config';

type ProjectOptions = {
  readonly timeoutMs: number;
  /** Needs the shared Temporal server and Postgres. */
  readonly servers?: boolean;
  /** Starts whole process trees, so its files run one at a time and after all others. */
  readonly alone?: boolean;
};

const project = (name: string, options: ProjectOptions) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: options.timeoutMs,
    hookTimeout: 120_000,
    pool: 'forks' as const,
    // A shared machine may stall for seconds. A retried test is named in the output: look at it.
    retry: process.env.CI === 'true' && options.servers === true ? 1 : 0,
    ...(options.alone === true ? { maxWorkers: 1, sequence: { groupOrder: 1 } } : {}),
    ...(options.servers === true ? { globalSetup: ['test/support/servers.ts'] } : {}),
  },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project('unit', { timeoutMs: 20_000 }),
      project('architecture', { timeoutMs: 60_000 }),
      project('workflow', { timeoutMs: 60_000, servers: true }),
      project('replay', { timeoutMs: 60_000 }),
      project('contract', { timeoutMs: 60_000, servers: true }),
      project('e2e', { timeoutMs: 240_000, servers: true, alone: true }),
    ],
  },
});
