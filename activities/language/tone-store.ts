/** How each person writes: the profile they can see and edit. One for each person. */
import type { Pool } from 'pg';
import { type ToneProfile, toneProfileSchema } from '#contracts/schemas/tone.ts';

export type ToneStore = {
  get(owner: string): Promise<ToneProfile | null>;
  /** Keeps what was learnt, in place of what was there. */
  save(owner: string, profile: ToneProfile): Promise<void>;
};

/** A ToneStore on the `tone_profiles` table. */
export function createToneStore(pool: Pool): ToneStore {
  return {
    async get(owner) {
      const { rows } = await pool.query<{ profile: unknown }>(
        'select profile from tone_profiles where owner = $1',
        [owner.toLowerCase()],
      );
      // A profile of another form is as good as none: it can be learnt again.
      return toneProfileSchema.safeParse(rows[0]?.profile).data ?? null;
    },
    async save(owner, profile) {
      await pool.query(
        `insert into tone_profiles (owner, profile, source) values ($1, $2, 'learned')
         on conflict (owner) do update
           set profile = excluded.profile, source = excluded.source, updated_at = now()`,
        [owner.toLowerCase(), JSON.stringify(profile)],
      );
    },
  };
}
