/** A receiver of webhooks on loopback. It keeps what it gets and judges nothing. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A request as the receiver got it. */
export type Received = {
  readonly path: string;
  readonly at: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};
/** How the receiver answers a request to a path. */
export type Script = (response: ServerResponse, attempt: number) => void;

/** A receiver that keeps everything and answers 204, or as its script for the path says. */
export class Receiver implements AsyncDisposable {
  readonly received: Received[] = [];
  readonly scripts = new Map<string, Script>();
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url: path = '', headers } = request;
      const body = Buffer.concat(chunks).toString();
      this.received.push({ path, at: Date.now(), headers, body });
      const script = this.scripts.get(path);
      if (script === undefined) response.writeHead(204).end();
      else script(response, this.at(path).length);
    });
  });
  url = '';

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }
  at(path: string): Received[] {
    return this.received.filter((one) => one.path === path);
  }
  /** Waits for this many requests to a path. */
  async until(path: string, count: number, timeoutMs = 15_000): Promise<Received[]> {
    const deadline = Date.now() + timeoutMs;
    while (this.at(path).length < count) {
      if (Date.now() > deadline) {
        throw new Error(`${this.at(path).length} of ${count} requests came to ${path}`);
      }
      await sleep(10);
    }
    return this.at(path);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
