/** Runs real goal workflows on the real server with a scripted planner and a provider in memory. */
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import {
  Client,
  Connection,
  isGrpcServiceError,
  QueryNotRegisteredError,
  ServiceError,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, type Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { initialView } from '#contracts/initial-view.ts';
import { createActivities, type ConnectorActivities } from '#activities/index.ts';
import type { PlanRequest, PlanResult, ReadRequest, ReadResult } from '#contracts/activities.ts';
import type { Approval, DecisionOutcome } from '#contracts/approval.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import type { ControlOutcome, GoalView } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { JournalEvent } from '#contracts/journal.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { effectToolNames } from '#contracts/tools.ts';
import { goalWorkflowId, queueKinds, queueName, workflowTypes } from '#contracts/names.ts';
import type { Plan, PlanStep } from '#contracts/schemas/plan.ts';
import type { GoalWorkflow, GoalWorkflowInput } from '#contracts/workflows.ts';
import { dataConverter } from '#infra/postgres/payload-storage.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { workflowBundle } from '#workers/bundle.ts';
import { makeCurrent } from '#workers/deployment.ts';
import { createWorkers } from '#workers/worker.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { FakeProvider, newGoalId, owner, testKeys } from './effects.ts';
import { uniqueQueue } from './temporal.ts';
import './quiet-runtime.ts';

export type Planner = (request: PlanRequest) => Partial<PlanResult> | Promise<Partial<PlanResult>>;
export type Reads = Record<string, (request: ReadRequest) => ReadResult | Promise<ReadResult>>;

/** A plan step with the fields a test does not care about filled in. */
export function step(
  id: string,
  tool: PlanStep['tool'],
  input: JsonObject = {},
  more: Partial<PlanStep> = {},
): PlanStep {
  return {
    id,
    tool,
    input: input as PlanStep['input'],
    rationale: `because of ${id}`,
    critical: false,
    requiresConfirmation: false,
    dependsOn: [],
    checkpoint: false,
    ...more,
  };
}

/** A plan of these steps. */
export function plan(...steps: PlanStep[]): Partial<PlanResult> {
  return { plan: { reasoning: 'as asked', estimatedComplexity: 'low', steps } satisfies Plan };
}

/** A running installation: workers, database and provider of one test file. */
export class GoalBench implements AsyncDisposable {
  readonly provider = new FakeProvider();
  readonly keys = testKeys();
  readonly prefix = uniqueQueue('goals');
  planner: Planner = () => plan();
  reads: Reads = {};
  unsignedDecisions: 'allow' | 'refuse' = 'refuse';
  readonly database: TestDatabase;
  readonly client: Client;
  readonly #native: NativeConnection;
  #workers: Worker[] = [];
  #runs: Promise<void>[] = [];

  private constructor(database: TestDatabase, connection: Connection, native: NativeConnection) {
    this.database = database;
    this.client = new Client({ connection, dataConverter: dataConverter(database.pool) });
    this.#native = native;
  }

  static async start(): Promise<GoalBench> {
    const address = inject('temporalAddress');
    const [database, connection, native] = await Promise.all([
      createTestDatabase(),
      connectClient(address),
      NativeConnection.connect({ address }),
    ]);
    const bench = new GoalBench(database, connection, native);
    await bench.startWorkers();
    return bench;
  }

  async startWorkers(): Promise<void> {
    const tools = effectToolNames;
    const unsignedDecisions = () => this.unsignedDecisions;
    const release = { deployment: this.prefix, buildId: 'test' };
    const activities = createActivities({
      pool: this.database.pool,
      ledgerKey: this.keys.ledgerKey,
      decisionPublicKey: this.keys.decisionPublicKey,
      get unsignedDecisions() {
        return unsignedDecisions();
      },
      signalIdentity: () => Promise.resolve('tester'),
      handlers: new Map(tools.map((tool) => [tool, this.provider.handler(tool)])),
      directory: { list: () => Promise.resolve([]), find: () => Promise.resolve(new Map()) },
      accounts: { list: () => Promise.resolve([]) },
      connectors: this.connectors(),
    });
    this.#workers = await createWorkers({
      connection: this.#native,
      namespace: 'default',
      queuePrefix: this.prefix,
      roles: [...queueKinds],
      activities,
      pool: this.database.pool,
      workflowBundle: await workflowBundle(join(tmpdir(), 'adjutant-test-bundles')),
      maxCachedWorkflows: 50,
      release,
    });
    this.#runs = this.#workers.map((worker) => worker.run());
    await makeCurrent(this.client, 'default', release);
  }

  async stopWorkers(): Promise<void> {
    for (const worker of this.#workers) worker.shutdown();
    await Promise.all(this.#runs);
  }

  /** Starts a goal; its input may be changed. */
  async goal(changes: Partial<GoalWorkflowInput> = {}): Promise<RunningGoal> {
    const goalId = newGoalId();
    const input: GoalWorkflowInput = {
      goalId,
      owner,
      zone: 'Europe/Berlin',
      goal: 'Test the workflow',
      context: '',
      constraints: [],
      mode: 'live',
      policy: defaultPolicy,
      timers: { ...defaultTimers, sendDelayMs: 0 },
      protocol: 2,
      ...changes,
    };
    const handle = await this.client.workflow.start<GoalWorkflow>(workflowTypes.goal, {
      workflowId: goalWorkflowId(goalId),
      taskQueue: queueName(this.prefix, 'goals'),
      args: [input],
      workflowExecutionTimeout: '5 minutes',
    });
    return new RunningGoal(this, handle, input);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopWorkers();
    await this.#native.close();
    await this.client.connection.close();
    await this.database[Symbol.asyncDispose]();
  }

  private connectors(): ConnectorActivities {
    const read = (name: string) => async (request: ReadRequest) => {
      const answer = this.reads[name];
      if (answer === undefined)
        throw ApplicationFailure.nonRetryable(`no ${name}`, 'NotFoundError');
      return answer(request);
    };
    const names = [
      'listEvents',
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
    ];
    return {
      ...(Object.fromEntries(
        names.map((name) => [name, read(name)]),
      ) as unknown as ConnectorActivities),
      proposePlan: async (request) => ({
        plan: null,
        questions: [],
        problems: [],
        repairs: 0,
        usage: [{ responseId: 'r1', model: 'fake', inputTokens: 10, outputTokens: 5 }],
        promptVersion: 'test',
        ...(await this.planner(request)),
      }),
    };
  }
}

/**
 * True when a query came at a moment in which the SDK cannot answer it: between two workflow tasks
 * (workflows/query-guard.ts), or with the result of a local activity whose task was given up.
 */
export function cameAmiss(error: unknown): boolean {
  return error instanceof QueryNotRegisteredError && /between two|TMPRL1100/.test(error.message);
}

/** True when a query was refused because a workflow task is under way, or came amiss. */
function isBusy(error: unknown): boolean {
  if (cameAmiss(error)) return true;
  const cause = error instanceof ServiceError ? error.cause : undefined;
  return isGrpcServiceError(cause) && cause.code === 8; // RESOURCE_EXHAUSTED
}

/** A goal under test. */
export class RunningGoal {
  readonly bench: GoalBench;
  readonly handle: WorkflowHandleWithFirstExecutionRunId<GoalWorkflow>;
  readonly input: GoalWorkflowInput;

  constructor(
    bench: GoalBench,
    handle: WorkflowHandleWithFirstExecutionRunId<GoalWorkflow>,
    input: GoalWorkflowInput,
  ) {
    this.bench = bench;
    this.handle = handle;
    this.input = input;
  }

  /** The goal's own view. A query waits for the workflow task; under a flood that may take long. */
  async view(patienceMs = 45_000): Promise<GoalView> {
    for (const deadline = Date.now() + patienceMs; ;) {
      try {
        return await this.handle.query<GoalView>('getGoal');
      } catch (error) {
        if (!isBusy(error) || Date.now() > deadline) throw error;
      }
    }
  }

  /**
   * The goal as it was last published. Unlike a query it does not touch the workflow: a query that is
   * answered while a local activity runs can make SDK 1.24.0 record a history that does not replay.
   */
  async published(): Promise<GoalView> {
    const { rows } = await this.bench.database.pool.query<{ view: GoalView }>(
      `select view || jsonb_build_object('state', state, 'pendingApprovals',
         (select coalesce(jsonb_agg(approval order by requested_at), '[]'::jsonb) from approvals
          where goal_id = $1 and state = 'pending')) as view
       from goals where goal_id = $1`,
      [this.input.goalId],
    );
    return rows[0]?.view ?? initialView(this.input, new Date().toISOString());
  }

  /**
   * True when its workflow has ended. An end is published before its workflow task is over: one that is
   * done again, with a signal or a cancellation that came meanwhile, may go on.
   */
  async isClosed(): Promise<boolean> {
    const { status } = await this.handle.describe();
    return status.name !== 'RUNNING';
  }

  journal(): Promise<JournalEvent[]> {
    return this.handle.query<JournalEvent[], [number]>('getJournal', 0);
  }

  async journalTypes(): Promise<string[]> {
    return (await this.journal()).map(({ type }) => type);
  }

  async until(test: (view: GoalView) => boolean, timeoutMs = 15_000): Promise<GoalView> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const view = await this.view();
      if (test(view)) return view;
      if (Date.now() > deadline)
        throw new Error(
          `still ${view.state}: ${JSON.stringify(view.steps.map((s) => [s.id, s.status, s.failure]))}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }

  /** Waits for pending approvals and returns them. */
  async approvals(count = 1): Promise<Approval[]> {
    const view = await this.until(({ pendingApprovals }) => pendingApprovals.length >= count);
    return [...view.pendingApprovals];
  }

  /** Sends a signed decision and reads back what became of it. */
  async decide(
    approval: Pick<Approval, 'approvalId' | 'digest'>,
    decision: JsonObject = { verdict: 'approve' },
  ): Promise<DecisionOutcome> {
    return this.outcome(await this.sendDecision(approval, decision));
  }

  /** Sends a signed decision and returns its id. */
  async sendDecision(
    approval: Pick<Approval, 'approvalId' | 'digest'>,
    decision: JsonObject = { verdict: 'approve' },
  ): Promise<string> {
    const { decisionId = `d-${Math.random().toString(36).slice(2)}` } = decision;
    const { approvalId, digest } = approval;
    const message = this.bench.keys.sign({
      decisionId,
      approvalId,
      digest,
      actor: owner,
      decidedAt: new Date().toISOString(),
      ...decision,
    });
    await this.handle.signal('decideApproval', message);
    return decisionId as string;
  }

  async outcome(decisionId: string): Promise<DecisionOutcome> {
    return this.readBack<DecisionOutcome>('getDecision', decisionId);
  }

  /** Asks until the workflow knows what became of a signal; it may be busy with a task. */
  private async readBack<Outcome>(query: string, id: string): Promise<Outcome> {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline;) {
      try {
        const outcome = await this.handle.query<Outcome | null, [string]>(query, id);
        if (outcome !== null) return outcome;
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`what ${id} came to was never told`);
  }

  /** Sends a control signal and reads back what became of it. */
  async control(signal: string, fields: JsonObject = {}): Promise<ControlOutcome> {
    const { controlId = `c-${Math.random().toString(36).slice(2)}` } = fields;
    await this.handle.signal(signal, { controlId, actor: owner, ...fields });
    return this.readBack<ControlOutcome>('getControl', controlId as string);
  }

  result() {
    return this.handle.result();
  }
}
