/**
 * Builds the Temporal workers of one process: one for each queue it hosts. It wires, and decides
 * nothing; `main.ts` runs it.
 */
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { Pool } from 'pg';
import { type AllActivities, effectActivityOf, modelReadTools } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import { type QueueKind, queueName } from '#contracts/names.ts';
import { dataConverter } from '#infra/postgres/payload-storage.ts';
import { noTelemetry } from '#infra/telemetry.ts';
import { heartbeatInterceptor } from './heartbeat-interceptor.ts';
import { journalInterceptor } from './journal-interceptor.ts';

/** The activities each queue hosts, by name. Local activities are hosted by `goals`. */
export const hostedActivities = {
  goals: [
    'admitDecision',
    'publishGoal',
    'useStandingRule',
    'raiseDayBudget',
    'checkAmendment',
    'listEffects',
    'closeGoal',
  ],
  model: [
    'proposePlan',
    'planResearch',
    'extractClaims',
    'writeSynthesis',
    'classifyMail',
    ...modelReadTools,
  ],
  connectors: [
    'listEvents',
    'findEvent',
    'findTime',
    'proposeTimes',
    'findContact',
    'searchMail',
    'readThread',
    'readAttachment',
    'searchWeb',
    'readPage',
    'searchSources',
    'fetchSource',
    'syncMail',
    'planReply',
    'recordReply',
    'repliesDue',
    'settleReply',
    'prepareEffect',
    'deliverWebhook',
    'prepareSignIn',
    'completeSignIn',
    'disconnectAccount',
  ],
  effects: [...new Set(Object.values(effectActivityOf)), 'undoEffect', 'settleEffect'],
} as const satisfies Record<QueueKind, readonly (keyof AllActivities)[]>;

export type WorkersOptions = {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly queuePrefix: string;
  readonly roles: readonly QueueKind[];
  readonly activities: AllActivities;
  readonly pool: Pool;
  readonly workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
  readonly maxCachedWorkflows: number;
  /** Release of the workflow code; undefined runs unversioned, as tests do. */
  readonly release?: { readonly deployment: string; readonly buildId: string };
  readonly interceptors?: NonNullable<WorkerOptions['interceptors']>;
  readonly sinks?: NonNullable<WorkerOptions['sinks']>;
};

/** Creates one worker for each role. They do not run yet. */
export async function createWorkers(options: WorkersOptions): Promise<Worker[]> {
  return Promise.all(options.roles.map((role) => createWorker(role, options)));
}

async function createWorker(role: QueueKind, options: WorkersOptions): Promise<Worker> {
  const { connection, namespace, release, interceptors } = options;
  const names: readonly (keyof AllActivities)[] = hostedActivities[role];
  const common: WorkerOptions = {
    connection,
    namespace,
    taskQueue: queueName(options.queuePrefix, role),
    dataConverter: dataConverter(options.pool),
    activities: Object.fromEntries(names.map((name) => [name, options.activities[name]])),
    interceptors: {
      ...interceptors,
      activity: [
        heartbeatInterceptor,
        ...(interceptors?.activity ?? []),
        journalInterceptor(options.pool),
      ],
    },
    // As it comes, the SDK holds heartbeats back for 0.8 of the timeout: one late one would be fatal.
    maxHeartbeatThrottleInterval: limits.heartbeatMs,
    shutdownGraceTime: '5 seconds',
  };
  if (role !== 'goals') return Worker.create(common);
  return Worker.create({
    ...common,
    workflowBundle: options.workflowBundle,
    maxCachedWorkflows: options.maxCachedWorkflows,
    // How long a task waits for the worker that has the workflow cached before any other may take it.
    stickyQueueScheduleToStartTimeout: '3 seconds',
    sinks: options.sinks ?? noTelemetry.sinks,
    ...(release === undefined ? {} : { workerDeploymentOptions: versioningOf(release) }),
  });
}

function versioningOf(release: { deployment: string; buildId: string }) {
  const { deployment: deploymentName, buildId } = release;
  return {
    version: { deploymentName, buildId },
    useWorkerVersioning: true,
    defaultVersioningBehavior: 'AUTO_UPGRADE',
  } as const;
}
