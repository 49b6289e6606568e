/**
 * Both arms on one Temporal server: the product's workers and the bare ones, in this process, each with
 * its own queues. The product is the real one but for its planner, reads and providers.
 */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Context } from '@temporalio/activity';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, type Worker } from '@temporalio/worker';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { goalWorkflowId, queueName, workflowTypes } from '#contracts/names.ts';
import type { GoalWorkflow } from '#contracts/workflows.ts';
import { dataConverter } from '#infra/postgres/payload-storage.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { makeCurrent } from '#workers/deployment.ts';
import { FakeProvider, newGoalId, owner, testKeys } from '../support/effects.ts';
import { bareBundle, createBareWorkers } from './bare/worker.ts';
import { createProductWorkers } from './product-workers.ts';
import type { Servers } from './servers.ts';

/** The milliseconds of this moment, finer than `Date.now()`. */
export const now = () => performance.timeOrigin + performance.now();

/** Both arms, ready for goals. */
export type BenchStack = AsyncDisposable & {
  readonly client: Client;
  readonly queuePrefix: string;
  readonly keys: ReturnType<typeof testKeys>;
  /** When `sendEmail` of a workflow started, by workflow id. */
  readonly sendStartedAt: Map<string, number>;
  /** Starts a goal of the product; its text is the name of a scenario. */
  start(name: string): Promise<WorkflowHandle<GoalWorkflow>>;
  /** Starts a bare workflow by its type. */
  startBare(type: string, name: string): Promise<WorkflowHandle>;
};

/**
 * Starts the workers of both arms on the server at `address`. Without `records` the product writes
 * neither journal nor read models.
 */
export async function startBenchStack(
  servers: Servers,
  address: string,
  records = true,
): Promise<BenchStack> {
  const [connection, native] = await Promise.all([
    connectClient(address),
    NativeConnection.connect({ address }),
  ]);
  const client = new Client({ connection, dataConverter: dataConverter(servers.pool) });
  const keys = testKeys();
  const sendStartedAt = new Map<string, number>();
  const stamp = () => {
    sendStartedAt.set(Context.current().info.workflowExecution?.workflowId ?? '', now());
  };
  const ours = { deployment: `ours-${randomBytes(3).toString('hex')}`, buildId: 'bench' };
  const bare = { deployment: `bare-${randomBytes(3).toString('hex')}`, buildId: 'bench' };
  const provider = new FakeProvider();
  const workers: Worker[] = [
    ...(await createProductWorkers({
      connection: native,
      pool: servers.pool,
      directory: servers.dir,
      release: ours,
      keys,
      handlers: (['createEvent', 'sendEmail'] as const).map((tool) => provider.handler(tool)),
      onSend: stamp,
      records,
    })),
    ...(await createBareWorkers({
      connection: native,
      queuePrefix: bare.deployment,
      workflowBundle: await bareBundle(servers.dir),
      release: bare,
      sendEmail: () => Promise.resolve(stamp()),
    })),
  ];
  const runs = workers.map((worker) => worker.run());
  await Promise.all([ours, bare].map((release) => makeCurrent(client, 'default', release)));
  return {
    client,
    queuePrefix: ours.deployment,
    keys,
    sendStartedAt,
    start: (name) => startGoal(client, ours.deployment, name),
    startBare: (type, name) =>
      client.workflow.start(type, {
        workflowId: `bare:${newGoalId()}`,
        taskQueue: queueName(bare.deployment, 'goals'),
        args: [name],
      }),
    async [Symbol.asyncDispose]() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(runs);
      await native.close();
      await connection.close();
    },
  };
}

/** Starts a goal of the product on the queues of `prefix`. */
export function startGoal(client: Client, prefix: string, name: string) {
  const goalId = newGoalId();
  return client.workflow.start<GoalWorkflow>(workflowTypes.goal, {
    workflowId: goalWorkflowId(goalId),
    taskQueue: queueName(prefix, 'goals'),
    args: [
      {
        goalId,
        owner,
        zone: 'Europe/Berlin',
        goal: name,
        context: '',
        constraints: [],
        mode: 'live',
        policy: defaultPolicy,
        protocol: 2,
        // What is measured is everything but the time a person has to stop a mail.
        timers: { ...defaultTimers, sendDelayMs: 0 },
      },
    ],
  });
}
