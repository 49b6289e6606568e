/** The sweep of stored payloads against a real Temporal: it deletes orphans and nothing else. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { workflowExists } from '#api/payload-sweep.ts';
import { limits } from '#contracts/limits.ts';
import { goalWorkflowId, researchWorkflowId, type StepId } from '#contracts/names.ts';
import { dataConverter } from '#infra/postgres/payload-storage.ts';
import { sweepPayloads } from '#infra/postgres/payload-sweep.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { newGoalId } from '../support/effects.ts';
import { uniqueQueue } from '../support/temporal.ts';

let database: TestDatabase;
let client: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  const connection = await connectClient(inject('temporalAddress'));
  client = new Client({ connection, dataConverter: dataConverter(database.pool) });
});
afterAll(async () => {
  await client.connection.close();
  await database[Symbol.asyncDispose]();
});

/** Starts a workflow that no worker ever runs, with an input that is stored. */
async function start(workflowId: string): Promise<void> {
  await client.workflow.start('goalWorkflow', {
    workflowId,
    taskQueue: uniqueQueue('nobody'),
    args: ['x'.repeat(20_000)],
  });
}

/** Deletes a workflow as Temporal does when its retention has passed. */
async function remove(workflowId: string): Promise<void> {
  const workflowExecution = { workflowId };
  await client.workflowService.deleteWorkflowExecution({ namespace: 'default', workflowExecution });
  while (await workflowExists(client, workflowId)) await sleep(50);
}

const sweep = (graceMs = 0, exists = (id: string) => workflowExists(client, id)) =>
  sweepPayloads({ pool: database.pool, exists, graceMs });

async function stored(): Promise<string[]> {
  const { rows } = await database.pool.query<{ id: string }>(
    'select workflow_id as id from stored_payloads order by 1',
  );
  return rows.map(({ id }) => id);
}

it('what a deleted workflow had stored goes; what an open or closed one needs stays', async () => {
  const [open, closed, deleted] = [newGoalId(), newGoalId(), newGoalId()].map(goalWorkflowId);
  for (const id of [open!, closed!, deleted!]) await start(id);
  await client.workflow.getHandle(closed!).terminate();
  await remove(deleted!);
  expect(await sweep()).toBe(1);
  expect(new Set(await stored())).toEqual(new Set([open, closed]));
  expect(await sweep()).toBe(0);
  await Promise.all([open, closed].map((id) => remove(id!)));
  expect(await sweep()).toBe(2);
});

it('what a child had stored stays as long as its goal', async () => {
  const goalId = newGoalId();
  const child = researchWorkflowId(goalId, 's1' as StepId, 1);
  for (const id of [goalWorkflowId(goalId), child]) await start(id);
  await remove(child);
  expect(await sweep()).toBe(0);
  await remove(goalWorkflowId(goalId));
  expect(await sweep()).toBe(2);
});

it('an orphan is kept for the grace, and no longer one when it is stored again', async () => {
  const id = goalWorkflowId(newGoalId());
  await start(id);
  await remove(id);
  expect(await sweep(limits.payloadGraceMs)).toBe(0);
  const age = async (column: 'created_at' | 'orphaned_at') =>
    database.pool.query(`update stored_payloads set ${column} = now() - interval '8 days'`);
  await age('created_at');
  expect(await sweep(limits.payloadGraceMs)).toBe(0); // Found without a workflow for the first time.
  await age('orphaned_at');
  await start(id);
  await remove(id);
  expect(await sweep(limits.payloadGraceMs)).toBe(0);
  await age('orphaned_at');
  expect(await sweep(limits.payloadGraceMs)).toBe(1);
});

it('a workflow that is found again takes the mark off what it stored', async () => {
  const id = goalWorkflowId(newGoalId());
  await start(id);
  await database.pool.query(`update stored_payloads set created_at = now() - interval '8 days'`);
  await sweep(limits.payloadGraceMs, () => Promise.resolve(false));
  await sweep(limits.payloadGraceMs);
  const { rows } = await database.pool.query('select orphaned_at from stored_payloads');
  expect(rows).toEqual([{ orphaned_at: null }]);
  await remove(id);
  expect(await sweep()).toBe(1);
});

it('nothing is deleted when Temporal cannot say, or knows no such namespace', async () => {
  const id = goalWorkflowId(newGoalId());
  await start(id);
  const elsewhere = new Client({ connection: client.connection, namespace: 'elsewhere' });
  await expect(sweep(0, (one) => workflowExists(elsewhere, one))).rejects.toThrow('elsewhere');
  await expect(sweep(0, () => Promise.reject(new Error('Temporal is away')))).rejects.toThrow(
    'Temporal is away',
  );
  expect(await stored()).toEqual([id]);
});

it('more workflows than one batch are all looked at', async () => {
  await database.pool.query('delete from stored_payloads');
  await database.pool.query(
    `insert into stored_payloads (workflow_id, digest, metadata, data)
      select 'goal:' || lpad(n::text, 26, '0'), '\\x00', '{}', '\\x00' from generate_series(1, 150) n`,
  );
  const open = goalWorkflowId(newGoalId());
  await start(open);
  expect(await sweep()).toBe(150);
  expect(await stored()).toEqual([open]);
});
