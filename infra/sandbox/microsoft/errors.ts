/**
 * Microsoft Graph's error answers: one envelope for every service, with the ids of the request.
 * Clients switch on `code`; the texts are for people.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What a Graph error may carry beside code and message. */
export interface GraphErrorOptions {
  /** Instance annotations of the error, such as `@event.existingEventId`. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal that Graph would send. */
export class GraphError extends Error {
  readonly status: number;
  readonly code: string;
  readonly options: GraphErrorOptions;

  constructor(status: number, code: string, message: string, options: GraphErrorOptions = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.options = options;
  }
}

/** Gives every answer of a route group Graph's request ids and its form of errors. */
export function registerGraphErrors(scope: FastifyInstance, now: () => Date): void {
  scope.addHook('onRequest', async (request, reply) => nameRequest(request, reply));
  scope.setErrorHandler((error, request, reply) => sendGraphError(request, reply, error, now));
  scope.setNotFoundHandler((request, reply) => {
    const segment = request.url.split('?')[0]?.split('/').at(-1) ?? '';
    const message = `Resource not found for the segment '${segment}'.`;
    return sendGraphError(request, reply, new GraphError(400, 'BadRequest', message), now);
  });
}

function nameRequest(request: FastifyRequest, reply: FastifyReply): void {
  if (reply.hasHeader('request-id')) return;
  void reply.headers({ 'request-id': randomUUID(), 'client-request-id': clientRequestId(request) });
}

function sendGraphError(
  request: FastifyRequest,
  reply: FastifyReply,
  cause: unknown,
  now: () => Date,
): FastifyReply {
  const error = cause instanceof GraphError ? cause : unexpected(cause);
  const { annotations, headers = {} } = error.options;
  // A refusal may come before the hook above.
  nameRequest(request, reply);
  const body = graphErrorBody(request, reply, error, now());
  return reply
    .code(error.status)
    .headers(headers)
    .send({ error: { ...body, ...annotations } });
}

/** The inside of Graph's error envelope for one answer. */
function graphErrorBody(
  request: FastifyRequest,
  reply: FastifyReply,
  { code, message }: { code: string; message: string },
  now: Date,
): object {
  return {
    code,
    message,
    innerError: {
      // No zone at the end, as Graph writes it.
      date: now.toISOString().slice(0, 19),
      'request-id': String(reply.getHeader('request-id')),
      'client-request-id': clientRequestId(request),
    },
  };
}

const faultCodes: Record<number, string> = {
  401: 'InvalidAuthenticationToken',
  403: 'ErrorAccessDenied',
  404: 'ErrorItemNotFound',
  412: 'ErrorIrresolvableConflict',
  429: 'ApplicationThrottled',
  500: 'InternalServerError',
  503: 'ServiceUnavailable',
  504: 'GatewayTimeout',
};

/** The body of an answer that a fault puts in place of Graph's own. */
export function graphFault(request: FastifyRequest, reply: FastifyReply, status: number): object {
  nameRequest(request, reply);
  const code = faultCodes[status] ?? 'UnknownError';
  const message = `Injected fault ${status}`;
  return { error: graphErrorBody(request, reply, { code, message }, new Date()) };
}

function clientRequestId(request: FastifyRequest): string {
  const given = request.headers['client-request-id'];
  return typeof given === 'string' ? given : request.id;
}

function unexpected(cause: unknown): GraphError {
  const known = typeof cause === 'object' && cause !== null && 'statusCode' in cause;
  const status = known && typeof cause.statusCode === 'number' ? cause.statusCode : 500;
  if (status === 413) return new GraphError(413, 'RequestEntityTooLarge', 'Request is too large.');
  if (status >= 400 && status < 500) return badRequest('Unable to read JSON request payload.');
  // The cause is a defect of the sandbox: say it where the developer looks.
  process.stderr.write(`sandbox: ${cause instanceof Error ? cause.stack : String(cause)}\n`);
  return new GraphError(500, 'InternalServerError', 'An internal server error occurred.');
}

/** 400 for a request that cannot be read at all. */
export function badRequest(message: string): GraphError {
  return new GraphError(400, 'BadRequest', message);
}

/** 400 for a request that is well-formed and not allowed. */
export function invalidRequest(message: string): GraphError {
  return new GraphError(400, 'ErrorInvalidRequest', message);
}

/** 404 of Outlook's items. */
export function itemNotFound(): GraphError {
  const message = 'The specified object was not found in the store.';
  return new GraphError(404, 'ErrorItemNotFound', message);
}

/** 403 of Outlook's items. */
export function accessDenied(): GraphError {
  const message = 'Access is denied. Check credentials and try again.';
  return new GraphError(403, 'ErrorAccessDenied', message);
}

/** 412: the `If-Match` header names another version than the one that is stored. */
export function changeKeyMismatch(): GraphError {
  const message =
    'The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.';
  return new GraphError(412, 'ErrorIrresolvableConflict', message);
}

/** 410: a delta token is too old, or not one of ours; the client starts over. */
export function syncStateNotFound(): GraphError {
  const message = 'The sync state generation is not found; continuing.';
  return new GraphError(410, 'SyncStateNotFound', message);
}
