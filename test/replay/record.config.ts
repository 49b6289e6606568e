/** Runs record.ts alone (`npm run record-histories`), with the servers of the test projects. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/replay/record.ts'],
    globalSetup: ['test/support/servers.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
  },
});
