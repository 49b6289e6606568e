/**
 * The waits for providers that all workers share, in Postgres by its clock. A row means "leave it
 * alone"; each statement is atomic, so that workers need not know of each other. It decides nothing
 * about what an outage is.
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { AccountDetails } from '#contracts/failures.ts';

/** How long waits are. All in milliseconds; `limits` has the values. */
export type WaitTimes = {
  readonly waitMs: number;
  readonly waitMaxMs: number;
  readonly spacingMs: number;
  readonly probePatienceMs: number;
  readonly probeLeaseMs: number;
};

/** Why a provider is left alone, and for how long it asked. */
export type Pause = {
  readonly reason: string;
  readonly askedMs: number | undefined;
  /** True when it said when its limit ends: then exactly that long. */
  readonly exact: boolean;
};

/** What a caller may do: wait until its slot, or call as the one probe and say how it went. */
export type Turn =
  | { readonly kind: 'wait'; readonly since: Date; readonly retryAt: Date; readonly reason: string }
  | { readonly kind: 'probe'; readonly probe: string };

/** The shared waits. */
export type ProviderWaits = {
  /** True while the account's provider is to be left alone. */
  isOn(who: AccountDetails): Promise<boolean>;
  /** Takes the caller's turn; undefined when there is nothing to wait for. */
  takeTurn(who: AccountDetails): Promise<Turn | undefined>;
  /** Begins a wait; one that is on is only made longer, and only when the provider asked for it. */
  begin(who: AccountDetails, pause: Pause): Promise<void>;
  /** The probe failed: waits anew, twice as long as before. */
  goOn(who: AccountDetails, probe: string, pause: Pause): Promise<void>;
  /** The probe was answered: nobody waits any more. */
  end(who: AccountDetails, probe: string): Promise<void>;
};

/** The waits in the table `provider_waits`. */
export function createProviderWaits(pool: Pool, times: WaitTimes): ProviderWaits {
  return {
    async isOn({ provider, account }) {
      const { rowCount } = await pool.query(
        'select 1 from provider_waits where provider = $1 and account = $2',
        [provider, account],
      );
      return rowCount === 1;
    },
    takeTurn: (who) => takeTurn(pool, times, who),
    async begin({ provider, account }, { reason, askedMs, exact }) {
      const forMs = exact ? (askedMs ?? times.waitMs) : Math.max(times.waitMs, askedMs ?? 0);
      await pool.query(
        `insert into provider_waits as w
           (provider, account, not_before, next_slot, window_ms, reason)
         select $1, $2, until, until, $4, $5
         from (select now() + $3::float8 * interval '1 ms' as until) as pause
         on conflict (provider, account) do update set
           not_before = excluded.not_before, next_slot = excluded.next_slot,
           reason = excluded.reason
         where $6 and excluded.not_before > w.not_before`,
        [provider, account, forMs, times.waitMs, reason, askedMs !== undefined],
      );
    },
    async goOn({ provider, account }, probe, { reason, askedMs, exact }) {
      await pool.query(
        `with pause as (
           select case when $5 then window_ms else least(window_ms * 2, $6) end as window_ms
           from provider_waits where provider = $1 and account = $2 and probe = $3
         ), until as (
           select window_ms, now() + interval '1 ms' *
             case when $5 then $4::float8 else greatest(window_ms, $4::float8) end as at
           from pause
         )
         update provider_waits set window_ms = until.window_ms, not_before = until.at,
           next_slot = until.at, reason = $7, probe = null, probe_until = null
         from until where provider = $1 and account = $2 and probe = $3`,
        [provider, account, probe, askedMs ?? null, exact, times.waitMaxMs, reason],
      );
    },
    async end({ provider, account }, probe) {
      await pool.query(
        'delete from provider_waits where provider = $1 and account = $2 and probe = $3',
        [provider, account, probe],
      );
    },
  };
}

/** One statement: the first caller after the pause becomes the probe, the others get slots. */
async function takeTurn(
  pool: Pool,
  times: WaitTimes,
  { provider, account }: AccountDetails,
): Promise<Turn | undefined> {
  const probe = randomUUID();
  const { rows } = await pool.query<{
    since: Date;
    reason: string;
    probing: boolean | null;
    retryAt: Date;
  }>(
    `update provider_waits set
       probe = case when ${isFree} then $3 else probe end,
       probe_until = case when ${isFree} then now() + $4::float8 * interval '1 ms'
         else probe_until end,
       next_slot = case when ${isFree} then next_slot else ${slot} + $6::float8 * interval '1 ms' end
     where provider = $1 and account = $2
     returning since, reason, probe = $3 as probing,
       next_slot - $6::float8 * interval '1 ms' as "retryAt"`,
    [provider, account, probe, times.probeLeaseMs, times.probePatienceMs, times.spacingMs],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  if (row.probing === true) return { kind: 'probe', probe };
  return { kind: 'wait', since: row.since, retryAt: row.retryAt, reason: row.reason };
}

const isFree = `(now() >= not_before and (probe_until is null or now() >= probe_until))`;
/** Not before the pause is over, and while a probe is under way not before it is likely to be. */
const slot = `greatest(next_slot, case when now() < not_before then not_before
  else now() + $5::float8 * interval '1 ms' end)`;
