/**
 * Budgets of a person and a day: every model call is reserved before it is made and settled after, in
 * one row of Postgres that all workers share. Each statement is atomic, so that workers need not know
 * of each other. It asks nobody: a bound that leaves no room is a failure, and the goal asks.
 */
import { activityInfo } from '@temporalio/activity';
import type { Pool } from 'pg';
import type { ModelUsage, StepContext } from '#contracts/activities.ts';
import {
  type DayBudget,
  type DayBudgetKind,
  type DayBudgetRaise,
  type DaySpend,
  dayOf,
  reachedBy,
  type Spend,
} from '#contracts/day-budget.ts';
import { limits } from '#contracts/limits.ts';
import { failure } from '../failures.ts';

/** Whose call it is, and which. An activity makes its calls one after the other, under one id. */
export type ModelCall = {
  readonly id: string;
  readonly owner: string;
  /** IANA zone that says which day it is. */
  readonly zone: string;
};

/** The call that the running activity makes for a person. */
export function modelCallOf({ owner, zone }: Pick<StepContext, 'owner' | 'zone'>): ModelCall {
  const { workflowExecution, activityId } = activityInfo();
  const { workflowId = '', runId = '' } = workflowExecution ?? {};
  return { id: `${workflowId}/${runId}/${activityId}`, owner, zone };
}

/** The budgets of everybody's days. */
export type DayBudgets = {
  /**
   * Makes a call inside the day's budget: reserves the amount, and settles it by the usage that comes
   * back or releases it when nothing does. Idempotency: a retry of the call takes over what it had
   * reserved. @throws DayBudgetReachedError with DayBudgetReached, and what the call throws
   */
  within<Answer extends { readonly usage: ModelUsage }>(
    call: ModelCall,
    amount: Spend,
    ask: () => Promise<Answer>,
  ): Promise<Answer>;
};

export type DayBudgetOptions = {
  readonly budget: DayBudget;
  readonly now?: () => Date;
  /** How long a call may hold its reservation. */
  readonly leaseMs?: number;
};

const nothing: Spend = { modelTokens: 0, costMicroUsd: 0 };

/** DayBudgets on the tables `budget_days` and `budget_reservations`. */
export function createDayBudgets(
  pool: Pool,
  { budget, now = () => new Date(), leaseMs = limits.modelReservationMs }: DayBudgetOptions,
): DayBudgets {
  return {
    async within(call, amount, ask) {
      const day = dayOf(now(), call.zone);
      await reserve(pool, { budget, leaseMs }, { ...call, day }, amount);
      let answer;
      try {
        answer = await ask();
      } catch (error) {
        // What cannot be released now expires.
        await settle(pool, { ...call, day }, nothing, 0).catch(() => undefined);
        throw error;
      }
      const { inputTokens, outputTokens, costMicroUsd = 0 } = answer.usage;
      const used = { modelTokens: inputTokens + outputTokens, costMicroUsd };
      await settle(pool, { ...call, day }, used, 1);
      return answer;
    },
  };
}

type CallOfDay = ModelCall & { readonly day: string };
type Terms = Required<Pick<DayBudgetOptions, 'budget' | 'leaseMs'>>;

async function reserve(pool: Pool, terms: Terms, call: CallOfDay, amount: Spend): Promise<void> {
  const { owner, day } = call;
  while (!(await take(pool, terms, call, amount))) {
    await dropExpired(pool, owner);
    const reached = reachedBy(terms.budget, await readDay(pool, owner, day), amount);
    // Otherwise something was settled, dropped or allowed meanwhile, and there is room.
    if (reached === null) continue;
    throw failure('DayBudgetReachedError', `The budget of ${day} is used up.`, {
      details: { ...reached, day },
    });
  }
}

/**
 * $1 call, $2 owner, $3 day, $4 tokens, $5 micro-dollars, $6 and $7 their bounds, $8 lease. A conflict
 * looks at the row as it is after whoever holds it: two calls never take the same room.
 */
const takeSql = `with kept as (
    update budget_reservations set expires_at = now() + $8::float8 * interval '1 ms'
    where call_id = $1 returning 1
  ), taken as (
    insert into budget_days as d (owner, day, reserved_tokens, reserved_micro_usd)
    select $2, $3::date, $4::bigint, $5::bigint
    where not exists (select from kept) and (
      exists (select from budget_days where owner = $2 and day = $3::date)
      or $4 <= coalesce($6::bigint, $4) and $5 <= coalesce($7::bigint, $5))
    on conflict (owner, day) do update set
      reserved_tokens = d.reserved_tokens + $4, reserved_micro_usd = d.reserved_micro_usd + $5
    where ($6 is null or d.tokens + d.reserved_tokens + $4 <= $6 + d.more_tokens)
      and ($7 is null or d.cost_micro_usd + d.reserved_micro_usd + $5 <= $7 + d.more_micro_usd)
    returning 1
  ), noted as (
    insert into budget_reservations (call_id, owner, day, tokens, cost_micro_usd, expires_at)
    select $1, $2, $3::date, $4, $5, now() + $8::float8 * interval '1 ms' from taken
  )
  select 1 from kept union all select 1 from taken`;

/** True when the call holds its reservation: now, or since an earlier attempt. */
async function take(
  pool: Pool,
  { budget, leaseMs }: Terms,
  { id, owner, day }: CallOfDay,
  { modelTokens, costMicroUsd }: Spend,
): Promise<boolean> {
  const bounds = [budget.modelTokens ?? null, budget.costMicroUsd ?? null];
  const values = [id, owner, day, modelTokens, costMicroUsd, ...bounds, leaseMs];
  try {
    return (await pool.query(takeSql, values)).rowCount === 1;
  } catch (error) {
    // Another attempt of the same call, not dead after all, was faster: the next look finds its row.
    if (error instanceof Error && 'code' in error && error.code === '23505') return false;
    throw error;
  }
}

/** Counts what was used, and gives the reservation back if it is still there. */
async function settle(
  pool: Pool,
  { id, owner, day }: CallOfDay,
  used: Spend,
  calls: number,
): Promise<void> {
  await pool.query(
    `with held as (
       delete from budget_reservations where call_id = $1
       returning day, tokens, cost_micro_usd as cost
     )
     insert into budget_days as d (owner, day, calls, tokens, cost_micro_usd)
     values ($2, coalesce((select day from held), $3::date), $4, $5, $6)
     on conflict (owner, day) do update set
       calls = d.calls + excluded.calls, tokens = d.tokens + excluded.tokens,
       cost_micro_usd = d.cost_micro_usd + excluded.cost_micro_usd,
       reserved_tokens = d.reserved_tokens - coalesce((select tokens from held), 0),
       reserved_micro_usd = d.reserved_micro_usd - coalesce((select cost from held), 0)`,
    [id, owner, day, calls, used.modelTokens, used.costMicroUsd],
  );
}

/** Gives back what calls hold that died with their worker. */
async function dropExpired(pool: Pool, owner: string): Promise<void> {
  await pool.query(
    `with dead as (
       delete from budget_reservations where call_id in (
         select call_id from budget_reservations where owner = $1 and expires_at <= now()
         for update skip locked)
       returning day, tokens, cost_micro_usd
     ), sums as (
       select day, sum(tokens) as tokens, sum(cost_micro_usd) as cost from dead group by day
     )
     update budget_days d set reserved_tokens = d.reserved_tokens - sums.tokens,
       reserved_micro_usd = d.reserved_micro_usd - sums.cost
     from sums where d.owner = $1 and d.day = sums.day`,
    [owner],
  );
}

async function readDay(pool: Pool, owner: string, day: string): Promise<DaySpend> {
  type Row = { usedTokens: number; usedCost: number; moreTokens: number; moreCost: number };
  const { rows } = await pool.query<Row>(
    `select (tokens + reserved_tokens)::float8 as "usedTokens",
       (cost_micro_usd + reserved_micro_usd)::float8 as "usedCost",
       more_tokens::float8 as "moreTokens", more_micro_usd::float8 as "moreCost"
     from budget_days where owner = $1 and day = $2::date`,
    [owner, day],
  );
  const [row] = rows;
  if (row === undefined) return { used: nothing, raised: nothing };
  return {
    used: { modelTokens: row.usedTokens, costMicroUsd: row.usedCost },
    raised: { modelTokens: row.moreTokens, costMicroUsd: row.moreCost },
  };
}

const moreColumns = {
  modelTokens: 'more_tokens',
  costMicroUsd: 'more_micro_usd',
} as const satisfies Record<DayBudgetKind, string>;

/**
 * Allows more on one day. Effect: raises that day's bound. Idempotency: only from where the person saw
 * it, so that a retry, and the same answer to another goal, raise nothing and return false. Heartbeats:
 * no (local activity). Failures: none on purpose.
 */
export async function raiseDayBudget(
  pool: Pool,
  { owner, day, kind, raised, more }: DayBudgetRaise,
): Promise<boolean> {
  const column = moreColumns[kind];
  const { rowCount } = await pool.query(
    `insert into budget_days as d (owner, day, ${column}) values ($1, $2::date, $3)
     on conflict (owner, day) do update set ${column} = d.${column} + excluded.${column}
     where d.${column} = $4`,
    [owner, day, more, raised],
  );
  return rowCount === 1;
}
