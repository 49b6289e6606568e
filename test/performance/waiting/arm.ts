/**
 * One arm of P7: a Temporal server of its own, so that its bytes can be told apart, and its worker
 * process. It starts goals that wait for a person and decides them.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { Approval } from '#contracts/approval.ts';
import { type GoalId, goalIdOfWorkflow, goalWorkflowId, queueName } from '#contracts/names.ts';
import type { GoalWorkflowResult } from '#contracts/workflows.ts';
import { dataConverter } from '#infra/postgres/payload-storage.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { workflowBundle } from '#workers/bundle.ts';
import { newGoalId, owner, testKeys } from '../../support/effects.ts';
import { bareBundle } from '../bare/worker.ts';
import { startGoal } from '../bench-stack.ts';
import type { Servers } from '../servers.ts';
import { actsOf } from './counted-acts.ts';
import type { ProcessOptions } from './process.ts';
import { startWaitingWorker, type WaitingWorker } from './worker.ts';

const name = 'a single effect';

/** Approves one goal and resolves when it has ended as it should. @throws Error when it has not */
export type Approve = () => Promise<void>;

/** An arm whose worker runs. */
export type Arm = AsyncDisposable & {
  /** Its worker now; another one after `restart`. */
  readonly worker: WaitingWorker;
  /** Starts one goal and returns its id. */
  start(): Promise<string>;
  /** How many goals are known to wait. */
  waiting(): Promise<number>;
  /** Prepares the approvals of goals that wait; nothing is sent before they are called. */
  approvals(goals: readonly string[]): Promise<Approve[]>;
  /** Mails sent. */
  acts(): Promise<number>;
  /** Bytes of the Temporal server's database. */
  serverBytes(): number;
  /** Bytes of what is kept in Postgres. */
  postgresBytes(): Promise<number>;
  /** Kills the worker with -9 and starts it anew. */
  restart(): Promise<void>;
};

/** Starts server and worker of an arm. */
export async function startArm(arm: ProcessOptions['arm'], servers: Servers): Promise<Arm> {
  // Built here, for building would leave its memory in the worker that is measured.
  await (arm === 'ours' ? workflowBundle(servers.dir) : bareBundle(servers.dir));
  const engine = await servers.startEngine('tuned', `waiting-${arm}`);
  const keys = testKeys();
  const client = new Client({
    connection: await connectClient(engine.address),
    dataConverter: dataConverter(servers.pool),
  });
  const { dir, pool } = servers;
  const launch = () =>
    startWaitingWorker(
      {
        arm,
        address: engine.address,
        databaseUrl: servers.databaseUrl,
        directory: dir,
        ledgerKey: keys.ledgerKey.toString('hex'),
        decisionPublicKey: keys.decisionPublicKey
          .export({ type: 'spki', format: 'pem' })
          .toString(),
      },
      join(dir, `waiting-${arm}.log`),
    );
  let worker = await launch();
  return {
    ...(arm === 'ours' ? productGoals(client, servers, keys) : bareGoals(client, () => worker)),
    get worker() {
      return worker;
    },
    acts: () => actsOf(pool, arm),
    async postgresBytes() {
      const { rows } = await pool.query<{ bytes: string }>(
        'select pg_database_size(current_database()) as bytes',
      );
      return Number(rows[0]?.bytes);
    },
    serverBytes: () =>
      ['', '-wal'].reduce(
        (sum, suffix) => sum + sizeOf(join(dir, `waiting-${arm}.db${suffix}`)),
        0,
      ),
    async restart() {
      await worker.kill();
      worker = await launch();
    },
    async [Symbol.asyncDispose]() {
      await client.connection.close();
      await worker[Symbol.asyncDispose]();
      await engine.stop();
    },
  };
}

type Goals = Pick<Arm, 'start' | 'waiting' | 'approvals'>;

function productGoals(client: Client, { pool }: Servers, keys: ReturnType<typeof testKeys>): Goals {
  const approve = async ({ goalId, approvalId, digest }: Approval) => {
    const decision = { decisionId: goalId, approvalId, digest, verdict: 'approve', actor: owner };
    const handle = client.workflow.getHandle(goalWorkflowId(goalId));
    const decidedAt = new Date().toISOString();
    await handle.signal('decideApproval', keys.sign({ ...decision, decidedAt }));
    const { state } = (await handle.result()) as GoalWorkflowResult;
    if (state !== 'completed') throw new Error(`${goalId} is ${state}`);
  };
  return {
    start: async () => goalIdOf((await startGoal(client, 'ours', name)).workflowId),
    async waiting() {
      const { rows } = await pool.query<{ count: number }>(
        `select count(*)::int as count from approvals where state = 'pending'`,
      );
      return rows[0]?.count ?? 0;
    },
    async approvals(goals) {
      const { rows } = await pool.query<{ approval: Approval }>(
        `select approval from approvals
         where goal_id = any ($1) and state = 'pending' order by array_position($1, goal_id)`,
        [goals],
      );
      if (rows.length !== goals.length) throw new Error(`${rows.length} of ${goals.length} wait`);
      return rows.map(
        ({ approval }) =>
          () =>
            approve(approval),
      );
    },
  };
}

function bareGoals(client: Client, worker: () => WaitingWorker): Goals {
  return {
    async start() {
      const workflowId = `bare:${newGoalId()}`;
      const taskQueue = queueName('bare', 'goals');
      await client.workflow.start('approvedSend', { workflowId, taskQueue, args: [name] });
      return workflowId;
    },
    waiting: () => Promise.resolve(worker().status().planned),
    approvals: (goals) =>
      Promise.resolve(
        goals.map((workflowId) => async () => {
          const handle = client.workflow.getHandle(workflowId);
          await handle.executeUpdate('approve');
          await handle.result();
        }),
      ),
  };
}

function goalIdOf(workflowId: string): GoalId {
  const goalId = goalIdOfWorkflow(workflowId);
  if (goalId === undefined) throw new Error(`${workflowId} is no goal`);
  return goalId;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
