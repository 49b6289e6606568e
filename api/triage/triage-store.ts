/** What triage said of an owner's mail, the person's corrections, and whose mail gets drafts. */
import type { Pool } from 'pg';
import type { TriageClass } from '#contracts/schemas/triage.ts';

/** A mail with its class as the api shows it. */
export type TriagedItem = {
  readonly account: string;
  readonly messageId: string;
  readonly threadId: string;
  readonly from: string;
  readonly subject: string;
  readonly receivedAt: string;
  readonly class: TriageClass;
  readonly reason: string;
  readonly confidence: number;
  readonly summary: string | null;
  /** What the person said instead. */
  readonly correctedClass: TriageClass | null;
};

/** Whether a sender's mail gets drafts; an address, or a domain as `@example.com`. */
export type TriageSender = { readonly sender: string; readonly drafts: boolean };

type Row = Omit<TriagedItem, 'receivedAt'> & { readonly receivedAt: Date };

/** The store. Every query names the owner. */
export type TriageStore = ReturnType<typeof createTriageStore>;

const select = `select account, message_id as "messageId", thread_id as "threadId",
    sender as "from", subject, received_at as "receivedAt", class, reason, confidence, summary,
    corrected_class as "correctedClass"
  from triaged_messages where owner = $1 and class is not null`;

/** A store on the triage tables. */
export function createTriageStore(pool: Pool) {
  return {
    /** Classified mails, newest first, by the class that counts: the person's, else the model's. */
    async list(owner: string, wanted: TriageClass | null, limit: number): Promise<TriagedItem[]> {
      const { rows } = await pool.query<Row>(
        `${select} and coalesce(corrected_class, class) = coalesce($2, corrected_class, class)
         order by received_at desc, message_id limit $3`,
        [owner, wanted, limit],
      );
      return rows.map(itemOf);
    },

    /** Corrects a class; null when no such mail was classified. */
    async correct(
      owner: string,
      account: string,
      messageId: string,
      shouldBe: TriageClass,
    ): Promise<TriagedItem | null> {
      await pool.query(
        `update triaged_messages set corrected_class = nullif($4, class),
           corrected_at = case when $4 = class then null else now() end
         where owner = $1 and account = $2 and message_id = $3 and class is not null`,
        [owner, account, messageId, shouldBe],
      );
      const { rows } = await pool.query<Row>(`${select} and account = $2 and message_id = $3`, [
        owner,
        account,
        messageId,
      ]);
      return rows[0] === undefined ? null : itemOf(rows[0]);
    },

    async senders(owner: string): Promise<TriageSender[]> {
      const { rows } = await pool.query<TriageSender>(
        'select sender, drafts from triage_senders where owner = $1 order by sender',
        [owner],
      );
      return rows;
    },

    async putSender(owner: string, { sender, drafts }: TriageSender): Promise<void> {
      await pool.query(
        `insert into triage_senders (owner, sender, drafts) values ($1, $2, $3)
         on conflict (owner, sender) do update set drafts = excluded.drafts`,
        [owner, sender, drafts],
      );
    },

    async removeSender(owner: string, sender: string): Promise<boolean> {
      const { rowCount } = await pool.query(
        'delete from triage_senders where owner = $1 and sender = $2',
        [owner, sender],
      );
      return rowCount === 1;
    },
  };
}

function itemOf(row: Row): TriagedItem {
  return { ...row, receivedAt: row.receivedAt.toISOString() };
}
