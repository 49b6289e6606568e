/** A local model server for tests: the sandbox's routes, or a scripted misbehaviour, with a record. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import Fastify, { type FastifyReply } from 'fastify';
import { createGuardedFetch } from '#activities/egress.ts';
import { createModelClient, type ModelClient } from '#activities/planner/model.ts';
import type { DayBudgets } from '#activities/budgets/day-budgets.ts';
import type { ProviderHealth } from '#activities/providers/health.ts';
import { registerModelRoutes, sandboxModel } from '#infra/sandbox/model/routes.ts';
import { ModelMeter } from '#infra/sandbox/oracle.ts';
import { alwaysCalls, noLimits } from '#test/support/health.ts';

/** A running server, a client on it, and what it was sent. */
export type ModelServer = AsyncDisposable & {
  readonly url: string;
  readonly client: ModelClient;
  /** What the sandbox's model counted. */
  readonly meter: ModelMeter;
  readonly requests: { headers: Record<string, unknown>; body: Record<string, unknown> }[];
};

/** Starts the sandbox's model, or a server that always answers with `misbehave`. */
export async function startModel(
  misbehave?: (reply: FastifyReply) => unknown,
  options: {
    timeoutMs?: number;
    obedient?: boolean;
    model?: string;
    health?: ProviderHealth;
    days?: DayBudgets;
  } = {},
): Promise<ModelServer> {
  const app = Fastify({ forceCloseConnections: true });
  const requests: ModelServer['requests'] = [];
  const meter = new ModelMeter();
  app.addHook('preHandler', async (request) => {
    requests.push({
      headers: request.headers,
      body: (request.body ?? {}) as Record<string, unknown>,
    });
  });
  if (misbehave === undefined) {
    registerModelRoutes(
      app,
      { now: () => new Date('2026-11-21T10:15:00Z') },
      {
        obedient: options.obedient ?? false,
        meter,
      },
    );
  } else {
    app.post('/v1/responses', (_, reply) => misbehave(reply));
  }
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const model = options.model ?? sandboxModel;
  const client = createModelClient({
    apiKey: 'sandbox',
    baseUrl: `${url}/v1`,
    models: { primary: model, fast: model },
    timeoutMs: options.timeoutMs ?? 5_000,
    fetch: createGuardedFetch('sandbox'),
    health: options.health ?? alwaysCalls,
    days: options.days ?? noLimits,
  });
  return { url, client, meter, requests, [Symbol.asyncDispose]: async () => app.close() };
}

/** Validators made from the vendor's published contract, by the name of the schema. */
export function vendorValidator(): (name: string) => ValidateFunction {
  const file = new URL('./vendors/openai.json', import.meta.url);
  const contract = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  dropLooseNullable(contract);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(contract, 'openai');
  return (name) => ajv.compile({ $ref: `openai#/components/schemas/${name}` });
}

/** ajv refuses `nullable` beside no `type`, which the contract has in places. */
function dropLooseNullable(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  const record = node as Record<string, unknown>;
  if ('nullable' in record && !('type' in record)) delete record.nullable;
  for (const value of Object.values(record)) dropLooseNullable(value);
}
