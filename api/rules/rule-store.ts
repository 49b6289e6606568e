/** Standing rules of an owner, with how often each was used. Days are days in UTC. */
import type { Pool } from 'pg';
import { readTarget, type RuleSubject, type RuleTarget } from '#contracts/standing-rule.ts';

/** A standing rule as the api shows it. */
export type Rule = {
  readonly id: string;
  readonly tool: string;
  readonly target: RuleTarget;
  /** The approval it was made from. */
  readonly createdFrom: string;
  readonly createdBy: string;
  readonly dailyCap: number;
  readonly expiresAt: string;
  readonly createdAt: string;
  readonly revokedAt: string | null;
  readonly state: 'live' | 'expired' | 'revoked';
  readonly uses: number;
  readonly usesToday: number;
  readonly lastUsedAt: string | null;
};

/** What a rule is made of. */
export type NewRule = {
  readonly id: string;
  readonly tool: string;
  readonly target: RuleTarget;
  readonly createdFrom: string;
  readonly createdBy: string;
  readonly dailyCap: number;
  readonly expiresInDays: number;
};

/** Rules in Postgres. Every query names the owner, but the one by digest, which is of an approval. */
export type RuleStore = {
  list(owner: string): Promise<Rule[]>;
  find(owner: string, id: string): Promise<Rule | null>;
  add(owner: string, rule: NewRule): Promise<void>;
  /** Ends a rule at once, also for what it approved and was not done yet. False when there is none. */
  revoke(owner: string, id: string): Promise<boolean>;
  /** What a rule made from an approval would cover; null where it was prepared by an old release. */
  subjectOf(digest: string): Promise<RuleSubject | null>;
};

type Instants = 'expiresAt' | 'createdAt' | 'revokedAt' | 'lastUsedAt';
type Row = Omit<Rule, Instants | 'target'> & {
  readonly target: never;
  readonly expiresAt: Date;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
};

const select = `select r.id, r.tool, r.target, r.created_from as "createdFrom",
    r.created_by as "createdBy", r.daily_cap as "dailyCap", r.expires_at as "expiresAt",
    r.created_at as "createdAt", r.revoked_at as "revokedAt",
    case when r.revoked_at is not null then 'revoked'
         when r.expires_at <= now() then 'expired' else 'live' end as state,
    count(u.at)::int as uses, max(u.at) as "lastUsedAt",
    (count(*) filter (where u.day = (now() at time zone 'UTC')::date))::int as "usesToday"
  from standing_rules r left join rule_uses u on u.rule_id = r.id where r.owner = $1`;

/** A RuleStore on the tables `standing_rules`, `rule_uses` and `payloads`. */
export function createRuleStore(pool: Pool): RuleStore {
  return {
    async list(owner) {
      const { rows } = await pool.query<Row>(
        `${select} group by r.id order by r.created_at desc, r.id`,
        [owner],
      );
      return rows.map(ruleOf);
    },
    async find(owner, id) {
      const { rows } = await pool.query<Row>(`${select} and r.id = $2 group by r.id`, [owner, id]);
      return rows[0] === undefined ? null : ruleOf(rows[0]);
    },
    async add(owner, rule) {
      await pool.query(
        `insert into standing_rules (id, owner, tool, target, created_from, created_by, daily_cap,
                                     expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 day')`,
        [
          rule.id,
          owner,
          rule.tool,
          JSON.stringify(rule.target),
          rule.createdFrom,
          rule.createdBy,
          rule.dailyCap,
          rule.expiresInDays,
        ],
      );
    },
    async revoke(owner, id) {
      const { rowCount } = await pool.query(
        `update standing_rules set revoked_at = coalesce(revoked_at, now())
         where owner = $1 and id = $2`,
        [owner, id],
      );
      return rowCount === 1;
    },
    async subjectOf(digest) {
      const { rows } = await pool.query<{ tool: string; target: never; tainted: boolean }>(
        'select tool, target, tainted from payloads where digest = $1',
        [digest],
      );
      const row = rows[0];
      const target = readTarget(row?.target);
      return row === undefined || target === undefined ? null : { ...row, target };
    },
  };
}

function ruleOf({ target, ...row }: Row): Rule {
  return {
    ...row,
    target: readTarget(target) ?? { account: null, recipients: [], eventId: null },
    expiresAt: row.expiresAt.toISOString(),
    createdAt: row.createdAt.toISOString(),
    revokedAt: row.revokedAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  };
}
