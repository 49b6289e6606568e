/** A model client on a tiny model server of its own, which answers `{"ok":true}` to everything. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGuardedFetch } from '#activities/egress.ts';
import { createModelClient } from '#activities/planner/model.ts';
import { alwaysCalls, noLimits } from '#test/support/health.ts';

const reply = {
  id: 'resp_1',
  object: 'response',
  model: 'tiny',
  status: 'completed',
  output: [
    {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: '{"ok":true}', annotations: [] }],
    },
  ],
  usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 },
};

/** Starts the server; dispose closes it. */
export async function createEgressModel() {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json').end(JSON.stringify(reply));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = createModelClient({
    apiKey: 'canary-token',
    baseUrl: `http://127.0.0.1:${port}/v1`,
    models: { primary: 'tiny', fast: 'tiny' },
    timeoutMs: 5_000,
    fetch: createGuardedFetch('sandbox'),
    health: alwaysCalls,
    days: noLimits,
  });
  return {
    client,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
