/** Talks to the api for the command line tool, and turns its problems into one line each. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Approval, StandingDecision } from '#contracts/approval.ts';
import type { AnchorHistory, ChainedEntry } from '#contracts/audit.ts';
import type { GoalState, GoalView } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import { type ApiAddress, CliError } from './find-api.ts';

/** An approval as the api shows it. */
export type ShownApproval = Approval & { readonly goal: string; readonly mode: 'live' | 'shadow' };
/** A goal in a list. */
export type ListedGoal = {
  readonly id: string;
  readonly goal: string;
  readonly state: GoalState;
  readonly mode: 'live' | 'shadow';
  readonly createdAt: string;
  readonly pendingApprovals: number;
  readonly headline: string | null;
};
/** What a person decides. */
export type CliDecision = {
  readonly digest: string;
  readonly verdict: 'approve' | 'edit' | 'reject';
  readonly decisionId: string;
  readonly input?: JsonObject;
  readonly comment?: string | undefined;
};
export type DecisionAnswer = {
  readonly outcome: 'applied' | 'pending';
  readonly message: string;
  readonly decision: StandingDecision | null;
  readonly approval: ShownApproval;
};

/** The api as the commands use it. */
export type ApiClient = {
  startGoal(
    body: JsonObject,
    options: { key: string; waitSeconds: number | null },
  ): Promise<{ id: string; state: GoalState }>;
  goal(id: string): Promise<GoalView>;
  goals(): Promise<readonly ListedGoal[]>;
  approvals(): Promise<readonly ShownApproval[]>;
  approval(id: string): Promise<ShownApproval>;
  decide(id: string, decision: CliDecision): Promise<DecisionAnswer>;
  answer(
    goalId: string,
    answers: readonly { questionId: string; answer: string }[],
  ): Promise<{ message: string }>;
  cancel(goalId: string): Promise<{ state: GoalState }>;
  /** Entries of the caller's audit after a number. */
  audit(after: number): Promise<{
    owner: string;
    entries: readonly ChainedEntry[];
    nextAfter: number | null;
  }>;
  auditAnchors(of: { cursor?: string; goalId?: string }): Promise<{
    histories: readonly AnchorHistory[];
    nextCursor: string | null;
  }>;
};

const timeoutMs = 15_000;
const attempts = 3;

/** Creates a client. Requests that may safely be repeated are, while the api is away for a moment. */
export function createApiClient({ url, token }: ApiAddress): ApiClient {
  async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const limitMs = timeoutMs + (options.waitSeconds ?? 0) * 1_000;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await send(method, path, options, limitMs).catch((error: unknown) => {
        if (attempt < attempts) return null;
        throw unreachable(url, error);
      });
      if (answer?.ok === true) return (await answer.json()) as T;
      const repeat = answer === null || answer.status === 503;
      if (!repeat || attempt >= attempts) throw await problemLine(answer);
      await sleep(200 * 2 ** attempt);
    }
  }
  function send(method: string, path: string, options: CallOptions, limitMs: number) {
    return fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      signal: AbortSignal.timeout(limitMs),
      redirect: 'error',
    });
  }
  const id = encodeURIComponent;
  return {
    startGoal: (body, { key, waitSeconds }) =>
      call('POST', '/v1/goals', {
        body,
        waitSeconds: waitSeconds ?? 0,
        headers: {
          'idempotency-key': key,
          ...(waitSeconds === null ? {} : { prefer: `wait=${waitSeconds}` }),
        },
      }),
    goal: (goalId) => call('GET', `/v1/goals/${id(goalId)}`),
    goals: async () => (await call<{ goals: ListedGoal[] }>('GET', '/v1/goals?limit=20')).goals,
    approvals: async () =>
      (await call<{ approvals: ShownApproval[] }>('GET', '/v1/approvals?state=pending')).approvals,
    approval: (approvalId) => call('GET', `/v1/approvals/${id(approvalId)}`),
    decide: (approvalId, body) =>
      call('POST', `/v1/approvals/${id(approvalId)}/decision`, { body }),
    answer: (goalId, answers) =>
      call('POST', `/v1/goals/${id(goalId)}/answers`, { body: { answers } }),
    audit: (after) => call('GET', `/v1/audit?after=${after}`),
    auditAnchors: (of) => call('GET', `/v1/audit/anchors?${new URLSearchParams(of).toString()}`),
    cancel: (goalId) => call('POST', `/v1/goals/${id(goalId)}/cancel`, { body: {} }),
  };
}

type CallOptions = {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly waitSeconds?: number;
};

function unreachable(url: string, error: unknown): CliError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new CliError(`The api at ${url} does not answer${code}. Start the stack with: npm start`);
}

async function problemLine(answer: Response | null): Promise<CliError> {
  const problem: unknown = await answer?.json().catch(() => null);
  if (typeof problem !== 'object' || problem === null || !('detail' in problem)) {
    return new CliError(`The api answered with status ${answer?.status ?? 'none'}.`);
  }
  const { title, detail, errors } = problem as {
    title?: string;
    detail: string;
    errors?: { path: string; message: string }[];
  };
  const more = (errors ?? []).slice(1).map(({ path, message }) => ` ${path}: ${message}.`);
  return new CliError(`${title ?? 'Refused'}: ${detail}${more.join('')}`);
}
