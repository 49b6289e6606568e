/** The few statistics a benchmark needs. Random, but the same numbers give the same interval. */

/** The value below which the share `q` (0 to 1) of the samples lies. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** The median; of an even number of samples the mean of the middle two. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** The middle 95 % of what `estimate` gives on samples drawn again with replacement. */
export function bootstrapInterval(
  samples: readonly number[],
  estimate: (samples: readonly number[]) => number = median,
): readonly [low: number, high: number] {
  const random = randomNumbers(1);
  const estimates = Array.from({ length: 2_000 }, () =>
    estimate(samples.map(() => samples[Math.floor(random() * samples.length)] ?? Number.NaN)),
  );
  return [quantile(estimates, 0.025), quantile(estimates, 0.975)];
}

/** The order A, B, B, A, A, B, ...: a drift of the machine hits both arms alike. */
export async function interleaved<A, B>(
  pairs: number,
  armA: () => Promise<A>,
  armB: () => Promise<B>,
): Promise<readonly { readonly a: A; readonly b: B }[]> {
  const results: { a: A; b: B }[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    if (pair % 2 === 0) {
      const a = await armA();
      results.push({ a, b: await armB() });
    } else {
      const b = await armB();
      results.push({ a: await armA(), b });
    }
  }
  return results;
}

/** mulberry32: small, seeded, good enough for resampling and for choosing what to break. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
