/** A FileStore that keeps its files in memory. */
import { createHash } from 'node:crypto';
import type { FileFacts, FileStore } from '#activities/files.ts';
import { failure } from '#activities/failures.ts';

export function filesInMemory(): FileStore {
  const files = new Map<string, FileFacts & { content: Buffer }>();
  return {
    async put({ name, mimeType, content, origin }) {
      const sha256 = createHash('sha256').update(content).digest('hex');
      const documentId = `file-${name}-${sha256.slice(0, 8)}`;
      const facts = { documentId, name, mimeType, bytes: content.length, sha256, origin };
      files.set(documentId, { ...facts, content });
      return facts;
    },
    async find(_owner, _goalId, documentId) {
      const file = files.get(documentId);
      if (file === undefined) throw failure('NotFoundError', 'There is no such document.');
      const { content: _, ...facts } = file;
      return facts;
    },
    async read(_owner, _goalId, { documentId, sha256 }) {
      const file = files.get(documentId);
      if (file?.sha256 !== sha256) throw failure('PreconditionFailedError', 'It has changed.');
      return file.content;
    },
  };
}
