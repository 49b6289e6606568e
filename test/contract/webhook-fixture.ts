/** Webhooks end to end: a real receiver, real workflows on the real server, the real activity. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NativeConnection, Worker } from '@temporalio/worker';
import { createWebhookActivities } from '#activities/webhooks/deliver.ts';
import { publishEvents, publishGoal } from '#activities/journal/publish.ts';
import { createJournalFeed } from '#api/events/journal-feed.ts';
import { newGoalId } from '#api/goals/goal-id.ts';
import { type DispatchDeps, dispatchWebhooks } from '#api/webhooks/dispatcher.ts';
import { createDeliveryStarter } from '#api/webhooks/start-delivery.ts';
import type { JournalEvent } from '#contracts/journal.ts';
import type { JsonObject } from '#contracts/json.ts';
import { queueName } from '#contracts/names.ts';
import type { Sealer } from '#infra/sealing.ts';
import { workflowBundle } from '#workers/bundle.ts';
import { alice, viewOf } from './api-samples.ts';
import type { TestDatabase } from '../support/database.ts';
import { connectTestClient, connectTestWorker, uniqueQueue } from '../support/temporal.ts';
import '../support/quiet-runtime.ts';

/** Workers that deliver, and a dispatcher that is run by hand. */
export async function startDelivering(database: TestDatabase, sealer: Sealer) {
  const prefix = uniqueQueue('webhooks');
  const [client, connection]: [Awaited<ReturnType<typeof connectTestClient>>, NativeConnection] =
    await Promise.all([connectTestClient(), connectTestWorker()]);
  const { pool } = database;
  const workers = await Promise.all([
    Worker.create({
      connection,
      taskQueue: queueName(prefix, 'goals'),
      workflowBundle: await workflowBundle(join(tmpdir(), 'adjutant-test-bundles')),
    }),
    Worker.create({
      connection,
      taskQueue: queueName(prefix, 'connectors'),
      activities: createWebhookActivities({ pool, sealer, mode: 'sandbox', timeoutMs: 1_000 }),
    }),
  ]);
  const runs = workers.map((worker) => worker.run());
  const deps: DispatchDeps = {
    pool,
    feed: createJournalFeed(pool),
    startDelivery: createDeliveryStarter(client.client, prefix),
    scheduleMs: [100, 100],
  };
  return {
    prefix,
    client: client.client,
    /** Dispatches until this many events were; other databases may hold the journal's end back. */
    async dispatch(count: number, changes: Partial<DispatchDeps> = {}): Promise<void> {
      for (let done = 0, i = 0; done < count; i += 1) {
        done += (await dispatchWebhooks({ ...deps, ...changes })) ?? 0;
        if (i > 400) throw new Error(`${done} of ${count} events were dispatched`);
        if (done < count) await sleep(25);
      }
    },
    deps,
    async [Symbol.asyncDispose]() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(runs);
      await connection.close();
      await client[Symbol.asyncDispose]();
    },
  };
}

/** A goal with a journal, written as the worker writes it. */
export async function journaledGoal({ pool }: TestDatabase, owner: string = alice) {
  const goal = viewOf(newGoalId(), owner);
  await publishGoal(pool, { goal, approvals: [], events: [], journalNumber: 0 });
  let number = 0;
  const told: JournalEvent[] = [];
  return {
    goalId: goal.id,
    /** Publishes everything once more, as a rebuild does. */
    happenAgain: () => publishEvents(pool, goal.id, told),
    async happen(type: JournalEvent['type'] = 'step_started', data: JsonObject = {}) {
      number += 1;
      const at = new Date().toISOString();
      const event: JournalEvent = { number, at, type, stepId: 'find', data };
      told.push(event);
      await publishEvents(pool, goal.id, [event]);
      return `evt_${goal.id}_${number}`;
    },
  };
}
