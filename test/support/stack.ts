/**
 * The whole product as a person runs it: the real `npm start` in a state folder of its own, with the
 * oracle beside it. It only asks and reports; what a goal should come to is for each test to say.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Approval } from '#contracts/approval.ts';
import { type GoalView, isTerminal } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { Endpoints } from '#infra/local/stack.ts';
import { isAlive, type LocalProcess, startLocal, temporaryStateDir } from './local-process.ts';

/** An effect as the oracle counts it. */
export type OracleEffect = {
  readonly at: string;
  readonly vendor: string;
  readonly operation: string;
  readonly account: string;
  readonly key: string;
  readonly count: number;
  readonly raw: unknown;
};

/** One answer of the api. */
export type Answer = {
  readonly status: number;
  readonly body: JsonObject & { type?: string; id?: string };
};

/** A part that a test may kill. */
export type PartName = 'api' | 'worker' | 'temporal' | 'postgres' | 'sandbox';

/** A running stack with what tests ask of it. */
export type Stack = AsyncDisposable & {
  readonly stateDir: string;
  /** The bearer token of the main person. */
  readonly token: string;
  endpoints(): Endpoints;
  output(): string;
  /** One request to the api with the token; network errors reject. */
  api(path: string, init?: RequestInit): Promise<Answer>;
  oracle<T>(path: string): Promise<T>;
  effects(): Promise<readonly OracleEffect[]>;
  /** Sets one fault in the sandbox; `clearFaults` takes all away. */
  fault(fault: JsonObject): Promise<void>;
  clearFaults(): Promise<void>;
  /** Starts a goal and returns its id. @throws Error when it is not accepted */
  goal(text: string, body?: JsonObject): Promise<string>;
  view(goalId: string): Promise<GoalView>;
  /** Waits for a view that satisfies; the api may be down in between. */
  until(goalId: string, is: (view: GoalView) => boolean, limitMs?: number): Promise<GoalView>;
  ended(goalId: string, limitMs?: number): Promise<GoalView>;
  /** The first pending approval, once there is one. */
  approval(goalId: string, limitMs?: number): Promise<Approval>;
  decide(approval: Approval, decision: JsonObject): Promise<Answer>;
  journal(goalId: string): Promise<string>;
  /** Runs the temporal CLI against this stack's server. */
  temporal(...args: readonly string[]): Promise<string>;
  /** Kills one part with SIGKILL and resolves when it is gone. */
  kill9(name: PartName): Promise<void>;
  /** Ends the stack with a signal and starts it again on the same state folder. */
  restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
};

const pollMs = 60;
const run = promisify(execFile);

/** Starts a stack and resolves when it is ready. @throws Error with its output when it ends */
export async function startStack(env: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const state = temporaryStateDir();
  // The sample goal would add an approval and model calls that no test asked for.
  const settings = { ADJUTANT_SEND_DELAY_MS: '0', ...env };
  let local = startLocal('infra/local.ts', state.path, settings);
  await readyOf(local);
  await sampleGoalIsOver(local);
  const read = () =>
    JSON.parse(readFileSync(join(state.path, 'endpoints.json'), 'utf8')) as Endpoints;
  let last = read();
  const endpoints = () => {
    try {
      last = read();
    } catch {
      // Written anew at this moment.
    }
    return last;
  };
  const token = readFileSync(join(state.path, 'token'), 'utf8').trim();

  async function api(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${endpoints().api}${path}`, {
      signal: AbortSignal.timeout(20_000),
      ...init,
      headers: {
        authorization: `Bearer ${token}`,
        ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(init.headers as Record<string, string> | undefined),
      },
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  }

  async function oracle<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await fetch(`${endpoints().oracle}${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`oracle ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  const view = async (goalId: string) => {
    const { status, body } = await api(`/v1/goals/${goalId}`);
    if (status !== 200) throw new Error(`goal ${goalId}: ${status} ${JSON.stringify(body)}`);
    return body as unknown as GoalView;
  };

  async function until(goalId: string, is: (v: GoalView) => boolean, limitMs = 30_000) {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const seen = await view(goalId).catch((error: unknown) => error as Error);
      if (!(seen instanceof Error)) {
        if (is(seen)) return seen;
        if (isTerminal(seen.state)) throw new Error(`ended: ${describe(seen)}`);
      }
      if (Date.now() > deadline) {
        throw new Error(`not within ${limitMs} ms: ${describe(seen)}\n${local.output()}`);
      }
      await sleep(pollMs);
    }
  }

  return {
    stateDir: state.path,
    token,
    endpoints,
    output: () => local.output(),
    api,
    oracle,
    effects: () => oracle<readonly OracleEffect[]>('/__oracle/effects'),
    fault: async (fault) => {
      await oracle('/__faults', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      });
    },
    clearFaults: () => oracle('/__faults', { method: 'DELETE' }),
    async goal(text, body = {}) {
      const answer = await api('/v1/goals', {
        method: 'POST',
        body: JSON.stringify({ goal: text, ...body }),
      });
      if (answer.status !== 202) throw new Error(`not accepted: ${JSON.stringify(answer)}`);
      return answer.body.id ?? '';
    },
    view,
    until,
    ended: (goalId, limitMs) => until(goalId, (v) => isTerminal(v.state), limitMs),
    async approval(goalId, limitMs) {
      const waiting = await until(goalId, (v) => v.pendingApprovals.length > 0, limitMs);
      return waiting.pendingApprovals[0]!;
    },
    decide: ({ approvalId, digest }, decision) =>
      api(`/v1/approvals/${encodeURIComponent(approvalId)}/decision`, {
        method: 'POST',
        body: JSON.stringify({ digest, ...decision }),
      }),
    journal: async (goalId) => JSON.stringify((await api(`/v1/goals/${goalId}/journal`)).body),
    async temporal(...args) {
      const { stdout } = await run(temporalBinary(), [
        ...args,
        '--address',
        endpoints().temporalAddress,
      ]);
      return stdout;
    },
    async kill9(name) {
      const { pids } = endpoints();
      const pid = name === 'worker' ? pids.workers[0] : pids[name];
      if (pid === undefined || pid === null) throw new Error(`no ${name} runs`);
      process.kill(pid, 'SIGKILL');
      while (isAlive(pid)) await sleep(10);
    },
    async restart(signal) {
      local.signal(signal);
      await local.exit;
      local = startLocal('infra/local.ts', state.path, settings);
      await readyOf(local);
      endpoints();
    },
    async [Symbol.asyncDispose]() {
      await local[Symbol.asyncDispose]();
      state[Symbol.dispose]();
    },
  };
}

async function readyOf(local: LocalProcess): Promise<void> {
  await local.endpoints();
}

async function sampleGoalIsOver(local: LocalProcess): Promise<void> {
  while (!/first goal is on its way|sample goal was not taken/.test(local.output())) {
    await sleep(20);
  }
}

function describe(seen: GoalView | Error): string {
  if (seen instanceof Error) return seen.message;
  const { state, steps, failure, questions, report } = seen;
  return JSON.stringify({ state, steps, failure, questions, report }, null, 1);
}

/** The binary that `npm start` keeps, or the one on the path. */
export function temporalBinary(): string {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'adjutant');
  try {
    const name = readdirSync(cache).find((file) => file.startsWith('temporal-'));
    return name === undefined ? 'temporal' : join(cache, name);
  } catch {
    return 'temporal';
  }
}
