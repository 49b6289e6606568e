/** A receiver of webhooks that remembers what it was sent. It answers 204 and refuses nothing. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One delivery as it arrived. */
export type Delivery = {
  /** The header `webhook-id`: the same for every attempt. */
  readonly id: string;
  readonly goalId: string;
  /** Number of the journal event. */
  readonly number: number;
};

export type Receiver = AsyncDisposable & {
  readonly url: string;
  readonly deliveries: readonly Delivery[];
};

/** Listens on a free port of this machine. */
export async function startReceiver(): Promise<Receiver> {
  const deliveries: Delivery[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { data } = JSON.parse(body) as { data: { goalId: string; number: number } };
      const id = String(request.headers['webhook-id']);
      deliveries.push({ id, goalId: data.goalId, number: data.number });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    deliveries,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
