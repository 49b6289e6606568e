/** Workers for the bare workflows, with the options of the product's and the same layout. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type NativeConnection,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { queueName } from '#contracts/names.ts';
import { loadConfig } from '#infra/config.ts';
import type { Release } from '#workers/deployment.ts';
import { listEvents, proposePlan } from '../scripted.ts';

/** How many workflows each arm keeps in memory: as many as the product does unless told otherwise. */
export const { maxCachedWorkflows } = loadConfig().worker;

/** Builds the bundle once into a folder; resolves to its file. */
export async function bareBundle(directory: string): Promise<{ readonly codePath: string }> {
  const codePath = join(directory, 'bare-workflows.js');
  if (!existsSync(codePath)) {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(import.meta.dirname, 'workflow.ts'),
      logger: new DefaultLogger('WARN'),
    });
    mkdirSync(directory, { recursive: true });
    writeFileSync(codePath, code);
  }
  return { codePath };
}

/** Creates one worker for each queue. `onSend` is told the workflow id when a mail would be sent. */
export function createBareWorkers(options: {
  readonly connection: NativeConnection;
  readonly queuePrefix: string;
  readonly workflowBundle: { readonly codePath: string };
  readonly release: Release;
  readonly sendEmail: () => Promise<void>;
  readonly planner?: typeof proposePlan;
}): Promise<Worker[]> {
  const { connection, queuePrefix, workflowBundle, release, planner = proposePlan } = options;
  const common = { connection, namespace: 'default', shutdownGraceTime: '5 seconds' } as const;
  const host = (kind: 'model' | 'connectors' | 'effects', activities: object) =>
    Worker.create({ ...common, taskQueue: queueName(queuePrefix, kind), activities });
  const goals: WorkerOptions = {
    ...common,
    taskQueue: queueName(queuePrefix, 'goals'),
    workflowBundle,
    maxCachedWorkflows,
    workerDeploymentOptions: {
      version: { deploymentName: release.deployment, buildId: release.buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  };
  return Promise.all([
    Worker.create(goals),
    host('model', { proposePlan: planner }),
    host('connectors', { listEvents }),
    host('effects', { sendEmail: options.sendEmail }),
  ]);
}
