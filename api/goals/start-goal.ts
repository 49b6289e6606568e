/**
 * Starts goals so that none is lost and none starts twice: the whole start is kept in Postgres first,
 * then Temporal is asked. A reconciler asks again for starts whose answer never came.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '#contracts/canonical.ts';
import { defaultPolicy, type GoalPolicy } from '#contracts/gate.ts';
import type { Budget } from '#contracts/goal.ts';
import { initialView } from '#contracts/initial-view.ts';
import type { Json } from '#contracts/json.ts';
import { defaultTimers, limits } from '#contracts/limits.ts';
import type { GoalId } from '#contracts/names.ts';
import type { GoalInput } from '#contracts/schemas/goal.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import { Problem } from '../errors.ts';
import type { GoalClient } from '../goal-client.ts';
import type { GoalStore } from './goal-store.ts';
import { newGoalId } from './goal-id.ts';

/** What starting needs. */
export type StartDeps = {
  readonly goals: GoalStore;
  readonly goalClient: GoalClient;
  /** How long an approved mail can be stopped, where the goal's policy does not say. */
  readonly sendDelayMs?: number;
};

/** Who starts what, and under which key; without a key a retry by the client is a new goal. */
export type StartRequest = {
  readonly owner: string;
  readonly zone: string;
  readonly key: string | null;
  readonly body: GoalInput;
};

/**
 * Starts a goal and returns its id. The same key with the same body returns the same goal.
 * @throws Problem idempotency-key-reused, or UnavailableError
 */
export async function startGoal(
  deps: StartDeps,
  request: StartRequest,
): Promise<{ goalId: GoalId; replayed: boolean }> {
  const { owner, key, body } = request;
  const input = workflowInputOf(newGoalId(), request, deps.sendDelayMs);
  const bodyDigest = createHash('sha256')
    .update(canonicalJson(body as Json))
    .digest('hex');
  const { goalId } = input;
  const { start, created } = await deps.goals.keepStart(
    owner,
    key ?? `auto ${goalId}`, // A client's key has no space, so it can never be one of these.
    { goalId, bodyDigest, input },
    initialView(input, new Date().toISOString()),
  );
  if (start.bodyDigest !== bodyDigest) {
    throw new Problem(
      'idempotency-key-reused',
      'This Idempotency-Key belongs to a goal with another body. Use a new key for a new goal.',
    );
  }
  if (!start.started) await startKept(deps, start.input, key === null ? owner : null);
  return { goalId: start.goalId, replayed: !created };
}

/** Asks Temporal for a kept start. Without a key nobody could ask for it again, so it is dropped. */
async function startKept(
  deps: StartDeps,
  input: GoalWorkflowInput,
  dropFor: string | null,
): Promise<void> {
  try {
    await deps.goalClient.start(input);
  } catch (error) {
    if (dropFor !== null) await deps.goals.dropStart(dropFor, input.goalId);
    throw error;
  }
  await deps.goals.markStarted(input.goalId);
}

/**
 * Starts what was kept but may never have reached Temporal. One that is refused holds up no other.
 * @returns how many it started
 * @throws AggregateError when some could not be started; they stay kept
 */
export async function reconcileStarts(
  deps: StartDeps,
  graceMs: number = limits.startGraceMs,
): Promise<number> {
  const inputs = await deps.goals.unstarted(graceMs);
  const results = await Promise.allSettled(inputs.map((input) => startKept(deps, input, null)));
  const failed = results.filter((result) => result.status === 'rejected');
  if (failed.length > 0) {
    const reasons = failed.map(({ reason }) => reason as unknown);
    throw new AggregateError(reasons, `${failed.length} kept goals could not be started`);
  }
  return inputs.length;
}

/** Completes a checked request with every default, so that the workflow needs none. */
function workflowInputOf(
  goalId: GoalId,
  { owner, zone, body }: StartRequest,
  sendDelayMs: number = limits.sendDelayMs,
): GoalWorkflowInput {
  const { approvalExpiresMs, answerExpiresMs, reconcileForMs, budget, ...policy } =
    body.policy ?? {};
  return {
    goalId,
    owner,
    zone,
    goal: body.goal,
    context: body.context ?? '',
    constraints: body.constraints ?? [],
    mode: body.mode ?? 'live',
    policy: policyOf(policy),
    timers: {
      approvalExpiresMs: approvalExpiresMs ?? defaultTimers.approvalExpiresMs,
      answerExpiresMs: answerExpiresMs ?? defaultTimers.answerExpiresMs,
      reconcileForMs: reconcileForMs ?? defaultTimers.reconcileForMs,
      sendDelayMs: policy.sendDelayMs ?? sendDelayMs,
    },
    protocol: 2,
    ...(budget === undefined ? {} : { budget: budget as Budget }),
  };
}

function policyOf(policy: NonNullable<GoalInput['policy']>): GoalPolicy {
  return {
    version: defaultPolicy.version,
    approveFromTier: (policy.approveFromTier ??
      defaultPolicy.approveFromTier) as GoalPolicy['approveFromTier'],
    planApproval: policy.planApproval ?? defaultPolicy.planApproval,
    refuseTools: policy.refuseTools ?? defaultPolicy.refuseTools,
    raiseTiers: policy.raiseTiers ?? defaultPolicy.raiseTiers,
    ...(policy.secondPerson === true ? { secondPerson: true } : {}),
    ...(policy.escalateToRole === undefined ? {} : { escalateToRole: policy.escalateToRole }),
  };
}
