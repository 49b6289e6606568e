/**
 * Faults on request: wrong statuses, delays, lost and cut answers, double delivery. They act on
 * the connection below every route, so Google, model and web routes fail in the same ways.
 */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { rawBody } from './bodies.ts';
import { graphFault } from './microsoft/errors.ts';

/** What `POST /__faults` takes. */
export const faultSchema = z.strictObject({
  match: z.strictObject({ method: z.string().optional(), pathRegex: z.string().optional() }),
  times: z.number().int().positive().default(1),
  action: z.enum(['status', 'delay', 'drop_after_commit', 'drop_before', 'truncate', 'duplicate']),
  status: z.number().int().min(200).max(599).default(503),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.unknown().optional(),
  delayMs: z.number().int().nonnegative().default(1_000),
});

/** One fault as given. */
export type Fault = z.infer<typeof faultSchema>;

/** A fault with how often it will still act. */
export interface ActiveFault extends Fault {
  id: number;
  remaining: number;
}

/** The faults in force, first given first applied; one acts per request. */
export class FaultTable {
  #active: ActiveFault[] = [];
  #nextId = 1;

  /** Adds one fault. @throws SyntaxError when `pathRegex` is no regular expression. */
  add(fault: Fault): ActiveFault {
    if (fault.match.pathRegex) new RegExp(fault.match.pathRegex);
    const active = { ...fault, id: this.#nextId, remaining: fault.times };
    this.#nextId += 1;
    this.#active.push(active);
    return active;
  }

  /** Faults that will still act. */
  list(): readonly ActiveFault[] {
    return this.#active;
  }

  /** Removes all. */
  clear(): void {
    this.#active = [];
  }

  /** Uses up one turn of the first fault that matches. `path` includes the query. */
  take(method: string, path: string): ActiveFault | undefined {
    const fault = this.#active.find(
      ({ match }) =>
        (match.method === undefined || match.method.toUpperCase() === method) &&
        (match.pathRegex === undefined || new RegExp(match.pathRegex).test(path)),
    );
    if (!fault) return undefined;
    fault.remaining -= 1;
    if (fault.remaining === 0) this.#active = this.#active.filter((other) => other !== fault);
    return fault;
  }
}

/** Marks the first of two deliveries, so that it meets no fault itself. */
const innerDelivery = 'x-sandbox-inner-delivery';

/**
 * Hooks the faults into a server.
 * @param flush runs before a connection is cut after the handler, so that the work is kept.
 */
export function registerFaults(
  app: FastifyInstance,
  faults: FaultTable,
  flush: () => Promise<void>,
): void {
  const duplicated = new WeakSet<FastifyRequest>();

  app.addHook('onRequest', async (request, reply) => {
    if (request.headers[innerDelivery]) return;
    const fault = faults.take(request.method, request.url);
    if (!fault) return;
    switch (fault.action) {
      case 'status':
        await sendStatus(request, reply, fault);
        return;
      case 'delay':
        await sleep(fault.delayMs);
        return;
      case 'drop_before':
        reply.hijack();
        reply.raw.destroy();
        return;
      case 'drop_after_commit':
        dropAnswer(reply.raw, flush);
        return;
      case 'truncate':
        cutAnswer(reply.raw, flush);
        return;
      case 'duplicate':
        duplicated.add(request);
        return;
      default:
        fault.action satisfies never;
    }
  });

  // The first delivery runs here and its answer is lost; the client sees the second one's answer.
  app.addHook('preHandler', async (request) => {
    if (!duplicated.has(request)) return;
    const { 'content-length': _length, 'transfer-encoding': _coding, ...rest } = request.headers;
    await app.inject({
      method: request.method as 'GET',
      url: request.url,
      headers: { ...rest, [innerDelivery]: '1' },
      payload: rawBody(request),
    });
  });
}

async function sendStatus(
  request: FastifyRequest,
  reply: FastifyReply,
  fault: ActiveFault,
): Promise<void> {
  const message = `Injected fault ${fault.status}`;
  const google = {
    error: {
      errors: [{ domain: 'global', reason: 'backendError', message }],
      code: fault.status,
      message,
    },
  };
  const atGraph = request.url.startsWith('/v1.0/');
  const standard = atGraph ? graphFault(request, reply, fault.status) : google;
  await reply
    .code(fault.status)
    .headers(fault.headers)
    .send(fault.body === undefined ? standard : fault.body);
}

/** Lets the handler finish, then resets the connection instead of answering. */
function dropAnswer(response: ServerResponse, flush: () => Promise<void>): void {
  interceptBody(response, async () => {
    await flush();
    response.destroy();
  });
}

/** Sends the head and half of the body, then resets the connection. */
function cutAnswer(response: ServerResponse, flush: () => Promise<void>): void {
  const write = response.write.bind(response);
  interceptBody(response, async (body) => {
    await flush();
    const half = body.subarray(0, Math.floor(body.length / 2));
    // Waits a moment after the write so that the bytes leave before the reset.
    write(half, () => void sleep(20).then(() => response.destroy()));
  });
}

/** Takes what the handler writes, for Fastify's answers and for hand-written streams alike. */
function interceptBody(response: ServerResponse, finish: (body: Buffer) => Promise<void>): void {
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown): void => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  response.write = (chunk: unknown) => {
    keep(chunk);
    return true;
  };
  response.end = (chunk?: unknown) => {
    keep(chunk);
    void finish(Buffer.concat(chunks));
    return response;
  };
}
