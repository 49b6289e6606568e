/**
 * P9: from spawning the whole local stack to the first goal completed over HTTP, in a state folder that
 * has been used before; and the peak memory of that stack after some work.
 */
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { Client } from '@temporalio/client';
import type { Endpoints } from '#infra/local/stack.ts';
import { projectRoot } from '#infra/local/parts.ts';
import { startProcess, waitUntilReady } from '#infra/local/process.ts';
import { childEnvironment } from '#infra/config.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { startLocal, temporaryStateDir } from '../support/local-process.ts';
import { type Effort, ms, type Row } from './measurement.ts';
import { measureMemory } from './memory.ts';
import type { Servers } from './servers.ts';
import { bootstrapInterval, interleaved, median } from './statistics.ts';

const runs = { default: 2, full: 5 } as const;
const goalText = 'What is on my calendar today?';
/** Goals run before memory is read. */
const goalsForMemory = 20;

/** Measures P9 and memory. */
export async function measureColdStart(servers: Servers, effort: Effort): Promise<Row[]> {
  using state = temporaryStateDir();
  let memory: Row[] = [];
  const ours = () =>
    timeLocalStack(state.path, async (pid, endpoints) => {
      for (let i = 0; i < goalsForMemory; i += 1) await completeGoal(endpoints, state.path);
      memory = measureMemory(pid, endpoints);
    });
  const bare = () => timeBareStack(servers);
  // Not counted: data folders are made, bundles built.
  await timeLocalStack(state.path, () => Promise.resolve());
  await bare();
  const times = await interleaved(runs[effort], ours, bare);
  const ratios = times.map(({ a, b }) => a.completed / b);
  const of = (pick: (time: Times) => number) => ms(median(times.map(({ a }) => pick(a))));
  const interval = bootstrapInterval(ratios).map((end) => end.toFixed(2));
  return [
    {
      id: 'P9',
      what: `spawn of the used local stack → first goal completed over HTTP (${times.length} runs)`,
      measured:
        `${of((time) => time.completed)} (${of((time) => time.ready)} until ready), ` +
        `bare engine and worker ${ms(median(times.map(({ b }) => b)))}; ` +
        `${median(ratios).toFixed(2)}× (95 %: ${interval.join(' to ')})`,
      goal: '≤ 2,000 ms and ≤ 1.5× bare',
    },
    ...memory,
  ];
}

/** Milliseconds since the spawn. */
type Times = { readonly ready: number; readonly completed: number };

async function timeLocalStack(
  stateDir: string,
  then: (pid: number, endpoints: Endpoints) => Promise<void>,
): Promise<Times> {
  const started = performance.now();
  await using local = startLocal('infra/local.ts', stateDir, { ADJUTANT_LOG_LEVEL: 'warn' });
  const endpoints = await local.endpoints();
  const ready = performance.now() - started;
  await completeGoal(endpoints, stateDir);
  const completed = performance.now() - started;
  await then(local.pid, endpoints);
  return { ready, completed };
}

/** Hands in a goal and waits until it is completed. @throws Error when it ends otherwise */
async function completeGoal({ api }: Endpoints, stateDir: string): Promise<void> {
  const token = readFileSync(join(stateDir, 'token'), 'utf8').trim();
  const answer = await fetch(`${api}/v1/goals`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      prefer: 'wait=30',
    },
    body: JSON.stringify({ goal: goalText }),
  });
  const body = await answer.text();
  const { state } = JSON.parse(body) as { state?: string };
  if (state !== 'completed') throw new Error(`the first goal is not completed: ${body}`);
}

/** Engine with its file, one worker process with a prebuilt bundle, one workflow. */
async function timeBareStack(servers: Servers): Promise<number> {
  const started = performance.now();
  const engine = await servers.startEngine('tuned', 'cold');
  let ready: true | undefined;
  const logFile = join(servers.dir, 'bare-worker.log');
  const worker = await startProcess({
    name: 'bare worker',
    command: process.execPath,
    args: [
      '--import',
      'tsx',
      join(import.meta.dirname, 'bare/process.ts'),
      engine.address,
      join(servers.dir, 'cold-bundle'),
    ],
    cwd: projectRoot,
    env: childEnvironment({}),
    logFile,
    onLine: (line) => {
      if (line.includes('"ready"')) ready = true;
    },
  });
  try {
    const limits = { name: 'bare worker', logFile, timeoutMs: 30_000 };
    await waitUntilReady(worker, () => Promise.resolve(ready), limits);
    const connection = await connectClient(engine.address);
    const client = new Client({ connection });
    await client.workflow.execute('readsAndFinal', {
      workflowId: `cold:${process.pid}:${Date.now()}`,
      taskQueue: 'bare-goals',
      args: ['three reads and a final read'],
    });
    const elapsed = performance.now() - started;
    await connection.close();
    return elapsed;
  } finally {
    await worker.stop();
    await engine.stop();
  }
}
