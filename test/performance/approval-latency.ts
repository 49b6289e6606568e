/** P5: from the approving HTTP call to the start of the next activity, one goal at a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { Pool } from 'pg';
import { createApprovalStore } from '#api/approvals/approval-store.ts';
import { createTokenAuth } from '#api/auth.ts';
import { createPeopleStore } from '#api/directory/people-store.ts';
import { createGoalClient } from '#api/goal-client.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { buildServer } from '#api/server.ts';
import { owner } from '../support/effects.ts';
import { eventParts } from '../support/events.ts';
import { type BenchStack, now } from './bench-stack.ts';
import { pendingApproval } from './events.ts';
import { type Effort, ms, ratioText, type Row } from './measurement.ts';
import { bootstrapInterval, interleaved, median, quantile } from './statistics.ts';

const name = 'a single effect';
const token = 'token-of-the-benchmark';
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
  const app = await startApi(stack, pool);
  try {
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const ours = () => approveOverHttp(stack, pool, url);
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
  } finally {
    await app.close();
  }
}

/** The real api on a real port, in this process, so that all stamps are of one clock. */
function startApi(stack: BenchStack, pool: Pool) {
  return buildServer({
    authenticate: createTokenAuth([{ token, principal: { owner, actor: owner } }]),
    goals: createGoalStore(pool),
    approvals: createApprovalStore(pool),
    people: createPeopleStore(pool),
    ...eventParts(pool),
    goalClient: createGoalClient({ client: stack.client, queuePrefix: stack.queuePrefix }),
    signDecision: (decision) => ({
      ...decision,
      signature: stack.keys.sign(decision)['signature'] as string,
    }),
    defaultZone: 'Europe/Berlin',
    checkPostgres: () => Promise.resolve(),
    renderMetrics: () => Promise.resolve(''),
    version: 'bench',
  });
}

async function approveOverHttp(stack: BenchStack, pool: Pool, url: string): Promise<number> {
  const handle = await stack.start(name);
  const { approvalId, digest } = await pendingApproval(pool, handle.workflowId, 1);
  await sleep(parkedMs);
  const approvedAt = now();
  const answer = await fetch(`${url}/v1/approvals/${approvalId}/decision`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ digest, verdict: 'approve' }),
  });
  if (!answer.ok) throw new Error(`the api answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
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
