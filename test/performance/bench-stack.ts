/**
 * Both arms on one Temporal server: the product's workers and the bare ones, in this process, each with
 * its own queues. The product is the real one but for its planner, reads and providers.
 */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Context } from '@temporalio/activity';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, type Worker } from '@temporalio/worker';
import { type ConnectorActivities, createActivities } from '#activities/index.ts';
import type { AllActivities } from '#contracts/activities.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { goalWorkflowId, queueKinds, queueName, workflowTypes } from '#contracts/names.ts';
import type { GoalWorkflow } from '#contracts/workflows.ts';
import { dataConverter } from '#infra/postgres/payload-storage.ts';
import { workflowBundle } from '#workers/bundle.ts';
import { makeCurrent } from '#workers/deployment.ts';
import { createWorkers } from '#workers/worker.ts';
import { FakeProvider, newGoalId, owner, testKeys } from '../support/effects.ts';
import { bareBundle, createBareWorkers, maxCachedWorkflows } from './bare/worker.ts';
import { listEvents, proposePlan } from './scripted.ts';
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

/** Starts the workers of both arms on the server at `address`. */
export async function startBenchStack(servers: Servers, address: string): Promise<BenchStack> {
  const [connection, native] = await Promise.all([
    Connection.connect({ address }),
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
  const workers: Worker[] = [
    ...(await createWorkers({
      connection: native,
      namespace: 'default',
      queuePrefix: ours.deployment,
      roles: [...queueKinds],
      activities: productActivities(servers, keys, stamp),
      pool: servers.pool,
      workflowBundle: await workflowBundle(servers.dir),
      maxCachedWorkflows,
      release: ours,
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

function startGoal(client: Client, prefix: string, name: string) {
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
        timers: defaultTimers,
      },
    ],
  });
}

/** The real activities on a provider in memory, with a stamp when a mail is about to be sent. */
function productActivities(
  { pool }: Servers,
  keys: BenchStack['keys'],
  stamp: () => void,
): AllActivities {
  const provider = new FakeProvider();
  const tools = ['createEvent', 'sendEmail'] as const;
  const scripted: Partial<ConnectorActivities> = { proposePlan, listEvents };
  const activities = createActivities({
    pool,
    ledgerKey: keys.ledgerKey,
    decisionPublicKey: keys.decisionPublicKey,
    unsignedDecisions: 'refuse',
    signalIdentity: () => Promise.resolve('bench'),
    handlers: new Map(tools.map((tool) => [tool, provider.handler(tool)])),
    directory: { list: () => Promise.resolve([]), find: () => Promise.resolve(new Map()) },
    connectors: {
      ...(Object.fromEntries(
        unusedActivities.map((name) => [name, () => Promise.reject(new Error(`no ${name}`))]),
      ) as unknown as ConnectorActivities),
      ...scripted,
    },
  });
  return {
    ...activities,
    sendEmail(request) {
      stamp();
      return activities.sendEmail(request);
    },
  };
}

/** Hosted by the workers, but in no scenario. */
const unusedActivities = [
  'findEvent',
  'findTime',
  'findContact',
  'searchMail',
  'readThread',
  'summarize',
  'composeEmail',
  'searchWeb',
  'readPage',
  'planResearch',
  'searchSources',
  'fetchSource',
  'extractClaims',
  'writeSynthesis',
] as const satisfies readonly (keyof ConnectorActivities)[];
