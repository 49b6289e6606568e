/**
 * P7: thousands of goals that wait for a person. What they take of memory and disk while they wait, how
 * fast they go on, and what becomes of them when the worker is killed half-way.
 */
import { type Arm, type Approve, startArm } from './waiting/arm.ts';
import { countActs, createActs } from './waiting/counted-acts.ts';
import { maxCachedWorkflows } from './bare/worker.ts';
import { type Effort, ms, ratioText, type Row } from './measurement.ts';
import type { Servers } from './servers.ts';
import { bootstrapInterval, interleaved, median } from './statistics.ts';

/** Goals for each arm unless told otherwise. */
export const defaultWaiting = 10_000;
/** Fewer would leave too few that the cache has let go. */
export const leastWaiting = 400;

const concurrency = 40;
const samples = { default: 40, full: 80 } as const;
const pairs = { default: 4, full: 8 } as const;
/** A machine that manages fewer goals a second than this is not one to measure on. */
const leastPerSecond = 5;
const restMs = 120_000;
const mebibyte = 1_024 * 1_024;

/** What an arm is while its goals wait. */
type Filled = {
  readonly arm: Arm;
  /** In the order they were started: the first have left the cache, the last are in it. */
  readonly goals: readonly string[];
  readonly rssBytes: number;
  readonly bytesPerGoal: number;
  readonly postgresPerGoal: number;
  readonly cached: number;
};

/** Measures P7 with `count` goals in each arm. */
export async function measureWaiting(
  servers: Servers,
  effort: Effort,
  count: number,
  progress: (line: string) => void,
): Promise<Row[]> {
  await createActs(servers.pool);
  await using oursArm = await startArm('ours', servers);
  await using bareArm = await startArm('bare', servers);
  const ours = await fill(oursArm, count, progress);
  const bare = await fill(bareArm, count, progress);
  const rows = atRest(ours, bare, count);
  progress('P7: one at a time');
  rows.push(await measureResume(ours, effort));
  progress('P7: all at once');
  // Neither the samples above, at both ends, nor the half that the worker is killed in.
  const rest = ours.goals.slice(samples[effort], -samples[effort]);
  const half = pairs[effort] * Math.floor(rest.length / 2 / pairs[effort]);
  const pick = (goals: readonly string[]) => goals.slice(samples[effort]).slice(0, half);
  rows.push(await measureMass(ours, bare, pick, effort));
  progress('P7: kill -9');
  rows.push(await measureKill(servers, ours, rest.slice(half)));
  return rows;
}

async function fill(arm: Arm, count: number, progress: (line: string) => void): Promise<Filled> {
  const idle = await arm.worker.untilQuiet(restMs);
  const empty = { server: arm.serverBytes(), postgres: await arm.postgresBytes() };
  progress(`P7: ${count} goals start`);
  const goals: string[] = [];
  await inParallel(
    Array.from({ length: count }, () => async () => {
      goals.push(await arm.start());
    }),
  );
  const deadline = performance.now() + restMs + (count * 1_000) / leastPerSecond;
  while ((await arm.waiting()) < count) {
    if (performance.now() > deadline) throw new Error(`${await arm.waiting()} of ${count} wait`);
    await arm.worker.untilQuiet(restMs + (count * 1_000) / leastPerSecond);
  }
  const { rssBytes, cachedWorkflows } = await arm.worker.untilQuiet(restMs);
  return {
    arm,
    goals,
    rssBytes: rssBytes - idle.rssBytes,
    bytesPerGoal: (arm.serverBytes() - empty.server) / count,
    postgresPerGoal: ((await arm.postgresBytes()) - empty.postgres) / count,
    cached: cachedWorkflows,
  };
}

function atRest(ours: Filled, bare: Filled, count: number): Row[] {
  const mib = (bytes: number) => `${(bytes / mebibyte).toFixed(0)} MiB`;
  const kib = (bytes: number) => `${(bytes / 1_024).toFixed(1)} KiB`;
  const ratio = (ours.bytesPerGoal / bare.bytesPerGoal).toFixed(2);
  return [
    {
      id: 'P7',
      what: `${count} goals wait: memory of the worker over idle (${ours.cached} of at most ${maxCachedWorkflows} cached)`,
      measured: `${mib(ours.rssBytes)}, bare ${mib(bare.rssBytes)}`,
      goal: '≤ 128 MiB',
    },
    {
      id: 'P7',
      what: 'the same: bytes of the Temporal server for each goal',
      measured:
        `${ratio}×; ${kib(ours.bytesPerGoal)} (and ${kib(ours.postgresPerGoal)} in Postgres), ` +
        `bare ${kib(bare.bytesPerGoal)}`,
      goal: '≤ 1.15× bare',
    },
  ];
}

/** One goal at a time, in turn from both ends: out of the cache and in it. */
async function measureResume({ arm, goals }: Filled, effort: Effort): Promise<Row> {
  const count = samples[effort];
  const evicted = await arm.approvals(goals.slice(0, count));
  const cached = await arm.approvals(goals.slice(-count).toReversed());
  const next = (approvals: Approve[]) => () => timed(approvals.shift());
  const times = await interleaved(count, next(evicted), next(cached));
  const p50 = (of: 'a' | 'b') => median(times.map((time) => time[of]));
  const ratio = p50('a') / p50('b');
  const interval = bootstrapInterval(times.map(({ a, b }) => a / b));
  return {
    id: 'P7',
    what: `decision → goal ended, p50: evicted against cached (${count} pairs)`,
    measured: `${ratioText(ratio, interval)}; ${ms(p50('a'))}, cached ${ms(p50('b'))}`,
    goal: '≤ 1.3×',
  };
}

async function measureMass(
  ours: Filled,
  bare: Filled,
  pick: (goals: readonly string[]) => readonly string[],
  effort: Effort,
): Promise<Row> {
  const blocks = pairs[effort];
  const of = async ({ arm, goals }: Filled) => {
    const approvals = await arm.approvals(pick(goals));
    const size = approvals.length / blocks;
    return { size, next: () => perSecond(approvals.splice(0, size)) };
  };
  const [a, b] = [await of(ours), await of(bare)];
  const rates = await interleaved(blocks, a.next, b.next);
  const ratios = rates.map((rate) => rate.a / rate.b);
  const rate = (arm: 'a' | 'b') => median(rates.map((each) => each[arm])).toFixed(1);
  return {
    id: 'P7',
    what: `approved and ended, goals/s, ${concurrency} at a time (${blocks} pairs of ${a.size})`,
    measured: `${ratioText(median(ratios), bootstrapInterval(ratios))}; ${rate('a')}/s, bare ${rate('b')}/s`,
    goal: '≥ 0.95× bare',
  };
}

/** Approves what is left and kills the worker when half of it is done. Exact, so it is asserted. */
async function measureKill(
  servers: Servers,
  { arm, goals }: Filled,
  left: readonly string[],
): Promise<Row> {
  const before = await arm.acts();
  let killed: Promise<number> | undefined;
  let ended = 0;
  const approvals = (await arm.approvals(left)).map((approve) => async () => {
    await approve();
    ended += 1;
    if (ended === Math.floor(left.length / 2)) killed = killNow(arm, before);
  });
  const started = performance.now();
  await inParallel(approvals);
  const took = performance.now() - started;
  const actsAtKill = await killed;
  const { lost, twice } = await countActs(servers.pool, 'ours', goals);
  return {
    id: 'P7',
    what: `kill -9 of the worker when ${actsAtKill} of ${left.length} were sent: goals lost, sent twice`,
    measured: `${lost} lost, ${twice} twice, of ${goals.length}; all ended after ${ms(took)}`,
    goal: '0 and 0',
    holds: actsAtKill !== undefined && lost === 0 && twice === 0,
  };
}

async function killNow(arm: Arm, before: number): Promise<number> {
  await arm.restart();
  return (await arm.acts()) - before;
}

async function timed(approve: Approve | undefined): Promise<number> {
  if (approve === undefined) throw new Error('no goal is left');
  const started = performance.now();
  await approve();
  return performance.now() - started;
}

async function perSecond(work: readonly Approve[]): Promise<number> {
  const started = performance.now();
  await inParallel(work);
  return (work.length * 1_000) / (performance.now() - started);
}

/** Does the work in order, some of it at a time. */
async function inParallel(work: readonly (() => Promise<void>)[]): Promise<void> {
  const left = work.values();
  const loop = async () => {
    for (const one of left) await one();
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
}
