/** Signatures and the profile of how a person writes, read and written for one owner only. */
import type { Pool } from 'pg';
import { type ToneProfile, toneProfileSchema } from '#contracts/schemas/tone.ts';

/** A profile with who made it as it is. */
export type KeptTone = {
  readonly profile: ToneProfile;
  readonly source: 'learned' | 'edited';
  readonly updatedAt: string;
};

export type StyleStore = {
  /** Null: none was set, so the provider's own is used. */
  signature(owner: string, account: string): Promise<string | null>;
  /** Null takes it away. */
  setSignature(owner: string, account: string, signature: string | null): Promise<void>;
  tone(owner: string): Promise<KeptTone | null>;
  setTone(owner: string, profile: ToneProfile): Promise<void>;
  /** False when there is none. */
  removeTone(owner: string): Promise<boolean>;
};

/** A StyleStore on the tables `mail_signatures` and `tone_profiles`. */
export function createStyleStore(pool: Pool): StyleStore {
  return {
    async signature(owner, account) {
      const { rows } = await pool.query<{ signature: string }>(
        'select signature from mail_signatures where owner = $1 and account = $2',
        [owner, account],
      );
      return rows[0]?.signature ?? null;
    },
    async setSignature(owner, account, signature) {
      if (signature === null) {
        await pool.query('delete from mail_signatures where owner = $1 and account = $2', [
          owner,
          account,
        ]);
        return;
      }
      await pool.query(
        `insert into mail_signatures (owner, account, signature) values ($1, $2, $3)
         on conflict (owner, account) do update set signature = excluded.signature`,
        [owner, account, signature],
      );
    },
    async tone(owner) {
      const { rows } = await pool.query<{
        profile: unknown;
        source: KeptTone['source'];
        updatedAt: Date;
      }>('select profile, source, updated_at as "updatedAt" from tone_profiles where owner = $1', [
        owner,
      ]);
      const [row] = rows;
      const profile = toneProfileSchema.safeParse(row?.profile).data;
      if (row === undefined || profile === undefined) return null;
      return { profile, source: row.source, updatedAt: row.updatedAt.toISOString() };
    },
    async setTone(owner, profile) {
      await pool.query(
        `insert into tone_profiles (owner, profile, source) values ($1, $2, 'edited')
         on conflict (owner) do update
           set profile = excluded.profile, source = excluded.source, updated_at = now()`,
        [owner, JSON.stringify(profile)],
      );
    },
    async removeTone(owner) {
      const done = await pool.query('delete from tone_profiles where owner = $1', [owner]);
      return done.rowCount === 1;
    },
  };
}
