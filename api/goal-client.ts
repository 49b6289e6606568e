/**
 * The only Temporal client of the api: starts goals, sends signals and reads back what became of
 * them. It keeps nothing and writes nothing but through Temporal; Postgres belongs to the stores.
 */
import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  type WorkflowExecutionDescription,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Approval, DecisionOutcome } from '#contracts/approval.ts';
import type { AnchorHistory } from '#contracts/audit.ts';
import type { FailureType } from '#contracts/failures.ts';
import type { ControlOutcome, GoalView, Retry } from '#contracts/goal.ts';
import type { AccountDetails } from '#contracts/failures.ts';
import type { Json, JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import {
  accountReconnectedSignal,
  amendPlanSignal,
  answerQuestionSignal,
  decideApprovalSignal,
  getAnswerQuery,
  getApprovalQuery,
  getControlQuery,
  getDecisionQuery,
  getGoalQuery,
  pauseGoalSignal,
  resumeGoalSignal,
  steerGoalSignal,
  stopEffectSignal,
} from '#contracts/messages.ts';
import {
  type GoalId,
  goalIdOfWorkflow,
  goalWorkflowId,
  queueName,
  workflowTypes,
} from '#contracts/names.ts';
import type { AnswersInput } from '#contracts/schemas/goal.ts';
import type { DecisionSignal } from '#contracts/schemas/approval.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import { type AnchorPage, createAnchorReader } from './audit/anchor-reader.ts';
import { UnavailableError } from './errors.ts';
import { ownerKey, startOptions } from './goals/start-options.ts';
import { reached } from './points.ts';

/** A decision ready to be sent: signed and with an id to read it back by. */
export type SignedDecision = DecisionSignal & { readonly decisionId: string };
/** `ended`: there is no open workflow. `no_answer`: it was sent, but nothing was read back in time. */
export type NoOutcome = 'ended' | 'no_answer';
/** What became of an answer to a question. */
export type AnswerOutcome = { readonly applied: boolean; readonly message: string };

/** Signals that control a running goal and answer by `getControl`. */
const controlSignals = {
  pauseGoal: pauseGoalSignal,
  resumeGoal: resumeGoalSignal,
  steerGoal: steerGoalSignal,
  amendPlan: amendPlanSignal,
  stopEffect: stopEffectSignal,
} as const;
export type ControlSignal = keyof typeof controlSignals;

/** What the api asks of Temporal. Every method throws UnavailableError when it does not answer. */
export type GoalClient = {
  /** Starts a goal. Idempotent by its id: a goal that runs or has run is left alone. */
  start(input: GoalWorkflowInput): Promise<void>;
  /** The live status; null when no worker answers in time or there is no such workflow. */
  getGoal(goalId: GoalId): Promise<GoalView | null>;
  /** Activities that failed and are tried again; empty when Temporal does not answer. */
  getRetries(goalId: GoalId): Promise<readonly Retry[]>;
  /** One approval as the workflow knows it; null as above. */
  getApproval(goalId: GoalId, approvalId: string): Promise<Approval | null>;
  /** What became of an earlier decision; null when unknown. */
  getDecision(goalId: GoalId, decisionId: string): Promise<DecisionOutcome | null>;
  /** Sends a decision and reads back what became of it. */
  decide(goalId: GoalId, decision: SignedDecision): Promise<DecisionOutcome | NoOutcome>;
  /** Sends answers and reads back whether they were taken. */
  answer(
    goalId: GoalId,
    message: AnswersInput & { readonly answerId: string; readonly actor: string },
  ): Promise<AnswerOutcome | NoOutcome>;
  /** Sends a control signal with an id of its own and reads back what became of it. */
  control(
    goalId: GoalId,
    signal: ControlSignal,
    message: JsonObject & { readonly actor: string },
  ): Promise<ControlOutcome | NoOutcome>;
  /** Tells a goal that the account it asked for works again; false when there is no open workflow. */
  accountReconnected(goalId: GoalId, asked: Partial<AccountDetails>): Promise<boolean>;
  /** Asks Temporal to cancel; false when there is no open workflow. */
  cancel(goalId: GoalId): Promise<boolean>;
  /** A page of the audit's anchors in the histories of an owner's goals. Null: a cursor it did not give. */
  anchors(owner: string, cursor: string | null, limit: number): Promise<AnchorPage | null>;
  /** The anchors in the histories of one goal; none when it is unknown or somebody else's. */
  anchorsOfGoal(owner: string, goalId: GoalId): Promise<readonly AnchorHistory[]>;
  /** Goals with a run that closed after a moment and neither completed nor went on as a new one. */
  listEndedFromOutside(since: Date): Promise<GoalId[]>;
  /** True while the goal has a workflow that runs. */
  isOpen(goalId: GoalId): Promise<boolean>;
  /** Resolves when the server answers and knows the namespace. */
  check(): Promise<void>;
};

/** What the client needs to know. */
export type GoalClientOptions = {
  readonly client: Client;
  readonly queuePrefix: string;
  readonly readBackMs?: number;
  readonly queryTimeoutMs?: number;
};

/** Creates the client on a Temporal connection. */
export function createGoalClient(options: GoalClientOptions): GoalClient {
  const { client, queuePrefix } = options;
  const queryTimeoutMs = options.queryTimeoutMs ?? limits.queryTimeoutMs;
  const readBackMs = options.readBackMs ?? limits.decisionReadBackMs;
  const anchorReader = createAnchorReader(client, queueName(queuePrefix, 'goals'));
  const handleOf = (goalId: GoalId) => client.workflow.getHandle(goalWorkflowId(goalId));

  async function query<T>(timeoutMs: number, ask: () => Promise<T>): Promise<T | null> {
    try {
      return await client.withDeadline(Date.now() + timeoutMs, ask);
    } catch {
      return null; // No worker, no workflow or no server: the read model answers instead.
    }
  }

  async function send(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await client.withDeadline(Date.now() + limits.temporalTimeoutMs, work);
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw failureOf(error);
    }
  }

  /** Asks until the workflow has an answer. The first query follows the signal at once. */
  async function readBack<T>(ask: () => Promise<T | null>): Promise<T | 'no_answer'> {
    const until = Date.now() + readBackMs;
    for (let pauseMs = 25; ; pauseMs = Math.min(pauseMs * 2, 400)) {
      const left = until - Date.now();
      if (left <= 0) return 'no_answer';
      const answer = await query(Math.min(left, queryTimeoutMs), ask);
      if (answer !== null) return answer;
      await sleep(Math.min(pauseMs, Math.max(left, 1)));
    }
  }

  return {
    async start(input) {
      try {
        await client.withDeadline(Date.now() + limits.temporalTimeoutMs, () =>
          client.workflow.start(workflowTypes.goal, startOptions(input, queuePrefix)),
        );
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return;
        throw failureOf(error);
      }
    },
    getGoal: (goalId) => query(queryTimeoutMs, () => handleOf(goalId).query(getGoalQuery)),
    getRetries: async (goalId) => {
      const found = await query(queryTimeoutMs, () => handleOf(goalId).describe());
      return (found?.raw.pendingActivities ?? []).flatMap(retryOf);
    },
    getApproval: (goalId, approvalId) =>
      query(queryTimeoutMs, () => handleOf(goalId).query(getApprovalQuery, approvalId)),
    getDecision: (goalId, decisionId) =>
      query(queryTimeoutMs, () => handleOf(goalId).query(getDecisionQuery, decisionId)),
    async decide(goalId, decision) {
      const handle = handleOf(goalId);
      const sent = await send(() => handle.signal(decideApprovalSignal, decision as Json));
      if (!sent) return 'ended';
      reached('C6');
      return readBack(() => handle.query(getDecisionQuery, decision.decisionId));
    },
    async answer(goalId, message) {
      const handle = handleOf(goalId);
      if (!(await send(() => handle.signal(answerQuestionSignal, message)))) return 'ended';
      return readBack(() => handle.query(getAnswerQuery, message.answerId));
    },
    async control(goalId, signal, message) {
      const handle = handleOf(goalId);
      const controlId = randomUUID();
      const sent = await send(() =>
        handle.signal(controlSignals[signal], { ...message, controlId }),
      );
      if (!sent) return 'ended';
      return readBack(() => handle.query(getControlQuery, controlId));
    },
    accountReconnected: (goalId, { provider, account }) =>
      send(() =>
        handleOf(goalId).signal(accountReconnectedSignal, {
          ...(provider === undefined ? {} : { provider }),
          ...(account === undefined ? {} : { account }),
        }),
      ),
    async cancel(goalId) {
      let running = false;
      const handle = handleOf(goalId);
      const found = await send(async () => {
        // Server 1.29.2 accepts a request to cancel a closed workflow (measured 2026-11-21).
        running = (await handle.describe()).status.name === 'RUNNING';
        if (running) await handle.cancel();
      });
      return found && running;
    },
    async anchors(owner, cursor, limit) {
      try {
        return await anchorReader.page(ownerKey(owner), cursor, limit);
      } catch (error) {
        throw failureOf(error);
      }
    },
    async anchorsOfGoal(owner, goalId) {
      try {
        return await anchorReader.ofGoal(ownerKey(owner), goalId);
      } catch (error) {
        throw failureOf(error);
      }
    },
    async listEndedFromOutside(since) {
      const statuses = ['Terminated', 'TimedOut', 'Failed', 'Canceled'];
      const found = client.workflow.list({
        query: `WorkflowType = '${workflowTypes.goal}' and TaskQueue = '${queueName(queuePrefix, 'goals')}' and ExecutionStatus in (${statuses.map((status) => `'${status}'`).join(', ')}) and CloseTime > '${since.toISOString()}'`,
      });
      const goalIds = new Set<GoalId>();
      for await (const { workflowId } of found) {
        const goalId = goalIdOfWorkflow(workflowId);
        if (goalId !== undefined) goalIds.add(goalId);
        if (goalIds.size >= limits.sweepMaxGoals) break;
      }
      return [...goalIds];
    },
    isOpen: async (goalId) => (await handleOf(goalId).describe()).status.name === 'RUNNING',
    async check() {
      try {
        await client.withDeadline(Date.now() + limits.readyTimeoutMs, () =>
          client.workflowService.describeNamespace({ namespace: client.options.namespace }),
        );
      } catch (error) {
        throw new UnavailableError('Temporal', error);
      }
    },
  };
}

type PendingActivity = NonNullable<
  WorkflowExecutionDescription['raw']['pendingActivities']
>[number];

function retryOf(pending: PendingActivity): Retry[] {
  const message = pending.lastFailure?.message;
  if (typeof message !== 'string') return [];
  const { seconds } = pending.scheduledTime ?? {};
  const nextMs = Number(seconds ?? 0) * 1_000;
  return [
    {
      activity: pending.activityType?.name ?? '',
      attempt: pending.attempt ?? 1,
      message: message.slice(0, 500),
      nextAttemptAt: nextMs > Date.now() ? new Date(nextMs).toISOString() : null,
    },
  ];
}

/** gRPC: invalid argument, permission denied, unauthenticated. Waiting mends none of them. */
const misconfigured: readonly number[] = [3, 7, 16];

const storageUnavailable: FailureType = 'StorageUnavailableError';

/** Temporal or the payload storage being away is expected; being refused is a fault of the installation. */
function failureOf(error: unknown): unknown {
  const cause = error instanceof ServiceError ? error.cause : error;
  if (cause instanceof ApplicationFailure && cause.type === storageUnavailable) {
    return new UnavailableError('Postgres', error);
  }
  if (isGrpcServiceError(cause) && misconfigured.includes(cause.code)) return error;
  return new UnavailableError('Temporal', error);
}
