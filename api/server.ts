/**
 * Builds the HTTP server from what it is given. Reads no environment, opens no connection and starts
 * no timer of its own: main.ts and the tests decide what stands behind it.
 */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { HttpMetrics } from '#infra/metrics.ts';
import { observeRequests } from '#infra/telemetry/http.ts';
import { limits } from '#contracts/limits.ts';
import { accountRoutes } from './accounts/account-routes.ts';
import type { AccountStore } from './accounts/account-store.ts';
import type { RunAccountRequest } from './accounts/account-requests.ts';
import { connectRoutes } from './accounts/connect-routes.ts';
import type { SignInStore } from './accounts/sign-in-store.ts';
import { approvalRoutes } from './approvals/approval-routes.ts';
import type { ApprovalStore } from './approvals/approval-store.ts';
import { batchRoutes } from './approvals/batch-routes.ts';
import type { SignDecision } from './approvals/decision-signature.ts';
import { auditRoutes } from './audit/audit-routes.ts';
import { stopRoutes } from './approvals/stop-routes.ts';
import { type Authenticate, authenticateRequest } from './auth.ts';
import { directoryRoutes } from './directory/directory-routes.ts';
import type { PeopleStore } from './directory/people-store.ts';
import { handleErrors } from './errors.ts';
import { eventRoutes, type StreamLimits } from './events/event-routes.ts';
import type { JournalFeed } from './events/journal-feed.ts';
import type { JournalWatch } from './events/journal-watch.ts';
import type { GoalClient } from './goal-client.ts';
import { controlRoutes } from './goals/control-routes.ts';
import { goalRoutes } from './goals/goal-routes.ts';
import type { GoalStore } from './goals/goal-store.ts';
import { startRoutes } from './goals/start-routes.ts';
import { undoRoutes } from './goals/undo-routes.ts';
import { healthRoutes } from './health-routes.ts';
import { acceptJsonOnly } from './json-body.ts';
import { documentRoutes } from './mail/document-routes.ts';
import type { FileKeeper } from './mail/document-store.ts';
import { styleRoutes } from './mail/style-routes.ts';
import type { StyleStore } from './mail/style-store.ts';
import { memberRoutes } from './members/member-routes.ts';
import type { MemberStore } from './members/member-store.ts';
import { completeDocument, documentInfo } from './openapi-document.ts';
import { webhookRoutes } from './webhooks/webhook-routes.ts';
import type { WebhookStore } from './webhooks/webhook-store.ts';
import { ruleRoutes } from './rules/rule-routes.ts';
import type { RuleStore } from './rules/rule-store.ts';
import { triageRoutes } from './triage/triage-routes.ts';
import type { TriageStore } from './triage/triage-store.ts';
import { usageRoutes } from './usage/usage-routes.ts';
import type { UsageStore } from './usage/usage-store.ts';
import { type NamedSchemas, toRouteSchema, useZod } from './zod-routes.ts';

/** The docs page runs its own scripts and asks this server only. */
const docsPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Everything the server stands on. */
export type ServerDeps = {
  readonly authenticate: Authenticate;
  readonly goals: GoalStore;
  readonly approvals: ApprovalStore;
  readonly people: PeopleStore;
  readonly feed: JournalFeed;
  readonly watch: JournalWatch;
  readonly webhooks: WebhookStore;
  readonly members: MemberStore;
  readonly rules: RuleStore;
  readonly triage: TriageStore;
  readonly files: FileKeeper;
  readonly style: StyleStore;
  readonly usage: UsageStore;
  readonly accounts: AccountStore;
  readonly signIns: SignInStore;
  readonly runAccountRequest: RunAccountRequest;
  /** Where people reach this server; undefined on one machine. */
  readonly publicUrl?: string | undefined;
  readonly goalClient: GoalClient;
  readonly signDecision: SignDecision;
  /** How long an approved mail can be stopped, where the goal's policy does not say. */
  readonly sendDelayMs?: number;
  /** Zone of people whose directory entry names none. */
  readonly defaultZone: string;
  readonly checkPostgres: () => Promise<void>;
  readonly renderMetrics: () => Promise<string>;
  readonly httpMetrics?: HttpMetrics;
  readonly version: string;
  /** Bounds of event streams that tests shorten. */
  readonly streams?: StreamLimits;
  readonly logger?: FastifyBaseLogger;
};

/** Builds the server with every route; the caller listens and closes. */
export async function buildServer(deps: ServerDeps): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: limits.requestBodyMaxBytes,
    requestTimeout: 30_000,
    genReqId: () => crypto.randomUUID(),
    requestIdHeader: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    // One line of our own says enough, and holds no address with its query.
    logController: new LogController({ disableRequestLogging: true }),
    ...(deps.logger === undefined ? {} : { loggerInstance: deps.logger }),
  });
  app.decorateRequest('principal', null);
  observeRequests(app, deps.httpMetrics);
  handleErrors(app);
  acceptJsonOnly(app);
  setHeaders(app);
  const named: NamedSchemas = new Map();
  await app.register(swagger, {
    openapi: documentInfo(deps.version),
    transform: ({ schema, url }) => ({
      schema: toRouteSchema((schema ?? {}) as Record<string, unknown>, named),
      url,
    }),
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: docsPolicy,
    transformSpecification: (made) => completeDocument(made, named),
    uiConfig: { persistAuthorization: false },
  });

  const closing = new AbortController();
  app.addHook('preClose', () => closing.abort());
  const open = useZod(app);
  healthRoutes(open, { ...deps, checkTemporal: () => deps.goalClient.check() });

  // Everything in here needs a token; nothing outside does.
  await app.register((scope, _options, done) => {
    scope.addHook('onRequest', (request) => authenticateRequest(request, deps.authenticate));
    const v1 = useZod(scope);
    startRoutes(v1, { ...deps, closing: closing.signal });
    goalRoutes(v1, deps);
    controlRoutes(v1, deps);
    undoRoutes(v1, { ...deps, closing: closing.signal });
    approvalRoutes(v1, deps);
    batchRoutes(v1, deps);
    stopRoutes(v1, deps);
    memberRoutes(v1, deps);
    ruleRoutes(v1, deps);
    triageRoutes(v1, deps);
    usageRoutes(v1, deps);
    accountRoutes(v1, deps);
    directoryRoutes(v1, deps);
    documentRoutes(v1, deps);
    styleRoutes(v1, deps);
    eventRoutes(v1, { ...deps, closing: closing.signal });
    webhookRoutes(v1, deps);
    auditRoutes(v1, deps);
    done();
  });
  await app.register((scope, _options, done) => {
    connectRoutes(scope, deps);
    done();
  });
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs'));
  app.get('/openapi.json', { schema: { hide: true } }, () =>
    completeDocument(app.swagger(), named),
  );
  await app.ready();
  return app;
}

/** Sent with every answer. Answers hold private text, so nothing may keep them. */
function setHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, next) => {
    reply.headers({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      'x-request-id': request.id,
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
    next();
  });
}
