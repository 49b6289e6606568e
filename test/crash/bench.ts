/**
 * One run of the crash bench: a whole stack with goals in flight, its parts killed again and again,
 * then quiet, and the verdict of the checker. Everything it starts has stopped when it returns.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Client as TemporalClient, type Connection } from '@temporalio/client';
import { newGoalId } from '#api/goals/goal-id.ts';
import { createGoalClient } from '#api/goal-client.ts';
import { defaultPolicy } from '#contracts/gate.ts';
import type { GoalState } from '#contracts/goal.ts';
import { defaultTimers } from '#contracts/limits.ts';
import { defaultQueuePrefix } from '#contracts/names.ts';
import { isAlive, pidsOf } from '#test/support/local-process.ts';
import { type OracleEffect, type Stack, startStack } from '#test/support/stack.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { randomNumbers } from '../performance/statistics.ts';
import { readAftermath } from './aftermath.ts';
import { check, type Evidence, type Violation } from './checker.ts';
import { Client } from './client.ts';
import { Crowd } from './crowd.ts';
import { nextFault } from './faults.ts';
import { factsOf, type GoalHistory, goalIdsIn, readRuns } from './histories.ts';
import { type Kill, Killer, type Point } from './killer.ts';
import { ClientLog } from './log.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { measureRecovery, type Recovery } from './recovery.ts';

export type BenchOptions = {
  readonly kills: number;
  readonly seed: number;
  /** Goals in flight. */
  readonly goals: number;
  /** No kill is begun after this long. */
  readonly limitMs: number;
  /** Aborted to end a run early: it kills no more, and comes to its verdict. */
  readonly signal?: AbortSignal;
  readonly progress: (line: string) => void;
};

export type KillReport = Kill & { readonly recovery: Recovery };

export type BenchResult = {
  readonly seed: number;
  readonly kills: readonly KillReport[];
  readonly hits: ReadonlyMap<Point, number>;
  readonly ended: ReadonlyMap<GoalState, number>;
  readonly effects: readonly OracleEffect[];
  readonly evidence: Evidence;
  readonly violations: readonly Violation[];
  readonly tookMs: number;
};

/** All goals move again this long after the killed part is ready. */
export const recoveryLimitMs = 15_000;
/** The end of each goal is delivered this long after the last kill: two attempts may have died, and the third is 5 min later. */
const deliveryLimitMs = 330_000;
/** Goals that have not ended this long after faults and kills stop are lost. */
const quietMs = 60_000;
const measureLimitMs = 30_000;

/** Runs the bench. @throws Error when the stack itself cannot be kept running */
export async function runBench(options: BenchOptions): Promise<BenchResult> {
  const startedAt = Date.now();
  const dir = mkdtempSync(join(tmpdir(), 'adjutant-crash-'));
  const preload = pathToFileURL(join(import.meta.dirname, 'points.mjs')).href;
  const stack = await startStack({
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${preload}`,
    ADJUTANT_CRASH_DIR: dir,
  });
  await using receiver = await startReceiver();
  const log = new ClientLog(join(dir, 'client.jsonl'));
  const pids = pidsOf(stack.endpoints());
  let run: Awaited<ReturnType<typeof breakThings>>;
  let witnesses: Omit<Evidence, 'leftovers' | 'disturbances'>;
  try {
    await using temporal = await connectTemporal(stack);
    await register(stack, receiver);
    run = await breakThings(options, { stack, temporal: temporal.client, dir, log });
    witnesses = await gather(
      { stack, temporal: temporal.client, dir, log },
      receiver,
      run.stillOpen,
    );
    options.progress('all is quiet; the records have been read');
    pids.push(...pidsOf(stack.endpoints()));
  } finally {
    cpSync(join(stack.stateDir, 'logs'), join(dir, 'logs'), { recursive: true });
    await stack[Symbol.asyncDispose]();
  }
  const disturbances = run.kills.length + run.faults;
  const leftovers = leftoversOf(pids, stack.stateDir);
  const evidence = { ...witnesses, disturbances, leftovers };
  const violations = [...check(evidence), ...slowRecoveries(run.kills)];
  if (violations.length === 0) rmSync(dir, { recursive: true, force: true });
  else
    options.progress(
      `the client's log, the parts' logs and the histories of what broke are in ${dir}`,
    );
  const { kills, hits, ended } = run;
  const { seed } = options;
  const { effects } = evidence;
  const tookMs = Date.now() - startedAt;
  return { seed, kills, hits, ended, effects, evidence, violations, tookMs };
}

type World = {
  readonly stack: Stack;
  readonly temporal: TemporalClient;
  readonly dir: string;
  readonly log: ClientLog;
};

async function breakThings(options: BenchOptions, { stack, temporal, dir, log }: World) {
  const { progress } = options;
  const random = randomNumbers(options.seed);
  const client = new Client(stack, log);
  const crowd = new Crowd({
    client,
    random: randomNumbers(options.seed + 1),
    size: options.goals,
    startLong: await longStarter(stack, temporal, log),
  });
  const killer = new Killer(stack, dir, random);
  const kills: KillReport[] = [];
  let faults = 0;
  const stuck = new Set<string>();
  const until = Date.now() + options.limitMs;
  const isOver = () => Date.now() > until || options.signal?.aborted === true;
  while (kills.length < options.kills && !isOver()) {
    if (random() < 0.6) {
      await stack.fault(nextFault(random));
      faults += 1;
    }
    const kill = await killer.kill();
    // One that stands still for ever is told once; the others are still measured.
    const goalIds = crowd.inFlight.filter((goalId) => !stuck.has(goalId));
    const recovery = await measureRecovery(temporal, goalIds, kill.backAt, measureLimitMs);
    for (const goalId of recovery.stuck.keys()) stuck.add(goalId);
    kills.push({ ...kill, recovery });
    progress(lineOf({ ...kill, recovery }));
  }
  await stack.clearFaults();
  const stillOpen = await crowd.finish(quietMs);
  await client.lookAgain();
  return { kills, faults, hits: killer.hits, ended: crowd.ended, stillOpen };
}

function lineOf({ number, part, point, at, backAt, recovery }: KillReport): string {
  const { owed, slowestMs, stuck } = recovery;
  const where = point ?? 'by chance';
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  return (
    `${number} ${part} ${where}: back after ${seconds(backAt - at)} s, ` +
    `${owed} goals moved within ${seconds(slowestMs)} s` +
    (stuck.size === 0 ? '' : `; stuck: ${namesOf(stuck)}`)
  );
}

async function connectTemporal(stack: Stack) {
  const connection = await connectClient(stack.endpoints().temporalAddress);
  return {
    client: new TemporalClient({ connection }),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

/** Has the end of every goal delivered to the receiver. */
async function register(stack: Stack, { url }: Receiver): Promise<void> {
  const body = JSON.stringify({ url, eventTypes: ['goal.goal_ended'] });
  const { status } = await stack.api('/v1/webhooks', { method: 'POST', body });
  if (status !== 201) throw new Error(`the webhook was not taken: ${status}`);
}

/** Starts goals that continue as new every few events, which the api does not offer. */
async function longStarter(stack: Stack, temporal: TemporalClient, log: ClientLog) {
  const goals = createGoalClient({ client: temporal, queuePrefix: defaultQueuePrefix });
  const people =
    await stack.oracle<{ email: string; zone: string; main?: true }[]>('/__oracle/office');
  const owner = people.find(({ main }) => main === true);
  if (owner === undefined) throw new Error('The office has no main person.');
  return async (goal: string): Promise<string | undefined> => {
    const goalId = newGoalId();
    const outcome = await log.call({ call: 'start', key: goalId, goal }, async () => {
      try {
        await goals.start({
          goalId,
          owner: owner.email,
          zone: owner.zone,
          goal,
          context: '',
          constraints: [],
          mode: 'live',
          policy: defaultPolicy,
          timers: { ...defaultTimers, sendDelayMs: 0, reconcileForMs: 20_000 },
          protocol: 2,
          continueAfterEvents: 12,
        });
        return { phase: 'ok', status: 202, goalId };
      } catch (error) {
        return { phase: 'unknown', reason: String(error) };
      }
    });
    return outcome.phase === 'ok' ? goalId : undefined;
  };
}

async function gather(
  { stack, temporal, dir, log }: World,
  { deliveries }: Receiver,
  stillOpen: readonly string[],
): Promise<Omit<Evidence, 'leftovers' | 'disturbances'>> {
  const goals: GoalHistory[] = [];
  for (const goalId of await goalIdsIn(temporal)) {
    const runs = await readRuns(temporal, goalId);
    const facts = factsOf(goalId, runs);
    goals.push(facts);
    const isOdd = facts.ended !== 'completed' || facts.taskFailures.length > 0;
    if (isOdd) writeFileSync(join(dir, `${goalId}.json`), JSON.stringify(runs));
  }
  for (const until = Date.now() + deliveryLimitMs; Date.now() < until; await sleep(200)) {
    const told = new Set(deliveries.map(({ goalId }) => goalId));
    if (goals.every(({ goalId, ended }) => ended === null || told.has(goalId))) break;
  }
  const goalIds = goals.map(({ goalId }) => goalId);
  const aftermath = await readAftermath(stack, temporal.connection as Connection, goalIds);
  const effects = await stack.effects();
  return { effects, log: log.entries, goals, stillOpen, deliveries, aftermath };
}

function leftoversOf(pids: readonly number[], stateDir: string): string[] {
  const alive = [...new Set(pids)].filter(isAlive).map((pid) => `process ${pid} still runs`);
  let files: string[] = [];
  try {
    files = readdirSync(stateDir).filter((name) => name.endsWith('.tmp'));
  } catch {
    // The folder is gone with the stack.
  }
  return [...alive, ...files.map((name) => `${name} was left in the state folder`)];
}

function slowRecoveries(kills: readonly KillReport[]): Violation[] {
  return kills
    .filter(({ recovery }) => recovery.slowestMs > recoveryLimitMs)
    .map(({ number, part, recovery }) => ({
      invariant: 'recovery',
      goalId: '',
      what: `after kill ${number} (${part}) goals stood still for ${recovery.slowestMs} ms: ${namesOf(recovery.stuck)}`,
    }));
}

function namesOf(stuck: Recovery['stuck']): string {
  return [...stuck].map(([goalId, waitsFor]) => `${goalId} (${waitsFor})`).join('; ');
}
