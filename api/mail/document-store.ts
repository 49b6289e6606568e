/** Files a person keeps to attach to mail, in Postgres, read and written for one owner only. */
import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { limits } from '#contracts/limits.ts';

/** A kept file, without its bytes. */
export type KeptDocument = {
  readonly documentId: string;
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: number;
  readonly sha256: string;
  /** When it was last kept. */
  readonly createdAt: string;
};

export type FileKeeper = {
  list(owner: string): Promise<KeptDocument[]>;
  /** Keeps a file; the same one is kept once, and as long again. Undefined when the owner keeps too many already. */
  put(
    owner: string,
    file: { name: string; mimeType: string; content: Buffer },
  ): Promise<KeptDocument | undefined>;
  /** False when there is none. */
  remove(owner: string, documentId: string): Promise<boolean>;
};

const columns = `id as "documentId", name, mime_type as "mimeType", size_bytes as bytes, sha256,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt"`;

/** A FileKeeper on the `files` table. */
export function createFileKeeper(pool: Pool): FileKeeper {
  return {
    async list(owner) {
      const { rows } = await pool.query<KeptDocument>(
        `select ${columns} from files where owner = $1 order by created_at desc, id limit $2`,
        [owner, limits.documentsPerOwner],
      );
      return rows;
    },
    async put(owner, { name, mimeType, content }) {
      const sha256 = createHash('sha256').update(content).digest('hex');
      const { rows } = await pool.query<KeptDocument>(
        `insert into files (owner, name, mime_type, sha256, size_bytes, content)
         select $1, $2, $3, $4, $5, $6
         where (select count(*) from files where owner = $1) < $7
         on conflict (owner, name, sha256) do update set created_at = now()
         returning ${columns}`,
        [owner, name, mimeType, sha256, content.length, content, limits.documentsPerOwner],
      );
      return rows[0];
    },
    async remove(owner, documentId) {
      const done = await pool.query('delete from files where owner = $1 and id = $2', [
        owner,
        documentId,
      ]);
      return done.rowCount === 1;
    },
  };
}
