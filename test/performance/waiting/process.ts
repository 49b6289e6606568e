/**
 * One arm's workers as a process: `process.ts OPTIONS-AS-JSON`. Prints a JSON line when it is ready and
 * then one about itself four times a second, until SIGTERM.
 */
import { createPublicKey } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createPool } from '#infra/postgres/pool.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { makeCurrent } from '#workers/deployment.ts';
import { bareBundle, createBareWorkers } from '../bare/worker.ts';
import { createProductWorkers } from '../product-workers.ts';
import { proposePlan } from '../scripted.ts';
import { act, actingHandler } from './counted-acts.ts';

/** What the process is told. */
export type ProcessOptions = {
  readonly arm: 'ours' | 'bare';
  readonly address: string;
  readonly databaseUrl: string;
  /** Folder of the bundles. */
  readonly directory: string;
  /** Hex. */
  readonly ledgerKey: string;
  /** PEM. */
  readonly decisionPublicKey: string;
};

/** What it says of itself. */
export type ProcessStatus = {
  readonly cachedWorkflows: number;
  /** Plans made since the start. */
  readonly planned: number;
  readonly rssBytes: number;
  /** Processor time since the start. */
  readonly cpuMs: number;
};

const everyMs = 250;

const options = JSON.parse(process.argv[2] ?? '{}') as ProcessOptions;
const { arm, address, directory } = options;
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const release = { deployment: arm, buildId: 'bench' };
const connection = await NativeConnection.connect({ address });
const pool = createPool({ url: options.databaseUrl, applicationName: `bench-${arm}` });
let planned = 0;
const planner: typeof proposePlan = (request) => {
  planned += 1;
  return proposePlan(request);
};
const workers =
  arm === 'ours'
    ? await createProductWorkers({
        connection,
        pool,
        directory,
        release,
        keys: {
          ledgerKey: Buffer.from(options.ledgerKey, 'hex'),
          decisionPublicKey: createPublicKey(options.decisionPublicKey),
        },
        handlers: [actingHandler(pool, arm)],
        planner,
      })
    : await createBareWorkers({
        connection,
        queuePrefix: arm,
        workflowBundle: await bareBundle(directory),
        release,
        sendEmail: () => act(pool, arm, Context.current().info.workflowExecution?.workflowId ?? ''),
        planner,
      });
const runs = workers.map((worker) => worker.run());
const client = new Client({ connection: await connectClient(address) });
await makeCurrent(client, 'default', release);
await client.connection.close();
// Asked for before memory is read, so that what is read is kept and not merely not yet swept.
process.on('SIGUSR2', () => globalThis.gc?.());
process.once('SIGTERM', () => workers.forEach((worker) => worker.shutdown()));
process.stdout.write(`${JSON.stringify({ ready: arm })}\n`);
const timer = setInterval(() => {
  const cpu = process.cpuUsage();
  const status: ProcessStatus = {
    cachedWorkflows: workers.reduce(
      (sum, worker) => sum + worker.getStatus().numCachedWorkflows,
      0,
    ),
    planned,
    rssBytes: process.memoryUsage.rss(),
    cpuMs: (cpu.user + cpu.system) / 1_000,
  };
  process.stdout.write(`${JSON.stringify(status)}\n`);
}, everyMs);
await Promise.all(runs);
clearInterval(timer);
await connection.close();
await pool.end();
