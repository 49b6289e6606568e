/**
 * Waiting for providers. A provider that is away is waited for with a timer, an account that must be
 * connected again with a request in the queue; then the same call is made once more.
 */
import { ApplicationFailure, isCancellation, patched } from '@temporalio/workflow';
import type { StandingDecision } from '#contracts/approval.ts';
import type { ProviderWait } from '#contracts/goal.ts';
import { providers } from '#contracts/accounts.ts';
import type { AccountDetails } from '#contracts/failures.ts';
import type { JsonObject } from '#contracts/json.ts';
import { tools, type ToolName } from '#contracts/tools.ts';
import { askPerson, awaitDecision, type Decided, nextRevision } from './approval.ts';
import type { Goal, Step } from './goal.ts';
import { detailsOf, failureOf } from './outcome.ts';
import { Parked, waitUntil } from './waiting.ts';

/** Who waits: a step, or the planner. */
export type Waiter = {
  readonly id: string;
  readonly tool: ToolName | null;
  readonly step: Step | null;
};

/** The waiter that stands for a step. */
export function waiterOf(step: Step): Waiter {
  return { id: step.plan.id, tool: step.plan.tool, step };
}

/**
 * Makes a call, and makes it again when its provider is back. What it throws otherwise is passed on.
 * @throws Parked when this run ends while it waits
 */
export async function untilAvailable<Result>(
  goal: Goal,
  waiter: Waiter,
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    await waitOn(goal, waiter);
    const result = await callOrWait(goal, waiter, call);
    endWait(goal, waiter);
    return result;
  } catch (error) {
    if (!(error instanceof Parked)) endWait(goal, waiter);
    throw error;
  }
}

async function callOrWait<Result>(
  goal: Goal,
  waiter: Waiter,
  call: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (isCancellation(error)) throw error;
      const { type } = failureOf(error);
      if (type === 'ProviderWaitError') await waitForProvider(goal, waiter, error);
      else if (type !== 'ReconnectRequiredError' || !goal.isPrompt) throw error;
      else if (!(await waitForReconnection(goal, waiter, error))) throw error;
    }
  }
}

/** Lets a wait end that an earlier run of the workflow began. */
async function waitOn(goal: Goal, { id, step }: Waiter): Promise<void> {
  const wait = goal.waits.get(id);
  if (wait === undefined) return;
  if (wait.retryAt === null) return waitOnPerson(goal, { id, step });
  if (step !== null) step.status = 'waiting_on_provider';
  await waitUntil(goal, () => false, Date.parse(wait.retryAt), `Waits for ${wait.provider}`);
}

/** Hears the answer to a request to connect an account that an earlier run of the workflow made. */
async function waitOnPerson(goal: Goal, { id, step }: Omit<Waiter, 'tool'>): Promise<void> {
  const asked = [...goal.approvals.values()].find(
    ({ stepId, state, approvalId }) =>
      stepId === reconnectionOf(id) && (state === 'pending' || goal.unheard.has(approvalId)),
  );
  if (asked === undefined || !patched('hears-reconnections')) return;
  if (step !== null) step.status = 'waiting_on_provider';
  if (isYes(await awaitDecision(goal, asked.approvalId))) return;
  throw ApplicationFailure.nonRetryable(asked.reasons.join(' '), 'ReconnectRequiredError');
}

/** The name of the request to connect the account that a waiter needs. */
const reconnectionOf = (id: string) => `${id}_reconnect`;

function isYes({ approval }: Decided): boolean {
  return approval.state === 'approved' || approval.state === 'answered';
}

/** How long is waited when the failure does not say. */
const defaultWaitMs = 30_000;

async function waitForProvider(goal: Goal, waiter: Waiter, error: unknown): Promise<void> {
  const { provider, since, retryAt } = detailsOf(error);
  const name = typeof provider === 'string' ? provider : 'the provider';
  const atMs = typeof retryAt === 'string' ? Date.parse(retryAt) : Date.now() + defaultWaitMs;
  beginWait(goal, waiter, {
    provider: name,
    since: typeof since === 'string' ? since : new Date().toISOString(),
    retryAt: new Date(atMs).toISOString(),
  });
  await waitUntil(goal, () => false, Math.max(atMs, Date.now() + 1), `Waits for ${name}`);
}

/** False when the person says no, or does not answer. */
async function waitForReconnection(goal: Goal, waiter: Waiter, error: unknown): Promise<boolean> {
  const asked = askedFor(error);
  const stepId = reconnectionOf(waiter.id);
  const revision = nextRevision(goal, stepId);
  const name = asked.provider ?? asked.account ?? 'the provider';
  beginWait(goal, waiter, { provider: name, since: new Date().toISOString(), retryAt: null });
  const decided = await askPerson(goal, {
    kind: 'intervention',
    stepId,
    revision,
    tool: waiter.tool,
    reasons: [failureOf(error).message],
    title: isAddress(asked.account)
      ? `Connect ${asked.account} again`
      : `Connect your ${name} account again`,
    lines: [
      {
        label: 'Needed for',
        value: waiter.tool === null ? 'the plan' : tools[waiter.tool].summary,
      },
      {
        label: 'How',
        value: `Run: npx adjutant connect ${asked.provider ?? providers.join('|')}`,
      },
      { label: 'Then', value: 'The goal goes on by itself. Approving makes it try again now.' },
      { label: 'Reject', value: 'The step fails.' },
    ],
    input: { ...asked },
    about: { goalId: goal.input.goalId, stepId, revision, question: 'reconnect' },
  });
  return isYes(decided);
}

/** The account that a failure asks to connect, as far as it says. */
function askedFor(error: unknown): Partial<AccountDetails> {
  const { provider, account } = detailsOf(error);
  return {
    ...(typeof provider === 'string' ? { provider } : {}),
    ...(typeof account === 'string' ? { account } : {}),
  };
}

function isAddress(account: string | undefined): account is string {
  return account?.includes('@') === true;
}

/** Answers every open request for an account that works again, named as the request names it. */
export function reportReconnected(goal: Goal, works: JsonObject): void {
  if (works['provider'] === undefined && works['account'] === undefined) return;
  for (const { approvalId, stepId, input } of goal.pendingApprovals()) {
    if (!stepId.endsWith('_reconnect') || input['provider'] !== works['provider']) continue;
    // A release that knew one account for each provider names none.
    if (works['account'] !== undefined && input['account'] !== works['account']) continue;
    const decision: StandingDecision = {
      decisionId: `reconnected:${approvalId}`,
      verdict: 'answer',
      actor: 'adjutant',
      decidedAt: new Date().toISOString(),
      comment: null,
    };
    goal.changeApproval(approvalId, { state: 'answered', decision });
  }
}

function beginWait(goal: Goal, { id, step }: Waiter, wait: ProviderWait): void {
  const { provider, retryAt } = wait;
  const since = goal.waits.get(id)?.since ?? wait.since;
  if (!goal.waits.has(id)) {
    goal.journal.append('provider_waiting', { provider, since, retryAt }, step?.plan.id ?? null);
  }
  goal.waits.set(id, { provider, since, retryAt });
  if (step !== null) step.status = 'waiting_on_provider';
  goal.settle();
  goal.publishRequested = true;
}

function endWait(goal: Goal, { id, step }: Waiter): void {
  const wait = goal.waits.get(id);
  if (wait === undefined) return;
  goal.waits.delete(id);
  if (step?.status === 'waiting_on_provider') step.status = 'running';
  goal.journal.append('provider_back', { provider: wait.provider }, step?.plan.id ?? null);
  goal.settle();
}
