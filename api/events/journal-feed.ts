/**
 * Reads the journal for those who follow it: one goal by number, or everything of an owner by a cursor
 * that never skips an event committed late. It writes nothing but to mend a restored database.
 */
import type { Pool } from 'pg';
import type { GoalEvent } from '#contracts/journal.ts';
import type { GoalId } from '#contracts/names.ts';
import type { Cursor } from './cursor.ts';
import {
  endOf,
  endSql,
  type EndRow,
  goalPageOf,
  type GoalRow,
  goalSql,
  inboxPageOf,
  type InboxRow,
  inboxSql,
  mendSql,
  newsOf,
  type NewsRow,
  newsSql,
} from './journal-sql.ts';

/** Events of a goal in order and without gaps. `ended`: none will ever follow these. */
export type GoalPage = { readonly events: readonly GoalEvent[]; readonly ended: boolean };

/** An event with the cursor behind it. */
export type InboxEvent = { readonly event: GoalEvent; readonly cursor: Cursor };

/** Events of an owner. */
export type InboxPage = {
  /** False when rows left the journal since the cursor was taken; `events` is empty then. */
  readonly known: boolean;
  readonly events: readonly InboxEvent[];
  /** Where to read on; with `known` false, the present end of the journal. */
  readonly next: Cursor;
};

/** What was written lately: whom to wake. */
export type News = {
  readonly known: boolean;
  readonly goalIds: ReadonlySet<string>;
  readonly owners: ReadonlySet<string>;
  readonly next: Cursor;
};

/** The journal as readers see it. */
export type JournalFeed = {
  goal(goalId: GoalId, after: number, limit: number): Promise<GoalPage>;
  inbox(owner: string, after: Cursor, limit: number): Promise<InboxPage>;
  news(after: Cursor): Promise<News>;
  /** The present end of the journal: whatever is still to come lies behind it. */
  end(): Promise<Cursor>;
  /** Makes rows that came from another server's dump readable again; earlier cursors end. */
  mend(): Promise<void>;
};

const newsMax = 1_000;

/** A JournalFeed on the tables of migrations 0001 and 0004. */
export function createJournalFeed(pool: Pool): JournalFeed {
  return {
    async goal(goalId, after, limit) {
      const { rows } = await pool.query<GoalRow>(goalSql, [goalId, after, limit]);
      return goalPageOf(rows, goalId, { after, limit });
    },
    async inbox(owner, after, limit) {
      const { transactionId, goalId, number } = after;
      const values = [transactionId, goalId, number, limit, owner];
      const { rows } = await pool.query<InboxRow>(inboxSql, values);
      return inboxPageOf(rows, after, limit);
    },
    async news(after) {
      const { transactionId, goalId, number } = after;
      const values = [transactionId, goalId, number, newsMax];
      const { rows } = await pool.query<NewsRow>(newsSql, values);
      return newsOf(rows, after, newsMax);
    },
    async end() {
      const { rows } = await pool.query<EndRow>(endSql);
      return endOf(rows);
    },
    async mend() {
      await pool.query(mendSql);
    },
  };
}
