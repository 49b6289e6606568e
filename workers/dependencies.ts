/** Wires every activity from the configuration. The one place where clients, keys and stores meet. */
import { createPublicKey } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Pool } from 'pg';
import { createDayBudgets } from '#activities/budgets/day-budgets.ts';
import { createCalendarReads } from '#activities/calendar/activities.ts';
import { createCalendarHandlers } from '#activities/calendar/effects.ts';
import { createDocumentStore } from '#activities/documents.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import { createEmailReads } from '#activities/email/activities.ts';
import { createEmailHandlers } from '#activities/email/effects.ts';
import { createSignatures } from '#activities/email/signatures.ts';
import { createFileStore } from '#activities/files.ts';
import { createActivities } from '#activities/index.ts';
import { createComposeEmail } from '#activities/language/compose-email.ts';
import { createLearnTone } from '#activities/language/learn-tone.ts';
import { createToneStore } from '#activities/language/tone-store.ts';
import { createSummarize } from '#activities/language/summarize.ts';
import { createReadTimeReply } from '#activities/language/time-reply.ts';
import { createDirectory } from '#activities/people.ts';
import {
  createModelClient,
  type ModelClient,
  type ModelClientOptions,
} from '#activities/planner/model.ts';
import { createPlannerActivities } from '#activities/planner/propose.ts';
import { createProviderHealth, waitTimes } from '#activities/providers/health.ts';
import { createProviderWaits } from '#activities/providers/waits.ts';
import { createResearchActivities } from '#activities/research/activities.ts';
import { createTriageActivities } from '#activities/triage/activities.ts';
import { createTriageStore } from '#activities/triage/store.ts';
import { createWebhookActivities } from '#activities/webhooks/deliver.ts';
import type { AllActivities } from '#contracts/activities.ts';
import { type Config, readSecret, requireSetting } from '#infra/config.ts';
import { createSealer } from '#infra/sealing.ts';
import { connectedAccounts, egressModeOf } from './accounts.ts';

const publicModelApi = 'https://api.openai.com/v1';
const publicSearchApi = 'https://api.tavily.com';

/** Builds all activities of this installation. @throws ConfigError when a setting is missing */
export async function createDependencies(config: Config, pool: Pool): Promise<AllActivities> {
  const directory = createDirectory(pool);
  const documents = createDocumentStore(pool);
  const health = createProviderHealth(createProviderWaits(pool, waitTimes));
  const model = modelOf(config, {
    health,
    days: createDayBudgets(pool, { budget: config.dayBudget }),
  });
  const connected = await connectedAccounts(config, pool, health);
  const { accounts, calendar, email } = connected;
  const calendarDeps = { calendar, accounts, directory };
  const emailDeps = {
    email,
    accounts,
    directory,
    documents,
    files: createFileStore(pool),
    signatureOf: createSignatures(pool),
  };
  const tone = createToneStore(pool);
  const handlers = [...createCalendarHandlers(calendarDeps), ...createEmailHandlers(emailDeps)];
  const searchMode = egressModeOf(config, config.search.url);
  return createActivities({
    pool,
    directory,
    accounts,
    ledgerKey: Buffer.from(readSecret(config.keys.ledgerFile), 'hex'),
    decisionPublicKey: createPublicKey(readSecret(config.keys.decisionPublicFile)),
    unsignedDecisions: config.unsignedDecisions,
    signalIdentity: identityOfLastDecision,
    handlers: new Map(handlers.map((handler) => [handler.tool, handler])),
    connectors: {
      ...createPlannerActivities({ model, directory, accounts }),
      ...createCalendarReads(calendarDeps),
      ...createEmailReads(emailDeps),
      ...connected.activities,
      ...createResearchActivities({
        model,
        documents,
        fetch: createGuardedFetch(searchMode),
        health,
        search: {
          baseUrl: config.search.url ?? publicSearchApi,
          apiKey: config.search.tavilyApiKey ?? '',
        },
        mode: searchMode,
      }),
      ...createTriageActivities({
        email,
        accounts,
        triage: createTriageStore(pool),
        model,
      }),
      ...createWebhookActivities({
        pool,
        sealer: createSealer(readSecret(config.keys.webhooksFile)),
        // In the sandbox nothing leaves this machine, webhooks included.
        mode: config.sandbox.url === undefined ? 'live' : 'sandbox',
      }),
      summarize: createSummarize({ model }),
      composeEmail: createComposeEmail({ model, directory, tone }),
      learnTone: createLearnTone({ model, tone, email, accounts }),
      readTimeReply: createReadTimeReply({ model, documents, accounts }),
    },
  });
}

function modelOf(
  { model, ...config }: Config,
  shared: Pick<ModelClientOptions, 'health' | 'days'>,
): ModelClient {
  const baseUrl = model.baseUrl ?? publicModelApi;
  const mode = egressModeOf({ model, ...config }, baseUrl);
  const plainHost = model.baseUrl === undefined ? undefined : new URL(baseUrl).host;
  const why = 'npm start sets it for the sandbox; for a real model see the README';
  return createModelClient({
    apiKey: requireSetting(model.apiKey, 'OPENAI_API_KEY', why),
    baseUrl,
    models: {
      primary: requireSetting(model.primary, 'ADJUTANT_MODEL_PRIMARY', why),
      fast: requireSetting(model.fast, 'ADJUTANT_MODEL_FAST', why),
    },
    prices: model.prices,
    timeoutMs: model.timeoutMs,
    fetch: createGuardedFetch(mode, plainHost),
    ...shared,
  });
}

/** Who sent the newest decision signal, as Temporal recorded it. For unsigned decisions only. */
async function identityOfLastDecision(): Promise<string> {
  const { client, info } = Context.current();
  const { workflowId, runId } = info.workflowExecution ?? {};
  if (workflowId === undefined) return 'unknown';
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const signal = events?.findLast(
    (event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'decideApproval',
  );
  return signal?.workflowExecutionSignaledEventAttributes?.identity || 'unknown';
}
