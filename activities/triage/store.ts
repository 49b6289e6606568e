/**
 * Triage in Postgres: how far each mailbox was read, each mail once with its class, and the drafts. A
 * mail is written in the transaction that moves the cursor past it. It asks no provider and no model.
 */
import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { StepContext } from '#contracts/activities.ts';
import type { GoalId } from '#contracts/names.ts';
import { limits } from '#contracts/limits.ts';
import type { TriageClass, TriagedMail } from '#contracts/schemas/triage.ts';
import { inTransaction } from '../effects/ledger.ts';

/** How far a mailbox was read. */
export type SyncState = { readonly cursor: string; readonly syncedAt: Date };

/** A mail as it is taken up. */
export type FoundMail = {
  readonly messageId: string;
  readonly threadId: string;
  readonly sender: string;
  readonly subject: string;
  readonly receivedAt: Date;
  readonly excerpt: string;
};

/** A mail that has no class yet. */
export type WaitingMail = FoundMail & { readonly account: string };

/** What the model says of one mail. */
export type Verdict = Pick<
  TriagedMail,
  'account' | 'messageId' | 'class' | 'reason' | 'confidence' | 'summary'
>;

/** A mail whose class the person has corrected: an example for the model. */
export type Example = {
  readonly sender: string;
  readonly subject: string;
  readonly said: TriageClass;
  readonly shouldBe: TriageClass;
};

/** The draft that answers a thread. */
export type ReplyDraft = {
  readonly goalId: GoalId;
  readonly stepId: string;
  readonly effectKey: string;
  readonly bodyDigest: string;
};

export type TriageStore = ReturnType<typeof createTriageStore>;

const triaged = `account, message_id as "messageId", thread_id as "threadId", sender as "from",
  subject, class, reason, confidence, summary`;

/** A store on the triage tables. Every query names the owner. */
export function createTriageStore(pool: Pool) {
  return {
    /** How far a mailbox was read; null before the first time. */
    async syncState(owner: string, account: string): Promise<SyncState | null> {
      const { rows } = await pool.query<SyncState>(
        `select cursor, synced_at as "syncedAt" from triage_cursors
         where owner = $1 and account = $2`,
        [owner, account],
      );
      return rows[0] ?? null;
    },

    /** Which of these mails are not known yet. */
    async unknownOf(owner: string, account: string, ids: readonly string[]): Promise<string[]> {
      const { rows } = await pool.query<{ id: string }>(
        `select id from unnest($3::text[]) id where not exists (
           select 1 from triaged_messages
           where owner = $1 and account = $2 and message_id = id)`,
        [owner, account, ids],
      );
      return rows.map(({ id }) => id);
    },

    /**
     * Takes mails up and moves the cursor past them; a mail that is known stays as it is. The time of the
     * sync moves only with the cursor of the newest mail: from it a mailbox is read again when it has
     * forgotten where it was, with whatever was left of the pages.
     */
    async takeUp(
      owner: string,
      account: string,
      mails: readonly FoundMail[],
      { cursor, isNewest }: { readonly cursor: string; readonly isNewest: boolean },
    ): Promise<void> {
      await inTransaction(pool, async (client) => {
        await client.query(
          `insert into triaged_messages
             (owner, account, message_id, thread_id, sender, subject, received_at, excerpt)
           select $1, $2, * from jsonb_to_recordset($3) as mail("messageId" text, "threadId" text,
             sender text, subject text, "receivedAt" timestamptz, excerpt text)
           on conflict do nothing`,
          [owner, account, JSON.stringify(mails)],
        );
        await client.query(
          `insert into triage_cursors (owner, account, cursor, synced_at)
           values ($1, $2, $3, now())
           on conflict (owner, account) do update
             set cursor = excluded.cursor,
               synced_at = case when $4 then now() else triage_cursors.synced_at end`,
          [owner, account, cursor, isNewest],
        );
      });
    },

    async countWaiting(owner: string, accounts: readonly string[]): Promise<number> {
      const { rows } = await pool.query<{ count: number }>(
        `select count(*)::int as count from triaged_messages
         where owner = $1 and class is null and account = any($2)`,
        [owner, accounts],
      );
      return rows[0]?.count ?? 0;
    },

    /** The oldest mails without a class. */
    async waiting(
      owner: string,
      accounts: readonly string[],
      limit: number,
    ): Promise<WaitingMail[]> {
      const { rows } = await pool.query<WaitingMail>(
        `select account, message_id as "messageId", thread_id as "threadId", sender, subject,
           received_at as "receivedAt", coalesce(excerpt, '') as excerpt from triaged_messages
         where owner = $1 and class is null and account = any($2)
         order by received_at, message_id limit $3`,
        [owner, accounts, limit],
      );
      return rows;
    },

    /** Mails that one call of the model classified, oldest first. */
    async ofBatch(owner: string, batch: string): Promise<TriagedMail[]> {
      const { rows } = await pool.query<TriagedMail>(
        `select ${triaged} from triaged_messages where owner = $1 and batch = $2
         order by received_at, message_id`,
        [owner, batch],
      );
      return rows;
    },

    /** Gives mails their class, unless another call was first, and forgets their text. */
    async classify(owner: string, batch: string, verdicts: readonly Verdict[]): Promise<void> {
      await pool.query(
        `update triaged_messages m set class = v.class, reason = v.reason, summary = v.summary,
           confidence = v.confidence, batch = $2, classified_at = now(), excerpt = null,
           reply_due = v.class = 'needs_reply'
         from jsonb_to_recordset($3) as v(account text, "messageId" text, class text, reason text,
           confidence real, summary text)
         where m.owner = $1 and m.account = v.account and m.message_id = v."messageId"
           and m.class is null`,
        [owner, batch, JSON.stringify(verdicts)],
      );
    },

    /**
     * Mails of the last days that still need a reply drafted, and those that an earlier run of this step
     * has drafted one for; oldest first.
     */
    async repliesDue(
      { owner, goalId, stepId }: Pick<StepContext, 'owner' | 'goalId' | 'stepId'>,
      accounts: readonly string[],
      limit: number,
    ): Promise<TriagedMail[]> {
      const { rows } = await pool.query<TriagedMail>(
        `select ${triaged} from triaged_messages m
         where owner = $1 and account = any($2)
           and coalesce(corrected_class, class) = 'needs_reply'
           and classified_at > now() - make_interval(days => $3)
           and (reply_due or exists (select 1 from triage_drafts d
             where d.owner = $1 and d.account = m.account and d.thread_id = m.thread_id
               and d.goal_id = $5 and starts_with(d.step_id, $6)))
         order by received_at, message_id limit $4`,
        [owner, accounts, limits.replyDueDays, limit, goalId, `${stepId}-`],
      );
      return rows;
    },

    /** No reply of triage to this mail is due any more. */
    async settleReply(
      owner: string,
      { account, messageId }: Pick<TriagedMail, 'account' | 'messageId'>,
    ): Promise<void> {
      await pool.query(
        `update triaged_messages set reply_due = false
         where owner = $1 and account = $2 and message_id = $3 and reply_due`,
        [owner, account, messageId],
      );
    },

    /** The person's newest corrections. */
    async examples(owner: string): Promise<Example[]> {
      const { rows } = await pool.query<Example>(
        `select sender, subject, class as said, corrected_class as "shouldBe"
         from triaged_messages where owner = $1 and corrected_at is not null
         order by corrected_at desc limit $2`,
        [owner, limits.triageExamplesMax],
      );
      return rows;
    },

    /** What the person said about drafts for a sender, or for the sender's domain; null for nothing. */
    async wantsDrafts(owner: string, sender: string): Promise<boolean | null> {
      const domain = `@${sender.split('@').at(-1) ?? ''}`;
      const { rows } = await pool.query<{ drafts: boolean }>(
        `select drafts from triage_senders where owner = $1 and sender in ($2, $3)
         order by length(sender) desc limit 1`,
        [owner, sender, domain],
      );
      return rows[0]?.drafts ?? null;
    },

    async draftOf(owner: string, account: string, threadId: string): Promise<ReplyDraft | null> {
      const { rows } = await pool.query<ReplyDraft>(
        `select goal_id as "goalId", step_id as "stepId", effect_key as "effectKey",
           body_digest as "bodyDigest" from triage_drafts
         where owner = $1 and account = $2 and thread_id = $3`,
        [owner, account, threadId],
      );
      return rows[0] ?? null;
    },

    async saveDraft(
      owner: string,
      { account, threadId }: Pick<TriagedMail, 'account' | 'threadId'>,
      { goalId, stepId, effectKey, bodyDigest }: ReplyDraft,
    ): Promise<void> {
      await pool.query(
        `insert into triage_drafts
           (owner, account, thread_id, goal_id, step_id, effect_key, body_digest)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (owner, account, thread_id) do update set goal_id = excluded.goal_id,
           step_id = excluded.step_id, effect_key = excluded.effect_key,
           body_digest = excluded.body_digest, created_at = now()`,
        [owner, account, threadId, goalId, stepId, effectKey, bodyDigest],
      );
    },
  };
}

/** What tells whether a draft still has the text it was written with; white space does not count. */
export function bodyDigestOf(body: string): string {
  return createHash('sha256').update(body.replace(/\s+/g, ' ').trim()).digest('hex');
}
