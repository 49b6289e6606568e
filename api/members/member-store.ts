/**
 * The members of an owner: people who may decide what is handed on to them. Tokens are stored as their
 * SHA-256 only, so that nobody can read one here.
 */
import type { Pool } from 'pg';
import { type Authenticate, sha256 } from '../auth.ts';

/** Tokens of members begin with this, so that others cost no query. */
export const memberTokenPrefix = 'adjm_';

/** A member as the api shows them. */
export type Member = {
  readonly email: string;
  readonly name: string;
  readonly roles: readonly string[];
  /** True once a token was issued. */
  readonly hasToken: boolean;
  readonly createdAt: string;
};

/** Members in Postgres. Every query but the one by token names the owner. */
export type MemberStore = {
  list(owner: string): Promise<Member[]>;
  find(owner: string, email: string): Promise<Member | null>;
  /** Adds a member, or replaces name and roles; the token stays. */
  put(
    owner: string,
    member: { email: string; name: string; roles: readonly string[] },
  ): Promise<void>;
  /** Removes a member. Their token and what they approved and was not done yet count no more. */
  remove(owner: string, email: string): Promise<boolean>;
  /** Stores the hash of a token in place of the earlier one; false when there is no such member. */
  setToken(owner: string, email: string, token: string): Promise<boolean>;
  /** The member a token belongs to. */
  byToken(
    token: string,
  ): Promise<{ owner: string; email: string; roles: readonly string[] } | null>;
};

type Row = Omit<Member, 'createdAt'> & { readonly createdAt: Date };

/** A MemberStore on the `members` table. */
export function createMemberStore(pool: Pool): MemberStore {
  const select = `select email, name, roles, token_hash is not null as "hasToken",
    created_at as "createdAt" from members where owner = $1`;
  return {
    async list(owner) {
      const { rows } = await pool.query<Row>(`${select} order by name, email`, [owner]);
      return rows.map(memberOf);
    },
    async find(owner, email) {
      const { rows } = await pool.query<Row>(`${select} and email = $2`, [owner, email]);
      return rows[0] === undefined ? null : memberOf(rows[0]);
    },
    async put(owner, { email, name, roles }) {
      await pool.query(
        `insert into members (owner, email, name, roles) values ($1, $2, $3, $4)
         on conflict (owner, email) do update set name = excluded.name, roles = excluded.roles`,
        [owner, email, name, roles],
      );
    },
    async remove(owner, email) {
      const { rowCount } = await pool.query('delete from members where owner = $1 and email = $2', [
        owner,
        email,
      ]);
      return rowCount === 1;
    },
    async setToken(owner, email, token) {
      const { rowCount } = await pool.query(
        'update members set token_hash = $3 where owner = $1 and email = $2',
        [owner, email, sha256(token).toString('hex')],
      );
      return rowCount === 1;
    },
    async byToken(token) {
      const { rows } = await pool.query<{ owner: string; email: string; roles: string[] }>(
        'select owner, email, roles from members where token_hash = $1',
        [sha256(token).toString('hex')],
      );
      return rows[0] ?? null;
    },
  };
}

/** Authentication of members. What a token may do is looked up at every request. */
export function createMemberAuth(members: Pick<MemberStore, 'byToken'>): Authenticate {
  return async (token) => {
    if (!token.startsWith(memberTokenPrefix)) return null;
    const member = await members.byToken(token);
    if (member === null) return null;
    const { owner, email, roles } = member;
    return { owner, actor: email, member: { roles } };
  };
}

function memberOf(row: Row): Member {
  return { ...row, createdAt: row.createdAt.toISOString() };
}
