/**
 * The person's side of the bench: calls the api, repeats what got no certain answer under the same key
 * or id, and logs every call. It knows nothing of what is being killed.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Approval } from '#contracts/approval.ts';
import { type GoalState, type GoalView, isTerminal } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { Answer, Stack } from '#test/support/stack.ts';
import type { Call, ClientLog, Outcome } from './log.ts';

const retryMs = 400;
const openStates = [
  'planning',
  'awaiting_answer',
  'awaiting_plan_approval',
  'running',
  'awaiting_approval',
  'waiting_on_provider',
  'paused',
  'compensating',
] as const satisfies readonly GoalState[];

/** What the api showed last: open goals by id, and what waits for a decision. */
export type Board = {
  readonly states: ReadonlyMap<string, GoalState>;
  readonly approvals: readonly Approval[];
};

export class Client {
  readonly #stack: Stack;
  readonly #log: ClientLog;
  readonly #seen = new Map<string, { state: GoalState; at: number }>();

  constructor(stack: Stack, log: ClientLog) {
    this.#stack = stack;
    this.#log = log;
  }

  /** Starts a goal; undefined when there was no answer and the client does not ask again. */
  async start(goal: string, abandons: boolean, until: AbortSignal): Promise<string | undefined> {
    const call = { call: 'start', key: randomUUID(), goal } as const;
    const once = () =>
      this.#call(call, {
        path: '/v1/goals',
        headers: { 'idempotency-key': call.key },
        body: { goal, policy: { reconcileForMs: 20_000, sendDelayMs: 0 } },
      });
    const outcome = abandons ? await once() : await untilCertain(once, until);
    return outcome.phase === 'ok' ? outcome.goalId : undefined;
  }

  /** Decides until it is known what became of it. */
  async decide(
    approval: Approval,
    verdict: 'approve' | 'edit' | 'reject',
    input: JsonObject,
    until: AbortSignal,
  ): Promise<Outcome> {
    const { goalId, approvalId, digest } = approval;
    const decisionId = randomUUID();
    const call = { call: 'decide', goalId, approvalId, decisionId, verdict, input } as const;
    const body = { digest, verdict, decisionId, ...(verdict === 'edit' ? { input } : {}) };
    const path = `/v1/approvals/${encodeURIComponent(approvalId)}/decision`;
    return untilCertain(() => this.#call(call, { path, body }, standsAs(decisionId)), until);
  }

  cancel(goalId: string, until: AbortSignal): Promise<Outcome> {
    const path = `/v1/goals/${goalId}/cancel`;
    return untilCertain(() => this.#call({ call: 'cancel', goalId }, { path, body: {} }), until);
  }

  /** Answers every open question, once: a repeat of an answer that was taken is refused. */
  async answer(goalId: string, until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      const view = await this.view(goalId);
      if (view !== undefined && (view.questions.length === 0 || isTerminal(view.state))) return;
      if (view !== undefined) {
        const answers = view.questions.map(({ id }) => ({
          questionId: id,
          answer: id === 'duration' ? '15 minutes' : 'bob.keller@office.example.com',
        }));
        const path = `/v1/goals/${goalId}/answers`;
        await this.#call({ call: 'answer', goalId }, { path, body: { answers } });
      }
      await sleep(retryMs);
    }
  }

  /** The status of a goal; undefined while the api does not answer. */
  async view(goalId: string): Promise<GoalView | undefined> {
    const askedAt = Date.now();
    const answer = await this.#ask(`/v1/goals/${goalId}`);
    if (answer?.status !== 200) return undefined;
    const view = answer.body as unknown as GoalView;
    this.#saw(goalId, view.state, askedAt);
    return view;
  }

  /** Looks once more at what it last saw open: a goal whose start was given up is followed by nobody. */
  async lookAgain(): Promise<void> {
    for (const [goalId, { state }] of this.#seen) {
      if (!isTerminal(state)) await this.view(goalId);
    }
  }

  /** Everything open at a glance; undefined while the api does not answer. */
  async board(): Promise<Board | undefined> {
    const askedAt = Date.now();
    const query = openStates.map((state) => `state=${state}`).join('&');
    const [goals, approvals] = await Promise.all([
      this.#ask(`/v1/goals?limit=100&${query}`),
      this.#ask('/v1/approvals?limit=100&state=pending'),
    ]);
    if (goals?.status !== 200 || approvals?.status !== 200) return undefined;
    const views = goals.body['goals'] as unknown as readonly { id: string; state: GoalState }[];
    for (const { id, state } of views) this.#saw(id, state, askedAt);
    return {
      states: new Map(views.map(({ id, state }) => [id, state])),
      approvals: approvals.body['approvals'] as unknown as readonly Approval[],
    };
  }

  /** An answer that was under way when another came may be the older one: it says nothing but an end. */
  #saw(goalId: string, state: GoalState, askedAt: number): void {
    const seen = this.#seen.get(goalId);
    if (seen !== undefined && askedAt <= seen.at && !isTerminal(state)) return;
    this.#seen.set(goalId, { state, at: Date.now() });
    if (seen?.state === state) return;
    this.#log.saw(goalId, state);
  }

  #ask(path: string): Promise<Answer | undefined> {
    return this.#stack.api(path, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
  }

  #call(
    call: Call,
    request: { path: string; body: JsonObject; headers?: Record<string, string> },
    read: (answer: Answer) => Outcome = outcomeOf,
  ): Promise<Outcome> {
    return this.#log.call(call, async () => {
      try {
        return read(
          await this.#stack.api(request.path, {
            method: 'POST',
            headers: request.headers ?? {},
            body: JSON.stringify(request.body),
          }),
        );
      } catch (error) {
        return { phase: 'unknown', reason: error instanceof Error ? error.message : String(error) };
      }
    });
  }
}

function outcomeOf({ status, body }: Answer): Outcome {
  if (status >= 500) return { phase: 'unknown', reason: String(status) };
  if (status >= 400) return { phase: 'fail', status, problem: String(body.type) };
  return { phase: 'ok', status, ...(body.id === undefined ? {} : { goalId: body.id }) };
}

/** A decision that stands is acknowledged, also when a repeat of it learns so. */
function standsAs(decisionId: string): (answer: Answer) => Outcome {
  return (answer) => {
    const { status, body } = answer;
    if (status === 202) return { phase: 'unknown', reason: 'not confirmed yet' };
    const standing = body['decision'] as { decisionId?: string } | null | undefined;
    if (status === 409 && standing?.decisionId === decisionId) return { phase: 'ok', status };
    return outcomeOf(answer);
  };
}

async function untilCertain(once: () => Promise<Outcome>, until: AbortSignal): Promise<Outcome> {
  for (;;) {
    const outcome = await once();
    if (outcome.phase !== 'unknown' || until.aborted) return outcome;
    await sleep(retryMs);
  }
}
