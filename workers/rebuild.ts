/**
 * Rebuilds the read models from Temporal: asks every run of every goal what it would publish, and
 * publishes that. It only adds and brings up to date, so it may run while the system does.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  Client,
  isGrpcDeadlineError,
  QueryNotRegisteredError,
  type WorkflowExecutionInfo,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { type InjectedSinks, Worker } from '@temporalio/worker';
import type { Pool } from 'pg';
import type { GoalPublication, RetellingSinks } from '#contracts/activities.ts';
import { publishGoal } from '#activities/journal/publish.ts';
import { acceptedGoals, restoreStart } from '#activities/journal/starts.ts';
import { limits } from '#contracts/limits.ts';
import { getPublicationQuery } from '#contracts/messages.ts';
import {
  type GoalId,
  goalIdOfWorkflow,
  goalWorkflowId,
  queueName,
  retellingQueue,
  workflowTypes,
} from '#contracts/names.ts';
import { ConfigError, loadConfig, requireSetting } from '#infra/config.ts';
import { findLocalStack } from '#infra/local/endpoints.ts';
import { dataConverter } from '#infra/postgres/payload-storage.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { createPool } from '#infra/postgres/pool.ts';
import { workflowBundle } from './bundle.ts';

/** What rebuilding needs. */
export type RebuildOptions = {
  readonly client: Client;
  readonly pool: Pool;
  readonly queuePrefix: string;
  /** Told after each goal how many are done. */
  readonly progress?: (done: number, total: number) => void;
};

/** What became of it. */
export type Rebuilt = {
  readonly goals: number;
  readonly runs: number;
  /** Accepted goals that have not reached Temporal: they have their first row back. */
  readonly notStarted: number;
  /** Goals that are not, or not wholly, rebuilt. */
  readonly failed: readonly { readonly goalId: GoalId; readonly reason: string }[];
};

/** How many goals are rebuilt at the same time: each may make a worker replay a whole history. */
const parallel = 4;

/** Rebuilds everything that Temporal and the kept starts know. @throws when no worker answers */
export async function rebuildReadModels(options: RebuildOptions): Promise<Rebuilt> {
  await requireWorker(options);
  const runs = await runsOfGoals(options);
  const accepted = new Map((await acceptedGoals(options.pool)).map((goal) => [goal.goalId, goal]));
  const goalIds = [...new Set([...accepted.keys(), ...runs.keys()])];
  const failed: { goalId: GoalId; reason: string }[] = [];
  const counts = { done: 0, runs: 0, notStarted: 0 };

  const waiting = goalIds.values();
  const worker = async () => {
    for (const goalId of waiting) {
      const found = runs.get(goalId) ?? (await listedTooLate(options, goalId));
      if (found.length === 0 && accepted.get(goalId)?.started === true) {
        failed.push({ goalId, reason: 'Temporal no longer has its history.' });
      } else {
        await restoreStart(options.pool, goalId);
        const reason = await rebuildGoal(options, goalId, found);
        if (reason !== null) failed.push({ goalId, reason });
        counts.runs += found.length;
        if (found.length === 0) counts.notStarted += 1;
      }
      counts.done += 1;
      options.progress?.(counts.done, goalIds.length);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  const { notStarted } = counts;
  return { goals: goalIds.length - failed.length, runs: counts.runs, notStarted, failed };
}

/** Publishes the runs of one goal, oldest first. Returns why that did not succeed, or null. */
async function rebuildGoal(
  { client, pool }: RebuildOptions,
  goalId: GoalId,
  runs: readonly Run[],
): Promise<string | null> {
  const publish = async (run?: Run) => {
    const handle = client.workflow.getHandle(goalWorkflowId(goalId), run?.runId);
    const publication = await client
      .withDeadline(Date.now() + limits.rebuildQueryTimeoutMs, () =>
        handle.query(getPublicationQuery),
      )
      .catch((error: unknown) => {
        if (run?.open !== false || !(error instanceof QueryNotRegisteredError)) throw error;
        return retold(pool, handle);
      });
    await publishGoal(pool, publication);
  };
  try {
    for (const run of runs) await publish(run);
    // Its rows are there by now, so whatever is decided from here on is published as ever. What was
    // decided while they were not is taken in once more.
    if (runs.at(-1)?.open === true) await publish();
    return null;
  } catch (error) {
    if (isGrpcDeadlineError(error)) return 'Its workflow did not answer in time.';
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * What a closed run would publish, from a replay of its history: one that was ended from outside before a
 * worker had taken up what came last cannot be asked (workflows/query-guard.ts).
 */
async function retold(pool: Pool, handle: WorkflowHandle): Promise<GoalPublication> {
  let last: GoalPublication | undefined;
  const told = (_: unknown, publication: GoalPublication) => {
    last = publication;
  };
  const sinks: InjectedSinks<RetellingSinks> = {
    retelling: { told: { fn: told, callDuringReplay: true } },
  };
  const directory = mkdtempSync(join(tmpdir(), 'adjutant-rebuild-'));
  try {
    await Worker.runReplayHistory(
      {
        workflowBundle: await workflowBundle(directory),
        dataConverter: dataConverter(pool),
        replayName: retellingQueue,
        sinks,
      },
      await handle.fetchHistory(),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
  if (last === undefined) throw new Error('It was ended before it had begun.');
  return last;
}

type Run = { readonly runId: string; readonly open: boolean };

/** Every run that Temporal lists, by goal, oldest first: continued and reset runs are listed too. */
async function runsOfGoals({ client, queuePrefix }: RebuildOptions): Promise<Map<GoalId, Run[]>> {
  const query = `WorkflowType = '${workflowTypes.goal}' and TaskQueue = '${queueName(queuePrefix, 'goals')}'`;
  const listed: WorkflowExecutionInfo[] = [];
  for await (const info of client.workflow.list({ query, pageSize: 1_000 })) listed.push(info);
  listed.sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
  const runs = new Map<GoalId, Run[]>();
  for (const { workflowId, runId, status } of listed) {
    const goalId = goalIdOfWorkflow(workflowId);
    if (goalId === undefined) continue;
    const run = { runId, open: status.name === 'RUNNING' };
    runs.set(goalId, [...(runs.get(goalId) ?? []), run]);
  }
  return runs;
}

/** Temporal lists a workflow some moments after it has started; asked for by id it is there at once. */
async function listedTooLate({ client }: RebuildOptions, goalId: GoalId): Promise<Run[]> {
  try {
    const { runId, status } = await client.workflow.getHandle(goalWorkflowId(goalId)).describe();
    return [{ runId, open: status.name === 'RUNNING' }];
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return [];
    throw error;
  }
}

/** Queries are answered by workers: without one every goal would run into its deadline. */
async function requireWorker({ client, queuePrefix }: RebuildOptions): Promise<void> {
  const name = queueName(queuePrefix, 'goals');
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name },
    taskQueueType: workflowQueue,
  });
  if ((pollers ?? []).length === 0) {
    throw new Error(`No worker answers on ${name}. Start one and run this again.`);
  }
}

/** TASK_QUEUE_TYPE_WORKFLOW of Temporal's API. */
const workflowQueue = 1;

async function main(): Promise<number> {
  const config = loadConfig();
  const local = await findLocalStack(config.stateDir);
  const url = requireSetting(
    config.postgres.url ?? local?.databaseUrl,
    'DATABASE_URL',
    'start the stack with npm start, or name a database of your own',
  );
  const address = config.temporal.external
    ? config.temporal.address
    : (local?.temporalAddress ?? config.temporal.address);
  const pool = createPool({ url, applicationName: 'adjutant-rebuild', size: parallel });
  const connection = await connectClient(address);
  try {
    const client = new Client({
      connection,
      namespace: config.temporal.namespace,
      dataConverter: dataConverter(pool),
    });
    const print = (line: string) => process.stdout.write(`${line}\n`);
    const progress = (done: number, total: number) => {
      if (done % 100 === 0) print(`${done} of ${total} goals`);
    };
    const options = { client, pool, queuePrefix: config.taskQueue, progress };
    const { goals, runs, notStarted, failed } = await rebuildReadModels(options);
    for (const { goalId, reason } of failed) print(`not rebuilt: ${goalId}: ${reason}`);
    print(`${goals} goals rebuilt from ${runs} runs; ${notStarted} of them have not started yet.`);
    return failed.length === 0 ? 0 : 1;
  } finally {
    await connection.close();
    await pool.end();
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.exitCode = await main();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${error instanceof ConfigError ? message : `Not rebuilt: ${message}`}\n`);
    process.exitCode = 1;
  }
}
