/** Large values leave a goal's history for Postgres: what it saves, and what it must not change. */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { canonicalJson } from '#contracts/canonical.ts';
import type { JsonObject } from '#contracts/json.ts';
import { dataConverter } from '#infra/postgres/payload-storage.ts';
import { workflowBundle } from '#workers/bundle.ts';
import { withStoredPayloads } from '../replay/history-files.ts';
import { databaseOutage } from '../support/database.ts';
import { GoalBench, plan, type RunningGoal, step } from '../support/goals.ts';

const mail = { to: ['bob@office.example.com'], subject: 'Hi', body: 'Hello Bob' };
const referenceMarker = 'ExternalStorageReference';
const stored = 'Postgres did not answer for a stored payload.';

let bench: GoalBench;
beforeAll(async () => {
  bench = await GoalBench.start();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(() => bench.provider.done.clear());

function windowOf({ window }: JsonObject): string {
  return typeof window === 'string' ? window : '';
}

/** Plans reads in a row, each with an output of about so many characters, all different. */
function planReads(count: number, chars: number): void {
  bench.reads['listEvents'] = ({ input }) => ({
    value: { events: [`${windowOf(input)} `.repeat(chars / 3).slice(0, chars)] },
    trust: 'untrusted',
    origins: [],
  });
  const reads = Array.from({ length: count }, (_, i) =>
    step(
      `s${i}`,
      'listEvents',
      { window: String(10 + i) },
      { dependsOn: i === 0 ? [] : [`s${i - 1}`] },
    ),
  );
  bench.planner = () => plan(...reads);
}

async function historyBytes(goal: RunningGoal): Promise<number> {
  return (await goal.handle.describe()).historySize ?? Number.NaN;
}

async function storedRows({ handle: { workflowId } }: RunningGoal): Promise<number> {
  const { rows } = await bench.database.pool.query<{ count: number }>(
    'select count(*)::int as count from stored_payloads where workflow_id = $1',
    [workflowId],
  );
  return rows[0]!.count;
}

async function failedTasks(goal: RunningGoal): Promise<string[]> {
  const { events } = await goal.handle.fetchHistory();
  return (events ?? []).flatMap(
    (event) => event.workflowTaskFailedEventAttributes?.failure?.message ?? [],
  );
}

it('five results of 100 KB leave a history 50 times smaller than they are', async () => {
  planReads(5, 100_000);
  const goal = await bench.goal();
  expect((await goal.result()).state).toBe('completed');
  // A hand-written workflow has each result in its history once, and once more where it is passed on.
  expect(await historyBytes(goal)).toBeLessThanOrEqual((2 * 500_000) / 50);
  expect(await storedRows(goal)).toBe(5);
  expect((await goal.view()).steps.map(({ output }) => JSON.stringify(output).length)).toEqual(
    Array.from({ length: 5 }, () => expect.toSatisfy((chars: number) => chars > 100_000)),
  );
});

it('the bytes of a step do not depend on the size of its result', async () => {
  const bytes: number[] = [];
  for (const chars of [20_000, 190_000]) {
    planReads(2, chars);
    const goal = await bench.goal();
    await goal.result();
    bytes.push(await historyBytes(goal));
  }
  expect(Math.abs(bytes[0]! - bytes[1]!)).toBeLessThan(100);
});

it('a history with references replays with the storage, or with its payloads put back', async () => {
  planReads(1, 100_000);
  const goal = await bench.goal();
  await goal.result();
  const history = await goal.handle.fetchHistory();
  const options = {
    workflowBundle: await workflowBundle(join(tmpdir(), 'adjutant-test-bundles')),
    sinks: { exporter: { export: { fn: () => undefined, callDuringReplay: false } } },
  };
  const { pool } = bench.database;
  const before = await storedRows(goal);
  await Worker.runReplayHistory({ ...options, dataConverter: dataConverter(pool) }, history);
  expect(await storedRows(goal)).toBe(before);
  await expect(Worker.runReplayHistory(options, history)).rejects.toThrow('not configured');
  await Worker.runReplayHistory(options, await withStoredPayloads(history, pool));
});

it('an edited mail of 50,000 characters is sent as it was written', async () => {
  bench.planner = () => plan(step('send', 'sendEmail', mail));
  const goal = await bench.goal();
  const [approval] = await goal.approvals();
  const before = await historyBytes(goal);
  const edited = { ...mail, body: 'Dear Bob, '.repeat(5_000) };
  const outcome = await goal.decide(approval!, { verdict: 'edit', input: edited });
  expect(outcome).toMatchObject({ outcome: 'applied' });
  expect((await goal.result()).state).toBe('completed');
  expect((await historyBytes(goal)) - before).toBeLessThan(20_000);
  const { rows } = await bench.database.pool.query<{ content: { payload: { body: string } } }>(
    `select p.content from effects e join payloads p using (digest)
      where e.goal_id = $1 and e.state = 'confirmed'`,
    [goal.input.goalId],
  );
  expect(canonicalJson(rows[0]!.content)).toContain(edited.body);
});

it('a goal with a large context starts, and its planner gets it whole', async () => {
  let seen = '';
  bench.planner = ({ context }) => {
    seen = context;
    return plan();
  };
  const context = 'All that is known. '.repeat(10_000);
  const goal = await bench.goal({ context });
  await goal.result();
  expect(seen).toBe(context);
  expect(await historyBytes(goal)).toBeLessThan(10_000);
});

it('looking at a goal stores nothing', async () => {
  planReads(2, 190_000);
  const goal = await bench.goal();
  await goal.result();
  const before = await storedRows(goal);
  const views = [await goal.view(), await goal.view()];
  expect(JSON.stringify(views[0]).length).toBeGreaterThan(2 * 190_000);
  expect(await storedRows(goal)).toBe(before);
});

it('a goal too large for a message can be looked at, and stores that look once', async () => {
  planReads(12, 190_000); // More than the 2 MiB a payload may have.
  const goal = await bench.goal();
  expect((await goal.result()).state).toBe('completed');
  const before = await storedRows(goal);
  expect(before).toBe(12); // Its results, and no view that was published on the way.
  for (let i = 0; i < 3; i += 1) {
    expect(JSON.stringify(await goal.view()).length).toBeGreaterThan(12 * 190_000);
  }
  expect(await storedRows(goal)).toBeLessThanOrEqual(before + 1);
});

it('the current details reach the Web UI however long they are', async () => {
  bench.planner = () =>
    plan(
      ...Array.from({ length: 20 }, (_, i) =>
        step(`s${i}`, 'sendEmail', mail, { rationale: 'because it matters '.repeat(20) }),
      ),
    );
  const goal = await bench.goal();
  await goal.approvals(20);
  const { queryResult } = await bench.client.workflowService.queryWorkflow({
    namespace: 'default',
    execution: { workflowId: goal.handle.workflowId },
    query: { queryType: '__temporal_workflow_metadata' },
  });
  const [payload] = queryResult?.payloads ?? [];
  expect(payload?.data?.length).toBeGreaterThan(8 * 1024);
  expect(Buffer.from(payload!.data!).toString()).toContain('awaiting_approval');
  await goal.handle.terminate();
});

it('a message whose content is lost is refused like any that cannot be read', async () => {
  bench.planner = () => plan(step('send', 'sendEmail', mail));
  const goal = await bench.goal();
  const [approval] = await goal.approvals();
  const claimData = { workflowId: goal.handle.workflowId, digest: '00'.repeat(32) };
  await bench.client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: goal.handle.workflowId },
    signalName: 'decideApproval',
    requestId: randomUUID(),
    input: {
      payloads: [
        {
          metadata: {
            encoding: Buffer.from('json/protobuf'),
            messageType: Buffer.from(`temporal.api.sdk.v1.${referenceMarker}`),
          },
          data: Buffer.from(JSON.stringify({ driverName: 'adjutant-postgres', claimData })),
        },
      ],
    },
  });
  expect(await goal.decide(approval!)).toMatchObject({ outcome: 'applied' });
  expect((await goal.result()).state).toBe('completed');
  expect(await goal.journalTypes()).toContain('decision_refused');
  expect(await failedTasks(goal)).toEqual([]);
});

it.each([
  ['for a moment delays a workflow task', 1_500, []],
  // The first attempt's failure is in the history; further ones the SDK lets time out.
  ['for longer fails the task, never the goal', 8_500, [stored]],
] as const)('Postgres going away %s', async (_, outageMs, failures) => {
  const outage = databaseOutage(bench.database);
  let back = Promise.resolve();
  bench.reads['findContact'] = async () => {
    await sleep(300); // The journal is published meanwhile.
    await outage.begin();
    back = sleep(outageMs).then(() => outage.end());
    return { value: { note: 'n'.repeat(7_000) }, trust: 'trusted', origins: [] };
  };
  const twice = { window: '{{steps.a.output.note}} {{steps.a.output.note}}' };
  bench.reads['listEvents'] = ({ input }) => ({
    value: { events: [windowOf(input)] },
    trust: 'trusted',
    origins: [],
  });
  bench.planner = () =>
    plan(step('a', 'findContact'), step('b', 'listEvents', twice, { dependsOn: ['a'] }));
  const goal = await bench.goal();
  const { state } = await goal.result();
  await back;
  expect(state).toBe('completed');
  expect(await failedTasks(goal)).toEqual(failures);
  expect((await goal.view()).steps[1]?.output?.value).toEqual({
    events: [`${'n'.repeat(7_000)} ${'n'.repeat(7_000)}`],
  });
});
