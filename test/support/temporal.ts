/** Connects a test to the shared Temporal server, with a queue of its own, and keeps evidence. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { NativeConnection } from '@temporalio/worker';
import { connectClient } from '#infra/temporal/connection.ts';
import { inject, onTestFailed } from 'vitest';

/** A client whose connection is closed when disposed. */
export type TestClient = AsyncDisposable & { readonly client: Client };

/** Connects a client to the server of this run. */
export async function connectTestClient(): Promise<TestClient> {
  const connection = await connectClient(inject('temporalAddress'));
  return {
    client: new Client({ connection }),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

/** Connects a worker to the server of this run; the caller closes it after the worker. */
export function connectTestWorker(): Promise<NativeConnection> {
  return NativeConnection.connect({ address: inject('temporalAddress') });
}

/** A task queue prefix that no other test uses. */
export function uniqueQueue(name: string): string {
  return `test-${name}-${randomBytes(5).toString('hex')}`;
}

/** Writes the history of a workflow to a file when the current test fails. Call it inside a test. */
export function keepHistoryOnFailure(client: Client, workflowId: string): void {
  onTestFailed(async () => {
    const history = await client.workflow.getHandle(workflowId).fetchHistory();
    const dir = join(tmpdir(), 'adjutant-test-histories');
    mkdirSync(dir, { recursive: true });
    const file = join(dir, `${workflowId.replaceAll(/[^\w-]/g, '_')}.json`);
    writeFileSync(file, historyToJSON(history));
    console.log(`history kept in ${file}`);
  });
}
