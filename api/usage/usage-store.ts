/** What a person's model calls of today came to, read from the rows in which workers reserve them. */
import type { Pool } from 'pg';
import { type DayBudget, dayOf } from '#contracts/day-budget.ts';

/** One kind of what is used up. `limit` counts what was allowed on top today; null is none. */
type Used = { readonly used: number; readonly reserved: number; readonly limit: number | null };

/** The usage of one day. */
export type DayUsage = {
  /** `YYYY-MM-DD` in the zone. */
  readonly day: string;
  readonly zone: string;
  readonly modelCalls: number;
  readonly modelTokens: Used;
  readonly costMicroUsd: Used;
};

/** Reads usage. */
export type UsageStore = {
  today(owner: string, zone: string): Promise<DayUsage>;
};

const columns = `calls, tokens::float8, reserved_tokens::float8 as "reservedTokens",
  more_tokens::float8 as "moreTokens", cost_micro_usd::float8 as cost,
  reserved_micro_usd::float8 as "reservedCost", more_micro_usd::float8 as "moreCost"`;
const unused = {
  calls: 0,
  tokens: 0,
  reservedTokens: 0,
  moreTokens: 0,
  cost: 0,
  reservedCost: 0,
  moreCost: 0,
};

/** A UsageStore on the table `budget_days`, with the limits of this installation. */
export function createUsageStore(pool: Pool, budget: DayBudget): UsageStore {
  return {
    async today(owner, zone) {
      const day = dayOf(new Date(), zone);
      const { rows } = await pool.query<typeof unused>(
        `select ${columns} from budget_days where owner = $1 and day = $2::date`,
        [owner, day],
      );
      const row = rows[0] ?? unused;
      return {
        day,
        zone,
        modelCalls: row.calls,
        modelTokens: {
          used: row.tokens,
          reserved: row.reservedTokens,
          limit: budget.modelTokens === undefined ? null : budget.modelTokens + row.moreTokens,
        },
        costMicroUsd: {
          used: row.cost,
          reserved: row.reservedCost,
          limit: budget.costMicroUsd === undefined ? null : budget.costMicroUsd + row.moreCost,
        },
      };
    },
  };
}
