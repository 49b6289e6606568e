/** One installation in this process: sandbox, database and real workers with the real connectors. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Pool } from 'pg';
import { inject } from 'vitest';
import { defaultPolicy } from '#contracts/gate.ts';
import type { GoalView } from '#contracts/goal.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { goalWorkflowId, queueKinds, queueName, workflowTypes } from '#contracts/names.ts';
import type { GoalWorkflow, GoalWorkflowInput } from '#contracts/workflows.ts';
import { loadConfig } from '#infra/config.ts';
import { sandboxEnvironment } from '#infra/local/parts.ts';
import { ensureSecrets } from '#infra/local/secrets.ts';
import { dataConverter } from '#infra/postgres/payload-storage.ts';
import { seedOffice } from '#infra/sandbox/seed.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '#infra/sandbox/server.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { workflowBundle } from '#workers/bundle.ts';
import { createDependencies } from '#workers/dependencies.ts';
import { makeCurrent } from '#workers/deployment.ts';
import { createWorkers } from '#workers/worker.ts';
import { createTestDatabase } from './database.ts';
import { newGoalId } from './effects.ts';
import { uniqueQueue } from './temporal.ts';
import './quiet-runtime.ts';

/** A running installation on the sandbox. */
export type Installation = AsyncDisposable & {
  readonly sandbox: Sandbox;
  readonly pool: Pool;
  readonly owner: string;
  /** Starts a goal of the main person. */
  start(goal: string, changes?: Partial<GoalWorkflowInput>): Promise<WorkflowHandle<GoalWorkflow>>;
  /** What the oracle saw happen. */
  effects(): Promise<{ operation: string; key: string; count: number; raw: string }[]>;
};

/** Starts everything but the api; `settings` are further variables of the environment. */
export async function startInstallation(
  options: SandboxOptions = {},
  settings: Readonly<Record<string, string>> = {},
): Promise<Installation> {
  const closers: (() => unknown)[] = [];
  const stateDir = mkdtempSync(join(tmpdir(), 'adjutant-installation-'));
  closers.unshift(() => rmSync(stateDir, { recursive: true, force: true }));
  const database = await createTestDatabase();
  closers.unshift(() => database[Symbol.asyncDispose]());
  const sandbox = await startSandbox(options);
  closers.unshift(() => sandbox[Symbol.asyncDispose]());
  const { owner, zone, accounts } = await seedOffice(database.pool, sandbox.oracleUrl);
  const address = inject('temporalAddress');
  const config = loadConfig({
    ADJUTANT_STATE_DIR: stateDir,
    ADJUTANT_OWNER: owner,
    ADJUTANT_ZONE: zone,
    ADJUTANT_SANDBOX_ACCOUNTS: accounts,
    TEMPORAL_ADDRESS: address,
    ...sandboxEnvironment(sandbox.url, { model: true, accounts: true, search: true }),
    ...settings,
  });
  ensureSecrets(config);
  const native = await NativeConnection.connect({ address });
  const connection = await connectClient(address);
  closers.unshift(() => connection.close());
  closers.unshift(() => native.close());
  const client = new Client({ connection, dataConverter: dataConverter(database.pool) });
  const queuePrefix = uniqueQueue('installation');
  const release = { deployment: queuePrefix, buildId: 'test' };
  const workers = await createWorkers({
    connection: native,
    namespace: 'default',
    queuePrefix,
    roles: [...queueKinds],
    activities: await createDependencies(config, database.pool),
    pool: database.pool,
    workflowBundle: await workflowBundle(join(tmpdir(), 'adjutant-test-bundles')),
    maxCachedWorkflows: 50,
    release,
  });
  const runs = workers.map((worker) => worker.run());
  closers.unshift(async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(runs);
  });
  await makeCurrent(client, 'default', release);
  return {
    sandbox,
    pool: database.pool,
    owner,
    start: (goal, changes) => {
      const goalId = newGoalId();
      const input: GoalWorkflowInput = {
        goalId,
        owner,
        zone,
        goal,
        context: '',
        constraints: [],
        mode: 'live',
        policy: defaultPolicy,
        timers: defaultTimers,
        ...changes,
      };
      return client.workflow.start<GoalWorkflow>(workflowTypes.goal, {
        workflowId: goalWorkflowId(goalId),
        taskQueue: queueName(queuePrefix, 'goals'),
        args: [input],
        workflowExecutionTimeout: '5 minutes',
      });
    },
    effects: async () => {
      const response = await fetch(`${sandbox.oracleUrl}/__oracle/effects`);
      return (await response.json()) as Awaited<ReturnType<Installation['effects']>>;
    },
    async [Symbol.asyncDispose]() {
      for (const close of closers) await close();
    },
  };
}

/** Waits until a goal waits for a person or has ended. */
export async function untilQuiet(handle: WorkflowHandle<GoalWorkflow>): Promise<GoalView> {
  const quiet = [
    'awaiting_approval',
    'awaiting_answer',
    'completed',
    'completed_with_issues',
    'failed',
    'cancelled',
  ];
  const deadline = Date.now() + 40_000;
  for (;;) {
    const view = await handle.query<GoalView>('getGoal');
    const active = view.steps.some(({ status }) => status === 'running' || status === 'pending');
    if (quiet.includes(view.state) && (!active || view.state !== 'awaiting_approval')) return view;
    if (Date.now() > deadline) return view;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}
