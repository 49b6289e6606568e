/**
 * Outlook's item ids: opaque, case-sensitive, one mailbox each. An ordinary id and the immutable
 * one of the same item differ; a path may name an item by either.
 */
import type { Person } from '../office/state.ts';

const prefixes = { ordinary: 'AAMkAG', immutable: 'AAkALg' } as const;

/** The two families of ids. */
export type IdKind = keyof typeof prefixes;

/** The id of an item of a mailbox; `key` is our own name of it. */
export function writeId(kind: IdKind, owner: Person, key: string): string {
  return prefixes[kind] + Buffer.from(`${owner.email}\n${key}`).toString('base64url');
}

/** Our own name of an item of this mailbox, or undefined when the id is none of its ids. */
export function readId(owner: Person, id: string): { kind: IdKind; key: string } | undefined {
  for (const kind of ['ordinary', 'immutable'] as const) {
    if (!id.startsWith(prefixes[kind])) continue;
    const [email, key] = Buffer.from(id.slice(prefixes[kind].length), 'base64url')
      .toString('utf8')
      .split('\n');
    // An id with a changed letter may still decode: only the very id that was given out counts.
    if (email === owner.email && key !== undefined && writeId(kind, owner, key) === id) {
      return { kind, key };
    }
  }
  return undefined;
}
