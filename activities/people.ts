/** The directory: people the owner works with, their zones and working hours. Ours, in Postgres. */
import type { Pool } from 'pg';
import { type Person, personSchema } from '#contracts/schemas/common.ts';

/** Reads the directory of one owner. */
export type Directory = {
  /** Everyone, by name; at most 500. */
  list(owner: string): Promise<readonly Person[]>;
  /** The people with these addresses; those not in the directory are missing from the answer. */
  find(owner: string, emails: readonly string[]): Promise<ReadonlyMap<string, Person>>;
};

/** A Directory on the `people` table. */
export function createDirectory(pool: Pool): Directory {
  const columns = 'email, name, zone, working_hours as "workingHours"';
  return {
    async list(owner) {
      const { rows } = await pool.query<Person>(
        `select ${columns} from people where owner = $1 order by name limit 500`,
        [owner],
      );
      return rows.map((row) => personSchema.parse(row));
    },
    async find(owner, emails) {
      const { rows } = await pool.query<Person>(
        `select ${columns} from people where owner = $1 and email = any($2)`,
        [owner, emails.map((email) => email.toLowerCase())],
      );
      return new Map(rows.map((row) => [row.email, personSchema.parse(row)]));
    },
  };
}
