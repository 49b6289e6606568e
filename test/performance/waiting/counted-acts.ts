/**
 * The outside world of the waiting goals: a table with one row for each mail sent, without a unique
 * key, so that a mail sent twice is two rows. It outlives a killed worker and is not the ledger.
 */
import type { Pool } from 'pg';
import type { EffectHandler } from '#activities/effects/handler.ts';
import { FakeProvider } from '../../support/effects.ts';

/** What became of the goals of one arm. */
export type ActCount = { readonly lost: number; readonly twice: number };

/** Creates the table. */
export async function createActs(pool: Pool): Promise<void> {
  await pool.query('create table bench_acts (arm text not null, goal text not null)');
}

/** Sends one mail of a goal. */
export async function act(pool: Pool, arm: string, goal: string): Promise<void> {
  await pool.query('insert into bench_acts (arm, goal) values ($1, $2)', [arm, goal]);
}

/** How many mails an arm has sent. */
export async function actsOf(pool: Pool, arm: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    'select count(*)::int as count from bench_acts where arm = $1',
    [arm],
  );
  return rows[0]?.count ?? 0;
}

/** Compares what was sent with the goals that were to send one mail each. */
export async function countActs(
  pool: Pool,
  arm: string,
  goals: readonly string[],
): Promise<ActCount> {
  const { rows } = await pool.query<ActCount>(
    `select count(*) filter (where sent = 0)::int as lost,
            count(*) filter (where sent > 1)::int as twice
     from (select count(a.goal) as sent
           from unnest($2::text[]) as g left join bench_acts a on a.goal = g and a.arm = $1
           group by g) as each`,
    [arm, goals],
  );
  return rows[0] ?? { lost: goals.length, twice: 0 };
}

/** The provider of the product's arm: the same table behind the gateway of effects. */
export function actingHandler(pool: Pool, arm: string): EffectHandler {
  const receipt = { subject: 'Hi' };
  return {
    ...new FakeProvider().handler('sendEmail'),
    async perform(_payload, { step }) {
      await act(pool, arm, step.goalId);
      return receipt;
    },
    async reconcile(_payload, { step }) {
      const { lost } = await countActs(pool, arm, [step.goalId]);
      return lost === 1 ? { found: 'absent' } : { found: 'done', receipt };
    },
  };
}
