/** A web of its own for research tests: the sandbox's pages, and activities that run against them. */
import type { IncomingHttpHeaders } from 'node:http';
import Fastify from 'fastify';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createGuardedFetch } from '#activities/egress.ts';
import type { DocumentStore } from '#activities/documents.ts';
import { failure } from '#activities/failures.ts';
import type { ModelClient } from '#activities/planner/model.ts';
import { createResearchActivities, type ResearchDeps } from '#activities/research/activities.ts';
import type { StepContext } from '#contracts/activities.ts';
import type { GoalId } from '#contracts/names.ts';
import { researchHandlers } from '#infra/sandbox/model/research.ts';
import type { Office } from '#infra/sandbox/office/office.ts';
import { registerWebRoutes } from '#infra/sandbox/web/routes.ts';
import { alwaysCalls } from '#test/support/health.ts';

export const context: StepContext = {
  goalId: '0123456789abcdefghijklmnop' as GoalId,
  owner: 'alex@office.example.com',
  zone: 'Europe/Vienna',
  stepId: 's1',
  now: '2026-11-21T10:00:00Z',
};

/** Failures are expected here; the SDK would print each. */
export const quiet = new DefaultLogger('ERROR');

/** Documents in memory. */
export function memoryDocuments(): DocumentStore & { readonly all: Map<string, string> } {
  const all = new Map<string, string>();
  return {
    all,
    put({ origin, content }) {
      const id = `doc:${origin.ref}`;
      all.set(id, content);
      return Promise.resolve(id);
    },
    get(_goalId, id) {
      const content = all.get(id);
      if (content === undefined) throw failure('NotFoundError', 'No such document.');
      return Promise.resolve({ id, content, origin: { kind: 'page', label: id } });
    },
  };
}

/** A model that answers by these handlers; the sandbox's rules where none is given. */
export function scriptedModel(
  handlers: Record<string, (data: unknown) => unknown> = {},
): ModelClient & { readonly asked: { schemaName: string; data: unknown }[] } {
  const asked: { schemaName: string; data: unknown }[] = [];
  return {
    asked,
    askModel({ schemaName, schema, data }) {
      asked.push({ schemaName, data });
      const handler = { ...researchHandlers, ...handlers }[schemaName];
      const value = schema.parse(handler?.(data));
      const usage = { responseId: 'r', model: 'test', inputTokens: 10, outputTokens: 5 };
      return Promise.resolve({ value, usage });
    },
  };
}

/** Starts a server with the sandbox's web and builds the activities against it. */
export async function startWeb(changes: Partial<ResearchDeps> = {}) {
  const app = Fastify({ forceCloseConnections: true });
  const seenHeaders: IncomingHttpHeaders[] = [];
  app.addHook('onRequest', async (request, reply) => {
    seenHeaders.push(request.headers);
    reply.header('set-cookie', 'visitor=1; Path=/');
  });
  registerWebRoutes(app, {} as Office);
  app.get('/slow', () => new Promise(() => undefined));
  app.get('/drip', (_, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/plain' });
    reply.raw.write('a little, and then nothing');
  });
  app.get('/loop', (_, reply) => reply.redirect('/loop', 302));
  app.get('/status/:code', (request, reply) =>
    reply
      .code(Number((request.params as { code: string }).code))
      .header('retry-after', '7')
      .send('no'),
  );
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const documents = memoryDocuments();
  const activities = createResearchActivities({
    model: scriptedModel(),
    documents,
    fetch: createGuardedFetch('sandbox'),
    search: { baseUrl: url, apiKey: 'tvly-test' },
    mode: 'sandbox',
    health: alwaysCalls,
    ...changes,
  });
  const run = async <Request, Result>(
    activity: (request: Request) => Promise<Result>,
    input: Request,
  ): Promise<Result> => {
    const environment = new MockActivityEnvironment(undefined, { logger: quiet });
    return (await environment.run<[Request], Result, typeof activity>(activity, input)) as Result;
  };
  return {
    app,
    url,
    documents,
    seenHeaders,
    activities,
    run,
    [Symbol.asyncDispose]: () => app.close(),
  };
}
