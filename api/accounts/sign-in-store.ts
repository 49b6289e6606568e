/**
 * Consents under way: from the button on the connect page to the answer of the vendor. A row belongs to
 * one browser and is used once; what redeems its code is sealed and not read here.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Provider } from '#contracts/accounts.ts';
import { limits } from '#contracts/limits.ts';
import { sha256 } from '../auth.ts';

/** What the person asked for on the page. */
export type WantedSignIn = {
  readonly owner: string;
  readonly provider: Provider;
  readonly label: string | null;
  readonly isDefault: boolean;
  readonly redirectUri: string;
};

/** A consent that begins: its row, and the secret that its browser keeps in a cookie. */
export type BegunSignIn = { readonly signInId: string; readonly browserKey: string };

/** Sign-ins in the table `sign_ins`. */
export type SignInStore = {
  begin(wanted: WantedSignIn): Promise<BegunSignIn>;
  /** Where the person consents, once a worker has written it. */
  consentUrl(signInId: string): Promise<string | null>;
  /**
   * Takes the vendor's answer to a sign-in of this browser, once: keeps the code, or ends the sign-in
   * where there is none. Null for an answer to another attempt, another browser's, or a late one.
   */
  takeAnswer(answer: {
    readonly provider: Provider;
    readonly state: string;
    readonly browserKey: string;
    readonly code: string | null;
  }): Promise<{ readonly signInId: string; readonly owner: string } | null>;
};

/** A SignInStore on Postgres. */
export function createSignInStore(pool: Pool): SignInStore {
  const inTime = `created_at > now() - ${limits.consentMs} * interval '1 ms'`;
  return {
    async begin({ owner, provider, label, isDefault, redirectUri }) {
      await pool.query(`delete from sign_ins where not ${inTime}`);
      const signInId = randomUUID();
      const browserKey = randomBytes(32).toString('base64url');
      await pool.query(
        `insert into sign_ins
           (id, owner, provider, label, is_default, redirect_uri, state, browser_hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          signInId,
          owner,
          provider,
          label,
          isDefault,
          redirectUri,
          randomBytes(24).toString('base64url'),
          sha256(browserKey).toString('hex'),
        ],
      );
      return { signInId, browserKey };
    },
    async consentUrl(signInId) {
      const { rows } = await pool.query<{ url: string | null }>(
        'select consent_url as url from sign_ins where id = $1',
        [signInId],
      );
      return rows[0]?.url ?? null;
    },
    async takeAnswer({ provider, state, browserKey, code }) {
      const { rows } = await pool.query<{ signInId: string; owner: string }>(
        `update sign_ins set code = coalesce($4, '')
         where state = $1 and provider = $2 and browser_hash = $3 and code is null and ${inTime}
         returning id as "signInId", owner`,
        [state, provider, sha256(browserKey).toString('hex'), code],
      );
      return rows[0] ?? null;
    },
  };
}
