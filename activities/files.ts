/**
 * Files that leave with a mail, kept in Postgres by owner. A goal's text documents can be attached
 * too. It hands out nothing that belongs to somebody else, and nothing whose bytes have changed.
 */
import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { limits } from '#contracts/limits.ts';
import type { Origin } from '#contracts/trust.ts';
import { failure } from './failures.ts';

/** What is known of a file besides its bytes. */
export type FileFacts = {
  readonly documentId: string;
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Null for what the person uploaded. */
  readonly origin: Origin | null;
};

/** Stores and reads files. */
export type FileStore = {
  /** Keeps a file; the same one is kept once, and as long again. @throws InvalidInputError when it is too large */
  put(file: {
    owner: string;
    name: string;
    mimeType: string;
    content: Buffer;
    origin: Origin | null;
  }): Promise<FileFacts>;
  /** A file of the owner's, or a text document of the goal. @throws NotFoundError */
  find(owner: string, goalId: string, documentId: string): Promise<FileFacts>;
  /** Its bytes. @throws PreconditionFailedError when they are not those of `sha256` any more */
  read(
    owner: string,
    goalId: string,
    file: { documentId: string; sha256: string },
  ): Promise<Buffer>;
};

type Row = {
  name: string;
  mimeType: string;
  bytes: number;
  sha256: string;
  origin: Origin | null;
};

/** A FileStore on the tables `files` and `documents`. */
export function createFileStore(pool: Pool): FileStore {
  const bytesOf = async (
    owner: string,
    goalId: string,
    id: string,
  ): Promise<Buffer | undefined> => {
    const { rows } = await pool.query<{ content: Buffer }>(
      `select content from files where id = $1 and owner = $2
       union all select convert_to(content, 'UTF8') from documents where id = $1 and goal_id = $3`,
      [id, owner, goalId],
    );
    return rows[0]?.content;
  };
  return {
    async put({ owner, name, mimeType, content, origin }) {
      if (content.length > limits.attachmentsMaxBytes) {
        throw failure('InvalidInputError', `The file "${name}" is too large to attach.`);
      }
      const sha256 = hashOf(content);
      const { rows } = await pool.query<Row & { documentId: string }>(
        `insert into files (owner, name, mime_type, sha256, size_bytes, content, origin)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (owner, name, sha256) do update set created_at = now()
         returning id as "documentId", name, mime_type as "mimeType", size_bytes as bytes, sha256, origin`,
        [owner, name, mimeType, sha256, content.length, content, origin],
      );
      const [kept] = rows;
      if (kept === undefined) throw failure('StorageUnavailableError', 'The file was not kept.');
      return kept;
    },
    async find(owner, goalId, documentId) {
      const { rows } = await pool.query<Row>(
        `select name, mime_type as "mimeType", size_bytes as bytes, sha256, origin
         from files where id = $1 and owner = $2`,
        [documentId, owner],
      );
      if (rows[0] !== undefined) return { documentId, ...rows[0] };
      const documents = await pool.query<{ content: string; origin: Origin }>(
        'select content, origin from documents where id = $1 and goal_id = $2',
        [documentId, goalId],
      );
      const [document] = documents.rows;
      if (document === undefined) {
        throw failure('NotFoundError', 'There is no document of yours with this id to attach.');
      }
      const content = Buffer.from(document.content, 'utf8');
      return {
        documentId,
        name: 'document.txt',
        mimeType: 'text/plain',
        bytes: content.length,
        sha256: hashOf(content),
        origin: document.origin,
      };
    },
    async read(owner, goalId, { documentId, sha256 }) {
      const content = await bytesOf(owner, goalId, documentId);
      if (content !== undefined && hashOf(content) === sha256) return content;
      throw failure(
        'PreconditionFailedError',
        'A file to attach is not there as it was approved. Attach it again.',
      );
    },
  };
}

function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
