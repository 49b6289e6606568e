/**
 * P12: what it costs that everything is on record. Goals with and without journal and read models, the
 * audit of a goal against its raw history, and the replay of one event.
 */
import { Worker } from '@temporalio/worker';
import type { Pool } from 'pg';
import { goalIdOfWorkflow } from '#contracts/names.ts';
import { noTelemetry } from '#infra/telemetry.ts';
import { workflowBundle } from '#workers/bundle.ts';
import { bareBundle } from './bare/worker.ts';
import { type BenchApi, startBenchApi } from './bench-api.ts';
import { type BenchStack, startBenchStack } from './bench-stack.ts';
import { pendingApproval } from './events.ts';
import { type Effort, ms, ratioText, type Row } from './measurement.ts';
import type { Servers } from './servers.ts';
import { bootstrapInterval, interleaved, median } from './statistics.ts';
import { concurrency, perSecond } from './throughput.ts';

const reads = 'three reads and a final read';
const effect = 'a single effect';
const sizes = {
  default: { pairs: 5, goals: 60, audits: 100, replays: 5, copies: 40 },
  full: { pairs: 7, goals: 400, audits: 300, replays: 15, copies: 100 },
} as const;

type History = Awaited<ReturnType<Awaited<ReturnType<BenchStack['start']>>['fetchHistory']>>;

/** Measures P12. `stack` is the product as it is; one without records is started beside it. */
export async function measureRecords(
  servers: Servers,
  stack: BenchStack,
  address: string,
  effort: Effort,
): Promise<Row[]> {
  return [
    await measureWriting(servers, stack, address, effort),
    await measureAudit(stack, servers.pool, effort),
    await measureReplay(servers, stack, effort),
  ];
}

async function measureWriting(
  servers: Servers,
  stack: BenchStack,
  address: string,
  effort: Effort,
): Promise<Row> {
  const { pairs, goals } = sizes[effort];
  await using silent = await startBenchStack(servers, address, false);
  const run = (arm: BenchStack, count: number) => () =>
    perSecond(count, async () => (await arm.start(reads)).result());
  // Not counted: caches and connections fill.
  await interleaved(1, run(stack, concurrency), run(silent, concurrency));
  const before = await eventsIn(servers.pool);
  await run(silent, 1)();
  if ((await eventsIn(servers.pool)) !== before) throw new Error('the arm without records wrote');
  const blocks = await interleaved(pairs, run(stack, goals), run(silent, goals));
  const ratios = blocks.map(({ a, b }) => a / b);
  const rate = (of: 'a' | 'b') => median(blocks.map((block) => block[of])).toFixed(1);
  return {
    id: 'P12',
    what: `goals/s with journal and read models against without, ${concurrency} at a time (${pairs} pairs of ${goals})`,
    measured: `${ratioText(median(ratios), bootstrapInterval(ratios))}; ${rate('a')}/s, without ${rate('b')}/s`,
    goal: '≥ 0.97×',
  };
}

async function eventsIn(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    'select count(*)::int as count from journal_events',
  );
  return rows[0]?.count ?? 0;
}

async function measureAudit(stack: BenchStack, pool: Pool, effort: Effort): Promise<Row> {
  await using api = await startBenchApi(stack, pool);
  const handle = await stack.start(effect);
  const { approvalId, digest } = await pendingApproval(pool, handle.workflowId, 1);
  await api.request('POST', `/v1/approvals/${approvalId}/decision`, { digest, verdict: 'approve' });
  await handle.result();
  const path = `/v1/goals/${goalIdOfWorkflow(handle.workflowId)}/audit`;
  if ((await entriesOf(api, path)) !== 1) throw new Error('the audit has not one entry');
  const times = await interleaved(
    sizes[effort].audits,
    () => timed(() => api.request('GET', path)),
    () => timed(() => handle.fetchHistory()),
  );
  const p50 = (of: 'a' | 'b') => median(times.map((time) => time[of]));
  const interval = bootstrapInterval(times.map(({ a, b }) => a / b));
  return {
    id: 'P12',
    what: `GET audit of a goal against fetching its history, p50 (${times.length} pairs)`,
    measured: `${ratioText(p50('a') / p50('b'), interval)}; ${ms(p50('a'))}, history ${ms(p50('b'))}`,
    goal: '≤ 1.2×',
  };
}

async function entriesOf(api: BenchApi, path: string): Promise<number> {
  const { entries } = (await api.request('GET', path)) as { entries: unknown[] };
  return entries.length;
}

/** Both arms replay many copies of one history, so that starting a replay does not count. */
async function measureReplay(servers: Servers, stack: BenchStack, effort: Effort): Promise<Row> {
  const { replays, copies } = sizes[effort];
  const goal = await stack.start(reads);
  const bare = await stack.startBare('readsAndFinal', reads);
  await Promise.all([goal.result(), bare.result()]);
  const ours = await replayOf(await workflowBundle(servers.dir), goal, copies);
  const theirs = await replayOf(await bareBundle(servers.dir), bare, copies);
  await interleaved(1, ours.run, theirs.run);
  const times = await interleaved(replays, ours.run, theirs.run);
  const ratios = times.map(({ a, b }) => a / b);
  const micros = (of: 'a' | 'b') =>
    `${(median(times.map((time) => time[of])) * 1_000).toFixed(0)} µs`;
  return {
    id: 'P12',
    what: `replay of one event, ${copies} histories at a time (${ours.events} events, bare ${theirs.events}; ${replays} pairs)`,
    measured: `${ratioText(median(ratios), bootstrapInterval(ratios))}; ${micros('a')}, bare ${micros('b')}`,
    goal: '≤ 1.15× bare',
  };
}

/** `run` replays all copies and returns milliseconds for each event. */
async function replayOf(
  bundle: Awaited<ReturnType<typeof workflowBundle>>,
  handle: { fetchHistory(): Promise<History>; readonly workflowId: string },
  copies: number,
) {
  const history = await handle.fetchHistory();
  const events = history.events?.length ?? 0;
  const all = Array.from({ length: copies }, () => ({ workflowId: handle.workflowId, history }));
  const run = async () => {
    const options = { workflowBundle: bundle, sinks: noTelemetry.sinks };
    const started = performance.now();
    for await (const { error } of Worker.runReplayHistories(options, all)) {
      if (error !== undefined) throw error;
    }
    return (performance.now() - started) / (events * copies);
  };
  return { events, run };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
