/** The worker process: reads the configuration, hosts its queues, and stops cleanly. */
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime } from '@temporalio/worker';
import { ConfigError, loadConfig, requireSetting } from '#infra/config.ts';
import { createLogger, type Logger } from '#infra/logger.ts';
import { createPool } from '#infra/postgres/pool.ts';
import { connectClient } from '#infra/temporal/connection.ts';
import { startTelemetry } from '#infra/telemetry.ts';
import { activityLog } from '#infra/telemetry/activity-log.ts';
import { workflowBundle } from './bundle.ts';
import { createDependencies } from './dependencies.ts';
import { makeCurrent } from './deployment.ts';
import { runtimeLogger } from './runtime-log.ts';
import { createWorkers } from './worker.ts';

async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger({ name: 'worker', level: config.logLevel });
  const telemetry = await startTelemetry({ serviceName: 'adjutant-worker', config });
  installRuntime(logger, config.worker.metricsPort);
  const url = requireSetting(config.postgres.url, 'DATABASE_URL', 'npm start sets it');
  const pool = createPool({
    url,
    applicationName: 'adjutant-worker',
    onIdleError: (error) => logger.warn({ err: error }, 'idle database connection lost'),
  });
  const { address, namespace } = config.temporal;
  const [connection, activities, bundle] = await Promise.all([
    NativeConnection.connect({ address }),
    createDependencies(config, pool),
    workflowBundle(join(config.stateDir, 'bundles')),
  ]);
  const { deployment, buildId } = config.release;
  const workers = await createWorkers({
    connection,
    namespace,
    queuePrefix: config.taskQueue,
    roles: config.worker.roles,
    activities,
    pool,
    workflowBundle: bundle,
    maxCachedWorkflows: config.worker.maxCachedWorkflows,
    release: { deployment, buildId },
    interceptors: {
      ...telemetry.worker,
      activity: [...(telemetry.worker.activity ?? []), activityLog(logger)],
    },
    sinks: telemetry.sinks,
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => workers.forEach((worker) => stop(worker)));
  }
  const runs = workers.map((worker) => worker.run());
  if (config.worker.makeCurrent && config.worker.roles.includes('goals')) {
    const client = new Client({ connection: await connectClient(address) });
    await makeCurrent(client, namespace, { deployment, buildId });
    await client.connection.close();
  }
  process.stdout.write(`${JSON.stringify({ ready: 'worker' })}\n`);
  await Promise.all(runs);
  await connection.close();
  await pool.end();
  await telemetry.stop();
}

function stop(worker: { getState(): string; shutdown(): void }): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

function installRuntime(logger: Logger, metricsPort: number | undefined): void {
  Runtime.install({
    logger: runtimeLogger(logger),
    shutdownSignals: [],
    ...(metricsPort === undefined
      ? {}
      : {
          telemetryOptions: {
            metrics: { prometheus: { bindAddress: `127.0.0.1:${metricsPort}` } },
          },
        }),
  });
}

try {
  await main();
  process.exit(0);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `${error instanceof ConfigError ? message : `The worker cannot start: ${message}`}\n`,
  );
  process.exit(1);
}
