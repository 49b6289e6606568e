/** The position in the whole journal: what is committed late, restored or rebuilt is never passed over. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cursor, formatCursor, parseCursor } from '#api/events/cursor.ts';
import { createJournalFeed, type JournalFeed } from '#api/events/journal-feed.ts';
import { newGoalId } from '#api/goals/goal-id.ts';
import type { GoalId } from '#contracts/names.ts';
import { alice, bob, viewOf } from './api-samples.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let pool: Pool;
let feed: JournalFeed;
beforeAll(async () => {
  database = await createTestDatabase();
  ({ pool } = database);
  feed = createJournalFeed(pool);
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => pool.query('truncate goals, journal_events'));

async function goalOf(owner = alice, state = 'running'): Promise<GoalId> {
  const goalId = newGoalId();
  await pool.query(
    `insert into goals (goal_id, owner, state, view, journal_number, created_at, updated_at)
     values ($1, $2, $3, $4, 0, now(), now())`,
    [goalId, owner, state, JSON.stringify(viewOf(goalId, owner))],
  );
  return goalId;
}
const write = (client: Pool | PoolClient, goalId: string, ...numbers: number[]) =>
  client.query(
    `insert into journal_events (goal_id, number, at, type, step_id, data)
     select $1, number, now(), 'step_started', null, '{}' from unnest($2::integer[]) as number`,
    [goalId, numbers],
  );

/** Reads page by page to the end, as a stream does. */
async function readOn(from: Cursor, owner = alice, limit = 2) {
  const read: string[] = [];
  let cursor = from;
  for (;;) {
    const page = await feed.inbox(owner, cursor, limit);
    expect(page.known).toBe(true);
    read.push(...page.events.map(({ event }) => `${event.goalId} ${event.number}`));
    cursor = page.next;
    if (page.events.length < limit) return { read, cursor };
  }
}
/** Other databases of the server may hold transactions open; the feed waits for these. */
async function eventually(from: Cursor, count: number, owner = alice) {
  const read: string[] = [];
  let cursor = from;
  for (let i = 0; i < 200 && read.length < count; i += 1) {
    const more = await readOn(cursor, owner);
    read.push(...more.read);
    ({ cursor } = more);
    if (read.length < count) await sleep(25);
  }
  return { read, cursor };
}

describe('the inbox of an owner', () => {
  it('never loses an event whose transaction began earlier and committed later', async () => {
    const [early, late] = [await goalOf(), await goalOf()];
    const start = await feed.end();
    const [first, second] = [await pool.connect(), await pool.connect()];
    let before = { read: ['unread'], cursor: start };
    let between = before;
    try {
      await first.query('begin');
      await write(first, early, 1);
      await second.query('begin');
      await write(second, late, 1);
      await second.query('commit');
      // A reader that went on to what it sees now would never come back for the first.
      const seen = await pool.query('select goal_id from journal_events');
      expect(seen.rows).toEqual([{ goal_id: late }]);
      before = await readOn(start);
      expect(before.read).toEqual([]);
      await write(pool, late, 2);
      between = await readOn(before.cursor);
      expect(between.read).toEqual([]);
    } finally {
      await first.query('commit');
      first.release();
      second.release();
    }
    const { read } = await eventually(between.cursor, 3);
    expect(read).toEqual([`${early} 1`, `${late} 1`, `${late} 2`]);
  });

  it('is read once and whole while writers overlap at random', async () => {
    const goalIds = await Promise.all(Array.from({ length: 8 }, () => goalOf()));
    let { cursor } = await readOn(await feed.end());
    const read: string[] = [];
    const writers = [0, 1, 2].map(async (writer) => {
      for (let number = 1; number <= 40; number += 1) {
        const client = await pool.connect();
        await client.query('begin');
        const goalId = goalIds[(writer + number) % goalIds.length] ?? '';
        await write(client, goalId, writer * 100 + number);
        await sleep(Math.random() * 8);
        await client.query(Math.random() < 0.1 ? 'rollback' : 'commit');
        client.release();
      }
    });
    let writing = true;
    const done = Promise.all(writers).then(() => (writing = false));
    while (writing) {
      const more = await readOn(cursor);
      read.push(...more.read);
      ({ cursor } = more);
    }
    await done;
    const { rows } = await pool.query<{ row: string }>(
      `select goal_id || ' ' || number as row from journal_events`,
    );
    const rest = await eventually(cursor, rows.length - read.length);
    const all = [...read, ...rest.read];
    expect(new Set(all).size).toBe(all.length);
    expect(all.toSorted()).toEqual(rows.map(({ row }) => row).toSorted());
    expect(all.length).toBeGreaterThan(60);
  });

  it('holds nothing of anybody else', async () => {
    const start = await feed.end();
    await write(pool, await goalOf(bob), 1);
    const mine = await goalOf();
    await write(pool, mine, 1);
    expect((await eventually(start, 1)).read).toEqual([`${mine} 1`]);
  });

  it('says so when rows have left the journal since a cursor was taken', async () => {
    const goalId = await goalOf();
    const start = await feed.end();
    await write(pool, goalId, 1, 2);
    const { cursor } = await eventually(start, 2);
    await pool.query('begin; truncate journal_events; commit');
    await write(pool, goalId, 1, 2);
    const page = await feed.inbox(alice, cursor, 10);
    expect(page).toMatchObject({ known: false, events: [] });
    expect((await feed.news(cursor)).known).toBe(false);
    await write(pool, goalId, 3);
    expect((await eventually(page.next, 1)).read.at(-1)).toBe(`${goalId} 3`);
    const { next } = await feed.inbox(alice, page.next, 10);
    await pool.query('delete from journal_events where number = 3');
    expect((await feed.inbox(alice, next, 10)).known).toBe(false);
  });

  it('is mended after a restore from a server that had counted further', async () => {
    const goalId = await goalOf();
    const start = await feed.end();
    await write(pool, goalId, 1);
    await pool.query(`update journal_events set transaction_id = '9000000000000'`);
    expect((await readOn(start)).read).toEqual([]);
    await feed.mend();
    expect((await feed.inbox(alice, start, 10)).known).toBe(false);
    const again: Cursor = { ...(await feed.end()), transactionId: '0' };
    expect((await eventually(again, 1)).read).toEqual([`${goalId} 1`]);
    const { epoch } = await feed.end();
    await feed.mend();
    expect((await feed.end()).epoch).toBe(epoch);
  });
});

describe('the events of a goal', () => {
  const numbers = async (goalId: GoalId, after: number, limit = 10) => {
    const { events, ended } = await feed.goal(goalId, after, limit);
    return [events.map(({ number }) => number), ended];
  };

  it('wait at a gap for what is published late', async () => {
    const goalId = await goalOf();
    expect(await numbers(goalId, 0)).toEqual([[], false]);
    await write(pool, goalId, 1, 2, 5, 6);
    expect(await numbers(goalId, 0)).toEqual([[1, 2], false]);
    expect(await numbers(goalId, 2)).toEqual([[], false]);
    await write(pool, goalId, 3, 4);
    expect(await numbers(goalId, 2)).toEqual([[3, 4, 5, 6], false]);
  });

  it('end with a goal that has ended, when all of them were read', async () => {
    const goalId = await goalOf(alice, 'completed');
    await pool.query('update goals set journal_number = 3 where goal_id = $1', [goalId]);
    await write(pool, goalId, 1, 2);
    expect(await numbers(goalId, 0)).toEqual([[1, 2], false]);
    await write(pool, goalId, 3);
    expect(await numbers(goalId, 0, 2)).toEqual([[1, 2], false]);
    expect(await numbers(goalId, 2)).toEqual([[3], true]);
    expect(await numbers(goalId, 3)).toEqual([[], true]);
  });

  it('of a goal that was terminated do not wait for what can never come', async () => {
    const goalId = await goalOf(alice, 'failed');
    await write(pool, goalId, 1, 4);
    expect(await numbers(goalId, 0)).toEqual([[1, 4], true]);
  });
});

it('a cursor survives as text, and nothing else is taken for one', async () => {
  const cursor = { ...(await feed.end()), goalId: newGoalId(), number: 12 };
  expect(parseCursor(formatCursor(cursor))).toEqual(cursor);
  expect(parseCursor(formatCursor(await feed.end()))).toEqual(await feed.end());
  for (const text of ['', '1', 'a.b.c.d', `${formatCursor(cursor)}.1`, "';--"]) {
    expect(parseCursor(text)).toBeUndefined();
  }
});
