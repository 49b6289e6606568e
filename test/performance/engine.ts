/** P8: the tuned local Temporal server against the same program as it comes. */
import { type BenchStack, startBenchStack } from './bench-stack.ts';
import { type Effort, ms, type Row } from './measurement.ts';
import type { EngineKind, Servers } from './servers.ts';
import { bootstrapInterval, interleaved, median } from './statistics.ts';

const name = 'ten reads in a row';
const stallMs = 1_000;
const sizes = {
  default: { pairs: 11, starts: 200 },
  full: { pairs: 31, starts: 1_000 },
} as const;

/** Measures P8. `tuned` is the stack the other metrics use. */
export async function measureEngine(
  servers: Servers,
  tuned: BenchStack,
  effort: Effort,
): Promise<Row[]> {
  const { pairs, starts } = sizes[effort];
  const rows: Row[] = [];
  await withEngine(servers, 'stock', async (stock) => {
    await Promise.all([runGoal(tuned), runGoal(stock)]);
    const times = await interleaved(
      pairs,
      () => runGoal(stock),
      () => runGoal(tuned),
    );
    const ratio = median(times.map(({ a }) => a)) / median(times.map(({ b }) => b));
    const [low, high] = bootstrapInterval(times.map(({ a, b }) => a / b));
    rows.push({
      id: 'P8',
      what: `goal of 10 reads in a row, p50: tuned engine against stock (${pairs} pairs)`,
      measured:
        `${ratio.toFixed(1)}× faster (95 %: ${low.toFixed(1)} to ${high.toFixed(1)}); ` +
        `${ms(median(times.map(({ b }) => b)))}, stock ${ms(median(times.map(({ a }) => a)))}`,
      goal: '≥ 10× faster',
    });
  });
  rows.push({
    id: 'P8',
    what: `stalls over 1 s in ${starts} starts, tuned engine`,
    measured: stallText(await timeStarts(tuned, starts)),
    goal: '0',
  });
  if (effort === 'full') {
    await withEngine(servers, 'careless', async (careless) => {
      rows.push({
        id: 'P8',
        what: `control: the same with 4 partitions and fast polls, in ${starts} starts`,
        measured: stallText(await timeStarts(careless, starts)),
        goal: '> 0: the test sees stalls',
      });
    });
  }
  return rows;
}

async function withEngine(
  servers: Servers,
  kind: EngineKind,
  work: (stack: BenchStack) => Promise<void>,
): Promise<void> {
  const engine = await servers.startEngine(kind);
  try {
    await using stack = await startBenchStack(servers, engine.address);
    await work(stack);
  } finally {
    await engine.stop();
  }
}

async function runGoal(stack: BenchStack): Promise<number> {
  const started = performance.now();
  await (await stack.start(name)).result();
  return performance.now() - started;
}

/** One workflow with one activity at a time; a stall of the queue shows as a second or two. */
async function timeStarts(stack: BenchStack, starts: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < starts; i += 1) {
    const started = performance.now();
    await (await stack.startBare('oneRead', name)).result();
    times.push(performance.now() - started);
  }
  return times;
}

function stallText(times: readonly number[]): string {
  const stalls = times.filter((time) => time > stallMs).length;
  const longest = Math.max(...times);
  const number = times.indexOf(longest) + 1;
  return `${stalls}; p50 ${ms(median(times))}, longest ${ms(longest)} (start ${number})`;
}
