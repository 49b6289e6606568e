/**
 * The twelve ways in which one request to a provider fails, as the sandbox makes them, and when: at fixed
 * moments, and in the long form (`ADJUTANT_FAULT_RUNS` times each) at random ones besides.
 */
import * as fc from 'fast-check';

/** How long a call is waited for, and how late a late one is acted on all the same. */
export const patienceMs = 250;
export const lateMs = 400;

const page = { headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' };
const soon = { 'retry-after': '1' };

/** By name, what `POST /__faults` of the oracle takes. */
export const faults = {
  'lost before it arrived': { action: 'drop_before' },
  'lost after it was done': { action: 'drop_after_commit' },
  'delivered twice': { action: 'duplicate' },
  'done after nobody waited any more': { action: 'delay', delayMs: lateMs },
  'answered in part': { action: 'truncate' },
  'answered by a page': { action: 'status', status: 200, ...page },
  'refused with 408': { action: 'status', status: 408 },
  'refused with 429': { action: 'status', status: 429, headers: soon },
  'refused with 500': { action: 'status', status: 500 },
  'refused with 502': { action: 'status', status: 502, ...page },
  'refused with 503': { action: 'status', status: 503 },
  'refused with 504': { action: 'status', status: 504, headers: soon },
} as const;
export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as FaultName[];

/** How long a fault goes on acting after its effect has ended. */
export function afterwardsMs(name: FaultName, moments: Moments): number {
  if (name === 'done after nobody waited any more') return moments.lateMs;
  // The connection is reset a moment after the half answer.
  return name === 'answered in part' ? 40 : 0;
}

/** When things happen while an effect meets a fault. */
export type Moments = {
  /** How late a late request is acted on. */
  readonly lateMs: number;
  /** How long every other request takes besides. */
  readonly othersMs: number;
};

const runs = Number(process.env['ADJUTANT_FAULT_RUNS'] ?? 1);
const drawnSeed = runs > 1 ? Math.floor(Math.random() * 2 ** 31) : 1;
/** What random moments are drawn from. */
export const faultSeed = Number(process.env['ADJUTANT_FAULT_SEED'] ?? drawnSeed);
/** The moments at which each case is played; the first are the same every time. */
const allMoments: readonly Moments[] = [
  { lateMs, othersMs: 0 },
  ...fc.sample(
    fc.record({
      lateMs: fc.integer({ min: patienceMs + 10, max: 3 * patienceMs }),
      othersMs: fc.integer({ min: 0, max: patienceMs / 2 }),
    }),
    { numRuns: runs - 1, seed: faultSeed },
  ),
];

/** Every write at all moments, numbered by moment. */
export function casesOf<Write>(writes: readonly Write[]): [number, Moments, Write][] {
  return allMoments.flatMap((moments, run) =>
    writes.map((write): [number, Moments, Write] => [run, moments, write]),
  );
}
/** Time a case may take. */
export const caseTimeoutMs = 60_000 * runs;

/** False for the page that a fault puts in place of an empty answer: it is nobody's but the fault's. */
export function isOwnViolation(violation: string): boolean {
  return !violation.endsWith('an answer where the contract has none');
}
