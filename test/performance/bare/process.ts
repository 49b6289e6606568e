/**
 * The bare workers as a process: `process.ts ADDRESS BUNDLE-FOLDER`. Prints one JSON line when it is
 * ready and runs until SIGTERM. It builds no bundle unless there is none.
 */
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { connectClient } from '#infra/temporal/connection.ts';
import { makeCurrent } from '#workers/deployment.ts';
import { bareBundle, createBareWorkers } from './worker.ts';

const [address, directory] = process.argv.slice(2);
if (address === undefined || directory === undefined) throw new Error('usage: ADDRESS FOLDER');
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const release = { deployment: 'bare', buildId: 'bench' };
const connection = await NativeConnection.connect({ address });
const workers = await createBareWorkers({
  connection,
  queuePrefix: 'bare',
  workflowBundle: await bareBundle(directory),
  release,
  sendEmail: () => Promise.resolve(),
});
const runs = workers.map((worker) => worker.run());
const client = new Client({ connection: await connectClient(address) });
await makeCurrent(client, 'default', release);
await client.connection.close();
process.once('SIGTERM', () => workers.forEach((worker) => worker.shutdown()));
process.stdout.write(`${JSON.stringify({ ready: 'bare' })}\n`);
await Promise.all(runs);
await connection.close();
