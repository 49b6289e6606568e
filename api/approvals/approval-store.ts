/**
 * The review queue in Postgres, of one owner only: what waits, what was decided, and the wish to stop
 * what was approved. Decisions are not stored here; they go through signals.
 */
import type { Pool } from 'pg';
import type { Approval, ApprovalState } from '#contracts/approval.ts';
import { ownerRole, secondRole } from '#contracts/deciders.ts';
import { holdEffects, inTransaction } from '../goals/goal-store.ts';
import { completeApproval } from '../stored.ts';

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
      /** Only what this member may decide; null for the owner, who sees all. */
      member: { readonly email: string; readonly roles: readonly string[] } | null;
      cursor: string | null;
      limit: number;
    },
  ): Promise<ApprovalItem[]>;
  /**
   * Records that an approved effect must not begin. From then on it does not, whatever the workflow
   * does. False when it has begun already.
   */
  stop(stop: { goalId: string; approvalId: string; actor: string }): Promise<boolean>;
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
    async list(owner, { state, goalId, member, cursor, limit }) {
      const { rows } = await pool.query<Row>(
        `select ${columns}
         where a.owner = $1 and ($2::text is null or a.state = $2)
           and ($3::text is null or a.goal_id = $3)
           and ($6::text is null or a.assigned_to = $6
             or (a.assigned_role = any ($7) and a.assigned_role <> '${ownerRole}')
             or (a.required_decisions > 1 and '${secondRole}' = any ($7)))
           and ($4::text is null or (a.requested_at, a.approval_id) <
             (select requested_at, approval_id from approvals where owner = $1 and approval_id = $4))
         order by a.requested_at desc, a.approval_id desc limit $5`,
        [owner, state, goalId, cursor, limit, member?.email ?? null, member?.roles ?? []],
      );
      return rows.map(itemOf);
    },
    stop: ({ goalId, approvalId, actor }) =>
      inTransaction(pool, async (client) => {
        await client.query(holdEffects);
        const { rowCount } = await client.query(
          `insert into stopped_approvals (approval_id, goal_id, actor)
           select $1, $2, $3
           where not exists (select 1 from effects where approval_id = $1 and purpose = 'do')
           on conflict (approval_id) do update set actor = stopped_approvals.actor
           returning 1`,
          [approvalId, goalId, actor],
        );
        return rowCount === 1;
      }),
  };
}

function itemOf({ approval, goal, mode }: Row): ApprovalItem {
  return { ...completeApproval(approval), goal, mode };
}
