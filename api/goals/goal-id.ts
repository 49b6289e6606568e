/** Makes goal ids: 26 lower-case characters that sort by time and cannot be guessed. */
import { randomBytes } from 'node:crypto';
import type { GoalId } from '#contracts/names.ts';

/** Crockford's base 32: no i, l, o or u. @see the ULID specification, whose layout this is. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** A new id: 48 bits of milliseconds, then 80 random bits. */
export function newGoalId(atMs: number = Date.now()): GoalId {
  let time = '';
  for (let i = 0, rest = atMs; i < 10; i += 1, rest = Math.floor(rest / 32)) {
    time = `${alphabet[rest % 32] ?? ''}${time}`;
  }
  // 256 is a multiple of 32, so every character is equally likely.
  const random = [...randomBytes(16)].map((byte) => alphabet[byte % 32] ?? '').join('');
  return `${time}${random}` as GoalId;
}
