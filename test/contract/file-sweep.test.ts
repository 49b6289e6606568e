/** Files are deleted when their days are over, and never while an open goal speaks of them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFileKeeper, type FileKeeper } from '#api/mail/document-store.ts';
import { sweepFiles } from '#api/mail/file-sweep.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newGoalId, owner, store } from '../support/effects.ts';

let database: TestDatabase;
let files: FileKeeper;
beforeAll(async () => {
  database = await createTestDatabase();
  files = createFileKeeper(database.pool);
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => database.pool.query('truncate files, goals, idempotency_keys, payloads'));

const sweep = (keepDays = 30) => sweepFiles({ pool: database.pool, keepDays });
const keep = async (name: string) => {
  const file = { name, mimeType: 'text/plain', content: Buffer.from(name) };
  return (await files.put(owner, file))!.documentId;
};
/** A file that was kept so many days ago. */
async function kept(name: string, days: number): Promise<string> {
  const id = await keep(name);
  const sql = `update files set created_at = now() - $2 * interval '1 day' where id = $1`;
  await database.pool.query(sql, [id, days]);
  return id;
}
async function goal(state: string, words: string, of = owner): Promise<string> {
  const goalId = newGoalId();
  await database.pool.query(
    `insert into goals (goal_id, owner, state, view, journal_number, created_at, updated_at)
     values ($1, $2, $3, $4, 1, now(), now())`,
    [goalId, of, state, JSON.stringify({ goal: words })],
  );
  return goalId;
}
const names = async () => (await files.list(owner)).map(({ name }) => name).toSorted();

describe('a file', () => {
  it('goes when its days are over, and not before', async () => {
    await kept('old', 31);
    await kept('young', 29);
    expect(await sweep()).toBe(1);
    expect(await names()).toEqual(['young']);
  });

  it('stays where the setting keeps every file', async () => {
    await kept('old', 4_000);
    expect(await sweep(0)).toBe(0);
    expect(await names()).toEqual(['old']);
  });

  it('that is kept again has all its days again', async () => {
    await kept('old', 31);
    await keep('old');
    expect(await sweep()).toBe(0);
  });

  it.each(['running', 'awaiting_approval', 'waiting_on_provider', 'paused'])(
    'stays while a goal that is %s speaks of it, and goes when that has ended',
    async (state) => {
      const id = await kept('old', 31);
      const goalId = await goal(state, `Send documentId ${id}`);
      expect(await sweep()).toBe(0);
      await database.pool.query(`update goals set state = 'completed' where goal_id = $1`, [
        goalId,
      ]);
      expect(await sweep()).toBe(1);
    },
  );

  it('stays while an open goal was started with it, or has prepared a mail with it', async () => {
    const [started, prepared] = [await kept('started', 31), await kept('prepared', 31)];
    const goalId = await goal('running', 'Send it');
    await database.pool.query(
      `insert into idempotency_keys (owner, key, body_digest, goal_id, workflow_input)
       values ($1, 'k', 'd', $2, $3)`,
      [owner, goalId, JSON.stringify({ context: `Attached document has documentId ${started}.` })],
    );
    const attachments = [{ documentId: prepared }];
    await store(database.pool, goalId, 'sendEmail', { attachments });
    await kept('neither', 31);
    expect(await sweep()).toBe(1);
    expect(await names()).toEqual(['prepared', 'started']);
  });

  it('is not kept by somebody else’s goal', async () => {
    const id = await kept('old', 31);
    await goal('running', id, 'bob@example.com');
    expect(await sweep()).toBe(1);
  });
});
