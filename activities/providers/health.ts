/**
 * Keeps workers from calling a provider that is away, per account: a breaker in this process counts
 * failures, a row that all workers share says when to come back. It never repeats a call.
 */
import { CircuitState, circuitBreaker, ConsecutiveBreaker, handleWhenResult } from 'cockatiel';
import type { CircuitBreakerPolicy } from 'cockatiel';
import type { AccountDetails, ProviderWaitDetails } from '#contracts/failures.ts';
import { limits } from '#contracts/limits.ts';
import { failure } from '../failures.ts';
import { countsAgainst, type Judge, judgeFailure, type Trouble, type Verdict } from './verdict.ts';
import type { Pause, ProviderWaits, Turn, WaitTimes } from './waits.ts';

/** The account of a provider that serves the whole installation with one key. */
export const wholeInstallation = '*';

/** The way every vendor call goes. */
export type ProviderHealth = {
  /**
   * Calls unless the account's provider is known to be away. `judge` says what an error means for it.
   * @throws ProviderWaitError before anything was sent, or in place of a failure that began a wait and
   *   surely did nothing; and what `work` throws
   */
  call<Result>(who: AccountDetails, work: () => Promise<Result>, judge?: Judge): Promise<Result>;
};

/** When waits begin. The defaults are `limits`. */
export type HealthOptions = {
  readonly failuresMax: number;
  readonly waitFromMs: number;
  readonly askedMaxMs: number;
  readonly believedMs: number;
};

/** How long waits are by default. */
export const waitTimes: WaitTimes = {
  waitMs: limits.providerWaitMs,
  waitMaxMs: limits.providerWaitMaxMs,
  spacingMs: limits.providerDrainSpacingMs,
  probePatienceMs: limits.providerProbePatienceMs,
  probeLeaseMs: limits.providerProbeLeaseMs,
};

const defaults: HealthOptions = {
  failuresMax: limits.providerFailuresMax,
  waitFromMs: limits.providerWaitFromMs,
  askedMaxMs: limits.providerAskedMaxMs,
  believedMs: limits.providerBelievedMs,
};

type Outcome<Result> =
  | { readonly verdict: 'answers'; readonly value: Result }
  | { readonly verdict: Verdict; readonly error: unknown };

type Belief = { readonly sinceMs: number; readonly waiting: Promise<boolean> };

/** Builds the health of one worker process. */
export function createProviderHealth(
  waits: ProviderWaits,
  options: Partial<HealthOptions> = {},
): ProviderHealth {
  const settings = { ...defaults, ...options };
  const breakers = new Map<string, CircuitBreakerPolicy>();
  const beliefs = new Map<string, Belief>();

  /** Whether the row is there, asked at most once a second while all is well. */
  function isWaiting(who: AccountDetails): Promise<boolean> {
    const known = beliefs.get(keyOf(who));
    if (known !== undefined && Date.now() - known.sinceMs < settings.believedMs) {
      return known.waiting;
    }
    const waiting = waits.isOn(who);
    beliefs.set(keyOf(who), { sinceMs: Date.now(), waiting });
    waiting.catch(() => beliefs.delete(keyOf(who)));
    return waiting;
  }

  async function takeTurn(who: AccountDetails): Promise<Extract<Turn, { kind: 'probe' }> | null> {
    if (!(await isWaiting(who))) return null;
    const turn = await waits.takeTurn(who);
    if (turn?.kind === 'wait') throw waitFailure(who, turn);
    if (turn === undefined) beliefs.delete(keyOf(who));
    return turn ?? null;
  }

  /** Begins or prolongs the wait that a failure asks for, if it does. */
  async function note(
    who: AccountDetails,
    probe: string | undefined,
    trouble: Trouble,
  ): Promise<Turn | undefined> {
    const { reason, retryAfterMs } = trouble;
    const askedMs =
      retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, settings.askedMaxMs);
    const isOpen = breakers.get(keyOf(who))?.state === CircuitState.Open;
    const isLong = askedMs !== undefined && askedMs >= settings.waitFromMs;
    if (probe === undefined && !isOpen && !isLong) return undefined;
    const exact = trouble.kind === 'limited' && askedMs !== undefined;
    const pause: Pause = { reason, askedMs, exact };
    await (probe === undefined ? waits.begin(who, pause) : waits.goOn(who, probe, pause));
    beliefs.delete(keyOf(who));
    return trouble.mayHaveActed ? undefined : waits.takeTurn(who);
  }

  return {
    async call(who, work, judge = judgeFailure) {
      const probe = (await takeTurn(who))?.probe;
      const breaker = getOrCreate(breakers, keyOf(who), () => createBreaker(settings));
      const outcome = await breaker.execute(() => attempt(work, judge));
      const { verdict } = outcome;
      if (verdict === 'answers' && probe !== undefined) {
        // Losing this costs another probe; the answer matters more.
        await waits.end(who, probe).catch(() => undefined);
        beliefs.delete(keyOf(who));
      }
      if ('value' in outcome) return outcome.value;
      if (typeof verdict === 'string') throw outcome.error;
      const turn = await note(who, probe, verdict).catch(() => undefined);
      if (turn?.kind === 'wait') throw waitFailure(who, turn, outcome.error);
      throw outcome.error;
    },
  };
}

/**
 * Counts failures in a row. It may be tried again at once after it opened, one call at a time: until
 * when to wait is for the shared row to say.
 */
function createBreaker({ failuresMax }: HealthOptions): CircuitBreakerPolicy {
  const counted = handleWhenResult((outcome) => countsAgainst((outcome as Outcome<never>).verdict));
  return circuitBreaker(counted, {
    halfOpenAfter: 0,
    breaker: new ConsecutiveBreaker(failuresMax),
  });
}

async function attempt<Result>(
  work: () => Promise<Result>,
  judge: Judge,
): Promise<Outcome<Result>> {
  try {
    return { verdict: 'answers', value: await work() };
  } catch (error) {
    return { verdict: judge(error), error };
  }
}

function waitFailure(
  { provider, account }: AccountDetails,
  { since, retryAt, reason }: Extract<Turn, { kind: 'wait' }>,
  cause?: unknown,
): Error {
  const details: ProviderWaitDetails = {
    provider,
    account,
    since: since.toISOString(),
    retryAt: retryAt.toISOString(),
  };
  const message = `${provider} is away since ${details.since} (${reason}); next try at ${details.retryAt}.`;
  return failure('ProviderWaitError', message, { details, cause });
}

function keyOf({ provider, account }: AccountDetails): string {
  return `${provider}:${account}`;
}

function getOrCreate<Value>(map: Map<string, Value>, key: string, create: () => Value): Value {
  const value = map.get(key) ?? create();
  map.set(key, value);
  return value;
}
