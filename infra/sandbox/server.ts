/**
 * Builds and starts the sandbox: one server the product talks to and one oracle it never learns.
 * Loopback only; it makes no call to the outside.
 */
import Fastify, { type FastifyInstance } from 'fastify';
import { registerBodyParsers } from './bodies.ts';
import { FaultTable, registerFaults } from './faults.ts';
import { registerGoogleCalendarRoutes } from './google/calendar-routes.ts';
import { registerGmailRoutes } from './google/gmail-routes.ts';
import { registerOauthRoutes } from './google/oauth.ts';
import { registerMailboxConcurrency } from './microsoft/concurrency.ts';
import { registerMicrosoftOauthRoutes } from './microsoft/oauth.ts';
import { registerGraphRoutes } from './microsoft/routes.ts';
import { registerModelRoutes } from './model/routes.ts';
import type { Knobs } from './office/knobs.ts';
import { Office } from './office/office.ts';
import { seedOffice } from './office/seed.ts';
import { buildOracle, ModelMeter, RequestLog, type SeenRequest } from './oracle.ts';
import { Keeper, loadState } from './persistence.ts';
import { registerWebRoutes } from './web/routes.ts';

/** How to start a sandbox; every port 0 or absent means any free one. */
export interface SandboxOptions {
  port?: number;
  oraclePort?: number;
  /** Where to keep the office; absent means memory only. */
  stateDir?: string;
  /** The clock; tests shift it. */
  now?: () => Date;
  /** A model that obeys every instruction it reads, for tests of injection. */
  obedientModel?: boolean;
  /** Knobs as they stand from the start; the oracle turns them later. */
  knobs?: Partial<Knobs>;
}

/** A running sandbox. */
export interface Sandbox extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, what the product is given. */
  readonly url: string;
  /** `http://127.0.0.1:PORT`, for tests only. */
  readonly oracleUrl: string;
  readonly office: Office;
}

/** Requests carry mail of up to 35 MiB, base64 in JSON. */
const maxBodyBytes = 64 * 1024 * 1024;

/** Starts a sandbox and resolves when both servers listen. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, oraclePort = 0, stateDir, now = () => new Date() } = options;
  const kept = stateDir === undefined ? undefined : await loadState(stateDir);
  const office = new Office(kept ?? seedOffice(now()), now);
  Object.assign(office.knobs, options.knobs);
  const keeper = stateDir === undefined ? undefined : new Keeper(office, stateDir);
  if (!kept) keeper?.markDirty();
  const flush = async (): Promise<void> => keeper?.flush();
  await flush();

  const faults = new FaultTable();
  const log = new RequestLog();
  const meter = new ModelMeter();
  const model = { obedient: options.obedientModel ?? false, meter };
  const app = buildServer(office, faults, log, flush, model);
  const oracle = buildOracle(office, faults, log, meter);
  const url = await app.listen({ host: '127.0.0.1', port });
  const oracleUrl = await oracle.listen({ host: '127.0.0.1', port: oraclePort });
  return {
    url,
    oracleUrl,
    office,
    async [Symbol.asyncDispose]() {
      await Promise.all([app.close(), oracle.close()]);
      await flush();
    },
  };
}

function buildServer(
  office: Office,
  faults: FaultTable,
  log: RequestLog,
  flush: () => Promise<void>,
  model: { readonly obedient: boolean; readonly meter: ModelMeter },
): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 2_048 },
  });
  registerBodyParsers(app);
  registerRequestLog(app, office, log);
  registerMailboxConcurrency(app, office);
  registerFaults(app, faults, flush);
  app.addHook('onSend', async () => flush());
  registerOauthRoutes(app, office);
  registerGoogleCalendarRoutes(app, office);
  registerGmailRoutes(app, office);
  registerMicrosoftOauthRoutes(app, office);
  registerGraphRoutes(app, office);
  registerWebRoutes(app, office);
  registerModelRoutes(app, office, model);
  return app;
}

function registerRequestLog(app: FastifyInstance, office: Office, log: RequestLog): void {
  const entries = new WeakMap<object, SeenRequest>();
  app.addHook('onRequest', async (request) => {
    const entry: SeenRequest = {
      at: office.now().toISOString(),
      method: request.method,
      path: request.url,
      account: office.bearer(request.headers.authorization)?.email ?? null,
      status: 0,
    };
    entries.set(request, entry);
    log.add(entry);
  });
  app.addHook('onResponse', async (request, reply) => {
    const entry = entries.get(request);
    if (entry && reply.raw.writableFinished) entry.status = reply.statusCode;
  });
}
