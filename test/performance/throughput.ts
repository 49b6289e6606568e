/** P1: goals completed a second, 20 at a time, against the same activities called by hand. */
import type { BenchStack } from './bench-stack.ts';
import { type Effort, ratioText, type Row } from './measurement.ts';
import { bootstrapInterval, interleaved, median } from './statistics.ts';

/** Goals under way at once. */
export const concurrency = 20;
const name = 'three reads and a final read';
const sizes = {
  default: { pairs: 5, goals: 60 },
  full: { pairs: 7, goals: 400 },
} as const;

/** Measures P1. */
export async function measureThroughput(stack: BenchStack, effort: Effort): Promise<Row[]> {
  const { pairs, goals } = sizes[effort];
  const ours = () => perSecond(goals, async () => (await stack.start(name)).result());
  const bare = () =>
    perSecond(goals, async () => (await stack.startBare('readsAndFinal', name)).result());
  // Not counted: caches and connections fill.
  await perSecond(concurrency, async () => (await stack.start(name)).result());
  await perSecond(concurrency, async () => (await stack.startBare('readsAndFinal', name)).result());
  const blocks = await interleaved(pairs, ours, bare);
  const ratios = blocks.map(({ a, b }) => a / b);
  const rate = (of: 'a' | 'b') => median(blocks.map((block) => block[of])).toFixed(1);
  return [
    {
      id: 'P1',
      what: `goals/s, ${concurrency} at a time: plan, 3 reads at once, final read (${pairs} pairs of ${goals})`,
      measured: `${ratioText(median(ratios), bootstrapInterval(ratios))}; ${rate('a')}/s, bare ${rate('b')}/s`,
      goal: '≥ 0.95× bare',
    },
  ];
}

/** Runs `count` goals in a closed loop and returns how many were completed a second. */
export async function perSecond(count: number, runOne: () => Promise<unknown>): Promise<number> {
  let left = count;
  const started = performance.now();
  const loop = async () => {
    while (left > 0) {
      left -= 1;
      await runOne();
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return (count * 1_000) / (performance.now() - started);
}
