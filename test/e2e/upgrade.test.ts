/**
 * Releases side by side, deployed and rolled back with the commands of docs/operations.md: goals that
 * wait for anything move on and come to their end, what is pinned stays, and nothing is stranded.
 */
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GoalId, researchWorkflowId, type StepId } from '#contracts/names.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { patches, startNextRelease } from '#test/support/next-release.ts';
import { approve, waits, type World } from '#test/support/standing-goals.ts';
import { type Stack, startStack } from '#test/support/stack.ts';
import { type Event, goalIdsIn, readRuns } from '../crash/histories.ts';

const deployment = 'adjutant';
/** Goals for each way of waiting: half of them move on before the rollback, half after it. */
const ofEach = 4;
const atOnce = 8;
const limitMs = 60_000;
const refusals = 1_000;
const research = 'research solid state batteries';
const mail = 'write to bob.keller@office.example.com that the demo moves to Friday';

let stack: Stack;
let temporal: Client;
let world: World;
beforeAll(async () => {
  stack = await startStack({ ADJUTANT_DEPLOYMENT: deployment, ADJUTANT_BUILD_ID: 'one' });
  temporal = new Client({ connection: await connectClient(stack.endpoints().temporalAddress) });
  world = { stack, temporal };
});
afterAll(async () => {
  await temporal.connection.close();
  await stack[Symbol.asyncDispose]();
});

/** Runs a command of docs/operations.md; `last` may hold spaces. */
const run = (command: string, ...last: string[]) => stack.temporal(...command.split(' '), ...last);
/** Makes a release current. The server refuses until its workers poll every queue, so it is repeated. */
async function makeCurrent(buildId: string): Promise<void> {
  const command = `worker deployment set-current-version --yes --deployment-name ${deployment}`;
  const outcome = () =>
    run(`${command} --build-id ${buildId}`).then(
      () => 'current',
      (error: unknown) => String(error),
    );
  await expect.poll(outcome, { timeout: limitMs }).toBe('current');
}

async function keepOn(buildId: string): Promise<void> {
  const query =
    `TemporalWorkerDeploymentVersion = '${deployment}:${buildId}' AND ` +
    `TemporalWorkflowVersioningBehavior = 'AutoUpgrade' AND ExecutionStatus = 'Running'`;
  const count = async () => (await temporal.workflow.count(query)).count;
  await expect.poll(count, { timeout: limitMs }).toBeGreaterThan(0);
  const to = `--versioning-override-deployment-name ${deployment} --versioning-override-build-id ${buildId}`;
  await run(
    `workflow update-options --yes --versioning-override-behavior pinned ${to} --query`,
    query,
  );
  await expect.poll(count, { timeout: limitMs }).toBe(0);
}

// Once: what a first attempt has left on the stack would mislead a second one.
test(
  'goals that wait move to the next release, those of it stay when it is rolled back',
  {
    retry: 0,
  },
  async () => {
    const { reading, child, searching } = await startResearch();
    const starting = inLanes(everyWait(), async (wait) => {
      return { ...wait, goalId: await wait.start(world, wait.number) };
    });
    await using _next = await startNextRelease(stack, { deployment, buildId: 'two' });
    const standing = await starting;
    await makeCurrent('two');
    const deployedAt = Date.now();
    await stack.clearFaults();

    const early = standing.filter((_, i) => i % 2 === 0);
    const late = standing.filter((_, i) => i % 2 === 1);
    await inLanes(early, ({ moveOn, goalId }) => moveOn(world, goalId));
    const begun = await beginMail();
    const moved = [...searching, ...early.map(({ goalId }) => goalId)];
    await allEnded([reading, ...moved]);

    await keepOn('two');
    await makeCurrent('one');
    await inLanes(late, ({ moveOn, goalId }) => moveOn(world, goalId));
    const begunLater = await beginMail();
    await inLanes([begun, begunLater], (goalId) => approve(world, goalId));
    const stayed = [begunLater, ...late.map(({ goalId }) => goalId)];
    await allEnded([begun, ...stayed]);

    for (const { goalId, name, ends } of standing) {
      expect((await stack.view(goalId)).state, name).toBe(ends);
    }
    for (const goalId of moved) {
      const events = (await readRuns(temporal, goalId)).flat();
      expect(buildsOf(events, deployedAt), goalId).toEqual(['two']);
      expect(patchesIn(events), goalId).toContain(patches.end);
    }
    for (const goalId of stayed) {
      const events = (await readRuns(temporal, goalId)).flat();
      expect([buildsOf(events), patchesIn(events)], goalId).toEqual([['one'], []]);
    }
    const events = (await readRuns(temporal, begun)).flat();
    expect(buildsOf(events)).toEqual(['two']);
    expect(patchesIn(events)).toEqual([patches.beginning, patches.end]);
    expect(buildsOf(await historyOf(child), deployedAt), 'a research child stays').toEqual(['one']);
    expect(await taskFailures()).toEqual([]);
    const counts = (await stack.effects()).map(({ count }) => count);
    expect(Math.max(...counts)).toBe(1);
  },
);

/** Ways of waiting, each as often as there are goals of it. */
function everyWait() {
  return Array.from({ length: ofEach }, (_, number) =>
    Object.entries(waits).map(([name, wait]) => ({ ...wait, name, number })),
  ).flat();
}

/**
 * Goals in research: one whose child waits for pages, for longer than a deploy takes, and two that wait
 * for the search service.
 */
async function startResearch() {
  await refuse('^/pages/', 40);
  const reading = (await stack.goal(research)) as GoalId;
  const { steps } = await stack.until(reading, (view) => view.steps.some(isResearch), limitMs);
  const step = steps.find(isResearch)!;
  const child = researchWorkflowId(reading, step.id as StepId, 1);
  await expect.poll(async () => (await faults()).some(isUsed), { timeout: limitMs }).toBe(true);
  await refuse('^/search', 30);
  const searching = await inLanes([1, 2], async () => {
    const goalId = (await stack.goal(research)) as GoalId;
    await stack.until(goalId, ({ state }) => state === 'waiting_on_provider', limitMs);
    return goalId;
  });
  return { reading, child, searching };
}

/** Makes the sandbox ask to be left alone there, until the faults are cleared. */
const refuse = (pathRegex: string, seconds: number) =>
  stack.fault({
    match: { pathRegex },
    action: 'status',
    status: 429,
    headers: { 'retry-after': String(seconds) },
    times: refusals,
  });
const faults = () => stack.oracle<readonly { remaining: number }[]>('/__faults');
const isUsed = ({ remaining }: { remaining: number }) => remaining < refusals;
const isResearch = ({ tool, status }: { tool: string; status: string }) =>
  tool === 'research' && status === 'running';

/** A goal that waits for its mail to be approved. */
async function beginMail(): Promise<GoalId> {
  const goalId = (await stack.goal(mail)) as GoalId;
  await stack.approval(goalId, limitMs);
  return goalId;
}

async function allEnded(goalIds: readonly GoalId[]): Promise<void> {
  for (const goalId of goalIds) await stack.ended(goalId, limitMs);
}

async function historyOf(workflowId: string): Promise<readonly Event[]> {
  return (await temporal.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
}

/** The builds that have completed workflow tasks since. */
function buildsOf(events: readonly Event[], sinceMs = 0): string[] {
  const builds = events
    .filter(({ eventTime }) => Number(eventTime?.seconds ?? 0) * 1_000 >= sinceMs)
    .map((event) => event.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId)
    .filter((build) => build != null);
  return [...new Set(builds)];
}

/** Names of the patches that a history has on record. */
function patchesIn(events: readonly Event[]): string[] {
  return events.flatMap(({ markerRecordedEventAttributes: marker }) => {
    const data = marker?.markerName === 'core_patch' ? marker.details?.['patch-data'] : undefined;
    const text = Buffer.from(data?.payloads?.[0]?.data ?? []).toString();
    return text === '' ? [] : [(JSON.parse(text) as { id: string }).id];
  });
}

/** What any workflow task of any goal has failed with. */
async function taskFailures(): Promise<string[]> {
  const failures: string[] = [];
  for (const goalId of await goalIdsIn(temporal)) {
    const runs = await readRuns(temporal, goalId);
    for (const { workflowTaskFailedEventAttributes: failed } of runs.flat()) {
      if (failed != null) failures.push(`${goalId}: ${failed.failure?.message ?? failed.cause}`);
    }
  }
  return failures;
}

/** Does something with each item, a few at a time; what came of it, in no order. */
async function inLanes<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const rest = items.values();
  const results: Result[] = [];
  const lane = async () => {
    for (const item of rest) results.push(await work(item));
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
