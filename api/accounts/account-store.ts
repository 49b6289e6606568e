/**
 * Connected accounts of an owner, without their tokens: those are opened by workers only. Reads them
 * and changes what the person calls them.
 */
import type { Pool, PoolClient } from 'pg';
import type { AccountChange, AccountView } from '#contracts/schemas/account.ts';

/** What became of a change: done, no such account, or the name belongs to another one. */
export type AccountChanged = 'changed' | 'unknown' | 'label_taken';

/** Accounts in Postgres. Every query names the owner. */
export type AccountStore = {
  /** The default first, then by the time they were connected. */
  list(owner: string): Promise<AccountView[]>;
  change(owner: string, email: string, change: AccountChange): Promise<AccountChanged>;
};

/** An AccountStore on the `accounts` table. */
export function createAccountStore(pool: Pool): AccountStore {
  return {
    async list(owner) {
      const { rows } = await pool.query<Omit<AccountView, 'connectedAt'> & { connectedAt: Date }>(
        `select email, provider, label, is_default as "isDefault", state, scopes,
           connected_at as "connectedAt"
         from accounts where owner = $1 order by is_default desc, connected_at, email`,
        [owner],
      );
      return rows.map((row) => ({ ...row, connectedAt: row.connectedAt.toISOString() }));
    },
    async change(owner, email, wanted) {
      const client = await pool.connect();
      try {
        await client.query('begin');
        const result = await changeAccount(client, owner, email, wanted);
        await client.query('commit');
        client.release();
        return result;
      } catch (error) {
        await client.query('rollback').catch(() => undefined);
        client.release();
        if (isLabelTaken(error)) return 'label_taken';
        throw error;
      }
    },
  };
}

async function changeAccount(
  client: PoolClient,
  owner: string,
  email: string,
  { label, isDefault }: AccountChange,
): Promise<AccountChanged> {
  // Whoever changes which account is the default takes this lock, so that there always is one.
  await client.query(`select pg_advisory_xact_lock(hashtextextended('accounts:' || $1, 0))`, [
    owner,
  ]);
  const { rowCount } = await client.query(
    'update accounts set label = case when $3 then $4 else label end where owner = $1 and email = $2',
    [owner, email, label !== undefined, label ?? null],
  );
  if (rowCount === 0) return 'unknown';
  if (isDefault === true) {
    await client.query('update accounts set is_default = false where owner = $1 and is_default', [
      owner,
    ]);
    await client.query('update accounts set is_default = true where owner = $1 and email = $2', [
      owner,
      email,
    ]);
  }
  return 'changed';
}

function isLabelTaken(error: unknown): boolean {
  return error instanceof Error && 'constraint' in error && error.constraint === 'accounts_label';
}
