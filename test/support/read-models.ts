/** The read models cell by cell, so that a rebuild can be compared with what was there before it. */
import type { Pool } from 'pg';

const tables = { goals: 'goal_id', approvals: 'approval_id', journal_events: 'number' } as const;

/** Every column of every row that publishing fills, by a name for people. */
export async function readModelCells(
  pool: Pool,
  nameOf: (goalId: string) => string = (goalId) => goalId,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [table, key] of Object.entries(tables)) {
    // Columns that Postgres fills by itself differ by nature.
    const { rows: columns } = await pool.query<{ name: string }>(
      `select column_name as name from information_schema.columns
       where table_name = $1 and column_default is null and is_identity = 'NO'`,
      [table],
    );
    const { rows } = await pool.query(`select to_jsonb(t) as row from ${table} t`);
    for (const { row } of rows) {
      for (const { name } of columns) {
        found.set(
          `${nameOf(row.goal_id)}: ${table} ${row[key]} ${name}`,
          JSON.stringify(row[name]),
        );
      }
    }
  }
  return found;
}

/** What differs between two readings, one line each. */
export function differingCells(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) =>
    before.get(name) === after.get(name)
      ? []
      : [`${name}: ${before.get(name)} → ${after.get(name)}`],
  );
}

/** Loses all read models. */
export async function dropReadModels(pool: Pool): Promise<void> {
  await pool.query(`truncate ${Object.keys(tables).join(', ')}`);
}
