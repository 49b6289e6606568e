/** Bulk text (mail bodies, pages) kept once in Postgres and passed by id, so workflows never hold it. */
import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { Origin } from '#contracts/trust.ts';
import { failure } from './failures.ts';

/** A stored text with where it came from. */
export type StoredDocument = {
  readonly id: string;
  readonly content: string;
  readonly origin: Origin;
};

/** Stores and reads documents of goals. */
export type DocumentStore = {
  /** Stores text once per goal and origin; the id is derived, so a retry finds the first one. */
  put(document: {
    goalId: string;
    kind: 'mail' | 'page' | 'text';
    origin: Origin;
    content: string;
  }): Promise<string>;
  /** Reads one document of a goal. @throws NotFoundError */
  get(goalId: string, id: string): Promise<StoredDocument>;
};

/** A DocumentStore on the `documents` table. */
export function createDocumentStore(pool: Pool): DocumentStore {
  return {
    async put({ goalId, kind, origin, content }) {
      const clean = content.replaceAll('\u0000', '').toWellFormed();
      const id = createHash('sha256')
        .update(`${goalId}\u0000${kind}\u0000${origin.ref ?? origin.label}\u0000${clean}`)
        .digest('hex')
        .slice(0, 32);
      await pool.query(
        `insert into documents (id, goal_id, kind, origin, content) values ($1, $2, $3, $4, $5)
         on conflict (id) do nothing`,
        [id, goalId, kind, origin, clean],
      );
      return id;
    },
    async get(goalId, id) {
      const { rows } = await pool.query<{ content: string; origin: Origin }>(
        'select content, origin from documents where id = $1 and goal_id = $2',
        [id, goalId],
      );
      const row = rows[0];
      if (row === undefined) throw failure('NotFoundError', `No document ${id} in this goal.`);
      return { id, ...row };
    },
  };
}
