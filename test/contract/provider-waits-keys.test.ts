/** Providers that one key of the whole installation is used for: they are left alone in the same way. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import {
  createProviderHealth,
  type ProviderHealth,
  waitTimes,
} from '#activities/providers/health.ts';
import { createProviderWaits } from '#activities/providers/waits.ts';
import { limits } from '#contracts/limits.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts';
import { anyCall } from '#test/support/health.ts';
import { startModel } from './model-support.ts';
import { context, startWeb } from './research-fixture.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

async function brokenModel(health: ProviderHealth) {
  const server = await startModel((reply) => reply.code(503).send({}), { health });
  const schema = z.object({ ok: z.boolean() });
  const question = {
    call: anyCall,
    schemaName: 's',
    schema,
    instructions: 'x',
    data: {},
    role: 'fast',
  } as const;
  return {
    ask: () => server.client.askModel(question),
    asked: () => server.requests.length,
    provider: `model:${new URL(server.url).host}`,
    before: 'ModelUnavailableError',
    server,
  };
}

async function brokenSearch(health: ProviderHealth) {
  let asked = 0;
  const refused: typeof fetch = () => {
    asked += 1;
    return Promise.resolve(new Response('down', { status: 502 }));
  };
  const server = await startWeb({ health, fetch: refused });
  const { activities } = server;
  const request = { context, query: 'x', limit: 1 };
  return {
    ask: () => server.run((given: typeof request) => activities.searchSources(given), request),
    asked: () => asked,
    provider: 'search',
    before: 'ProviderUnavailableError',
    server,
  };
}

it.each([
  ['the model server', brokenModel],
  ['the search service', brokenSearch],
])('%s is left alone once it failed some times in a row', async (_, start) => {
  const health = createProviderHealth(createProviderWaits(database.pool, waitTimes));
  const { ask, asked, provider, before, server } = await start(health);
  await using _server = server;
  for (let turn = 1; turn < limits.providerFailuresMax; turn += 1) {
    await expect(ask()).rejects.toMatchObject({ type: before });
  }
  for (let turn = 0; turn < 3; turn += 1) {
    await expect(ask()).rejects.toMatchObject({
      type: 'ProviderWaitError',
      details: [{ provider, account: '*' }],
    });
  }
  expect(asked()).toBe(limits.providerFailuresMax);
});
