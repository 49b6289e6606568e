/**
 * Runs a property on many random cases at once, each a goal of its own on the real server. It does not
 * shrink: a case that fails is printed as it is, with the seed, so that it can be kept as a test.
 */
import * as fc from 'fast-check';

/** How many cases a property tries by default; `ADJUTANT_PROPERTY_RUNS` is the long form. */
const defaultRuns = 40;
/** Goals in flight at once. */
const concurrency = 20;

/** How many cases each property tries in this run. */
export const propertyRuns = Number(process.env['ADJUTANT_PROPERTY_RUNS'] ?? defaultRuns);
/** The short form draws the same cases every time, so that a failure is the change's; the long form new ones. */
const isLong = process.env['ADJUTANT_PROPERTY_RUNS'] !== undefined;
const drawnSeed = isLong ? Math.floor(Math.random() * 2 ** 31) : 1_366_312_477;
/** What the cases of this run are drawn from. */
const seed = Number(process.env['ADJUTANT_PROPERTY_SEED'] ?? drawnSeed);

/** Time a property may take: long enough for a machine that does something else besides. */
export const propertyTimeoutMs = 120_000 + propertyRuns * 3_000;

/** Draws cases and checks each. @throws Error naming seed, case and what was wrong */
export async function holdsFor<Case>(
  name: string,
  cases: fc.Arbitrary<Case>,
  check: (one: Case, index: number) => Promise<void>,
): Promise<void> {
  const drawn = fc.sample(cases, { numRuns: propertyRuns, seed });
  const startedAt = Date.now();
  const { failures, tried } = await checkAll(drawn, check);
  const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1);
  console.log(`${name}: ${tried} runs, seed ${seed}, ${seconds} s`);
  const [first] = failures;
  if (first === undefined) return;
  const told = failures.map(
    ({ index, error }) => `case ${index}: ${error.message}\n${JSON.stringify(drawn[index])}`,
  );
  throw new Error(`seed ${seed}: ${failures.length} cases failed\n${told.join('\n')}`, {
    cause: first.error,
  });
}

type Wrong = { readonly index: number; readonly error: Error };

async function checkAll<Case>(
  drawn: readonly Case[],
  check: (one: Case, index: number) => Promise<void>,
): Promise<{ failures: Wrong[]; tried: number }> {
  const failures: Wrong[] = [];
  let next = 0;
  const work = async () => {
    while (next < drawn.length && failures.length < 3) {
      const index = next++;
      try {
        await check(drawn[index]!, index);
      } catch (error) {
        failures.push({ index, error: error instanceof Error ? error : new Error(String(error)) });
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return { failures: failures.sort((a, b) => a.index - b.index), tried: next };
}
