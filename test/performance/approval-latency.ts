/** P5: from the approving HTTP call to the start of the next activity, one goal at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { Pool } from 'pg';
import { type BenchApi, startBenchApi } from './bench-api.ts';
import { type BenchStack, now } from './bench-stack.ts';
import { pendingApproval } from './events.ts';
import { type Effort, ms, ratioText, type Row } from './measurement.ts';
import { bootstrapInterval, interleaved, median, quantile } from './statistics.ts';

const name = 'a single effect';
const samples = { default: 50, full: 300 } as const;
const warmUps = 3;
/** A goal that has just asked is still busy for a moment; timed is a goal at rest. */
const parkedMs = 60;

/** Measures P5. */
export async function measureApproval(
  stack: BenchStack,
  pool: Pool,
  effort: Effort,
): Promise<Row[]> {
  await using api = await startBenchApi(stack, pool);
  const ours = () => approveOverHttp(stack, pool, api);
  const bare = () => approveByUpdate(stack);
  await interleaved(warmUps, ours, bare);
  const pairs = await interleaved(samples[effort], ours, bare);
  const a = pairs.map((pair) => pair.a);
  const b = pairs.map((pair) => pair.b);
  const ratios = pairs.map((pair) => pair.a / pair.b);
  const both = (q: number) => `${ms(quantile(a, q))}, bare ${ms(quantile(b, q))}`;
  return [
    {
      id: 'P5',
      what: `approve over HTTP → next activity starts, p50 (${pairs.length} pairs)`,
      measured: `${ratioText(median(ratios), bootstrapInterval(ratios))}; ${both(0.5)}`,
      goal: 'p50 ≤ 1.25× a bare update',
    },
    {
      id: 'P5',
      what: 'the same, p99',
      measured: `${(quantile(a, 0.99) / quantile(b, 0.99)).toFixed(2)}×; ${both(0.99)}`,
      goal: 'p99 ≤ 1.5×',
    },
  ];
}

async function approveOverHttp(stack: BenchStack, pool: Pool, api: BenchApi): Promise<number> {
  const handle = await stack.start(name);
  const { approvalId, digest } = await pendingApproval(pool, handle.workflowId, 1);
  await sleep(parkedMs);
  const approvedAt = now();
  await api.request('POST', `/v1/approvals/${approvalId}/decision`, { digest, verdict: 'approve' });
  await handle.result();
  return startOf(stack, handle) - approvedAt;
}

async function approveByUpdate(stack: BenchStack): Promise<number> {
  const handle = await stack.startBare('approvedSend', name);
  // Started, planned and back in the workflow: 10 events, then it waits.
  while ((await handle.describe()).historyLength < 10) await sleep(10);
  await sleep(parkedMs);
  const approvedAt = now();
  await handle.executeUpdate('approve');
  await handle.result();
  return startOf(stack, handle) - approvedAt;
}

function startOf(stack: BenchStack, { workflowId }: Pick<WorkflowHandle, 'workflowId'>): number {
  const startedAt = stack.sendStartedAt.get(workflowId);
  if (startedAt === undefined) throw new Error(`${workflowId} sent nothing`);
  return startedAt;
}
