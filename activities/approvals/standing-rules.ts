/**
 * Using standing rules. A rule is taken by one statement that checks everything at once: live, the same
 * tool and target as the stored payload, untainted, today's cap not reached. Days are days in UTC.
 */
import type { Pool } from 'pg';
import type { RuleDecision, RuleUse } from '#contracts/activities.ts';
import type { StandingDecision } from '#contracts/approval.ts';
import { decisionEntryId } from '#contracts/audit.ts';
import { limits } from '#contracts/limits.ts';
import type { Json } from '#contracts/json.ts';
import {
  isSameTarget,
  readTarget,
  ruleActor,
  type RuleTarget,
  ruleTools,
  whyNotCovered,
} from '#contracts/standing-rule.ts';
import { appendAudit, newestAnchor } from '../effects/audit.ts';
import { inTransaction } from '../effects/ledger.ts';

/** How often a use is tried again when other goals take the same place of the day. */
const attempts = limits.ruleDailyCapMax + 1;

/**
 * $1 rule, $2 owner, $3 digest, $4 approval, $5 goal, $6 now, $7 expires, $8 most recipients,
 * $9 actor, $10 tools that rules may cover. The decision and the use are stored together, or neither.
 */
const useSql = `with rule as (
    select r.id, ($6::timestamptz at time zone 'UTC')::date as day,
      1 + (select count(*) from rule_uses u
           where u.rule_id = r.id and u.day = ($6::timestamptz at time zone 'UTC')::date) as number
    from standing_rules r join payloads p
      on p.digest = $3 and p.tool = r.tool and p.target = r.target and not p.tainted
      and p.tool = any ($10)
    where r.id = $1 and r.owner = $2 and r.revoked_at is null and r.expires_at > $6
      and jsonb_array_length(p.target->'recipients') <= $8
      and r.daily_cap > (select count(*) from rule_uses u
           where u.rule_id = r.id and u.day = ($6::timestamptz at time zone 'UTC')::date)),
  decided as (
    insert into decisions (approval_id, decision_id, goal_id, digest, verdict, actor, signed,
                           decided_at, expires_at, capacity)
    select $4, $9 || ':' || $4, $5, $3, 'approve', $9, '{}', $6, $7, 'rule' from rule
    where not exists (select 1 from decisions where approval_id = $4 and settles)
    on conflict do nothing returning 1)
  insert into rule_uses (approval_id, rule_id, day, number, at)
  select $4, id, day, number, $6 from rule where exists (select 1 from decided)`;

/**
 * Takes a rule for one approval. Effect: a use, a settling decision and its audit entry, all or none.
 * Idempotency: by approval. Heartbeats: no (local activity). Failures: none on purpose; null when it
 * does not apply.
 */
export async function useStandingRule(pool: Pool, use: RuleUse): Promise<RuleDecision | null> {
  const actor = ruleActor(use.ruleId);
  const { ruleId, owner, goalId, approvalId, digest, now, expiresAt } = use;
  const bounds = [limits.recipientsHighStakes, actor, ruleTools];
  const values = [ruleId, owner, digest, approvalId, goalId, now, expiresAt, ...bounds];
  for (let attempt = 1; ; attempt += 1) {
    try {
      const audit = await inTransaction(pool, async (client) => {
        const { rowCount } = await client.query(useSql, values);
        if (rowCount !== 1) return null;
        const decision = decisionOf(approvalId, actor, new Date(now));
        const id = decisionEntryId(approvalId, decision.decisionId);
        const entry = { kind: 'decision', id, approvalId, decision, digest } as const;
        const unseen = { contextShown: null, signed: null };
        return appendAudit(client, { owner, goalId, at: now, entry: { ...entry, ...unseen } });
      });
      if (audit !== null) return { ...decisionOf(approvalId, actor, new Date(now)), audit };
      const earlier = await useOf(pool, approvalId, actor, digest);
      return earlier && { ...earlier, audit: await newestAnchor(pool, goalId) };
    } catch (error) {
      // Another goal took this place of the day, or this very use was stored by an earlier attempt.
      if (!isUniqueViolation(error) || attempt >= attempts) throw error;
    }
  }
}

/** A live rule that covers exactly this content. Its cap is looked at when it is used. */
export async function liveRuleFor(
  pool: Pool,
  owner: string,
  digest: string,
): Promise<string | null> {
  const { rows } = await pool.query<{ id: string }>(
    `select r.id from standing_rules r join payloads p
       on p.digest = $2 and p.tool = r.tool and p.target = r.target and not p.tainted
     where r.owner = $1 and r.revoked_at is null and r.expires_at > now()
     order by r.created_at, r.id limit 1`,
    [owner, digest],
  );
  return rows[0]?.id ?? null;
}

/** Why the owner's live rules do not cover a target that one of them nearly is; null when none is near. */
export async function whyNoRuleCovers(
  pool: Pool,
  owner: string,
  tool: string,
  target: RuleTarget,
): Promise<string | null> {
  const { rows } = await pool.query<{ target: Json }>(
    `select target from standing_rules
     where owner = $1 and tool = $2 and revoked_at is null and expires_at > now()
     order by created_at, id`,
    [owner, tool],
  );
  const rules = rows.flatMap((row) => readTarget(row.target) ?? []);
  if (rules.some((rule) => isSameTarget(rule, target))) return null;
  return rules.map((rule) => whyNotCovered(rule, target)).find((why) => why !== null) ?? null;
}

/** The decision of an earlier attempt, if that was this use. */
async function useOf(
  pool: Pool,
  approvalId: string,
  actor: string,
  digest: string,
): Promise<StandingDecision | null> {
  const { rows } = await pool.query<{ decidedAt: Date }>(
    `select d.decided_at as "decidedAt" from decisions d join rule_uses u using (approval_id)
     where d.approval_id = $1 and d.actor = $2 and d.digest = $3 and d.settles`,
    [approvalId, actor, digest],
  );
  return rows[0] === undefined ? null : decisionOf(approvalId, actor, rows[0].decidedAt);
}

function decisionOf(approvalId: string, actor: string, at: Date): StandingDecision {
  const decisionId = `${actor}:${approvalId}`;
  return { decisionId, verdict: 'approve', actor, decidedAt: at.toISOString(), comment: null };
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}
