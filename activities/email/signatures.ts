/** The person's signatures, one for each address they send as. Reads only. */
import type { Pool } from 'pg';

/** What the person set for an address; null when they set nothing. Empty means none. */
export type SignatureOf = (owner: string, address: string) => Promise<string | null>;

/** Signatures on the table `mail_signatures`. */
export function createSignatures(pool: Pool): SignatureOf {
  return async (owner, address) => {
    const { rows } = await pool.query<{ signature: string }>(
      'select signature from mail_signatures where owner = $1 and account = $2',
      [owner.toLowerCase(), address.toLowerCase()],
    );
    return rows[0]?.signature ?? null;
  };
}
