/** Provider health for tests that are not about outages. */
import type { ProviderHealth } from '#activities/providers/health.ts';

/** Calls always, and counts nothing. */
export const alwaysCalls: ProviderHealth = { call: (_who, work) => work() };
