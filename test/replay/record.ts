/**
 * Records one history for every way a goal can go, for the release in package.json. Run it by
 * `npm run record-histories` before a release; replay.test.ts holds later code to what it wrote. What a
 * release has recorded stays: only what is missing is recorded.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure } from '#activities/failures.ts';
import type { GoalView } from '#contracts/goal.ts';
import {
  goalIdOfWorkflow,
  researchWorkflowId,
  type StepId,
  triageWorkflowId,
  webhookWorkflowId,
} from '#contracts/names.ts';
import { createWebhookStore } from '#api/webhooks/webhook-store.ts';
import { journaledGoal, startDelivering } from '../contract/webhook-fixture.ts';
import { alice } from '../contract/api-samples.ts';
import { readRuns } from '../crash/histories.ts';
import { createTestDatabase } from '../support/database.ts';
import { testSealer } from '../support/events.ts';
import { GoalBench } from '../support/goals.ts';
import { startInstallation } from '../support/installation.ts';
import { Receiver } from '../support/receiver.ts';
import { detours } from './detours.ts';
import { endings } from './endings.ts';
import { keepHistory, namesKept } from './history-files.ts';
import manifest from '../../package.json' with { type: 'json' };

const { version } = manifest;
const kept = namesKept(version);
const missing = Object.entries({ ...endings, ...detours }).filter(([name]) => !kept.has(name));

describe.skipIf(missing.length === 0)('goals', () => {
  let bench: GoalBench;
  beforeAll(async () => {
    bench = await GoalBench.start();
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  it.each(missing)('%s', async (name, { planner, prepare, input, during, ends }) => {
    Object.assign(bench.provider, { script: [], blind: false, failUndo: null, refusal: null });
    bench.planner = planner;
    bench.reads['listEvents'] = () => ({ value: { events: [] }, trust: 'untrusted', origins: [] });
    bench.reads['readThread'] = () => {
      throw failure('NotFoundError', 'No such thing.');
    };
    const prepared = await prepare?.(bench);
    const goal = await bench.goal({ ...input, ...prepared });
    await during?.(goal);
    expect((await goal.result()).state).toBe(ends);
    const runs = await readRuns(bench.client, goal.input.goalId);
    for (const [i, events] of runs.entries()) {
      const file = runs.length === 1 ? name : `${name}-run-${i + 1}`;
      await keepHistory(version, file, { events }, bench.database.pool);
    }
  });
});

const children = [
  { name: 'research', goal: 'Research solid state batteries', idOf: researchWorkflowId },
  { name: 'triage', goal: 'Triage my inbox', idOf: triageWorkflowId },
];
it.each(children.filter(({ name }) => !kept.has(`${name}-child`)))(
  'a goal with a $name child, and the child',
  async ({ name, goal, idOf }) => {
    await using installation = await startInstallation();
    const handle = await installation.start(goal, { protocol: 2 });
    expect((await handle.result()).state).toBe('completed');
    const { pool } = installation;
    await keepHistory(version, `${name}-goal`, await handle.fetchHistory(), pool);
    const { steps } = await handle.query<GoalView>('getGoal');
    const [step] = steps;
    const goalId = goalIdOfWorkflow(handle.workflowId)!;
    const child = idOf(goalId, step!.id as StepId, step!.revision);
    const history = await handle.client.getHandle(child).fetchHistory();
    await keepHistory(version, `${name}-child`, history, pool);
  },
);

it.skipIf(kept.has('webhook'))('a delivery to a webhook', async () => {
  await using database = await createTestDatabase();
  await using receiver = await new Receiver().start();
  const sealer = testSealer();
  await using bench = await startDelivering(database, sealer);
  const store = createWebhookStore(database.pool, sealer);
  const endpoint = await store.create(alice, { url: receiver.url }, await bench.deps.feed.end());
  const goal = await journaledGoal(database);
  await goal.happen();
  await bench.dispatch(1);
  const delivery = bench.client.workflow.getHandle(
    webhookWorkflowId(endpoint!.webhook.id, goal.goalId, 1),
  );
  expect(await delivery.result()).toBeDefined();
  await keepHistory(version, 'webhook', await delivery.fetchHistory(), database.pool);
});
