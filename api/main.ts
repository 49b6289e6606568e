/**
 * The api process: reads the configuration, connects, listens, and stops cleanly. It serves also
 * while Temporal or Postgres are away, and says so, instead of dying with them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { ConfigError, loadConfig, readSecret, requireSetting } from '#infra/config.ts';
import { createLogger } from '#infra/logger.ts';
import { createMetrics } from '#infra/metrics.ts';
import { dataConverter } from '#infra/postgres/payload-storage.ts';
import { createPool } from '#infra/postgres/pool.ts';
import { createSealer } from '#infra/sealing.ts';
import { lazyConnection } from '#infra/temporal/connection.ts';
import { startTelemetry } from '#infra/telemetry.ts';
import { limits } from '#contracts/limits.ts';
import { createAccountStore } from './accounts/account-store.ts';
import { createAccountRequests } from './accounts/account-requests.ts';
import { createSignInStore } from './accounts/sign-in-store.ts';
import { createApprovalStore } from './approvals/approval-store.ts';
import { createDecisionSigner } from './approvals/decision-signature.ts';
import { createReconnector } from './approvals/reconnect.ts';
import { createTokenAuth, firstOf } from './auth.ts';
import { createPeopleStore } from './directory/people-store.ts';
import { createJournalFeed } from './events/journal-feed.ts';
import { createJournalWatch } from './events/journal-watch.ts';
import { createGoalClient } from './goal-client.ts';
import { createGoalStore } from './goals/goal-store.ts';
import { reconcileStarts } from './goals/start-goal.ts';
import { startHoldExpiry } from './goals/hold-expiry.ts';
import { createSweeper } from './goals/sweep.ts';
import { startPayloadSweep } from './payload-sweep.ts';
import { createFileKeeper } from './mail/document-store.ts';
import { startFileSweep } from './mail/file-sweep.ts';
import { createStyleStore } from './mail/style-store.ts';
import { createMemberAuth, createMemberStore } from './members/member-store.ts';
import { createRuleStore } from './rules/rule-store.ts';
import { createTriageStore } from './triage/triage-store.ts';
import { createUsageStore } from './usage/usage-store.ts';
import { buildServer } from './server.ts';
import { runDispatcher } from './webhooks/run-dispatcher.ts';
import { createDeliveryStarter } from './webhooks/start-delivery.ts';
import { createWebhookStore } from './webhooks/webhook-store.ts';

async function main(): Promise<void> {
  const config = loadConfig();
  const logger = createLogger({ name: 'api', level: config.logLevel });
  const telemetry = await startTelemetry({ serviceName: 'adjutant-api', config });
  const owner = requireSetting(config.owner, 'ADJUTANT_OWNER', 'name the owner as name@domain');
  const databaseUrl = requireSetting(config.postgres.url, 'DATABASE_URL', 'npm start sets it');
  const token = config.api.token ?? readSecret(config.api.tokenFile);

  const pool = createPool({
    url: databaseUrl,
    applicationName: 'adjutant-api',
    onIdleError: (error) => logger.warn({ err: error }, 'idle database connection lost'),
  });
  const connection = lazyConnection(config.temporal.address);
  const goals = createGoalStore(pool);
  const client = new Client({
    connection,
    namespace: config.temporal.namespace,
    dataConverter: dataConverter(pool),
    interceptors: telemetry.client,
  });
  const goalClient = createGoalClient({ client, queuePrefix: config.taskQueue });
  const feed = createJournalFeed(pool);
  const members = createMemberStore(pool);
  const metrics = createMetrics(pool);
  const app = await buildServer({
    authenticate: firstOf(
      createTokenAuth([{ token, principal: { owner, actor: owner } }]),
      createMemberAuth(members),
    ),
    goals,
    approvals: createApprovalStore(pool),
    people: createPeopleStore(pool),
    feed,
    watch: createJournalWatch({
      feed,
      onError: (error) => logger.warn({ err: error }, 'the journal cannot be read'),
    }),
    webhooks: createWebhookStore(pool, createSealer(readSecret(config.keys.webhooksFile))),
    members,
    rules: createRuleStore(pool),
    triage: createTriageStore(pool),
    files: createFileKeeper(pool),
    style: createStyleStore(pool),
    usage: createUsageStore(pool, config.dayBudget),
    accounts: createAccountStore(pool),
    signIns: createSignInStore(pool),
    runAccountRequest: createAccountRequests(client, config.taskQueue),
    publicUrl: config.api.publicUrl,
    goalClient,
    sendDelayMs: config.sendDelayMs,
    signDecision: createDecisionSigner(readSecret(config.keys.decisionPrivateFile)),
    defaultZone: config.zone,
    checkPostgres: () => answersInTime(pool.query('select 1')),
    renderMetrics: () => metrics.render(),
    httpMetrics: metrics,
    version: config.release.version,
    logger,
  });

  const reconnect = createReconnector({ pool, goalClient });
  const reconcile = () => {
    reconcileStarts({ goals, goalClient }).then(
      (count) => count > 0 && logger.info({ count }, 'kept goals started'),
      (error: unknown) => logger.warn({ err: error }, 'kept goals could not be started yet'),
    );
    reconnect().then(
      (count) => count > 0 && logger.info({ count }, 'goals told that their account works again'),
      (error: unknown) => logger.warn({ err: error }, 'could not look for reconnected accounts'),
    );
  };
  reconcile();
  const reconciler = setInterval(reconcile, limits.startReconcileMs);
  const stopSweep = startPayloadSweep({ pool, client, logger });
  const stopExpiry = startHoldExpiry({ pool, goals, goalClient, logger });
  const stopFileSweep = startFileSweep({ pool, keepDays: config.fileDays, logger });

  const dispatcher = runDispatcher({
    pool,
    feed,
    startDelivery: createDeliveryStarter(client, config.taskQueue),
    onError: (error) => logger.warn({ err: error }, 'webhooks could not be dispatched'),
  });
  const sweep = createSweeper({ pool, goals, goalClient });
  const sweeper = setInterval(() => {
    sweep().then(
      (count) => count > 0 && logger.info({ count }, 'clearing up after goals ended from outside'),
      (error: unknown) => logger.warn({ err: error }, 'goals could not be swept yet'),
    );
  }, limits.sweepEveryMs);

  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    clearInterval(reconciler);
    stopSweep();
    stopExpiry();
    stopFileSweep();
    clearInterval(sweeper);
    await Promise.all([app.close(), dispatcher.stop()]);
    await Promise.allSettled([pool.end(), connection.close(), telemetry.stop()]);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop().then(
        () => process.exit(0),
        (error: unknown) => {
          logger.error({ err: error }, 'stopped with an error');
          process.exit(1);
        },
      );
    });
  }
  const url = await app.listen({ host: config.api.host, port: config.api.port });
  process.stdout.write(`${JSON.stringify({ ready: 'api', url })}\n`);
}

/** The pool waits longer for a connection than whoever asks whether the api is ready. */
async function answersInTime(answer: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const timeout = sleep(limits.readyTimeoutMs, undefined, { signal: late.signal }).then(() => {
    throw new Error('Postgres did not answer in time.');
  });
  try {
    await Promise.race([answer, timeout]);
  } finally {
    late.abort();
    timeout.catch(() => undefined);
    answer.catch(() => undefined);
  }
}

try {
  await main();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `${error instanceof ConfigError ? message : `The api cannot start: ${message}`}\n`,
  );
  process.exit(1);
}
