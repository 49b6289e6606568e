/** Puts the sandbox's people and rooms into the directory, so that goals know what a name means. */
import type { Pool } from 'pg';
import { z } from 'zod';
import { providers } from '#contracts/accounts.ts';
import { personSchema } from '#contracts/schemas/common.ts';
import { rooms } from './office/rooms.ts';

const accountSchema = z.object({ email: z.email(), vendor: z.enum(providers) });
const officeSchema = z.array(
  z.object({
    ...personSchema.shape,
    main: z.boolean().optional(),
    accounts: z.array(accountSchema),
  }),
);

/** The person the office is built around. */
export type SandboxOwner = {
  readonly owner: string;
  readonly zone: string;
  /** Their accounts, as ADJUTANT_SANDBOX_ACCOUNTS takes them. */
  readonly accounts: string;
};

/**
 * Reads the office from the oracle and stores everyone and every room in the main person's directory.
 * Idempotent.
 * @returns the main person, who owns this installation while it runs on the sandbox
 */
export async function seedOffice(pool: Pool, oracleUrl: string): Promise<SandboxOwner> {
  const response = await fetch(new URL('/__oracle/office', oracleUrl));
  const people = officeSchema.parse(await response.json());
  const main = people.find((person) => person.main === true);
  if (main === undefined) throw new Error('The sandbox office has no main person.');
  for (const { email, name, zone, workingHours } of [...people, ...rooms]) {
    await pool.query(
      `insert into people (owner, email, name, zone, working_hours) values ($1, $2, $3, $4, $5)
       on conflict (owner, email) do nothing`,
      [main.email, email, name, zone, JSON.stringify(workingHours)],
    );
  }
  const accounts = main.accounts.map(({ vendor, email }) =>
    [vendor, email, email === main.email ? 'work' : 'private'].join(':'),
  );
  return { owner: main.email, zone: main.zone, accounts: accounts.join(',') };
}
