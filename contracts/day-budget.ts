/** What a person's goals may use up together on one day. Types, and what follows from them. Pure. */
import type { Budget } from './goal.ts';

/** The kinds of the budget of a day, in the order in which they are looked at. */
export const dayBudgetKinds = ['modelTokens', 'costMicroUsd'] as const;
export type DayBudgetKind = (typeof dayBudgetKinds)[number];

/** Bounds of one person's day, over all their goals, in the words of a goal's own. Absent = no bound. */
export type DayBudget = { readonly [Kind in DayBudgetKind]?: Budget[Kind] | undefined };

/** What model calls use up: tokens of both directions, and micro-dollars by the configured prices. */
export type Spend = Readonly<Record<DayBudgetKind, number>>;

/** Where a day stands. */
export type DaySpend = {
  /** Settled, and reserved for calls under way. */
  readonly used: Spend;
  /** Allowed by the person on top of the configured bounds. */
  readonly raised: Spend;
};

/** A bound that leaves no room for a call, with what approving allows. The failure carries it. */
export type DayBudgetReached = {
  readonly kind: DayBudgetKind;
  /** `YYYY-MM-DD` where the person is. */
  readonly day: string;
  readonly used: number;
  /** With everything that was allowed on top. */
  readonly bound: number;
  /** What had been allowed on top when this was seen: allowing more begins from here, once. */
  readonly raised: number;
  /** Approving allows this much more on that day. */
  readonly more: number;
};

/** An answer to a reached bound, for one person. */
export type DayBudgetRaise = Pick<DayBudgetReached, 'kind' | 'day' | 'raised' | 'more'> & {
  readonly owner: string;
};

/** The date in a zone, `YYYY-MM-DD`. @throws RangeError for an unknown zone */
export function dayOf(at: Date, zone: string): string {
  const format = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`;
}

/** The first bound that leaves no room for this much; null when all do. */
export function reachedBy(
  budget: DayBudget,
  { used, raised }: DaySpend,
  amount: Spend,
): Omit<DayBudgetReached, 'day'> | null {
  for (const kind of dayBudgetKinds) {
    const limit = budget[kind];
    if (limit === undefined) continue;
    const bound = limit + raised[kind];
    if (used[kind] + amount[kind] <= bound) continue;
    // At least one call more, however small the limit is.
    const more = Math.max(limit, amount[kind]);
    return { kind, used: used[kind], bound, raised: raised[kind], more };
  }
  return null;
}
