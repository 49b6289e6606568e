/** The directory in Postgres, read and written for one owner only. */
import type { Pool } from 'pg';
import { limits } from '#contracts/limits.ts';
import { type Person, personSchema } from '#contracts/schemas/common.ts';

/** The people an owner works with. */
export type PeopleStore = {
  list(owner: string): Promise<Person[]>;
  /** Adds people and replaces those with the same address. All or none. */
  upsert(owner: string, people: readonly Person[]): Promise<void>;
  /** The owner's own zone, when the directory has it. */
  zoneOf(owner: string): Promise<string | null>;
};

/** A PeopleStore on the `people` table. */
export function createPeopleStore(pool: Pool): PeopleStore {
  return {
    async list(owner) {
      const { rows } = await pool.query<Person>(
        `select email, name, zone, working_hours as "workingHours" from people
         where owner = $1 order by name, email limit $2`,
        [owner, limits.peopleMax],
      );
      return rows.map((row) => personSchema.parse(row));
    },
    async upsert(owner, people) {
      await pool.query(
        `insert into people (owner, email, name, zone, working_hours)
         select $1, p->>'email', p->>'name', p->>'zone', p->'workingHours'
         from jsonb_array_elements($2::jsonb) as p
         on conflict (owner, email) do update
           set name = excluded.name, zone = excluded.zone, working_hours = excluded.working_hours`,
        [owner, JSON.stringify(people)],
      );
    },
    async zoneOf(owner) {
      const { rows } = await pool.query<{ zone: string }>(
        'select zone from people where owner = $1 and email = $1',
        [owner],
      );
      return rows[0]?.zone ?? null;
    },
  };
}
