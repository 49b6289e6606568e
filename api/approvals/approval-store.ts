/** Reads approvals from Postgres, of one owner only. Writes nothing: decisions go through signals. */
import type { Pool } from 'pg';
import type { Approval, ApprovalState } from '#contracts/approval.ts';

/** An approval together with what it belongs to. `mode` is on every item, so nobody mistakes live for shadow. */
export type ApprovalItem = Approval & {
  readonly goal: string;
  readonly mode: 'live' | 'shadow';
};

/** Approvals in Postgres. */
export type ApprovalStore = {
  find(owner: string, approvalId: string): Promise<ApprovalItem | null>;
  /** Newest first. */
  list(
    owner: string,
    filter: {
      state: ApprovalState | null;
      goalId: string | null;
      cursor: string | null;
      limit: number;
    },
  ): Promise<ApprovalItem[]>;
};

type Row = { approval: Approval; goal: string; mode: 'live' | 'shadow' };

const columns = `a.approval, coalesce(g.view->>'goal', '') as goal, coalesce(g.view->>'mode', 'live') as mode
  from approvals a left join goals g on g.goal_id = a.goal_id and g.owner = a.owner`;

/** An ApprovalStore on the read models. */
export function createApprovalStore(pool: Pool): ApprovalStore {
  return {
    async find(owner, approvalId) {
      const { rows } = await pool.query<Row>(
        `select ${columns} where a.owner = $1 and a.approval_id = $2`,
        [owner, approvalId],
      );
      return rows[0] === undefined ? null : itemOf(rows[0]);
    },
    async list(owner, { state, goalId, cursor, limit }) {
      const { rows } = await pool.query<Row>(
        `select ${columns}
         where a.owner = $1 and ($2::text is null or a.state = $2)
           and ($3::text is null or a.goal_id = $3)
           and ($4::text is null or (a.requested_at, a.approval_id) <
             (select requested_at, approval_id from approvals where owner = $1 and approval_id = $4))
         order by a.requested_at desc, a.approval_id desc limit $5`,
        [owner, state, goalId, cursor, limit],
      );
      return rows.map(itemOf);
    },
  };
}

function itemOf({ approval, goal, mode }: Row): ApprovalItem {
  return { ...approval, goal, mode };
}
