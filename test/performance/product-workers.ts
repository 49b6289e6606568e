/**
 * The product's workers as the benchmark runs them: the real ones but for planner, reads and providers.
 * It starts no server and runs no worker.
 */
import type { NativeConnection, Worker } from '@temporalio/worker';
import type { Pool } from 'pg';
import type { EffectHandler } from '#activities/effects/handler.ts';
import { type ConnectorActivities, createActivities } from '#activities/index.ts';
import type { AllActivities } from '#contracts/activities.ts';
import { queueKinds } from '#contracts/names.ts';
import { workflowBundle } from '#workers/bundle.ts';
import type { Release } from '#workers/deployment.ts';
import { createWorkers } from '#workers/worker.ts';
import type { testKeys } from '../support/effects.ts';
import { maxCachedWorkflows } from './bare/worker.ts';
import { listEvents, proposePlan } from './scripted.ts';

/** What the workers stand on. */
export type ProductOptions = {
  readonly connection: NativeConnection;
  readonly pool: Pool;
  /** Folder of the workflow bundle. */
  readonly directory: string;
  /** Its deployment is also the prefix of the queues. */
  readonly release: Release;
  readonly keys: Pick<ReturnType<typeof testKeys>, 'ledgerKey' | 'decisionPublicKey'>;
  readonly handlers: readonly EffectHandler[];
  readonly planner?: AllActivities['proposePlan'];
  /** Told when a mail is about to be sent. */
  readonly onSend?: () => void;
  /** False writes neither journal nor read models: the arm that P12 compares with. */
  readonly records?: boolean;
};

/** Creates one worker for each queue. */
export async function createProductWorkers(options: ProductOptions): Promise<Worker[]> {
  const { connection, directory, release, records = true } = options;
  return createWorkers({
    connection,
    namespace: 'default',
    queuePrefix: release.deployment,
    roles: [...queueKinds],
    activities: activitiesOf(options, records),
    pool: records ? options.pool : unrecording,
    workflowBundle: await workflowBundle(directory),
    maxCachedWorkflows,
    release,
  });
}

/** In place of the pool of the journal's interceptor: takes every statement and writes nothing. */
const unrecording = {
  query: () => Promise.resolve({ rows: [], rowCount: 0 }),
} as unknown as Pool;

function activitiesOf(options: ProductOptions, records: boolean): AllActivities {
  const { pool, keys, handlers, planner = proposePlan, onSend } = options;
  const scripted: Partial<ConnectorActivities> = { proposePlan: planner, listEvents };
  const activities = createActivities({
    pool,
    ledgerKey: keys.ledgerKey,
    decisionPublicKey: keys.decisionPublicKey,
    unsignedDecisions: 'refuse',
    signalIdentity: () => Promise.resolve('bench'),
    handlers: new Map(handlers.map((handler) => [handler.tool, handler])),
    directory: { list: () => Promise.resolve([]), find: () => Promise.resolve(new Map()) },
    accounts: { list: () => Promise.resolve([]) },
    connectors: {
      ...(Object.fromEntries(
        unusedActivities.map((name) => [name, () => Promise.reject(new Error(`no ${name}`))]),
      ) as unknown as ConnectorActivities),
      ...scripted,
    },
  });
  return {
    ...activities,
    ...(records ? {} : { publishGoal: () => Promise.resolve('published' as const) }),
    sendEmail(request) {
      onSend?.();
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
  'proposeTimes',
  'readTimeReply',
  'searchWeb',
  'readPage',
  'planResearch',
  'searchSources',
  'fetchSource',
  'extractClaims',
  'writeSynthesis',
] as const satisfies readonly (keyof ConnectorActivities)[];
