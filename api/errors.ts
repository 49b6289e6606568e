/**
 * Every error the API answers with, as RFC 9457 problem+json: a stable `type` and a `detail` that
 * says what to do. Never shows a stack, a query or a message that was not written for people.
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { limits } from '#contracts/limits.ts';

const kilobytes = limits.requestBodyMaxBytes / 1024;

/** The kinds of problem, with their status and title. The name is the end of the stable `type`. */
export const problemKinds = {
  'invalid-json': { status: 400, title: 'The body is not JSON' },
  'invalid-encoding': { status: 400, title: 'The body is not UTF-8' },
  'invalid-request': { status: 400, title: 'The request cannot be read' },
  unauthorized: { status: 401, title: 'No valid token' },
  'not-allowed': { status: 403, title: 'You may not do this' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'already-decided': { status: 409, title: 'Already decided' },
  'decision-id-reused': { status: 409, title: 'Decision id used for another decision' },
  'answer-refused': { status: 409, title: 'The answer was not taken' },
  'too-many-webhooks': { status: 409, title: 'Too many webhooks' },
  'goal-ended': { status: 409, title: 'The goal has ended' },
  'approval-expired': { status: 410, title: 'The approval has expired' },
  'stale-digest': { status: 412, title: 'The content has changed' },
  'too-large': { status: 413, title: 'The request is too large' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'invalid-input': { status: 422, title: 'The input is not valid' },
  'invalid-edit': { status: 422, title: 'The edited input is not valid' },
  'invalid-decision': { status: 422, title: 'The decision is not valid' },
  'idempotency-key-reused': { status: 422, title: 'Idempotency-Key used for another request' },
  'too-many-streams': { status: 429, title: 'Too many event streams' },
  internal: { status: 500, title: 'Something went wrong here' },
  unavailable: { status: 503, title: 'Not available right now' },
} as const satisfies Record<string, { status: number; title: string }>;
export type ProblemKind = keyof typeof problemKinds;

/** One thing that is wrong with an input: where, and what to do. */
export type ProblemItem = { readonly path: string; readonly message: string };

/** What a problem may carry besides its kind and detail. */
export type ProblemExtras = {
  readonly errors?: readonly ProblemItem[];
  /** Further members of the document, such as the decision that stands. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Thrown anywhere in the api to answer with a problem document. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly kind: ProblemKind;
  readonly extras: ProblemExtras;

  constructor(kind: ProblemKind, detail: string, extras: ProblemExtras = {}) {
    super(detail);
    this.kind = kind;
    this.extras = extras;
  }
}

/** Thrown when a system the api stands on does not answer; becomes 503 with Retry-After. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly system: 'Temporal' | 'Postgres';

  constructor(system: 'Temporal' | 'Postgres', cause?: unknown) {
    super(`${system} is not available`, { cause });
    this.system = system;
  }
}

/** The problem an error becomes. Unknown errors become `internal`, without their message. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof UnavailableError) return unavailable(error.system);
  if (isDatabaseUnavailable(error)) return unavailable('Postgres');
  const code = (error as Partial<FastifyError> | null)?.code ?? '';
  const mapped = fastifyProblems[code];
  if (mapped !== undefined) return new Problem(mapped[0], mapped[1]);
  const status = (error as Partial<FastifyError> | null)?.statusCode ?? 500;
  if (status >= 400 && status < 500) {
    return new Problem('invalid-request', 'Check the request against /openapi.json.');
  }
  return new Problem(
    'internal',
    'Look at how the goal stands, then try again. The log has the details under the request id.',
  );
}

const unavailable = (system: string) =>
  new Problem(
    'unavailable',
    `${system} does not answer. Send the same request again in ${limits.retryAfterSeconds} s; nothing is lost.`,
    {
      headers: { 'retry-after': String(limits.retryAfterSeconds) },
    },
  );

const fastifyProblems: Readonly<Record<string, readonly [ProblemKind, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    'too-large',
    `Send at most ${kilobytes} KiB; a goal is at most ${limits.goalTextMaxChars} characters with ${limits.contextMaxChars} of context.`,
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'Send application/json.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid-json', 'Send a JSON object as the body.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid-json', 'Send a JSON object as the body.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'invalid-request',
    'Content-Length does not match the body.',
  ],
};

/** Codes of node-postgres and the server that mean "not now": shutdown, start-up, too many clients. */
const postgresDown = /^(08...|57P0[123]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND)$/;

function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return (
    postgresDown.test(code) ||
    /^(Connection terminated|timeout exceeded when trying to connect|timeout expired)/.test(
      error.message,
    )
  );
}

/** Sends one problem document. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const { status, title } = problemKinds[problem.kind];
  const { errors, members, headers } = problem.extras;
  return reply
    .code(status)
    .headers(headers ?? {})
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `urn:adjutant:problem:${problem.kind}`,
        title,
        status,
        detail: problem.message,
        ...(errors === undefined ? {} : { errors }),
        ...members,
        requestId: reply.request.id,
      }),
    );
}

/** Registers the handlers for errors, unknown paths and wrong methods. */
export function handleErrors(app: FastifyInstance): void {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const source = url.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/:[A-Za-z]+/g, '[^/]+');
    const known = routes.get(url) ?? { pattern: new RegExp(`^${source}$`), methods: new Set() };
    for (const name of [method].flat()) known.methods.add(name);
    routes.set(url, known);
  });
  app.setErrorHandler((error, request: FastifyRequest, reply) => {
    const problem = problemOf(error);
    if (problemKinds[problem.kind].status >= 500) request.log.error({ err: error }, problem.kind);
    return sendProblem(reply, problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const matching = [...routes.values()].filter(({ pattern }) => pattern.test(path));
    if (matching.length === 0) {
      return sendProblem(reply, new Problem('not-found', 'There is no such path. See /docs.'));
    }
    const allow = matching.flatMap(({ methods }) => [...methods]).join(', ');
    return sendProblem(
      reply,
      new Problem('method-not-allowed', `Use ${allow}.`, { headers: { allow } }),
    );
  });
}
