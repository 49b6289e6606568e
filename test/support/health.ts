/** Provider health and a day's budget for tests that are not about outages or limits. */
import type { DayBudgets, ModelCall } from '#activities/budgets/day-budgets.ts';
import type { ProviderHealth } from '#activities/providers/health.ts';

/** Calls always, and counts nothing. */
export const alwaysCalls: ProviderHealth = { call: (_who, work) => work() };

/** Lets every call through, and counts nothing. */
export const noLimits: DayBudgets = { within: (_call, _amount, ask) => ask() };

/** A call of nobody in particular. */
export const anyCall: ModelCall = { id: 'call', owner: 'alex@office.example.com', zone: 'UTC' };
