/**
 * The statements of the journal feed and what their rows mean. Each is one statement, so that what it
 * returns and where it ends come from one snapshot.
 */
import { type GoalState, isTerminal } from '#contracts/goal.ts';
import type { GoalEvent, JournalEvent } from '#contracts/journal.ts';
import type { GoalId } from '#contracts/names.ts';
import type { Cursor } from './cursor.ts';
import type { GoalPage, InboxPage, News } from './journal-feed.ts';

/** Every transaction below `settled` has ended: no row can appear among theirs any more. */
const end = 'epoch, pg_snapshot_xmin(pg_current_snapshot())::text as settled';

/** The end of the journal. */
export const endSql = `select ${end} from journal_epoch`;

const position = `e.transaction_id::text as "transactionId", e.goal_id as "goalId", e.number`;
const event = `e.at, e.type, e.step_id as "stepId", e.data`;
/** What follows a cursor ($1 to $3), as far as it is settled, at most $4 rows. */
const settledAfter = (condition: string) => `
  where (e.transaction_id, e.goal_id, e.number) > ($1::xid8, $2::text, $3::integer)
    and e.transaction_id < pg_snapshot_xmin(pg_current_snapshot()) and ${condition}
  order by e.transaction_id, e.goal_id, e.number limit $4`;

/** A goal's events after a number, and how the goal stands. One row without an event when none. */
export const goalSql = `
  select state, journal_number as "lastNumber", page.*
  from (values ($1)) as asked (id) left join goals on goals.goal_id = asked.id
  left join lateral (
    select e.number, ${event} from journal_events e
    where e.goal_id = $1 and e.number > $2 order by e.number limit $3) as page on true
  order by number`;

/** An owner's events after a cursor, and the end. One row without an event when none. */
export const inboxSql = `
  select ${end}, page.* from journal_epoch left join lateral (
    select ${position}, ${event}, row_number() over () as place from (
      select e.* from journal_events e join goals using (goal_id)
      ${settledAfter('goals.owner = $5')}) as e) as page on true
  order by place`;

/** Goals and owners with events after a cursor, and the end. */
export const newsSql = `
  select ${end}, page.* from journal_epoch left join lateral (
    select ${position}, e.owner, row_number() over () as place from (
      select e.*, goals.owner from journal_events e left join goals using (goal_id)
      ${settledAfter('true')}) as e) as page on true
  order by place`;

/** A dump keeps the transaction ids of its server; here they may lie far ahead and hide the rows. */
export const mendSql = `
  with moved as (
    update journal_events set transaction_id = default
    where transaction_id >= pg_snapshot_xmax(pg_current_snapshot()) returning 1)
  update journal_epoch set epoch = default where exists (select from moved)`;

type EventColumns = {
  readonly number: number;
  readonly at: Date;
  readonly type: JournalEvent['type'];
  readonly stepId: string | null;
  readonly data: JournalEvent['data'];
};
type Position = {
  readonly transactionId: string;
  readonly goalId: GoalId;
  readonly number: number;
};
/** Columns of an outer join: all there, or all null. */
type Joined<Columns> = Columns | { readonly [Name in keyof Columns]: null };

export type EndRow = { readonly epoch: string; readonly settled: string };
export type GoalRow = Joined<EventColumns> & Joined<{ state: GoalState; lastNumber: number }>;
export type InboxRow = EndRow & Joined<EventColumns & Position>;
export type NewsRow = EndRow & Joined<Position & { readonly owner: string | null }>;

/** The cursor in front of everything that is not settled yet. */
export function endOf(rows: readonly EndRow[]): Cursor {
  const row = rows[0];
  if (row === undefined) throw new Error('The table journal_epoch is empty: restore its one row.');
  return { epoch: row.epoch, transactionId: row.settled, goalId: '', number: 0 };
}

/**
 * Events may be published in another order than they happened in, as steps run side by side: what
 * comes after a gap waits for it, unless the goal has ended and nothing more can come.
 */
export function goalPageOf(
  rows: readonly GoalRow[],
  goalId: GoalId,
  { after, limit }: { readonly after: number; readonly limit: number },
): GoalPage {
  const { state = null, lastNumber = null } = rows[0] ?? {};
  const terminal = state !== null && isTerminal(state);
  const events = rows.flatMap((row) => (row.number === null ? [] : [eventOf(row, goalId)]));
  const whole = events.filter(({ number }, i) => terminal || number === after + i + 1);
  const last = whole.at(-1)?.number ?? after;
  return { events: whole, ended: terminal && events.length < limit && (lastNumber ?? 0) <= last };
}

/** The page of an owner behind a cursor. */
export function inboxPageOf(rows: readonly InboxRow[], after: Cursor, limit: number): InboxPage {
  const present = endOf(rows);
  const { epoch } = present;
  if (epoch !== after.epoch) return { known: false, events: [], next: present };
  const events = rows.flatMap((row) => {
    if (row.number === null) return [];
    const { transactionId, goalId, number } = row;
    return [{ event: eventOf(row, goalId), cursor: { epoch, transactionId, goalId, number } }];
  });
  const full = events.length === limit ? events.at(-1) : undefined;
  return { known: true, events, next: full?.cursor ?? present };
}

/** Whom the events behind a cursor concern. */
export function newsOf(rows: readonly NewsRow[], after: Cursor, limit: number): News {
  const present = endOf(rows);
  const { epoch } = present;
  const written = rows.flatMap((row) => (row.number === null ? [] : [row]));
  const full = written.length === limit ? written.at(-1) : undefined;
  return {
    known: epoch === after.epoch,
    goalIds: new Set(written.map(({ goalId }) => goalId)),
    owners: new Set(written.flatMap(({ owner }) => owner ?? [])),
    next: full === undefined ? present : { ...positionOf(full), epoch },
  };
}

function positionOf({ transactionId, goalId, number }: Position): Position {
  return { transactionId, goalId, number };
}

function eventOf(row: EventColumns, goalId: GoalId): GoalEvent {
  const { number, at, type, stepId, data } = row;
  return { goalId, number, at: at.toISOString(), type, stepId, data };
}
